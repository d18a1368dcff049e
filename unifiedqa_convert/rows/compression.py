"""A file as its bytes, whatever it is packed in: plain, gzip, bzip2, or the one member of a zip."""

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
"""What reading a packed file raises where it is cut or changed; bz2 raises a bare OSError."""
PACKED = (".gz", ".bz2", ".zip")
LARGEST = 64 * 2**30
"""Bytes that a packed file may hold; what passes it is a bomb, not a dataset."""
RATIO = 1_000
"""How many bytes one packed byte may become, past the first gigabyte; text stays under 20."""
FREE = 2**30


def content_name(path: Path) -> str:
    """The name of what is inside: ``dev.jsonl`` for ``dev.jsonl.gz``, a zip's member's name."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _member(path)
    return path.stem if suffix in PACKED else path.name


@contextmanager
def open_decompressed(path: Path) -> Iterator[IO[bytes]]:
    """The bytes inside, as a stream. SourceError where there are more than a dataset has."""
    match path.suffix.lower():
        case ".gz":
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
    kind = {".gz": "whole gzip", ".bz2": "whole bzip2", ".zip": "a whole zip"}
    return SourceError(f"{path}: not {kind.get(path.suffix.lower(), 'readable')}: {error}")


def _member(path: Path) -> str:
    """The one data file of a zip. SourceError, with the names, where there is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except BROKEN as error:
        raise broken(path, error) from None
    # What the archiver of one system leaves beside every file is nobody's data.
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        listed = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        raise SourceError(
            f"{path} holds {len(names)} files, not one ({listed}): unzip it, and give the split's"
        )
    return names[0]


class _Bounded(RawIOBase):
    """A stream that ends with SourceError where its packed file holds too much."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._left = min(LARGEST, max(FREE, RATIO * path.stat().st_size))

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Some bytes."""
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                f"{self._path}: unpacks to far more than its size allows: not unpacked any further"
            )
        buffer[: len(data)] = data
        return len(data)


def _bounded(path: Path, file: IO[bytes]) -> IO[bytes]:
    return BufferedReader(_Bounded(path, file), buffer_size=2**20)
