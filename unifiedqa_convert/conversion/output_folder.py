"""One split's output folder: claimed by one process, resumed, published whole.

While it is written, the output is in a hidden folder beside ``validation/``: ``.validation.work/``
holds the job, a receipt per committed shard, and ``output/``, which takes the place of
``validation/`` at once. The manifest is the last file written.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypedDict

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from unifiedqa_convert.documents import read_json, validated
from unifiedqa_convert.errors import OutputError, OutputLocked
from unifiedqa_convert.storage import (
    discard,
    refuse_link,
    replace_folder,
    settle,
    sha256_of,
    write_json,
)

MANIFEST = "manifest.json"
REJECTS = "rejects.jsonl"
_CLAIMS = "claims-"
OURS = re.compile(r"manifest\.json|rejects\.jsonl|README\.md|data-\d+\.\w+")
"""Names of the files in an output; a folder with any other file is never replaced."""
_WORK = re.compile(
    r"(job|manifest|shard-\d+)\.json|rejects\.jsonl|shard-\d+\.hashes|output|claims-.*|\..*"
)
"""Names in the folder of a conversion in progress."""


class _File(BaseModel):
    path: str
    sha256: str


class _Receipt(BaseModel):
    """As :class:`ShardReceipt`, for one that is read back."""

    model_config = ConfigDict(strict=True)

    counts: dict[str, int]
    rejects: list[dict[str, Any]]
    file: _File


class _Counts(BaseModel):
    rows: dict[str, Any]
    examples: dict[str, Any]
    statements: dict[str, Any]


class _Manifest(BaseModel):
    """``manifest.json``, as far as it is read back."""

    model_config = ConfigDict(strict=True)

    files: list[_File] = []
    counts: _Counts


class _Job(BaseModel):
    dataset: str
    split: str


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
    def row_hashes(self) -> Path:
        """What each row asks, as numbers (``repeats``), with which other splits are compared."""
        return self.final.with_name(f".{self.final.name}.row-hashes")

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of a complete output; None if there is none, {} if it is unreadable.

        Raises OutputError if ``final`` is not an output that uqa wrote.
        """
        self.check_ours()
        path = self.final / MANIFEST
        if not path.is_file():
            return None
        try:
            found: dict[str, Any] = read_json(path)
            validated(_Manifest, found)
        except ValueError:
            return {}
        return found

    def check_ours(self) -> None:
        """Raise OutputError if ``final`` is not a folder or holds files that uqa did not write."""
        _check_ours(self.final, _ours)

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
    refuse_link(holder)
    if holder.exists() and not holder.is_file():  # a FIFO would be waited for
        raise OutputError(f"{holder} is not a file, and uqa did not make it: move it away")
    try:
        place.final.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.final.with_name(f".{place.final.name}.lock"))
        with lock.acquire(timeout=0):
            try:
                with holder.open("w") as file:
                    file.write(f"process {os.getpid()}")
                _recover(place)
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout:
        who = holder.read_text(errors="replace") if holder.is_file() else "another process"
        raise OutputLocked(f"{place.final} is being written by {who}; wait or stop it") from None
    except OSError as error:
        named = f"{error.strerror or error}: {error.filename or place.final}"
        raise OutputError(f"cannot write {place.final}: {named}") from error


def resume_or_start(
    place: OutputFolder, job: dict[str, Any], *, anew: bool = False
) -> dict[int, ShardReceipt]:
    """The receipts of the shards that a killed run of the same job completed; else start anew.

    Raises OutputError for a job or a receipt that can't be read, unless work may start ``anew``.
    """
    file = place.work / "job.json"
    try:
        if os.path.lexists(file) and _read(file, _Job) == job:
            return _resume(place)
    except OutputError:
        if not anew:
            raise
    if place.work.exists():
        discard(place.work)
    place.work.mkdir(parents=True)
    write_json(file, job)
    place.staging.mkdir()
    return {}


def _resume(place: OutputFolder) -> dict[int, ShardReceipt]:
    place.staging.mkdir(exist_ok=True)
    for left_by_a_killed_run in place.work.glob(f"{_CLAIMS}*"):
        discard(left_by_a_killed_run)
    kept: dict[int, ShardReceipt] = {}
    for number, receipt in receipts(place).items():
        shard = place.staging / receipt["file"]["path"]
        whole = shard.is_file() and _are_hashes(hashes_file(place, number))
        if whole and sha256_of(shard) == receipt["file"]["sha256"]:
            kept[number] = receipt
        else:
            _receipt(place, number).unlink()
    return kept


def _are_hashes(path: Path) -> bool:
    """Whether it may be a shard's row hashes: a pair of 8-byte numbers for each row."""
    return path.is_file() and path.stat().st_size % 16 == 0


def _read(note: Path, kind: type[BaseModel]) -> Any:
    """A job or a receipt as plain data; OutputError, saying what to do, if it can't be read."""
    try:
        if not note.is_file():  # a FIFO would be waited for
            raise ValueError("it is not a file")
        found = read_json(note)
        validated(kind, found)
    except ValueError as error:
        raise OutputError(
            f"{note} is empty or broken ({error}), so the stopped conversion can't go on: start it "
            "anew with --overwrite"
        ) from error
    return found


def receipts(place: OutputFolder) -> dict[int, ShardReceipt]:
    """The receipts of all committed shards, in order; OutputError if one can't be read."""
    found = sorted(place.work.glob("shard-*.json"))
    return {int(path.stem.split("-")[1]): _read(path, _Receipt) for path in found}


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
    write_json(place.work / MANIFEST, manifest)
    _exchange(place)


def _exchange(place: OutputFolder) -> None:
    place.check_ours()
    replace_folder(place.staging, place.final)
    discard(place.work)


def _recover(place: OutputFolder) -> None:
    """Finish what a killed run exchanged; OutputError if ``work`` is not a folder of ours.

    Its manifest in ``work`` says which of the two outputs is the new one.
    """
    settle(place.final.parent)
    _check_ours(place.work, lambda path: _WORK.fullmatch(path.name) is not None)
    if (whole := place.work / MANIFEST).is_file():
        if _same(place.staging, whole) and not _same(place.final, whole):
            _exchange(place)
        else:
            discard(place.work)


def _same(folder: Path, manifest: Path) -> bool:
    path = folder / MANIFEST
    return path.is_file() and path.read_bytes() == manifest.read_bytes()


def _ours(path: Path) -> bool:
    return OURS.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def _check_ours(folder: Path, ours: Callable[[Path], bool]) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        what = "is a link" if folder.is_symlink() else "is a file"
    elif folder.is_dir() and (others := sorted(p.name for p in folder.iterdir() if not ours(p))):
        what = f"holds {', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
    else:
        return
    raise OutputError(
        f"{folder} {what}, which uqa did not write and will not replace: move it, or choose "
        "another --out"
    )
