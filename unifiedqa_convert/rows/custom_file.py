"""A user's own file (``--from-file``), converted without an adapter: flags name its columns."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, create_model

from unifiedqa_convert.documents import join_names
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.rows.compression import BINARY, check_utf8, format_of, open_decompressed
from unifiedqa_convert.rows.json_rows import UTF8_BOM, Unreadable
from unifiedqa_convert.rows.own.choices import choices_of, is_blank, text_of
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.rows.own.gold import cell_text, position, references, yes_or_no
from unifiedqa_convert.rows.own.survey import Survey, surveyed
from unifiedqa_convert.rows.own.table_form import form_of
from unifiedqa_convert.rows.readers import read
from unifiedqa_convert.rows.tables import SEPARATORS, TABLES
from unifiedqa_convert.schema import (
    NO_ANSWER,
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
    collapse,
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


def no_row(path: Path, first: Unreadable | None) -> UsageError:
    """The error for a file without a readable row; ``first`` is the first one, if there is any."""
    suffix = format_of(path)
    why = f" (the first row: {first.reason})" if first else ""
    if suffix in BINARY or (first is None and not _first_line(path).strip("[] \t")):
        return UsageError(f"--from-file {path}: the file is empty: it holds no row")
    if suffix not in TABLES:
        return UsageError(
            f"--from-file {path}: no readable row: one JSON object per row is needed{why}"
        )
    header = _first_line(path)
    separator, name = (",", "commas") if suffix == ".csv" else ("\t", "tabs")
    if separator not in header and (reason := _other_separator(header)):
        return UsageError(f"--from-file {path}: {reason}")
    if separator not in header:
        return UsageError(
            f"--from-file {path}: a {suffix} file is a table with {name} between its columns, but "
            f"no row under the header {_shown(header)} is readable{why}; save the table as .csv "
            "with the columns' names in its first line, such as question,a,b,right"
        )
    return UsageError(
        f"--from-file {path}: no readable row under the first line, which names the columns: "
        f"{_shown(header)}{why}; if that line is a row, insert a line with the columns' names "
        "above it"
    )


def _other_separator(header: str) -> str | None:
    """What separates the columns of a table whose header is read as one field, if it is known."""
    for mark, name in SEPARATORS.items():
        names = next(csv.reader([header], delimiter=mark), [])
        if len(names) > 1:
            told = f"sep={mark}".encode("unicode_escape").decode()
            return (
                f"its first line has {name} between its columns ({join_names(names)}), but not "
                f"every row has as many fields; correct those, or insert the line {told} above "
                "the first one"
            )
    return None


def _first_line(path: Path) -> str:
    with open_decompressed(path) as file:
        return file.readline(4096).removeprefix(UTF8_BOM).decode(errors="replace").strip("\r\n")


def _shown(line: str) -> str:
    return repr(line if len(line) <= 80 else f"{line[:77]}…")


def first_row(path: Path, own: Mapping[str, Any]) -> dict[str, Any]:
    """The first row that can be read. UsageError, with the reason, if there is none."""
    unreadable = None
    for raw in read(path, own=own):
        if isinstance(raw, dict):
            return raw
        if unreadable is None and isinstance(raw, Unreadable):
            unreadable = raw
    raise no_row(path, unreadable)


def adapter_for(name: str, split: str, path: Path, columns: Columns) -> "OwnFile":
    """An adapter for one file. UsageError, with the file's columns, where one is missing."""
    if not path.is_file():
        raise UsageError(f"--from-file {path}: no such file; correct the path")
    check_encoding(path)
    form = form_of(path, columns.quotes)
    first = first_row(path, form[0])
    if len(first) == 1 and (reason := _other_separator(next(iter(first)))):
        raise UsageError(f"--from-file {path}: {reason}")
    for column in columns.choices:
        if isinstance(first.get(column), list) and len(columns.choices) > 1:
            raise UsageError(
                f"--from-file {path}: column {column} holds a list; if it has all the choices, "
                f"give it alone: --choices {column}"
            )
    return OwnFile(name, split, surveyed(path, columns, form))


class OwnFile(Adapter):
    """The adapter of one file; the ``Survey`` of its rows is its facts."""

    version = 2
    verified = "documentation only"

    def __init__(self, name: str, split: str, survey: Survey) -> None:
        # On the instance: two files in one process have different columns.
        self.name = name  # type: ignore[misc]
        self.shapes = (_shape(survey),)  # type: ignore[misc]
        self.source = Source(  # type: ignore[misc]
            splits={split: Split(labelled=survey.columns.gold is not None)},
            license="unknown: the user's own file",
            homepage="",
            citation="",
        )
        self.survey = survey
        self._choices = [f"choice{n}" for n in range(len(survey.columns.choices))]

    def examples(self, row: Row) -> Iterator[Example]:
        """Multiple choice where there are choices; yes/no or free text by the gold otherwise."""
        columns, values = self.survey.columns, row.__dict__
        question = values["question"]
        if is_blank(question):
            raise FieldError(columns.question, "the question is empty")
        if question.strip() == columns.question:
            self._refuse_header(values)
        context = (values["context"] if columns.context else None) or None
        field = columns.gold or ""
        cell = values["gold"] if columns.gold else None
        free = not columns.choices and columns.gold_is != "yesno"
        several = free and isinstance(cell, list)
        text = cell_text(cell, self.survey.classes, field) if columns.gold and not several else ""
        if columns.choices:
            cells = [values[name] for name in self._choices]
            choices = choices_of(cells, columns.choices, columns.strip_letters)
            place = position(text, choices, columns.gold_is or "text", field)
            golds = None if place is None else (place,)
            yield MultipleChoice(
                question=question, context=context, choices=choices.texts, golds=golds
            )
        elif columns.gold_is == "yesno":
            yield YesNo(question=question, context=context, answer=yes_or_no(text, field))
        else:
            answers: tuple[str, ...] | None = None
            if isinstance(cell, list):
                answers = references(cell, field)
            elif text:
                answers = (text if self.survey.classes else text_of(cell, field),)
            if answers and collapse(answers[0]) == NO_ANSWER:
                answers = ()
            yield FreeText(question=question, context=context, answers=answers)

    def _refuse_header(self, values: Mapping[str, Any]) -> None:
        """FieldError if the row is the header once more."""
        columns = self.survey.columns
        named = {
            "gold": columns.gold,
            "context": columns.context,
            **dict(zip(self._choices, columns.choices, strict=True)),
        }
        if all(str(values[name]).strip() == column for name, column in named.items() if column):
            raise FieldError(columns.question, "the header stands here once more")


def _shape(survey: Survey) -> type[Row]:
    """A row class that has the columns under fixed names; its choices and golds are any cells."""
    columns, names = survey.columns, survey.names

    def column(kind: Any, name: str, about: str, *default: None) -> Any:
        return kind, Field(*default, alias=names[name], description=about)

    fields: dict[str, Any] = {
        "question": column(Text, columns.question, "question"),
        **{
            f"choice{place}": column(Any, name, f"choice {place + 1}", None)
            for place, name in enumerate(columns.choices)
        },
    }
    if columns.gold:
        about = f"gold, as {columns.gold_is}; empty: unlabelled"
        fields["gold"] = column(Any, columns.gold, about, None)
    if columns.context:
        fields["context"] = column(Text | None, columns.context, "context", None)
    shape: type[Row] = create_model("OwnRow", __base__=Row, __doc__="A user's own file.", **fields)
    shape.shape, shape.own = "own", survey.own
    return shape
