"""The bytes of a plain, gzip, bzip2 or xz file or the one member of a zip, and their format.

The first bytes say what it is, before the name does: servers unpack a ``.gz`` on the way, or pack
without a word, and a page or a pointer may stand in a file's place.
"""

import bz2
import gzip
import lzma
import re
import shlex
import struct
import zipfile
import zlib
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_END, BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, cast

import orjson

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.magic import (
    Packing,
    is_text,
    kind_of_bytes,
    kind_of_zip,
    packing_of,
    stand_in,
    wide_encoding,
)
from unifiedqa_convert.rows.tables import (
    SEPARATORS,
    TABLES,
    agreed_separators,
    dialect_of,
)

BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)
"""What reading a truncated or corrupt compressed file raises; bz2 raises a bare OSError."""
ZIP = (NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError, struct.error)
"""What zipfile raises beside: an unknown method, a password, a wrong offset or name, no name."""
PACKED = (".gz", ".bz2", ".xz", ".zip")
HEAD = 2**16
"""Bytes at a file's start that are looked at to tell what it is."""
LARGEST = 64 * 2**30
"""Maximum bytes of a decompressed file: protection against decompression bombs."""
RATIO = 1_000
"""Maximum compression ratio of a file over ``FREE`` bytes; that of text is under 20."""
FREE = 2**30
XZ_MEMORY = 2**27
"""Maximum memory of xz; ``xz -9`` needs half of it."""
LARGEST_DIRECTORY = 2**24
"""Maximum bytes of a zip's list of members, each of which takes twenty times that in memory."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of the others, zipfile decompresses all that a block gives: 300 bytes of bzip2 are 300 MB."""
_ENCRYPTED = 1  # the bit of a zip member's flags
BINARY = (".parquet", ".arrow")
LABELS = (".lst", ".ans")
"""Suffixes of files that hold nothing but the labels of another file's rows."""
_ALIASES = {
    **dict.fromkeys((".ndjson", ".jsonlines", ".jl", ".ldjson"), ".jsonl"),
    **dict.fromkeys((".feather", ".ipc", ".arrows"), ".arrow"),
    **dict.fromkeys((".pq", ".parq"), ".parquet"),
    ".tab": ".tsv",
}
"""Other suffixes of the same formats."""
_PACKED: dict[str, Packing] = {".gz": "gzip", ".tgz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
_PACKED[".zip"] = "zip"
_CHECKED = 16 * 2**20
"""Bytes at a file's start that are checked; a wrong byte after them only rejects its row."""
_STARTS = re.compile(rb"^\s*[\[{]", re.MULTILINE)
"""How a line of JSON starts; where none does, a table may have the wrong suffix."""
_ARRAY = re.compile(rb"\[\s*\{")
_ARRAYS = re.compile(rb"\[\s*\[")
_WORDS = {".jsonl": "JSON lines", ".json": "JSON", ".csv": "CSV", ".tsv": "TSV", ".xml": "XML"}
_WORDS |= {".parquet": "Parquet", ".arrow": "Arrow"}


def content_name(path: Path) -> str:
    """The name without compression: ``dev.jsonl`` for ``dev.jsonl.gz``; of a zip, its member's."""
    if packed_as(path) == "zip":
        return _member(path)
    return path.stem if path.suffix.lower() in PACKED else path.name


def packed_as(path: Path) -> Packing | None:
    """How the file is packed, by its first bytes. SourceError if it can't be read."""
    return packing_of(_first_bytes(path), path.suffix.lower())


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(2**11)
    except OSError as error:
        raise SourceError(f"{path}: not a readable file: {error.strerror or error}") from None


def head(path: Path) -> bytes:
    """The first ``HEAD`` bytes, decompressed. SourceError if they can't be read."""
    try:
        with open_decompressed(path) as file:
            return file.read(HEAD)
    except BROKEN as error:
        raise broken(path, error) from None


def head_text(path: Path) -> str:
    """The file's first bytes as text; without its last line, if the file goes on."""
    start = head(path)
    text = start.decode("utf-8-sig", "surrogateescape")
    return text[: text.rfind("\n") + 1] if len(start) == HEAD else text


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
            with path.open("rb") as packed:
                yield _bounded(path, cast(IO[bytes], _Xz(packed)))
        case "zip":
            member = _member(path)
            with open_zip(path) as archive, open_member(path, archive, member) as file:
                yield file
        case None:
            with path.open("rb") as plain:
                yield plain


def open_zip(path: Path) -> zipfile.ZipFile:
    """A zip. Raises SourceError if it has too many members, ``BROKEN`` if it is none."""
    if _directory_size(path) > LARGEST_DIRECTORY:
        raise SourceError(f"{path} has far more members than a dataset has; unpack it")
    try:
        return zipfile.ZipFile(path)
    except ZIP as error:
        raise zipfile.BadZipFile(str(error)) from None


def _directory_size(path: Path) -> int:
    """The bytes of a zip's list of members, which zipfile reads at once; 0 if there is none."""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, SEEK_END) - 2**16 - 22 - 76, 0))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    size = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if size == 0xFFFFFFFF and (at := end.rfind(b"PK\6\6", 0, at)) >= 0:  # zip64
        size = int.from_bytes(end[at + 40 : at + 48], "little")
    return size


def open_member(path: Path, archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> IO[bytes]:
    """A zip's member, decompressed. SourceError if it is encrypted or packed in an unknown way."""
    info = archive.getinfo(name) if isinstance(name, str) else name
    if info.flag_bits & _ENCRYPTED:
        raise SourceError(
            f"{path}: {info.filename} is encrypted; unpack it with its password, and give the "
            "file inside"
        )
    if info.compress_type not in _METHODS:
        raise SourceError(
            f"{path}: {info.filename} is packed in a way that is not read here (method "
            f"{info.compress_type}); unpack it with the program that made it, and give the file "
            "inside"
        )
    try:
        file = archive.open(info)
    except ZIP as error:
        raise zipfile.BadZipFile(str(error)) from None
    return _bounded(path, file)


def broken(path: Path, error: BaseException) -> SourceError:
    """The error to raise for one of ``BROKEN``."""
    if kind := stand_in(_first_bytes(path)):
        return SourceError(f"{path}: this is {kind.what}; {kind.advice}")
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
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or (
        name.rpartition("/")[2].lower() in ("thumbs.db", "desktop.ini")  # of Windows
    )


def _member(path: Path) -> str:
    """The one data file of a zip. SourceError, with the names, if there isn't exactly one."""
    try:
        with open_zip(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (*BROKEN, *ZIP) as error:
        raise broken(path, error) from None
    if kind := kind_of_zip(names):
        raise SourceError(f"{path}: {kind.what}; {kind.advice}")
    names = [name for name in names if not is_hidden(name)]
    if len(names) != 1:
        listed = ", ".join(" ".join(name.split()) for name in names[:8]) + (
            " …" if len(names) > 8 else ""
        )
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
        except ZIP as error:
            raise zipfile.BadZipFile(str(error)) from None
        self._left -= len(data)
        if self._left < 0:
            raise too_many_bytes(self._path)
        buffer[: len(data)] = data
        return len(data)


class _Xz(RawIOBase):
    """The decompressed bytes of an xz file, as ``lzma.open``, with a bound on memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._stream = lzma.LZMADecompressor(memlimit=XZ_MEMORY)

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into ``buffer``; the number of bytes."""
        data = b""
        while not data:
            packed = b""
            if self._stream.eof:  # another stream may follow, after zeros
                packed = (self._stream.unused_data or self._file.read(HEAD)).lstrip(b"\0")
                if not packed and not (packed := self._file.read(HEAD).lstrip(b"\0")):
                    return 0
                self._stream = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
            elif self._stream.needs_input and not (packed := self._file.read(HEAD)):
                raise EOFError
            data = self._stream.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _bounded(path: Path, file: IO[bytes]) -> IO[bytes]:
    return BufferedReader(_Bounded(path, file), buffer_size=2**20)


def format_of(path: Path) -> str:
    """The suffix of the format that the file's first bytes say, or else its name.

    SourceError, with what to do, for what holds no rows: a page, a pointer, a document, UTF-16 …
    """
    suffix = named_format(path)
    start = head(path)
    if kind := kind_of_bytes(start):
        if kind.suffix is None:
            raise SourceError(f"{path}: this is {kind.what}; {kind.advice}")
        return kind.suffix
    if suffix == ".xml":
        return suffix
    if name := wide_encoding(start):
        raise SourceError(f"{path}: {name} text, not UTF-8: {_save_as_utf8(path, name)}")
    if suffix in BINARY and not (start and is_text(start)):
        return suffix
    if not is_text(start):
        raise SourceError(
            f"{path}: neither text nor a binary format that is known here (it begins with "
            f"{start[:8].hex(' ').upper()}); if it is damaged, download it again"
        )
    return _text_format(path, suffix, start)


def check_utf8(path: Path) -> None:
    """SourceError if the text at the file's start is not UTF-8."""
    try:
        with open_decompressed(path) as file:
            start = file.read(_CHECKED)
    except BROKEN as error:
        raise broken(path, error) from None
    try:
        getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError as error:
        line = start.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{path}: not UTF-8: byte 0x{start[error.start]:02X} in line {line}; it may be "
            f"WINDOWS-1252: {_save_as_utf8(path, 'WINDOWS-1252')}"
        ) from None


def check_is_text(path: Path) -> None:
    """SourceError, with what to do, for a packed file, a binary format, a page, a pointer …"""
    packing, suffix = packed_as(path), format_of(path)
    if packing or suffix in BINARY:
        advice = "unpack it, and give the file inside" if packing else "give the text"
        raise SourceError(f"{path}: this is {packing or _WORDS[suffix]}, not text; {advice}")


def _save_as_utf8(path: Path, encoding: str) -> str:
    save = "save the file as UTF-8 (in a spreadsheet: CSV, UTF-8)"
    if packed_as(path) is not None:
        return save
    names = [shlex.quote(str(it)) for it in (path, path.with_suffix(f".utf8{path.suffix}"))]
    return f"{save}, or make a copy: iconv -f {encoding} -t UTF-8 {' > '.join(names)}"


def named_format(path: Path) -> str:
    """The suffix of the format by the file's name, without that of the compression."""
    suffix = Path(content_name(path)).suffix.lower()
    return _ALIASES.get(suffix, suffix)


def _text_format(path: Path, suffix: str, start: bytes) -> str:
    """The suffix of a text's format: that of its name, if it can be that."""
    if suffix in LABELS or (suffix == ".json" and _STARTS.search(start)):
        return suffix
    if _ARRAY.match(_text(start)):
        return ".json"
    if _is_object(start) or (suffix == ".jsonl" and _STARTS.search(start)):
        return ".jsonl"
    if suffix in TABLES:
        return suffix
    agreed = agreed_separators(head_text(path))
    if len(agreed) == 1:
        return ".tsv" if "\t" in agreed else ".csv"
    return suffix


def note_of(path: Path) -> str | None:
    """What in the file was read otherwise than its name says; None if nothing was."""
    named, suffix, packed = named_format(path), format_of(path), packed_as(path)
    notes: list[str] = []
    if packed != _PACKED.get(path.suffix.lower()):
        notes.append(packed or "unpacked")
    if suffix != named:
        notes.append(_WORDS.get(suffix, suffix))
    if suffix in TABLES:
        mark = dialect_of(head_text(path), suffix).mark
        if mark != ("," if suffix == ".csv" else "\t"):
            notes.append(f"{SEPARATORS.get(mark, mark)} between the columns")
    return ", ".join(notes) or None


def _text(start: bytes) -> bytes:
    return start.removeprefix(BOM_UTF8).lstrip()


def starts_with_array(start: bytes) -> bool:
    """True if a ``.json`` file is an array of rows; some authors' files hold JSON lines."""
    return _text(start).startswith(b"[")


def starts_with_arrays(start: bytes) -> bool:
    """True if a JSON file is an array of arrays: a table without header (DREAM's dialogues)."""
    return _ARRAYS.match(_text(start)) is not None


def _is_object(start: bytes) -> bool:
    """True if the first line is a JSON object; of a longer one, only its first bytes are known."""
    line, end, _ = _text(start).partition(b"\n")
    if not end and len(start) == HEAD:
        return line.startswith(b'{"')
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
