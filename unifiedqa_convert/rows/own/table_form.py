"""The form of a user's own table: its quotation marks, and the names of its classes."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import orjson

from unifiedqa_convert.rows.compression import BROKEN, format_of, head_text, open_decompressed
from unifiedqa_convert.rows.own.columns import Quotes
from unifiedqa_convert.rows.readers import column_names
from unifiedqa_convert.rows.tables import LONGEST_CELL, TABBED, Dialect, TableRows, dialect_of

_CELLS: dict[str, Any] = {"quoting": csv.QUOTE_MINIMAL}
_SPACED: dict[str, Any] = {"skipinitialspace": True}


Form = tuple[dict[str, Any], tuple[str, ...]]
"""The arguments of csv.reader that differ from the suffix's, and what a person is told of it."""


def form_of(path: Path, quotes: Quotes | None) -> Form:
    """The form of a table; nothing special for other files."""
    suffix = format_of(path)
    if suffix == ".csv":
        if any(name.startswith(" ") for name in column_names(path)[1:]):
            return dict(_SPACED), ()
        return _quoted_after_spaces(path)
    if suffix not in TABBED or dialect_of(head_text(path), suffix).mark != "\t":
        return {}, ()
    if quotes is not None:
        return (dict(_CELLS) if quotes == "cells" else {}), ()
    return _quoted_cells(path)


def _quoted_cells(path: Path) -> Form:
    """The form of a table with tabs: whether quotation marks surround its cells."""
    as_text, as_cells = _Cells(), _Cells()
    try:
        for row in _rows(path, Dialect("\t", quoted=False)):
            as_text.add(row)
        if not as_text.marked:
            return {}, ()
        for row in _rows(path, Dialect("\t")):
            as_cells.add(row)
    except (csv.Error, *BROKEN):
        return {}, ()
    if not as_cells.even:
        return {}, ()
    if as_text.doubled or as_text.named or not as_text.even:
        return dict(_CELLS), (f"{path.name}: quotation marks surround cells (--quotes cells)",)
    return {}, (
        f"{path.name}: {as_text.marked:,} cells stand in quotation marks, which are read as text: "
        "--quotes cells takes them off",
    )


def _quoted_after_spaces(path: Path) -> Form:
    """The form of ``1, "a, b", c``, if that alone makes rows of one width."""
    dialect = dialect_of(head_text(path), ".csv")
    mark = f'{dialect.mark} "'.encode()
    cells = _Cells()
    try:
        with open_decompressed(path) as file:
            if not any(mark in line for line in iter(lambda: file.readline(LONGEST_CELL), b"")):
                return {}, ()
        for row in _rows(path, dialect._replace(spaced=True)):
            cells.add(row)
    except (csv.Error, *BROKEN):
        return {}, ()
    told = f"{path.name}: quotation marks after a space surround cells, and are taken off"
    return (dict(_SPACED), (told,)) if cells.even else ({}, ())


class _Cells:
    """What the cells of a table look like."""

    def __init__(self) -> None:
        self.width = 0
        self.even = True
        """True if each row has as many cells as the first."""
        self.marked = 0
        """Cells that begin with a quotation mark."""
        self.doubled = False
        """True if a cell in quotation marks has doubled ones inside, as only writers make them."""
        self.named = False
        """True if the columns' names all stand in quotation marks."""

    def add(self, row: list[str]) -> None:
        if not self.width:
            self.named = all(cell[:1] == '"' == cell[1:][-1:] for cell in row)
        self.width = self.width or len(row)
        self.even = self.even and len(row) in (self.width, 0)
        for cell in row:
            if cell[:1] == '"':
                self.marked += 1
                inside = cell[1:-1]
                if '""' in inside and '"' not in inside.replace('""', "") and cell[-1:] == '"':
                    self.doubled = True


def _rows(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    with (
        open_decompressed(path) as file,
        TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="") as text,
    ):
        if dialect.declared:
            text.readline()
        yield from TableRows(text, dialect.reader)


def class_names(path: Path) -> dict[str, tuple[str, ...]]:
    """The names of the classes that integers stand for, by column, as ``datasets`` writes them.

    ``huggingface`` in the schema's metadata: {"info": {"features": {COLUMN: {"names": […]}}}}. Of
    lists and objects, the names of the classes inside.
    """
    from unifiedqa_convert.rows.readers import table_schema

    schema = table_schema(path)
    try:
        features = orjson.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {column: found for column in features if (found := _names(features[column]))}
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError):
        return {}


def _names(feature: Any) -> tuple[str, ...]:
    """The names of the classes of a feature, or of the first one inside that has any."""
    if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
        return tuple(map(str, feature["names"]))
    inside = feature.values() if isinstance(feature, dict) else feature
    return next(filter(None, map(_names, inside)), ()) if isinstance(feature, dict | list) else ()
