"""Tables of text: what separates their columns, their records, the lines where these begin.

In a ``.tsv`` or ``.txt`` file a quotation mark is text, as in the authors' files; csv's rules would
join rows there. In any other table, cells may be quoted.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import BROKEN, HEAD, broken, head, open_decompressed

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
TABBED = (".tsv", ".txt")
TABLES = (".csv", *TABBED)
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

    def reader(self, text: Any) -> Any:
        """A csv.reader of it."""
        if self.quoted:
            return csv.reader(text, strict=True, delimiter=self.mark)
        return csv.reader(text, strict=True, delimiter=self.mark, quoting=csv.QUOTE_NONE)


def dialect_of(path: Path, suffix: str, columns: Columns | None = None) -> Dialect:
    """How a table is written: by its ``sep=`` line, or its header and rows, or its suffix.

    Another separator than the suffix's is taken only if the header and every row at the file's
    start agree on it, and on no other.
    """
    text = head_text(path)
    if columns is None and (declared := _DECLARED.match(text)):
        return Dialect(declared["mark"], declared=True)
    if suffix in TABBED:
        return Dialect("\t", quoted=False)
    own = Dialect(",")
    if columns is not None:
        return own
    agreed = agreed_separators(text)
    if len(agreed) == 1 and "," not in agreed:
        (mark,) = agreed
        if agreed[mark] > _width(text, own):
            return Dialect(mark)
    return own


def agreed_separators(text: str) -> dict[str, int]:
    """The separators on whose number a header and every row under it agree; the columns of each."""
    found = {}
    for mark in SEPARATORS:
        widths: list[int] = []
        try:
            widths.extend(len(row) for row in Dialect(mark).reader(StringIO(text, "")) if row)
        except csv.Error:
            if len(text) < HEAD // 4:  # otherwise a cell may go on after the text's end
                continue
        if len(widths) > 1 and widths[0] > 1 and set(widths) == {widths[0]}:
            found[mark] = widths[0]
    return found


def _width(text: str, dialect: Dialect) -> int:
    try:
        return len(next(dialect.reader(StringIO(text, "")), []))
    except csv.Error:
        return 0


def head_text(path: Path) -> str:
    """The file's first bytes as text; without its last line, if the file goes on."""
    start = head(path)
    text = start.decode("utf-8-sig", "surrogateescape")
    return text[: text.rfind("\n") + 1] if len(start) == HEAD else text


def quoted_cell(path: Path) -> str | None:
    """A cell of a tabbed table that a spreadsheet or pandas may have quoted, with its marks."""
    for line in head_text(path).splitlines():
        for cell in line.split("\t"):
            if len(cell) > 2 and cell[0] == cell[-1] == '"' and '"' not in _unquoted(cell):
                return cell
    return None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', "")


@contextmanager
def _open(path: Path, dialect: Dialect) -> Iterator[Any]:
    """A csv.reader of the file, after a ``sep=`` line."""
    csv.field_size_limit(LONGEST_CELL)
    # A byte that is not UTF-8 becomes a lone surrogate, which rejects its row only.
    escape = "surrogateescape"
    with (
        open_decompressed(path) as file,
        TextIOWrapper(file, "utf-8-sig", escape, newline="") as text,
    ):
        rows = dialect.reader(text)
        if dialect.declared:
            next(rows)
        yield rows


def table(path: Path, suffix: str, columns: Columns | None) -> Iterator[dict[str, Any] | str]:
    """The records under a header; for a row with too many or too few fields, what is wrong."""
    try:
        with _open(path, dialect_of(path, suffix, columns)) as rows:
            header: Sequence[str] = columns or next(rows, [])
            for fields in rows:
                if len(fields) == len(header):
                    yield dict(zip(header, fields, strict=True))
                elif fields:
                    under = "in a table" if columns else "under a header"
                    yield f"{len(fields)} fields {under} of {len(header)}"
    except csv.Error as error:
        raise SourceError(f"{path}: not a readable table: {error}") from None
    except BROKEN as error:
        raise broken(path, error) from None


def table_lines(
    path: Path, suffix: str, columns: Columns | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line where each row begins, and its record."""
    with _open(path, dialect_of(path, suffix, columns)) as rows:
        header: Sequence[str] = columns or next(rows, [])
        before = rows.line_num
        for fields in rows:
            if fields:
                yield before + 1, dict(zip(header, fields, strict=False))
            before = rows.line_num
