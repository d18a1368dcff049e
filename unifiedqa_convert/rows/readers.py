"""File format → raw records. Nothing here depends on a dataset.

Every record is yielded as a dict or, in its place, as an ``Unreadable``: a broken line is a row
that is counted and rejected, and the rows around it are read.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import compress
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO
from xml.etree.ElementTree import Element, ParseError

import orjson

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import (
    BINARY,
    BROKEN,
    broken,
    format_of,
    head,
    head_text,
    open_decompressed,
    packed_as,
    starts_with_array,
)
from unifiedqa_convert.rows.tables import (
    TABLES,
    Columns,
    dialect_of,
    header_of,
    numbered_records,
    records,
)

UTF8_BOM = b"\xef\xbb\xbf"
BLOCK = 2**16
"""Bytes of JSON lines that are parsed together: the result fits into the CPU's cache."""
LONGEST_LINE = 16 * 2**20
"""Maximum bytes of a JSON line; a longer one is a rejected row, so that memory is bounded."""
LARGEST_DOCUMENT = 2**30
"""Maximum bytes of a file that is one JSON document, which is read at once."""


class Unreadable(NamedTuple):
    """A record that could not be read, and the reason."""

    reason: str


class Unrequested(NamedTuple):
    """A record that was not requested: counted, not parsed."""


UNREQUESTED = Unrequested()
Raw = dict[str, Any] | Unreadable | Unrequested
Wanted = Callable[[int], bool]
Loads = Callable[[bytes], Any]
"""Parses JSON: ``orjson.loads``, or ``as_written``."""


def read(
    path: Path,
    element: str | None = None,
    wanted: Wanted | None = None,
    columns: tuple[str, ...] | None = None,
    own: Mapping[str, Any] | None = None,
) -> Iterator[Raw]:
    """The records of one file in order, in the format that ``format_of`` tells.

    ``element`` is the XML tag of a row; ``columns`` are the names of the columns of a table without
    a header; ``own`` is the shape's, for a user's own file. A record whose number in the file
    ``wanted`` rejects may be yielded as ``UNREQUESTED``, unparsed, so that reading a part of a
    large file is fast. SourceError if the file as a whole is unusable.
    """
    suffix = format_of(path)
    if suffix in TABLES:
        return _table(path, suffix, columns, own)
    if suffix == ".xml":
        if element is None:
            raise SourceError(f"{path}: this dataset has no XML shape")
        return _xml(path, element)
    if suffix in (".jsonl", ".json"):
        lines = suffix == ".jsonl" or not starts_with_array(head(path))
        loads = orjson.loads if own is None else as_written
        return _jsonl(path, wanted, loads) if lines else _json(path, loads)
    if suffix not in _READERS:
        known = " ".join([".jsonl", ".json", ".xml", *TABLES, *_READERS])
        what = f"{suffix} files" if suffix else "a file without suffix"
        raise SourceError(f"{path}: no reader for {what}; give a file with one of {known}")
    return _READERS[suffix](path)


def read_labels(path: Path) -> list[str]:
    """The lines of a file of labels, stripped."""
    format_of(path)
    try:
        with open_decompressed(path) as file:
            text = file.read(LARGEST_DOCUMENT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8: {error}") from None
    except BROKEN as error:
        raise broken(path, error) from None
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


_OTHER_NUMBER = re.compile(rb"[:,\[]\s*-?\d+[.eE]|\d{17}|\bNaN\b")
_INT = range(-(2**63), 2**64)


def as_written(text: bytes) -> Any:
    """JSON, in which a number that Python would write otherwise is its text; NaN is null.

    Raises orjson.JSONDecodeError.
    """
    if not _OTHER_NUMBER.search(text):
        return orjson.loads(text)

    def whole(number: str) -> int | str:
        return int(number) if len(number) < 20 and int(number) in _INT else number

    def constant(name: str) -> None:
        if name != "NaN":
            raise ValueError(name)

    try:
        written = text.decode()
        return json.loads(written, parse_float=str, parse_int=whole, parse_constant=constant)
    except (ValueError, RecursionError):
        return orjson.loads(text)


def _jsonl(path: Path, wanted: Wanted | None, loads: Loads) -> Iterator[Raw]:
    number = 0
    try:
        with open_decompressed(path) as file:
            for block in _line_blocks(file):
                lines = [line for line in block if line and not line.isspace()]
                if wanted is None:
                    yield from _parsed(lines, loads)
                else:
                    requested = [wanted(n) for n in range(number, number + len(lines))]
                    parsed = iter(_parsed(list(compress(lines, requested)), loads))
                    yield from (next(parsed) if one else UNREQUESTED for one in requested)
                    number += len(lines)
    except BROKEN as error:
        raise broken(path, error) from None


def _line_blocks(file: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines in blocks; of a line over the limit, only its first bytes.

    Lines end with \\n only: U+2028 and U+0085 are text.
    """
    begun: list[bytes] = []  # the parts of a line whose end has not been read yet
    block = file.read(BLOCK).removeprefix(UTF8_BOM)
    while block:
        first, *others = block.split(b"\n")
        begun.append(first)
        if others:
            yield [b"".join(begun), *others[:-1]]
            begun = others[-1:]
        block = b""
        if sum(map(len, begun)) > LONGEST_LINE:
            while (block := file.read(BLOCK)) and b"\n" not in block:
                pass
            yield [b"".join(begun)]
            begun, block = [], block.partition(b"\n")[2]
        block = block or file.read(BLOCK)
    yield [b"".join(begun)]


def _parsed(lines: list[bytes], loads: Loads) -> list[Raw]:
    """The lines' records; they are checked one by one only if something is wrong with any."""
    try:
        values = list(map(loads, lines))
        kept = orjson.dumps(values).count(b":")
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return [_loads(line, loads) for line in lines]
    valid = set(map(type, values)) <= {dict} and max(map(len, lines), default=0) <= LONGEST_LINE
    if not valid or _may_repeat_keys(b"\n".join(lines), kept):
        return [_loads(line, loads) for line in lines]
    return values


def _loads(line: bytes, loads: Loads = orjson.loads) -> Raw:
    if len(line) > LONGEST_LINE:
        return Unreadable(f"the line is longer than {LONGEST_LINE // 2**20} MiB")
    try:
        value = loads(line)
    except orjson.JSONDecodeError as error:
        return Unreadable(f"not JSON: {error}")
    if not isinstance(value, dict):
        return Unreadable("not a JSON object")
    try:
        kept = orjson.dumps(value).count(b":")
    except orjson.JSONEncodeError:
        return Unreadable("nested too deeply")
    if key := _repeated_key(line, kept):
        return Unreadable(f"the key {key!r} occurs twice in one object")
    return value


def repeated_key(text: bytes, value: Any) -> str | None:
    """A key that occurs twice in one object of a JSON text, if any; ``value`` is what it parses to.

    Raises orjson.JSONEncodeError if it is nested too deeply.
    """
    return _repeated_key(text, orjson.dumps(value).count(b":"))


def _may_repeat_keys(text: bytes, kept: int) -> bool:
    """False only if no key can occur twice in one object; a fast filter before the exact check.

    ``kept`` is the number of colons in the parsed value, written as JSON again. The parser keeps
    the last value of a repeated key, so the value has at least one colon less than the text. It can
    have more only if the text has an escaped one.
    """
    escaped = b"\\" in text and b"\\u003" in text
    return escaped or text.count(b":") != kept


def _repeated_key(text: bytes, kept: int) -> str | None:
    """A key that occurs twice in one object, if any: exact, but slow where one may."""
    if not _may_repeat_keys(text, kept):
        return None
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in items)
        found.extend(name for name, times in names.items() if times > 1)

    json.loads(text, object_pairs_hook=pairs, parse_int=str)  # of any length
    return found[0] if found else None


def _json(path: Path, loads: Loads) -> Iterator[Raw]:
    for value in read_document(path, loads):
        yield value if isinstance(value, dict) else Unreadable("not a JSON object")


def read_document(path: Path, loads: Loads = orjson.loads) -> Any:
    """The one value of a JSON file, which is read at once."""
    text = _whole(path, "convert it to JSON lines").removeprefix(UTF8_BOM)
    try:
        document = loads(text)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{path}: not JSON: {error}") from None
    # One row at a time: all at once would take the file's size in memory again.
    values = document if isinstance(document, list) else [document]
    try:
        kept = sum(orjson.dumps(value).count(b":") for value in values)
    except orjson.JSONEncodeError:
        raise SourceError(f"{path}: nested too deeply") from None
    if key := _repeated_key(text, kept):
        raise SourceError(f"{path}: the key {key!r} occurs twice in one object")
    return document


def _whole(path: Path, advice: str) -> bytes:
    """The decompressed bytes of a file that is read at once."""
    try:
        with open_decompressed(path) as file:
            content = file.read(LARGEST_DOCUMENT + 1)
    except BROKEN as error:
        raise broken(path, error) from None
    if len(content) > LARGEST_DOCUMENT:
        most = LARGEST_DOCUMENT // 2**20
        raise SourceError(f"{path}: one document of more than {most} MiB; {advice}")
    return content


def _xml(path: Path, element: str) -> Iterator[Raw]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        with open_decompressed(path) as file:
            for _, node in iterparse(file, events=("end",)):
                if node.tag == element:
                    yield _record(node)
                    node.clear()
    except BROKEN as error:
        raise broken(path, error) from None
    except (ParseError, DefusedXmlException, LookupError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not valid XML, or unsafe XML: {error!r}") from None


def _record(node: Element) -> dict[str, Any]:
    """Attributes and children by name; a repeated name is a list, a leaf is its text."""
    record: dict[str, Any] = dict(node.attrib)
    for child in node:
        value = _record(child) if len(child) or child.attrib else child.text or ""
        if child.tag not in record:
            record[child.tag] = value
        elif isinstance(record[child.tag], list):
            record[child.tag].append(value)
        else:
            record[child.tag] = [record[child.tag], value]
    return record


def _parquet(path: Path) -> Iterator[Raw]:
    import pyarrow.parquet as pq

    with _told(path, "not Parquet, or damaged"):
        for batch in pq.ParquetFile(_source(path)).iter_batches(batch_size=4096):
            yield from _records(batch)


def _arrow(path: Path) -> Iterator[Raw]:
    import pyarrow as pa

    is_file = head(path).startswith(b"ARROW1")
    with (
        _told(path, f"not an Arrow {'file' if is_file else 'stream'}, or damaged"),
        pa.input_stream(_source(path), compression=None) as source,
        (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source) as reader,
    ):
        if is_file:
            for number in range(reader.num_record_batches):
                yield from _records(reader.get_batch(number))
        else:
            for batch in reader:
                yield from _records(batch)


def _records(batch: Any) -> Iterator[dict[str, Any]]:
    # A damaged file may have offsets past its buffers, which pyarrow would follow.
    batch.validate(full=True)
    yield from batch.to_pylist()


def _source(path: Path) -> Any:
    """What pyarrow reads: a path, or the unpacked bytes."""
    if packed_as(path) is None:
        return str(path)
    from io import BytesIO

    return BytesIO(_whole(path, "unpack it, and give the file inside"))


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """What pyarrow raises for a damaged file, as SourceError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise SourceError(
            f"{path}: {what}: {' '.join(str(error).split())}; download it again"
        ) from None


def _table(
    path: Path, suffix: str, columns: Columns | None, own: Mapping[str, Any] | None
) -> Iterator[Raw]:
    dialect = dialect_of(head_text(path), suffix, columns, own)
    try:
        with _opened_table(path) as text:
            for row in records(text, dialect, columns):
                yield row if isinstance(row, dict) else Unreadable(row)
    except csv.Error as error:
        raise SourceError(f"{path}: not a readable table: {error}; correct that line") from None
    except BROKEN as error:
        raise broken(path, error) from None


@contextmanager
def _opened_table(path: Path) -> Iterator[TextIO]:
    # A byte that is not UTF-8 becomes a lone surrogate, which rejects its row only.
    escape = "surrogateescape"
    with (
        open_decompressed(path) as file,
        TextIOWrapper(file, "utf-8-sig", escape, newline="") as text,
    ):
        yield text


_READERS: dict[str, Callable[[Path], Iterator[Raw]]] = dict(
    zip(BINARY, (_parquet, _arrow), strict=True)
)


def column_names(path: Path, own: Mapping[str, Any] | None = None) -> list[str]:
    """The names of a table's columns as they stand in the file, also one that stands twice.

    Empty for JSON and XML, whose rows have names of their own.
    """
    suffix = format_of(path)
    if suffix in TABLES:
        try:
            with _opened_table(path) as text:
                return header_of(text, dialect_of(head_text(path), suffix, None, own))
        except (csv.Error, *BROKEN):  # which reading the rows reports
            return []
    schema = table_schema(path)
    return [] if schema is None else list(schema.names)


def table_schema(path: Path) -> Any:
    """The schema of a Parquet or Arrow file; None for others, or if reading it will say why."""
    suffix = format_of(path)
    if suffix not in _READERS:
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = _source(path)
    try:
        if suffix == ".parquet":
            return pq.read_schema(source)
        is_file = head(path).startswith(b"ARROW1")
        with (
            pa.input_stream(source, compression=None) as opened,
            (pa.ipc.open_file if is_file else pa.ipc.open_stream)(opened) as reader,
        ):
            return reader.schema
    except (pa.ArrowException, OSError):
        return None


def line_of(
    path: Path,
    row: int,
    raw: dict[str, Any] | None,
    columns: tuple[str, ...] | None = None,
    own: Mapping[str, Any] | None = None,
) -> int | None:
    """The line, from 1, where row number ``row`` of the file begins, if it is the record ``raw``.

    None if the file has no lines, or another record there: rows may be joined, paired or drawn
    from several. ``raw`` None stands for an unreadable row, and for any of a user's ``own`` file,
    whose rows stand alone; ``columns`` are the names of the columns of a table without a header.
    """
    suffix = format_of(path)
    if suffix != ".jsonl" and suffix not in TABLES:
        return None
    is_table = suffix in TABLES
    lines = _table_lines(path, suffix, columns, own) if is_table else _object_lines(path)
    try:
        line, record = next(it for number, it in enumerate(lines) if number == row)
    except (*BROKEN, StopIteration, csv.Error, SourceError):
        return None
    if raw is None or own is not None or record == raw:
        return line
    # A companion file has added a field.
    return line if isinstance(record, dict) and record.items() <= raw.items() else None


def _object_lines(path: Path) -> Iterator[tuple[int, object]]:
    with open_decompressed(path) as file:
        number, begun = 1, False
        while part := file.readline(LONGEST_LINE):
            if not begun and part.removeprefix(UTF8_BOM).strip():
                yield number, _loaded(part.removeprefix(UTF8_BOM))
            begun = not part.endswith(b"\n")
            number += not begun


def _loaded(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _table_lines(
    path: Path, suffix: str, columns: Columns | None, own: Mapping[str, Any] | None
) -> Iterator[tuple[int, object]]:
    dialect = dialect_of(head_text(path), suffix, columns, own)
    with _opened_table(path) as text:
        yield from numbered_records(text, dialect, columns)
