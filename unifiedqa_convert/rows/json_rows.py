"""JSON → raw records: lines, the items of an array, or values inside one document.

A line or item is taken by itself, so that memory depends on the longest one, not on the file.
"""

import json
import re
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import IO, Any, NamedTuple

import orjson

UTF8_BOM = b"\xef\xbb\xbf"
BLOCK = 2**16
"""Bytes of JSON lines that are parsed together: the result fits into the CPU's cache."""
LONGEST_LINE = 16 * 2**20
"""Maximum bytes of a row, and of all else that is read at once: memory is bounded."""
MOST_VALUES = 1_000_000
"""Maximum number of values in a row, which take more memory than its bytes: 29 times, of {"a":1}.
Commas in texts count, too; of prose, that is 60 MB."""


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


def by_place(columns: Sequence[str], loads: Loads) -> Loads:
    """``loads`` for rows that are arrays: the values get their names by their places.

    An array with more values stays one, and is therefore no row.
    """

    def named(text: bytes) -> Any:
        value = loads(text)
        fits = isinstance(value, list) and len(value) <= len(columns)
        return dict(zip(columns, value, strict=False)) if fits else value

    return named


def read_lines(file: IO[bytes], wanted: Wanted | None, loads: Loads) -> Iterator[Raw]:
    """The objects of JSON lines; those not ``wanted`` are not parsed."""
    number = 0
    for block in _line_blocks(file):
        lines = [line for line in block if line and not line.isspace()]
        if wanted is None:
            yield from _parsed(lines, loads)
        else:
            requested = [wanted(n) for n in range(number, number + len(lines))]
            parsed = iter(_parsed(list(compress(lines, requested)), loads))
            yield from (next(parsed) if one else UNREQUESTED for one in requested)
            number += len(lines)


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
    if max(map(len, lines), default=0) > min(LONGEST_LINE, MOST_VALUES):
        return [_loads(line, loads) for line in lines]
    try:
        values = list(map(loads, lines))
        kept = orjson.dumps(values).count(b":")
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return [_loads(line, loads) for line in lines]
    if not set(map(type, values)) <= {dict} or _may_repeat_keys(b"\n".join(lines), kept):
        return [_loads(line, loads) for line in lines]
    return values


_AFTER = "unexpected content after document"  # orjson's words


def _loads(line: bytes, loads: Loads = orjson.loads) -> Raw:
    value = parsed_json(line, loads)
    if isinstance(value, Unreadable) and _AFTER in value.reason:  # files that were joined by `cat`
        return Unreadable(f"{value.reason}; give each object a line of its own: jq -c . FILE")
    return value if isinstance(value, dict | Unreadable) else Unreadable("not a JSON object")


def parsed_json(text: bytes, loads: Loads = orjson.loads) -> Any:
    """What a text says; Unreadable for what is no JSON, too large, too deep or ambiguous."""
    if reason := _too_large(text):
        return Unreadable(reason)
    try:
        value = loads(text)
        kept = orjson.dumps(value).count(b":")
    except orjson.JSONDecodeError as error:
        return Unreadable(f"not JSON: {error}")
    except orjson.JSONEncodeError:
        return Unreadable("nested too deeply")
    if key := _repeated_key(text, kept):
        return Unreadable(f"the key {key!r} occurs twice in one object")
    return value


def _too_large(text: bytes) -> str | None:
    """Why a text is not parsed, if it may take much more memory than a row does."""
    if len(text) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE // 2**20} MiB"
    if len(text) > MOST_VALUES and sum(map(text.count, (b",", b"[", b"{"))) > MOST_VALUES:
        return f"more than {MOST_VALUES:,} values"
    return None


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


def read_inside(file: IO[bytes], way: str, loads: Loads) -> Iterator[Raw]:
    """The rows of a JSON document at the ``way`` of ``Row.inside``; ``*`` for those of an array.

    ValueError, with the row before, where a value has no end.
    """
    outer, star, inner = way.partition("*")
    number = 0
    try:
        for block in _blocks(_Ahead(file), [*outer.split(".")[:-1], star]):
            rows = list(each_inside(_parsed(block, loads), inner))
            yield from rows
            number += len(rows)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ValueError(f"not JSON, in row {number} or after it: {reason}") from None


def each_inside(values: Iterable[Raw], way: str) -> Iterator[Raw]:
    """Each value once for each item at the ``way`` inside it: ``.paragraphs.*.qas.*``."""
    steps = way.split(".")[1:]
    for value in values:
        if isinstance(value, dict):
            yield from _each(value, steps)
        else:
            yield value


def _each(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """The value with one item in the place of each list on the way; as it is if it has none."""
    if not steps:
        yield value
    elif steps[0] == "*" and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _each(item, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from ({**value, steps[0]: it} for it in _each(value[steps[0]], steps[1:]))
    else:
        yield value


def leads(file: IO[bytes], way: str) -> bool:
    """Whether the ``way`` leads to an object in a JSON document, or the first of several."""
    text = _Ahead(file)
    try:
        return next((text.sign() == "{" for _ in _places(text, way.split("."))), False)
    except (ValueError, RecursionError):
        return False


def _blocks(text: "_Ahead", way: Sequence[str]) -> Iterator[list[bytes]]:
    """The texts of the values there, in blocks. ValueError, RecursionError."""
    items: list[bytes] = []
    size = 0
    for _ in _places(text, way):
        items.append(item := text.value())
        if (size := size + len(item) + 8) > BLOCK:
            yield items
            items, size = [], 0
    if text.sign():
        raise ValueError("text stands after the end")
    yield items


def _places(text: "_Ahead", way: Sequence[str]) -> Iterator[None]:
    """Stop before each value at the end of the way, which the caller takes. ValueError."""
    if not way:
        yield
        return
    opens = "{" if text.sign() == "{" else "["
    closes = "}" if opens == "{" else "]"
    text.take(opens)
    seen = set[str]()
    more = text.sign() != closes
    while more:
        key = _key(text, seen) if opens == "{" else None
        if way[0] in ("*", key):
            yield from _places(text, way[1:])
        else:
            text.value()
        if more := text.sign() == ",":
            text.take(",")
    text.take(closes)


def _key(text: "_Ahead", seen: set[str]) -> str:
    """Take an object's next key and its colon. ValueError if it is none, or was seen before."""
    key = orjson.loads(text.value())
    if not isinstance(key, str):
        raise ValueError(f"{key!r} is no key")
    if key in seen:
        raise ValueError(f"the key {key!r} occurs twice")
    seen.add(key)
    text.take(":")
    return key


def values_by_key(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The values of a JSON object by their keys, unparsed: they take no more memory than the file.

    ValueError if it is none, RecursionError.
    """
    text, seen = _Ahead(file), set[str]()
    text.take("{")
    more = text.sign() != "}"
    while more:
        yield _key(text, seen), text.value()
        if more := text.sign() == ",":
            text.take(",")
    text.take("}")


class _Ahead:
    """A JSON text that is read a little ahead of what is taken off it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._decoder = file, getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False

    def sign(self) -> str:
        """The next character that is no white space, which stays; empty at the end."""
        while True:
            spaces = _SPACES.match(self._text, self._at)
            self._at = spaces.end() if spaces else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read()

    def take(self, sign: str) -> None:
        """Take that character off, after white space. ValueError if another one stands there."""
        if self.sign() != sign:
            raise ValueError(f"{sign} is missing")
        self._at += 1

    def value(self) -> bytes:
        """Take one value off, after white space. ValueError if it is none, or too large."""
        self.sign()
        while True:
            try:
                end = _VALUES.raw_decode(self._text, self._at)[1]
                if end < len(self._text) or self._ended:  # otherwise a number may go on
                    begin, self._at = self._at, end
                    return self._text[begin:end].encode()
            except json.JSONDecodeError as error:
                if self._ended:
                    raise ValueError(error.msg) from None
            if reason := _too_large(self._text[self._at :].encode()):
                raise ValueError(reason)
            self._read()

    def _read(self) -> None:
        # As much again as is left, so that a long value is not tried often.
        left = self._text[self._at :]
        content = self._file.read(max(BLOCK, len(left)))
        self._ended = not content
        self._text, self._at = left + self._decoder.decode(content, final=self._ended), 0


_VALUES = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)
"""Tells where a value ends, and takes more than JSON; what it is, ``Loads`` says."""
_SPACES = re.compile(r"[ \t\n\r]*")
