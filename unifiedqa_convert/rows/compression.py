"""The bytes of a plain file, a gzip, bzip2 or xz file, or the one member of a zip.

The first bytes say which it is, not the name: servers unpack a ``.gz`` on the way, or pack without
a word.
"""

import bz2
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, cast

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.magic import Packing, kind_of_zip, packing_of

BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)
"""What reading a truncated or corrupt compressed file raises; bz2 raises a bare OSError."""
_ZIP = (NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error)
"""What zipfile raises beside: an unknown method, a password, a wrong offset or name."""
PACKED = (".gz", ".bz2", ".xz", ".zip")
HEAD = 2**16
"""Bytes at a file's start that are looked at to tell what it is."""
LARGEST = 64 * 2**30
"""Maximum bytes of a decompressed file: protection against decompression bombs."""
RATIO = 1_000
"""Maximum compression ratio of a file over ``FREE`` bytes; that of text is under 20."""
FREE = 2**30


def content_name(path: Path) -> str:
    """The name without compression: ``dev.jsonl`` for ``dev.jsonl.gz``; of a zip, its member's."""
    if packed_as(path) == "zip":
        return _member(path)
    return path.stem if path.suffix.lower() in PACKED else path.name


def packed_as(path: Path) -> Packing | None:
    """How the file is packed, by its first bytes. SourceError if it can't be read."""
    try:
        with path.open("rb") as file:
            return packing_of(file.read(16), path.suffix.lower())
    except OSError as error:
        raise SourceError(f"{path}: not a readable file: {error.strerror or error}") from None


def head(path: Path) -> bytes:
    """The first ``HEAD`` bytes, decompressed. SourceError if they can't be read."""
    try:
        with open_decompressed(path) as file:
            return file.read(HEAD)
    except BROKEN as error:
        raise broken(path, error) from None


@contextmanager
def open_decompressed(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed bytes as a stream. SourceError if there are more than a dataset has."""
    match packed_as(path):
        case "gzip":
            with gzip.open(path) as file:
                yield _bounded(path, cast(IO[bytes], file))
        case "bzip2":
            with bz2.open(path) as file:
                yield _bounded(path, file)
        case "xz":
            with lzma.open(path) as file:
                yield _bounded(path, file)
        case "zip":
            member = _member(path)
            with zipfile.ZipFile(path) as archive, _opened(archive, member) as file:
                yield _bounded(path, file)
        case None:
            with path.open("rb") as plain:
                yield plain


def _opened(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    try:
        return archive.open(member)
    except _ZIP as error:
        raise zipfile.BadZipFile(str(error)) from None


def broken(path: Path, error: BaseException) -> SourceError:
    """The error to raise for one of ``BROKEN``."""
    what = packed_as(path) or ("tar" if path.suffix.lower() == ".tar" else None)
    reason = "it ends too early" if isinstance(error, EOFError) else error
    return SourceError(
        f"{path}: not a {f'complete {what}' if what else 'readable'} file: {reason}; download it "
        "again"
    )


def most_bytes(path: Path) -> int:
    """The most bytes that a file may decompress to."""
    return min(LARGEST, max(FREE, RATIO * path.stat().st_size))


def too_many_bytes(path: Path) -> SourceError:
    """The error to raise for a file with more than ``most_bytes``."""
    return SourceError(
        f"{path}: decompresses to far more bytes than its size allows; if you trust the file, "
        "decompress it and give the result"
    )


def is_hidden(name: str) -> bool:
    """True for what no person puts into an archive: .DS_Store, ._x and __MACOSX/ of macOS …"""
    parts = set(name.split("/")) - {".", ".."}
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _member(path: Path) -> str:
    """The one data file of a zip. SourceError, with the names, if there isn't exactly one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (*BROKEN, *_ZIP) as error:
        raise broken(path, error) from None
    if kind := kind_of_zip(names):
        raise SourceError(f"{path}: {kind.what}; {kind.advice}")
    names = [name for name in names if not is_hidden(name)]
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
        try:
            data = self._file.read(len(buffer))
        except _ZIP as error:
            raise zipfile.BadZipFile(str(error)) from None
        self._left -= len(data)
        if self._left < 0:
            raise too_many_bytes(self._path)
        buffer[: len(data)] = data
        return len(data)


def _bounded(path: Path, file: IO[bytes]) -> IO[bytes]:
    return BufferedReader(_Bounded(path, file), buffer_size=2**20)
