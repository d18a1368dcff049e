"""Tables of text: what separates their columns, their records, the lines where these begin.

In a ``.tsv`` or ``.txt`` file a quotation mark is text, as in the authors' files; csv's rules would
join rows there. In any other table, cells may be quoted.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, NamedTuple, TextIO

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
TABBED = (".tsv", ".txt")
TABLES = (".csv", *TABBED)
_CUT = 2**14
"""From so many characters on, a text may be a file's start only, and end in the midst of a cell."""
LONGEST_CELL = 16 * 2**20
_DECLARED = re.compile(r'"?sep=(?P<mark>[,;|:^~\t])"?\r?(\n|\Z)', re.IGNORECASE)
"""The line that Excel reads, and other programs write for it, before the header."""
Columns = tuple[str, ...]


class Dialect(NamedTuple):
    """How a table is written."""

    mark: str
    """What separates the columns."""
    quoted: bool = True
    """False: a quotation mark is text."""
    declared: bool = False
    """True if the first line is ``sep=…``, before the header."""
    spaced: bool = False
    """True if spaces after a separator are none of the cell's."""

    def reader(self, text: Any) -> Any:
        """A csv.reader of it."""
        form: dict[str, Any] = {"delimiter": self.mark, "skipinitialspace": self.spaced}
        form["quoting"] = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        return csv.reader(text, strict=True, **form)


def dialect_of(
    start: str,
    suffix: str,
    columns: Columns | None = None,
    own: Mapping[str, Any] | None = None,
) -> Dialect:
    """How a table is written; ``own`` are a user's file's arguments of csv.reader, which count."""
    found = _dialect_of(start, suffix, columns)
    if own and own.get("quoting") == csv.QUOTE_MINIMAL:
        found = found._replace(quoted=True)
    return found._replace(spaced=True) if own and own.get("skipinitialspace") else found


def _dialect_of(start: str, suffix: str, columns: Columns | None) -> Dialect:
    """How a table is written: by its ``sep=`` line, or its header and rows, or its suffix.

    Another separator than the suffix's is taken only if the header and every row of ``start``, the
    file's first ones, agree on it, and on no other.
    """
    if columns is None and (declared := _DECLARED.match(start)):
        return Dialect(declared["mark"], declared=True)
    own = Dialect("\t", quoted=False) if suffix in TABBED else Dialect(",")
    if columns is None and len(agreed := agreed_separators(start)) == 1:
        (mark,) = agreed
        if mark != own.mark and agreed[mark] > _width(start, own):
            return Dialect(mark)
    return own


def agreed_separators(text: str) -> dict[str, int]:
    """The separators on whose number a header and every row agree, and how many columns each gives.

    A ``sep=`` line names the only one.
    """
    if declared := _DECLARED.match(text):
        return {declared["mark"]: 0}
    found = {}
    for mark in SEPARATORS:
        widths: list[int] = []
        try:
            widths.extend(len(row) for row in Dialect(mark).reader(StringIO(text, "")) if row)
        except csv.Error:
            if len(text) < _CUT:
                continue
        if len(widths) > 1 and widths[0] > 1 and set(widths) == {widths[0]}:
            found[mark] = widths[0]
    return found


def _width(text: str, dialect: Dialect) -> int:
    try:
        return len(next(dialect.reader(StringIO(text, "")), []))
    except csv.Error:
        return 0


class TableRows:
    """The rows of a table. Raises csv.Error, also for a row of over ``LONGEST_CELL`` characters."""

    def __init__(self, text: TextIO, reader: Callable[[Iterator[str]], Any]) -> None:
        csv.field_size_limit(LONGEST_CELL)
        self._text, self._left = text, LONGEST_CELL
        self._rows = reader(self._lines())

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_CELL):
            self._left -= len(line)
            if self._left <= 0:
                raise csv.Error(f"a row of more than {LONGEST_CELL // 2**20} MiB")
            yield line

    def __iter__(self) -> "TableRows":
        return self

    def __next__(self) -> list[str]:
        self._left = LONGEST_CELL
        row: list[str] = next(self._rows)
        return row

    @property
    def line_num(self) -> int:
        """The number of lines read."""
        number: int = self._rows.line_num
        return number


def _rows(text: TextIO, dialect: Dialect) -> TableRows:
    rows = TableRows(text, dialect.reader)
    if dialect.declared:
        next(rows)
    return rows


def header_of(text: TextIO, dialect: Dialect) -> list[str]:
    """The names of the columns as they stand there, also one that stands twice."""
    return _first(_rows(text, dialect))


def _first(rows: Iterable[list[str]]) -> list[str]:
    """The first row that is no empty line."""
    return next((row for row in rows if row), [])


def records(
    text: TextIO, dialect: Dialect, columns: Columns | None
) -> Iterator[dict[str, Any] | str]:
    """The records under a header; for a row with too many or too few fields, what is wrong."""
    rows = _rows(text, dialect)
    try:
        header: Sequence[str] = columns or _first(rows)
        for fields in rows:
            if len(fields) == len(header):
                yield dict(zip(header, fields, strict=True))
            elif fields:
                under = "in a table" if columns else "under a header"
                yield f"{len(fields)} fields {under} of {len(header)}"
    except csv.Error as error:
        raise csv.Error(f"in line {rows.line_num}: {error}") from None


def numbered_records(
    text: TextIO, dialect: Dialect, columns: Columns | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line where each row begins, and its record."""
    rows = _rows(text, dialect)
    header: Sequence[str] = columns or _first(rows)
    before = rows.line_num
    for fields in rows:
        if fields:
            yield before + 1, dict(zip(header, fields, strict=False))
        before = rows.line_num
