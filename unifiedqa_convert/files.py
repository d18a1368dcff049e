"""Files that are whole or absent: temporary name, flush to disk, rename, flush the folder."""

import glob
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is complete and on disk, or not at all.

    The temporary name is the process's own: a worker that outlives its parent writes elsewhere.
    """
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush(path.parent)


def _sweep(path: Path) -> None:
    """Remove what processes that were killed had begun of the same file."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        process = stray.name.split(".")[-2]
        if process.isdigit() and not _lives(int(process)):
            stray.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_json(path: Path, document: Any) -> None:
    """Strict JSON (no NaN) for people and programs: sorted keys, two spaces, whole or absent."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with whole(path) as file:
        file.write(text.encode() + b"\n")


def flush(path: Path) -> None:
    """Make a file's bytes, or a folder's renames, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
