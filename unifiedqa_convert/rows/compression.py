"""The bytes of a plain file, a gzip or bzip2 file, or the one member of a zip."""

import bz2
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, cast

from unifiedqa_convert.errors import SourceError

BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, OSError)
"""What reading a truncated or corrupt compressed file raises; bz2 raises a bare OSError."""
PACKED = (".gz", ".bz2", ".zip")
LARGEST = 64 * 2**30
"""Maximum bytes of a decompressed file: protection against decompression bombs."""
RATIO = 1_000
"""Maximum compression ratio of a file over ``FREE`` bytes; that of text is under 20."""
FREE = 2**30
_COMPLETE = {
    ".gz": "a complete gzip",
    ".tgz": "a complete gzip",
    ".bz2": "a complete bzip2",
    ".zip": "a complete zip",
    ".tar": "a complete tar",
}


def content_name(path: Path) -> str:
    """The name without compression: ``dev.jsonl`` for ``dev.jsonl.gz``; of a zip, its member's."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _member(path)
    return path.stem if suffix in PACKED else path.name


@contextmanager
def open_decompressed(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed bytes as a stream. SourceError if there are more than a dataset has."""
    match path.suffix.lower():
        case ".gz" | ".tgz":
            with gzip.open(path) as file:
                yield _bounded(path, cast(IO[bytes], file))
        case ".bz2":
            with bz2.open(path) as file:
                yield _bounded(path, file)
        case ".zip":
            member = _member(path)
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                yield _bounded(path, file)
        case _:
            with path.open("rb") as plain:
                yield plain


def broken(path: Path, error: BaseException) -> SourceError:
    """The error to raise for one of ``BROKEN``."""
    what = _COMPLETE.get(path.suffix.lower(), "a readable")
    return SourceError(f"{path}: not {what} file: {error}")


def most_bytes(path: Path) -> int:
    """The most bytes that a file may decompress to."""
    return min(LARGEST, max(FREE, RATIO * path.stat().st_size))


def too_many_bytes(path: Path) -> SourceError:
    """The error to raise for a file with more than ``most_bytes``."""
    return SourceError(
        f"{path}: decompresses to far more bytes than its size allows; if you trust the file, "
        "decompress it and give the result"
    )


def _member(path: Path) -> str:
    """The one data file of a zip. SourceError, with the names, if there isn't exactly one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except BROKEN as error:
        raise broken(path, error) from None
    # macOS adds a file of metadata for every file.
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        listed = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        raise SourceError(
            f"{path} holds {len(names)} files, not one ({listed}): unzip it, and give one of them"
        )
    return names[0]


class _Bounded(RawIOBase):
    """A stream that raises SourceError if the file decompresses to too many bytes."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._left = most_bytes(path)

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into ``buffer``; the number of bytes."""
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise too_many_bytes(self._path)
        buffer[: len(data)] = data
        return len(data)


def _bounded(path: Path, file: IO[bytes]) -> IO[bytes]:
    return BufferedReader(_Bounded(path, file), buffer_size=2**20)
