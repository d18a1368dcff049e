"""One split's output folder: claimed by one process, resumed, published whole.

Beside ``validation/`` a hidden ``.validation.work/`` holds the output while it grows: the job, a
note per committed shard, and ``output/``, which becomes ``validation/`` by one rename. The
manifest is the last file written into it.
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
from typing import Any

from filelock import FileLock, Timeout

from unifiedqa_convert.errors import OutputError, OutputLocked
from unifiedqa_convert.storage import fsync, sha256_of, write_json

MANIFEST = "manifest.json"
REJECTS = "rejects.jsonl"
_TURNS = "turns-"
OURS = re.compile(r"manifest\.json|rejects\.jsonl|README\.md|data-\d+\.\w+")
"""The names of the files in an output: a folder that holds others is not ours to replace."""


@dataclass(frozen=True)
class OutputFolder:
    """Where a split's output stands, and where it grows."""

    final: Path

    @property
    def work(self) -> Path:
        """The hidden folder it grows in."""
        return self.final.with_name(f".{self.final.name}.work")

    @property
    def growing(self) -> Path:
        """What becomes ``final``."""
        return self.work / "output"

    @property
    def replaced(self) -> Path:
        """Where the previous output waits for the moment of the exchange."""
        return self.final.with_name(f".{self.final.name}.replaced")

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of a complete output; None where there is none, {} for an unreadable one.

        OutputError where something stands there that is no output of ours.
        """
        self.check_ours()
        path = self.final / MANIFEST
        try:
            found = json.loads(path.read_bytes()) if path.is_file() else None
        except ValueError:
            return {}
        return found if found is None or isinstance(found, dict) else {}

    def check_ours(self) -> None:
        """OutputError where ``final`` is no folder, or holds files that are not an output's."""
        final = self.final
        if final.is_symlink() or (final.exists() and not final.is_dir()):
            what = "is a link" if final.is_symlink() else "is a file"
        elif final.is_dir() and (others := sorted(p.name for p in final.iterdir() if not _ours(p))):
            what = f"holds {', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
        else:
            return
        raise OutputError(
            f"{final} {what}, which uqa did not write and does not replace: move it elsewhere, or "
            "choose another --out"
        )

    def damaged(self, manifest: dict[str, Any]) -> str | None:
        """The first file that no longer has the bytes the manifest lists, if any."""
        for file in manifest.get("files", ()):
            path = self.final / file["path"]
            if not path.is_file() or sha256_of(path) != file["sha256"]:
                return str(file["path"])
        return None


@contextmanager
def locked(place: OutputFolder) -> Iterator[None]:
    """Hold the output for this process; OutputLocked names the process that has it."""
    holder = place.final.with_name(f".{place.final.name}.holder")
    try:
        place.final.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.final.with_name(f".{place.final.name}.lock"))
        with lock.acquire(timeout=0):
            try:
                holder.unlink(missing_ok=True)
                with holder.open("x") as file:  # made anew: never what a link of that name leads to
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


def resume_or_start(place: OutputFolder, job: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Notes, by shard, of what a killed run of the same job left complete; else a fresh start."""
    file = place.work / "job.json"
    if not file.is_file() or json.loads(file.read_bytes()) != job:
        shutil.rmtree(place.work, ignore_errors=True)
        place.growing.mkdir(parents=True)
        write_json(file, job)
        return {}
    for left_by_a_killed_run in place.work.glob(f"{_TURNS}*"):
        shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
    kept: dict[int, dict[str, Any]] = {}
    for number, note in notes(place).items():
        shard = place.growing / note["file"]["path"]
        if shard.is_file() and sha256_of(shard) == note["file"]["sha256"]:
            kept[number] = note
        else:
            _note(place, number).unlink()
    return kept


def notes(place: OutputFolder) -> dict[int, dict[str, Any]]:
    """The notes of all committed shards, in order."""
    found = sorted(place.work.glob("shard-*.json"))
    return {int(path.stem.split("-")[1]): json.loads(path.read_bytes()) for path in found}


def every_note(place: OutputFolder, share: tuple[int, int]) -> list[dict[str, Any]]:
    """The notes of all shards of a share (which of how many); OutputError where one is missing."""
    first, step = share
    found = notes(place)
    missing = {*range(first, max(found, default=-1) + 1, step)} - {*found}
    if missing:
        raise OutputError(f"{place.work} has no shard {min(missing)}; type the same command again")
    return list(found.values())


def commit(place: OutputFolder, number: int, note: dict[str, Any]) -> None:
    """Say that a shard is complete; from here on no run makes it again."""
    write_json(_note(place, number), note)


def _note(place: OutputFolder, number: int) -> Path:
    return place.work / f"shard-{number:05}.json"


def claims_folder(place: OutputFolder) -> Path:
    """A folder in which the workers of one run say which shards they take.

    It is a new one for each run, so that a killed run's worker can take nothing from the next.
    """
    return Path(mkdtemp(prefix=_TURNS, dir=place.work))


def claim_shard(folder: Path | None, number: int) -> bool:
    """Take this shard, if none of the workers has; alone (no folder) one takes every shard."""
    if folder is None:
        return True
    try:
        (folder / f"{number:05}").touch(exist_ok=False)
    except (FileExistsError, FileNotFoundError):
        return False
    return True


def complete_output(place: OutputFolder, manifest: dict[str, Any]) -> None:
    """Write the manifest, then put the output in its place, whole."""
    write_json(place.growing / MANIFEST, manifest)
    _exchange(place)


def _exchange(place: OutputFolder) -> None:
    place.check_ours()
    if place.final.exists():
        shutil.rmtree(place.replaced, ignore_errors=True)
        place.final.rename(place.replaced)
    place.growing.rename(place.final)
    fsync(place.final.parent)
    shutil.rmtree(place.replaced, ignore_errors=True)
    shutil.rmtree(place.work, ignore_errors=True)


def _ours(path: Path) -> bool:
    return OURS.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def _recover(place: OutputFolder) -> None:
    """Finish an exchange that was killed half-way, or undo it where nothing was complete."""
    if (place.growing / MANIFEST).is_file():
        _exchange(place)
    elif place.replaced.exists() and not place.final.exists():
        place.replaced.rename(place.final)
    if not place.growing.exists():  # killed after the exchange, before the clean-up
        shutil.rmtree(place.work, ignore_errors=True)
    shutil.rmtree(place.replaced, ignore_errors=True)
