"""What a file is, told from its first bytes: how it is read, or why it can't be and what to do.

A short table of our own: no library known to us tells Parquet, Arrow and git-lfs pointers.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterable
from typing import Literal, NamedTuple

Packing = Literal["gzip", "bzip2", "xz", "zip"]


class Kind(NamedTuple):
    """A kind of file: the suffix of its reader, or what to do if there is none."""

    what: str
    suffix: str | None = None
    advice: str = ""


_SHEET = "save its sheet as CSV (UTF-8), and give that"
_UNPACK = "unpack it, and give the file inside"
_AS_LINES = "save its rows as JSON lines, CSV or Parquet"
_NO_ROWS = "give the file of rows"
_AGAIN = "download the file itself"

# No text starts like that: what is letters only is longer than a word (a column may be "PAR1").
_KINDS: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"PAR1\x15", Kind("Parquet", ".parquet")),  # and the first field of a page or the footer
    (0, b"ARROW1\0\0", Kind("Arrow file", ".arrow")),
    (0, b"\xff\xff\xff\xff", Kind("Arrow stream", ".arrow")),
    (0, b"FEA1\0\0\0\0", Kind("Feather of version 1", None, "save it as version 2 or Parquet")),
    (0, b"\x1f\x8b", Kind("gzip inside another packing", None, _UNPACK)),
    (0, b"BZh91AY&SY", Kind("bzip2 inside another packing", None, _UNPACK)),
    (0, b"\xfd7zXZ\0", Kind("xz inside another packing", None, _UNPACK)),
    (0, b"PK\x03\x04", Kind("a zip inside another packing", None, _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Kind("zstd", None, "unpack it: zstd -d")),
    (0, b"\x04\x22\x4d\x18", Kind("lz4", None, "unpack it: lz4 -d")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", None, _UNPACK)),
    (0, b"Rar!\x1a\x07", Kind("a RAR archive", None, _UNPACK)),
    (257, b"ustar\0", Kind("a tar archive", None, _UNPACK)),
    (257, b"ustar  \0", Kind("a tar archive", None, _UNPACK)),
    (0, b"%PDF-", Kind("a PDF document", None, _NO_ROWS)),
    (0, b"{\\rtf", Kind("a rich text document", None, "save it as plain text, UTF-8")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office file (xls, doc)", None, _SHEET)),
    (0, b"SQLite format 3\0", Kind("an SQLite database", None, _AS_LINES)),
    (0, b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", None, _AS_LINES)),
    (0, b"\x93NUMPY", Kind("a NumPy array", None, _AS_LINES)),
    (0, b"Obj\x01", Kind("an Avro file", None, _AS_LINES)),
    (
        0,
        b"\0\x05\x16\7",
        Kind("what macOS keeps beside a file (._x)", None, "give the one without ._"),
    ),
    (0, b"\x89PNG\r\n\x1a\n", Kind("a picture", None, _NO_ROWS)),
    (0, b"\xff\xd8\xff", Kind("a picture", None, _NO_ROWS)),
)
_PICKLE = Kind("a pickle (pandas, joblib, PyTorch)", None, _AS_LINES)
_LFS = Kind("a git-lfs pointer, not the file itself", None, "fetch the file: git lfs pull")
_ANNEX = Kind("a git-annex pointer, not the file itself", None, "fetch the file: git annex get")
_PAGE = Kind("an HTML page, not data (perhaps an error, or a page about the file)", None, _AGAIN)
_ANSWER = Kind("a server's error message, not data", None, _AGAIN)
_XML = Kind("XML", ".xml")
_HTML = re.compile(
    rb"(<\?xml[^>]*>\s*)?(<!--((?!-->).)*-->\s*)*<(!doctype html|html|head|body)\b", re.S
)
_ANSWERS = re.compile(
    rb"(404: Not Found|Entry not found|Repository not found|Invalid username or password\.?"
    rb"|Access denied|Forbidden|Not Found)\s*\Z|(<\?xml[^>]*>\s*)?<Error>\s*<Code>"
)
_MEMBERS: tuple[tuple[str, Kind], ...] = (
    (r"\[Content_Types\]\.xml|xl/workbook\.xml", Kind("an Office file (xlsx, docx)", None, _SHEET)),
    (r"mimetype|META-INF/manifest\.xml", Kind("an OpenDocument file (ods, odt)", None, _SHEET)),
    (r"(.*/)?data\.pkl", _PICKLE),
    (r"(.*/)?[^/]*\.npy", Kind("a NumPy archive (npz)", None, _AS_LINES)),
)
_PACKINGS: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an empty one
)
_BLOCK = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_WIDE = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"


def packing_of(start: bytes, suffix: str) -> Packing | None:
    """How a file that starts like that is packed. ``BZh`` alone may be text: there, the suffix."""
    for magic, packing in _PACKINGS:
        if start.startswith(magic):
            certain = packing != "bzip2" or suffix == ".bz2" or _BLOCK.match(start)
            return packing if certain else None
    return None


def kind_of_bytes(start: bytes) -> Kind | None:
    """The kind of a file, unpacked, that starts like that; None for text and what is not known."""
    for at, magic, kind in _KINDS:
        if start.startswith(magic, at):
            return kind
    if start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5" and len(start) > 2:
        return _PICKLE
    if named := stand_in(start):
        return named
    return _XML if start.removeprefix(BOM_UTF8).lstrip().startswith(b"<?xml") else None


def stand_in(start: bytes) -> Kind | None:
    """A pointer to a file, a page or a message, where the file was expected; None if it isn't."""
    text = start.removeprefix(BOM_UTF8).lstrip()
    if text.startswith(b"version https://git-lfs.github.com/spec/"):
        return _LFS
    if text.startswith((b"/annex/objects/", b".git/annex/objects/")):
        return _ANNEX
    if _HTML.match(text[:2048].lower()):
        return _PAGE
    if _ANSWERS.match(text[:512]):
        return _ANSWER
    return None


def kind_of_zip(members: Iterable[str]) -> Kind | None:
    """The kind of a zip that is a document or a model, by the names of its members."""
    names = list(members)
    for pattern, kind in _MEMBERS:
        if any(re.fullmatch(pattern, name) for name in names):
            return kind
    return None


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 or UTF-32, with or without a byte order mark, as iconv calls it; None if neither."""
    for mark, name in (
        *((BOM_UTF32_LE, "UTF-32"), (BOM_UTF32_BE, "UTF-32")),
        *((BOM_UTF16_LE, "UTF-16"), (BOM_UTF16_BE, "UTF-16")),
    ):
        if start.startswith(mark):
            return name
    # Without a mark, every ASCII character gives a NUL or three; other texts have next to none.
    whole = start[: len(start) // 4 * 4]
    if whole.count(0) * 20 < len(whole) or not whole:
        return None
    texts = {name: whole.decode(name, "replace") for name in _WIDE}
    texts = {name: text for name, text in texts.items() if _odd(text) <= len(text) / 100}
    # The bytes of a letter exchanged are mostly a letter too, but no ASCII.
    return max(texts, key=lambda name: _ascii(texts[name]), default=None)


def _odd(text: str) -> int:
    """The number of characters that no text has."""
    return sum(it == "\ufffd" or (it < " " and it not in "\t\n\v\f\r") for it in text)


def _ascii(text: str) -> int:
    return sum(it < "\x80" for it in text)


def is_text(start: bytes) -> bool:
    """False if too many of the first bytes are control characters: one byte in ten is by chance."""
    return (len(start) - len(start.translate(None, _CONTROL))) * 20 <= len(start)
