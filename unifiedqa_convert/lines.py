"""In which line of its file a row stands: people open files by lines, from 1; rows count from 0."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import orjson

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.opened import BROKEN, opened
from unifiedqa_convert.readers import DIALECTS, LONGEST_LINE, UTF8_BOM, format_of


def line_of(
    path: Path, row: int, raw: dict[str, Any] | None, columns: tuple[str, ...] | None = None
) -> int | None:
    """The line where the file's row begins, if it is the one that gave ``raw``.

    None where the file has no lines, or where what stands there is another record: rows may be
    joined, paired and drawn from several. ``raw`` None is a row that nobody could read;
    ``columns`` are the names of those of a table without a header.
    """
    suffix = format_of(path)
    if suffix != ".jsonl" and suffix not in DIALECTS:
        return None
    lines = _objects(path) if suffix == ".jsonl" else _table(path, DIALECTS[suffix], columns)
    try:
        line, record = next(it for number, it in enumerate(lines) if number == row)
    except (*BROKEN, StopIteration, csv.Error, SourceError):
        return None
    return line if raw is None or record == raw else None


def _objects(path: Path) -> Iterator[tuple[int, object]]:
    with opened(path) as file:
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


def _table(
    path: Path, dialect: dict[str, Any], columns: tuple[str, ...] | None
) -> Iterator[tuple[int, object]]:
    escape = "surrogateescape"
    with opened(path) as file, TextIOWrapper(file, "utf-8-sig", escape, newline="") as text:
        rows = csv.reader(text, strict=True, **dialect)
        header = columns or next(rows, [])
        before = rows.line_num
        for fields in rows:
            if fields:
                yield before + 1, dict(zip(header, fields, strict=False))
            before = rows.line_num
