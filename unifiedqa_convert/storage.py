"""Files and folders that are whole or absent, whenever a process is killed. The cache folder.

What is being written lies in a temporary folder beside its place, `.NAME.uqa-XXXXXXXX`, whose
process holds its file `uqa-temporary` locked: a folder without that file is not ours, and one whose
file nobody holds was left by a killed process: later writes clean up (docs/decisions/0003).
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from unifiedqa_convert.errors import ModelError, OutputError

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.uqa-[0-9a-f]{8}")
_HELD = "uqa-temporary"
_NEW = "new"
"""In a temporary folder: what is being written or removed."""
_OLD = "old"
"""What is put back if its place is empty."""


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """An empty folder beside ``place``, removed at the end, or by a later process if killed."""
    settle(place.parent)
    folder, handle = _hold_new(place)
    try:
        yield folder
    finally:
        _empty(folder)
        os.close(handle)


def _hold_new(place: Path) -> tuple[Path, int]:
    while True:
        folder = place.with_name(f".{place.name}.uqa-{secrets.token_hex(4)}")
        folder.mkdir()
        try:
            handle = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # another process took the empty folder for a killed one's
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
                raise
            return folder, handle  # a file system without locks: nobody will clean up here
        if (folder / _HELD).exists():
            return folder, handle
        os.close(handle)


def settle(parent: Path) -> None:
    """Finish or undo what killed processes began in the folder ``parent``; live ones go on."""
    try:
        found = [path for path in parent.iterdir() if _TEMPORARY.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for folder in found:
        with suppress(OSError):  # held, removed meanwhile, or not to be written: a reader goes on
            _settle(folder)


def _settle(folder: Path) -> None:
    if folder.is_symlink() or not any(folder.iterdir()):
        folder.rmdir()  # of a process killed after its first step; fails for a link
        return
    handle = os.open(folder / _HELD, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _empty(folder)
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    """Remove a temporary folder, its lock last; the old one goes back to a place left empty."""
    named = _TEMPORARY.fullmatch(folder.name)
    assert named is not None
    place = folder.with_name(named["name"])
    if (folder / _OLD).is_dir() and not os.path.lexists(place):
        (folder / _OLD).rename(place)
        fsync(place.parent)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _HELD:
            path.unlink(missing_ok=True)
    (folder / _HELD).unlink(missing_ok=True)
    with suppress(OSError):  # what could not be removed: the next process tries again
        folder.rmdir()


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is complete and on disk, or not at all.

    Raises OutputError for a link: it is neither replaced nor written through.
    """
    refuse_link(path)
    with temporary_folder(path) as folder:
        with (folder / _NEW).open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        (folder / _NEW).replace(path)
        fsync(path.parent)


def refuse_link(path: Path) -> None:
    """Raise OutputError for a symbolic link where something is to be written."""
    if path.is_symlink():
        raise OutputError(
            f"{path} is a link to {path.readlink()}, which uqa did not make and will not replace "
            "or write through: move it, or name its target"
        )


def write_json(path: Path, document: Any) -> None:
    """Write strict JSON (no NaN) with sorted keys and an indent of two, by ``atomic_file``.

    A byte of a path that is no UTF-8 is written as the text ``\\udcff``.
    """
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with atomic_file(path) as file:
        file.write(_SURROGATE.sub(lambda one: rf"\\u{ord(one[0]):x}", text).encode() + b"\n")


_SURROGATE = re.compile("[\ud800-\udfff]")


def name_of(path: Path) -> str:
    """A file's name as text; a byte that is no UTF-8 as ``\\xff``."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


def cache_folder() -> Path:
    """The folder for everything that can be made again; it may not exist yet.

    ``UQA_CACHE`` names it; otherwise it is this program's folder in the user's cache, which is
    ``XDG_CACHE_HOME`` or ``~/.cache`` on Linux.
    """
    if named := os.environ.get("UQA_CACHE"):
        return Path(named)
    if not os.environ.get("XDG_CACHE_HOME") and (home := stand_in_home()):
        return home / ".cache" / "unifiedqa-convert"
    from platformdirs import user_cache_path

    return user_cache_path("unifiedqa-convert", appauthor=False)


def use_stand_in_home() -> str | None:
    """Let every library of this process find the stand-in; a line to print, if one was needed.

    Raises as :func:`stand_in_home`.
    """
    if (home := stand_in_home()) is None:
        return None
    os.environ["HOME"] = str(home)
    return f"no home folder: {home} holds the caches; set HOME, or UQA_CACHE and HF_HOME"


def stand_in_home() -> Path | None:
    """A private temporary folder for a user without a home: no HOME and an unknown id, or a HOME
    that is empty or not absolute; None with one.

    Raises OutputError if another user has made it.
    """
    with suppress(RuntimeError):
        if Path(os.environ.get("HOME", Path.home())).is_absolute():
            return None
    folder = Path(tempfile.gettempdir()) / f"uqa-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    made = folder.lstat()
    if not stat.S_ISDIR(made.st_mode) or made.st_uid != os.getuid() or made.st_mode & 0o077:
        raise OutputError(f"{folder} is not a private folder of this user: set HOME to another one")
    return folder


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


def publish_folder(folder: Path, fill: Callable[[Path], None], *, replace: bool = False) -> None:
    """Let ``fill`` write into a temporary folder, then put it in its place and verify it.

    With ``replace`` in that of an older one, which stays until the new one is on disk; OutputError
    without it. ModelError if the files read back are not those that were written. ``fill`` may
    write the index itself.
    """
    refuse_link(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder) as temporary:
        fresh = temporary / _NEW
        fresh.mkdir()
        fill(fresh)
        _seal(fresh)
        if folder.exists() and not replace:
            raise OutputError(f"{folder} exists by now: another process has written it")
        _exchange(fresh, folder, temporary)
    verify(folder)


def replace_folder(fresh: Path, place: Path) -> None:
    """Put the folder ``fresh`` in its ``place``; an older one there is removed."""
    with temporary_folder(place) as temporary:
        _exchange(fresh, place, temporary)


def _exchange(fresh: Path, place: Path, temporary: Path) -> None:
    """By one step where the system has it; else a kill between two is undone by ``_empty``."""
    if not place.exists():
        fresh.rename(place)
    elif _swap(fresh, place):
        if fresh.parent != temporary:
            fresh.rename(temporary / _NEW)
    else:
        place.rename(temporary / _OLD)
        fresh.rename(place)
    fsync(place.parent)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders; False where that is no single step (not Linux, some file systems)."""
    import ctypes

    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if renameat2 is None:
        return False
    if not renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange):
        return True
    if (number := ctypes.get_errno()) in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def discard(folder: Path) -> None:
    """Remove a folder, which is gone at once: nobody ever sees a part of it."""
    with temporary_folder(folder) as temporary:
        folder.rename(temporary / _NEW)


def point(link: Path, target: Path) -> None:
    """Atomically point the symbolic link beside ``target`` to it."""
    with temporary_folder(link) as temporary:
        (temporary / _NEW).symlink_to(target.name)
        (temporary / _NEW).replace(link)
        fsync(link.parent)


INDEX = "files.json"
"""The sha256 of each file of a published folder; written last."""
CARD = "README.md"
"""Its owner may edit it: weights, tokenizer and configuration are what the index protects."""


def verify(folder: Path) -> None:
    """Raise ModelError, naming the file, unless all files but the card have the index' bytes."""
    for name, digest in sorted(read_index(folder).items()):
        path = folder / name
        if name == CARD:
            continue
        try:
            found = sha256_of(path)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            reason = error.strerror if isinstance(error, OSError) else error
            raise ModelError(
                f"{path} is missing ({reason}): use another checkpoint, or copy it again"
            ) from error
        if found != digest:
            raise ModelError(f"{path} was changed or cut: use another checkpoint, or copy it again")


def read_index(folder: Path) -> dict[str, str]:
    """The sha256 of each file by its name; ModelError if the index can't be read."""
    index = folder / INDEX
    try:
        return {str(name): str(digest) for name, digest in json.loads(index.read_bytes()).items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{index} can't be read, so {folder} is not a complete checkpoint: {error}"
        ) from error


def card_changed(folder: Path) -> bool:
    """True if the card of a published folder is not the one that was written with it."""
    card = folder / CARD
    return sha256_of(card) != read_index(folder).get(CARD) if card.is_file() else False


def others_in(folder: Path) -> list[str]:
    """Names of what a published folder holds besides the files of its index, such as notes.

    ModelError if the index can't be read.
    """
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or p.is_file()}
    return sorted(found - {*read_index(folder), INDEX})


def _seal(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    mask = os.umask(0)
    os.umask(mask)
    sealed = (folder / INDEX).exists()
    for path in files:
        if not sealed:
            path.chmod(0o666 & ~mask)  # safetensors makes its files private
        fsync(path)
    if not sealed:
        write_json(folder / INDEX, {str(p.relative_to(folder)): sha256_of(p) for p in files})
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        fsync(inner)
    fsync(folder)
