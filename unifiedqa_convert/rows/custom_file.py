"""A user's own file (``--from-file``), converted without an adapter: flags name its columns."""

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import Field, create_model

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.rows.compression import check_utf8, format_of, open_decompressed
from unifiedqa_convert.rows.readers import UTF8_BOM, read
from unifiedqa_convert.rows.tables import SEPARATORS
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    MultipleChoice,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)

_TEXT = (".csv", ".tsv", ".txt", ".jsonl", ".json")
_READ = (*_TEXT, ".parquet", ".arrow")


def check_encoding(path: Path) -> None:
    """UsageError for a file of an unknown format; SourceError for text that is not UTF-8."""
    suffix = format_of(path)
    if suffix not in _READ:
        raise UsageError(
            f"--from-file {path}: no reader for {suffix or 'a name without suffix'}; save it as "
            f"one of {' '.join(_READ)} (from a spreadsheet: CSV, UTF-8)"
        )
    if suffix in _TEXT:
        check_utf8(path)


def no_row(path: Path) -> UsageError:
    """The error for a file without a readable row."""
    suffix = format_of(path)
    if suffix not in (".csv", ".tsv", ".txt"):
        return UsageError(f"--from-file {path}: no readable row: one JSON object per row is needed")
    header = _first_line(path)
    if not header:
        return UsageError(f"--from-file {path}: the file is empty")
    separator, name = (",", "commas") if suffix == ".csv" else ("\t", "tabs")
    if separator not in header and (reason := _other_separator(header)):
        return UsageError(f"--from-file {path}: {reason}")
    if separator not in header:
        return UsageError(
            f"--from-file {path}: a {suffix} file is a table with {name} between its columns, but "
            f"no row under the header {_shown(header)} is readable; save the table as .csv with "
            "the columns' names in its first line, such as question,a,b,right"
        )
    return UsageError(
        f"--from-file {path}: no readable row under the first line, which names the columns: "
        f"{_shown(header)}; if that line is a row, insert a line with the columns' names above it"
    )


def no_column(path: Path, absent: Sequence[str], there: Sequence[str]) -> UsageError:
    """The error for columns that the file does not have, with those it has."""
    if len(there) == 1 and (reason := _other_separator(there[0])):
        return UsageError(f"--from-file {path}: {reason}")
    near = {name: difflib.get_close_matches(name, there, 1, cutoff=0.6) for name in absent}
    hints = [f"for {name} did you mean {found[0]}?" for name, found in near.items() if found]
    return UsageError(
        f"--from-file {path}: no column {', '.join(absent)}; it has: {', '.join(there)}"
        + "".join(f"; {hint}" for hint in hints)
    )


def nested(path: Path, column: str, keys: Sequence[str]) -> UsageError:
    """The error for choices that are inside an object instead of a list."""
    return UsageError(
        f"--from-file {path}: column {column} holds an object ({', '.join(keys)}), but a list of "
        f"choices is needed; save the file as JSON lines in which {column} is that list"
    )


def _other_separator(header: str) -> str | None:
    """What separates the columns of a table whose header is read as one field, if it is known."""
    for mark, name in SEPARATORS.items():
        names = next(csv.reader([header], delimiter=mark), [])
        if len(names) > 1:
            told = f"sep={mark}".encode("unicode_escape").decode()
            return (
                f"its first line has {name} between its columns ({', '.join(names)}), but not "
                f"every row has as many fields; correct those, or insert the line {told} above "
                "the first one"
            )
    return None


def _first_line(path: Path) -> str:
    with open_decompressed(path) as file:
        return file.readline(4096).removeprefix(UTF8_BOM).decode(errors="replace").strip("\r\n")


def _shown(line: str) -> str:
    return repr(line if len(line) <= 80 else f"{line[:77]}…")


GoldIs = Literal["text", "letter", "0", "1", "yesno"]
YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
WORDS = frozenset("yes no true false".split())


_column = partial(typer.Option, metavar="COLUMN", rich_help_panel="Your own file")


@dataclass(frozen=True)
class Columns:
    """The columns of a user's own file, by what they hold."""

    question: Annotated[str, _column(help="Column of the questions.")]
    choices: Annotated[
        tuple[str, ...],
        _column(
            metavar="COLUMN,…",
            help="Columns of the choices, separated by commas, or one column of lists.",
        ),
    ] = ()
    gold: Annotated[str | None, _column(help="Column of the right answers.")] = None
    gold_is: Annotated[
        GoldIs,
        _column(
            metavar=None,
            help="What that column holds: the choice's text, its letter, its position from 0 or 1, "
            "or yes/no.",
        ),
    ] = "text"
    """Without choices, a column of texts that are all yes, no, true or false is yes/no too."""
    context: Annotated[str | None, _column(help="Column of the contexts.")] = None

    def facts(self) -> dict[str, Any]:
        """As plain data, for the manifest."""
        return {**asdict(self), "choices": list(self.choices)}

    def all(self) -> tuple[str, ...]:
        """Every column in use."""
        named = (self.question, *self.choices, self.gold, self.context)
        return tuple(column for column in named if column is not None)


def adapter_for(name: str, split: str, path: Path, columns: Columns) -> Adapter:
    """An adapter for one file. UsageError, with the file's columns, where one is missing."""
    if not path.is_file():
        raise UsageError(f"--from-file {path}: no such file; correct the path")
    check_encoding(path)
    first = next((raw for raw in read(path) if isinstance(raw, dict)), None)
    if first is None:
        raise no_row(path)
    if absent := [column for column in columns.all() if column not in first]:
        raise no_column(path, absent, list(first))
    for column in columns.choices:
        if isinstance(first[column], dict):
            raise nested(path, column, list(first[column]))
        if isinstance(first[column], list) and len(columns.choices) > 1:
            raise UsageError(
                f"--from-file {path}: column {column} holds a list; if it has all the choices, "
                f"give it alone: --choices {column}"
            )
    if columns.gold_is == "yesno" and columns.choices:
        raise UsageError("--gold-is yesno is for questions without --choices")
    if columns.gold_is == "text" and not columns.choices and _is_yes_no(path, columns.gold):
        columns = replace(columns, gold_is="yesno")
    return _OwnFile(name, split, columns)


def _is_yes_no(path: Path, gold: str | None) -> bool:
    """True if every gold of the file that is not empty is yes, no, true or false."""
    if gold is None:
        return False
    cells = (_text(raw.get(gold)).strip().lower() for raw in read(path) if isinstance(raw, dict))
    found = {cell for cell in cells if cell}
    return bool(found) and found <= WORDS


class _OwnFile(Adapter):
    """The adapter of one file; ``Columns`` are its facts."""

    version = 1
    verified = "documentation only"

    def __init__(self, name: str, split: str, columns: Columns) -> None:
        # On the instance: two files in one process have different columns.
        self.name = name  # type: ignore[misc]
        self.shapes = (_shape(columns),)  # type: ignore[misc]
        self.source = Source(  # type: ignore[misc]
            splits={split: Split()},
            license="unknown: the user's own file",
            homepage="",
            citation="",
        )
        self._columns = columns

    def examples(self, row: Row) -> Iterator[Example]:
        """Multiple choice where there are choices; yes/no or free text by the gold otherwise."""
        columns, values = self._columns, row.model_dump()
        question = values["question"]
        context = (values["context"] if columns.context else None) or None
        gold = values["gold"] if columns.gold and values["gold"] != "" else None
        if columns.choices:
            cells = [values[f"choice{n}"] for n in range(len(columns.choices))]
            listed = cells[0] if len(cells) == 1 and isinstance(cells[0], list) else cells
            choices = tuple(map(_text, listed))
            golds = None if gold is None else (_position(gold, choices, columns),)
            yield MultipleChoice(question=question, context=context, choices=choices, golds=golds)
        elif columns.gold_is == "yesno":
            answer = None if gold is None else YES_NO.get(_text(gold).strip().lower())
            if gold is not None and answer is None:
                raise FieldError(
                    columns.gold or "", f"{gold!r} is neither yes nor no (or true, false, 1, 0)"
                )
            yield YesNo(question=question, context=context, answer=answer)
        else:
            answers = None if gold is None else (_text(gold),)
            yield FreeText(question=question, context=context, answers=answers)


def _shape(columns: Columns) -> type[Row]:
    """A row class that has the columns under fixed names; cells are text, numbers or booleans."""
    scalar = Text | int | float | bool
    choice: Any = scalar if len(columns.choices) > 1 else scalar | list[scalar]
    fields: dict[str, Any] = {
        "question": (Text, Field(alias=columns.question, description="question")),
        **{
            f"choice{place}": (choice, Field(alias=column, description=f"choice {place + 1}"))
            for place, column in enumerate(columns.choices)
        },
    }
    if columns.gold:
        about = f"gold, as {columns.gold_is}; empty: unlabelled"
        fields["gold"] = (scalar | None, Field(None, alias=columns.gold, description=about))
    if columns.context:
        fields["context"] = (Text | None, Field(None, alias=columns.context, description="context"))
    shape: type[Row] = create_model("OwnRow", __base__=Row, __doc__="A user's own file.", **fields)
    shape.shape = "own"
    return shape


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _position(gold: object, choices: tuple[str, ...], columns: Columns) -> int:
    """The gold's position among the choices; FieldError if its cell names none of them."""
    text, field = _text(gold).strip(), columns.gold or ""
    if columns.gold_is == "text":
        positions = [n for n, choice in enumerate(choices) if choice.strip() == text]
        if len(positions) != 1:
            known = (
                f"equals {len(positions)} choices" if positions else "equals none of the choices"
            )
            raise FieldError(field, f"{text!r} {known}")
        return positions[0]
    if columns.gold_is == "letter":
        position = ord(text.lower()) - ord("a") if len(text) == 1 else -1
        kind = "letter"
    else:
        position = int(text) - int(columns.gold_is) if text.isdecimal() else -1
        kind = f"position, counted from {columns.gold_is},"
    if not 0 <= position < len(choices):
        raise FieldError(field, f"{text!r} is not the {kind} of one of {len(choices)} choices")
    return position
