"""The format of a file of rows: what its first bytes say, or else its name."""

import re
import shlex
from codecs import BOM_UTF8, getincrementaldecoder
from pathlib import Path

import orjson

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import (
    BROKEN,
    HEAD,
    broken,
    content_name,
    head,
    open_decompressed,
    packed_as,
)
from unifiedqa_convert.rows.magic import Packing, is_text, kind_of, wide_encoding
from unifiedqa_convert.rows.tables import (
    SEPARATORS,
    TABLES,
    agreed_separators,
    dialect_of,
    head_text,
)

BINARY = (".parquet", ".arrow")
LABELS = ".lst"
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
_ARRAY = re.compile(rb"\[\s*\{")
_WORDS = {".jsonl": "JSON lines", ".json": "JSON", ".csv": "CSV", ".tsv": "TSV", ".xml": "XML"}
_WORDS |= {".parquet": "Parquet", ".arrow": "Arrow"}
_MARKS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


def format_of(path: Path) -> str:
    """The suffix of the format that the file's first bytes say, or else its name.

    SourceError, with what to do, for what holds no rows: a page, a pointer, a document, UTF-16 …
    """
    suffix = named_format(path)
    start = head(path)
    if kind := kind_of(start):
        if kind.suffix is None:
            raise SourceError(f"{path}: this is {kind.what}; {kind.advice}")
        return kind.suffix
    if suffix == ".xml" or (suffix in BINARY and not (start and is_text(start))):
        return suffix
    if name := wide_encoding(start):
        raise SourceError(f"{path}: {name} text, not UTF-8: {_save_as_utf8(path, name)}")
    if not is_text(start):
        raise SourceError(
            f"{path}: no text, and no binary format that is known here (it begins with "
            f"{start[:8].hex(' ').upper()}); it may be damaged: download it again"
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
    """The suffix of a text's format: by its name, if it can be that."""
    if suffix == LABELS:
        return suffix
    if suffix == ".json":
        return suffix
    if _ARRAY.match(_text(start)):
        return ".json"
    if suffix == ".jsonl" or _is_object(start):
        return ".jsonl"
    if suffix in TABLES:
        return suffix
    agreed = agreed_separators(head_text(path))
    if len(agreed) == 1:
        return ".tsv" if "\t" in agreed else ".csv"
    return suffix


def note_of(path: Path) -> str | None:
    """What was read otherwise than the file's name says; None if nothing was."""
    named, suffix, packed = named_format(path), format_of(path), packed_as(path)
    notes: list[str] = []
    if packed != _PACKED.get(path.suffix.lower()):
        notes.append(packed or "not packed")
    if suffix != named:
        notes.append(_WORDS.get(suffix, suffix))
    if suffix in TABLES and (mark := dialect_of(path, suffix).mark) != _MARKS[suffix]:
        notes.append(f"a table with {SEPARATORS.get(mark, mark)} between its columns")
    return f"read as {', '.join(notes)}" if notes else None


def _text(start: bytes) -> bytes:
    return start.removeprefix(BOM_UTF8).lstrip()


def starts_with_array(start: bytes) -> bool:
    """True if a ``.json`` file is an array of rows; some authors' files hold JSON lines."""
    return _text(start).startswith(b"[")


def _is_object(start: bytes) -> bool:
    """True if the first line is a JSON object; of a longer one, only its first bytes are known."""
    line, end, _ = _text(start).partition(b"\n")
    if not end and len(start) == HEAD:
        return line.startswith(b'{"')
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
