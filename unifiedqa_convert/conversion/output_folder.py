"""One split's output folder: claimed by one process, resumed, published whole.

While it is written, the output is in a hidden folder beside ``validation/``: ``.validation.work/``
holds the job, a receipt per committed shard, and ``output/``, which becomes ``validation/`` by one
rename. The manifest is the last file written.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypedDict

from filelock import FileLock, Timeout

from unifiedqa_convert.errors import OutputError, OutputLocked
from unifiedqa_convert.storage import fsync, sha256_of, write_json

MANIFEST = "manifest.json"
REJECTS = "rejects.jsonl"
_CLAIMS = "claims-"
OURS = re.compile(r"manifest\.json|rejects\.jsonl|README\.md|data-\d+\.\w+")
"""Names of the files in an output; a folder with any other file is never replaced."""


class ShardReceipt(TypedDict):
    """What the manifest needs to know of a committed shard."""

    counts: dict[str, int]
    rejects: list[dict[str, Any]]
    file: dict[str, Any]


@dataclass(frozen=True)
class OutputFolder:
    """The folder of a split's output, and the hidden folders beside it."""

    final: Path

    @property
    def work(self) -> Path:
        """The hidden folder of a conversion in progress."""
        return self.final.with_name(f".{self.final.name}.work")

    @property
    def staging(self) -> Path:
        """Becomes ``final`` when it is complete."""
        return self.work / "output"

    @property
    def replaced(self) -> Path:
        """Holds the previous output during the exchange."""
        return self.final.with_name(f".{self.final.name}.replaced")

    @property
    def row_hashes(self) -> Path:
        """What each row asks, as numbers (``repeats``), with which other splits are compared."""
        return self.final.with_name(f".{self.final.name}.row-hashes")

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of a complete output; None if there is none, {} if it is unreadable.

        Raises OutputError if ``final`` is not an output that uqa wrote.
        """
        self.check_ours()
        path = self.final / MANIFEST
        try:
            found = json.loads(path.read_bytes()) if path.is_file() else None
        except ValueError:
            return {}
        return found if found is None or isinstance(found, dict) else {}

    def check_ours(self) -> None:
        """Raise OutputError if ``final`` is not a folder or holds files that uqa did not write."""
        final = self.final
        if final.is_symlink() or (final.exists() and not final.is_dir()):
            what = "is a link" if final.is_symlink() else "is a file"
        elif final.is_dir() and (others := sorted(p.name for p in final.iterdir() if not _ours(p))):
            what = f"holds {', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
        else:
            return
        raise OutputError(
            f"{final} {what}, which uqa did not write and will not replace: move it, or choose "
            "another --out"
        )

    def damaged(self, manifest: dict[str, Any]) -> str | None:
        """The first file whose bytes differ from the manifest's digest, if any."""
        for file in manifest.get("files", ()):
            path = self.final / file["path"]
            if not path.is_file() or sha256_of(path) != file["sha256"]:
                return str(file["path"])
        return None


@contextmanager
def locked(place: OutputFolder) -> Iterator[None]:
    """Lock the output for this process; OutputLocked names the process that holds the lock."""
    holder = place.final.with_name(f".{place.final.name}.holder")
    try:
        place.final.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.final.with_name(f".{place.final.name}.lock"))
        with lock.acquire(timeout=0):
            try:
                holder.unlink(missing_ok=True)
                with holder.open("x") as file:  # never follow a link of that name
                    file.write(f"process {os.getpid()}")
                _recover(place)
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout:
        who = holder.read_text() if holder.is_file() else "another process"
        raise OutputLocked(f"{place.final} is being written by {who}; wait or stop it") from None
    except OSError as error:
        named = f"{error.strerror or error}: {error.filename or place.final}"
        raise OutputError(f"cannot write {place.final}: {named}") from error


def resume_or_start(place: OutputFolder, job: dict[str, Any]) -> dict[int, ShardReceipt]:
    """The receipts of the shards that a killed run of the same job completed; else start anew."""
    file = place.work / "job.json"
    if not file.is_file() or json.loads(file.read_bytes()) != job:
        shutil.rmtree(place.work, ignore_errors=True)
        place.staging.mkdir(parents=True)
        write_json(file, job)
        return {}
    for left_by_a_killed_run in place.work.glob(f"{_CLAIMS}*"):
        shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
    kept: dict[int, ShardReceipt] = {}
    for number, receipt in receipts(place).items():
        shard = place.staging / receipt["file"]["path"]
        whole = shard.is_file() and hashes_file(place, number).is_file()
        if whole and sha256_of(shard) == receipt["file"]["sha256"]:
            kept[number] = receipt
        else:
            _receipt(place, number).unlink()
    return kept


def receipts(place: OutputFolder) -> dict[int, ShardReceipt]:
    """The receipts of all committed shards, in order."""
    found = sorted(place.work.glob("shard-*.json"))
    return {int(path.stem.split("-")[1]): json.loads(path.read_bytes()) for path in found}


def all_receipts(place: OutputFolder, share: tuple[int, int]) -> list[ShardReceipt]:
    """The receipts of all shards of share (K, N); raises OutputError if one is missing."""
    first, step = share
    found = receipts(place)
    missing = {*range(first, max(found, default=-1) + 1, step)} - {*found}
    if missing:
        raise OutputError(f"{place.work} has no shard {min(missing)}; run the same command again")
    return list(found.values())


def commit(place: OutputFolder, number: int, receipt: ShardReceipt) -> None:
    """Record that a shard is complete; a resumed run does not convert it again."""
    write_json(_receipt(place, number), receipt)


def _receipt(place: OutputFolder, number: int) -> Path:
    return place.work / f"shard-{number:05}.json"


def hashes_file(place: OutputFolder, number: int) -> Path:
    """The file of a shard's row hashes, which is written before the shard is committed."""
    return place.work / f"shard-{number:05}.hashes"


def claims_folder(place: OutputFolder) -> Path:
    """A folder in which the workers of one run claim shards.

    Each run has a new one: a worker left over from a killed run can claim nothing in it.
    """
    return Path(mkdtemp(prefix=_CLAIMS, dir=place.work))


def claim_shard(folder: Path | None, number: int) -> bool:
    """Claim a shard; False if another worker has. Without a folder (one worker) always True."""
    if folder is None:
        return True
    try:
        (folder / f"{number:05}").touch(exist_ok=False)
    except (FileExistsError, FileNotFoundError):
        return False
    return True


def complete_output(place: OutputFolder, manifest: dict[str, Any]) -> None:
    """Write the manifest, then move the whole output to its final folder."""
    write_json(place.staging / MANIFEST, manifest)
    _exchange(place)


def _exchange(place: OutputFolder) -> None:
    place.check_ours()
    if place.final.exists():
        shutil.rmtree(place.replaced, ignore_errors=True)
        place.final.rename(place.replaced)
    place.staging.rename(place.final)
    fsync(place.final.parent)
    shutil.rmtree(place.replaced, ignore_errors=True)
    shutil.rmtree(place.work, ignore_errors=True)


def _ours(path: Path) -> bool:
    return OURS.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def _recover(place: OutputFolder) -> None:
    """Finish an exchange that was interrupted, or undo it if the new output is not complete."""
    if (place.staging / MANIFEST).is_file():
        _exchange(place)
    elif place.replaced.exists() and not place.final.exists():
        place.replaced.rename(place.final)
    if not place.staging.exists():  # killed after the exchange, before the clean-up
        shutil.rmtree(place.work, ignore_errors=True)
    shutil.rmtree(place.replaced, ignore_errors=True)
