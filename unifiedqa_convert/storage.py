"""Files and folders that are whole or absent: temporary name, fsync, rename. The cache folder."""

import errno
import glob
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from unifiedqa_convert.errors import ModelError


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is complete and on disk, or not at all.

    The temporary name has the process id, so that two processes never write the same file.
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
    fsync(path.parent)


def _sweep(path: Path) -> None:
    """Remove temporary files of the same file that killed processes left."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        process = stray.name.split(".")[-2]
        if process.isdigit() and not _is_running(int(process)):
            stray.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_json(path: Path, document: Any) -> None:
    """Write strict JSON (no NaN) with sorted keys and an indent of two, by ``atomic_file``.

    The bytes of a file's name that are no UTF-8 are written as JSON's escapes.
    """
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with atomic_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace") + b"\n")


def cache_folder() -> Path:
    """The folder for everything that can be made again; it may not exist yet.

    ``UQA_CACHE`` names it; otherwise it is this program's folder in the user's cache, which is
    ``XDG_CACHE_HOME`` or ``~/.cache`` on Linux.
    """
    if named := os.environ.get("UQA_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("unifiedqa-convert", appauthor=False)


def free_bytes(folder: Path) -> int:
    """Free disk space for a folder, which may not exist yet."""
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    return shutil.disk_usage(existing).free


def is_path(name: str) -> bool:
    """True if a name is written as a path; a bare name is never taken for a folder."""
    return name.startswith(("./", "../", "/", "path:"))


def fsync(path: Path) -> None:
    """Flush a file's bytes, or a folder's renames, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_small(path: Path, most: int) -> bytes:
    """A regular file's bytes; OSError if it is anything else, or has more than ``most`` bytes.

    A FIFO or a device is not read: that could wait for ever.
    """
    if not path.is_file():
        path.stat()  # raises if it is missing
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    # Without waiting, in case it was exchanged meanwhile.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
    return content


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


INDEX = "files.json"
"""The sha256 of each file of a published folder; written last."""


def publish_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write into a temporary folder, then rename it to ``folder`` and verify it.

    An older ``folder`` stays until the new one is on disk. Raises ModelError if the files read back
    are not those that were written.
    """
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    old = folder.with_name(f".{folder.name}-{os.getpid()}-old")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        fill(fresh)
        _seal(fresh)
        if folder.exists():
            folder.rename(old)  # a folder can't be renamed onto one that is not empty
        fresh.rename(folder)
        fsync(folder.parent)
        verify(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def verify(folder: Path) -> None:
    """Raise ModelError, naming the file, unless all files are there with the bytes of the index."""
    index = folder / INDEX
    try:
        listed = dict(json.loads(index.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{index} can't be read, so {folder} is not a complete checkpoint: {error}"
        ) from error
    for name, digest in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing: use another checkpoint, or copy it again")
        if sha256_of(path) != digest:
            raise ModelError(f"{path} was changed or cut: use another checkpoint, or copy it again")


def point(link: Path, target: Path) -> None:
    """Atomically point the symbolic link beside ``target`` to it."""
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)
    fsync(link.parent)


def _seal(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    mask = os.umask(0)
    os.umask(mask)
    for path in files:
        path.chmod(0o666 & ~mask)  # safetensors makes its files private
        fsync(path)
    write_json(folder / INDEX, {str(p.relative_to(folder)): sha256_of(p) for p in files})
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        fsync(inner)
    fsync(folder)
