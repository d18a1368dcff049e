"""A user's own file, converted without an adapter: flags tell which column is what."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, create_model

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.readers import read
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
from unifiedqa_convert.unfit import check_encoding, nested, no_column, no_row

GoldIs = Literal["text", "letter", "0", "1", "yesno"]
YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
WORDS = frozenset("yes no true false".split())


class Columns(NamedTuple):
    """Which of the file's columns is what."""

    question: str
    choices: tuple[str, ...] = ()
    """A column per choice, or one column whose cells are lists of choices."""
    gold: str | None = None
    gold_is: GoldIs = "text"
    """What the gold column holds: the choice's text, its letter, its place from 0 or 1, or yes and
    no (true and false, 1 and 0). Without choices, text whose every cell is yes, no, true or false
    is yes and no too: the column decides, never a row."""
    context: str | None = None

    @classmethod
    def of(
        cls,
        question: str,
        choices: str | None,
        gold: str | None,
        gold_is: GoldIs,
        context: str | None,
    ) -> "Columns":
        """From what a person types: choices with commas between."""
        names = tuple(name.strip() for name in choices.split(",")) if choices else ()
        return cls(question, names, gold, gold_is, context)

    def facts(self) -> dict[str, Any]:
        """As the manifest has them."""
        return {**self._asdict(), "choices": list(self.choices)}

    def all(self) -> tuple[str, ...]:
        """Every column that is used."""
        named = (self.question, *self.choices, self.gold, self.context)
        return tuple(column for column in named if column is not None)


def adapter_for(name: str, split: str, path: Path, columns: Columns) -> Adapter:
    """An adapter for one file. UsageError, with the columns there are, where one is not there."""
    if not path.is_file():
        raise UsageError(f"--from-file {path}: no such file")
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
                f"--from-file {path}: column {column} holds a list: give it alone, as "
                f"--choices {column}, if it has all the choices"
            )
    if columns.gold_is == "yesno" and columns.choices:
        raise UsageError("--gold-is yesno is for questions without --choices")
    if columns.gold_is == "text" and not columns.choices and _says_yes_or_no(path, columns.gold):
        columns = columns._replace(gold_is="yesno")
    return _OwnFile(name, split, columns)


def _says_yes_or_no(path: Path, gold: str | None) -> bool:
    """Whether every gold of the file that there is says yes, no, true or false."""
    if gold is None:
        return False
    cells = (_text(raw.get(gold)).strip().lower() for raw in read(path) if isinstance(raw, dict))
    found = {cell for cell in cells if cell}
    return bool(found) and found <= WORDS


class _OwnFile(Adapter):
    """A user's own file."""

    version = 1
    verified = "documentation only"

    def __init__(self, name: str, split: str, columns: Columns) -> None:
        # Facts of the instance: two files in one process must not share them.
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
                raise FieldError(columns.gold or "", f"{gold!r} is neither yes nor no")
            yield YesNo(question=question, context=context, answer=answer)
        else:
            answers = None if gold is None else (_text(gold),)
            yield FreeText(question=question, context=context, answers=answers)


def _shape(columns: Columns) -> type[Row]:
    """A row class with the columns under fixed names; values are text, numbers or booleans."""
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
        says = f"gold, as {columns.gold_is}; empty: unlabelled"
        fields["gold"] = (scalar | None, Field(None, alias=columns.gold, description=says))
    if columns.context:
        fields["context"] = (Text | None, Field(None, alias=columns.context, description="context"))
    shape: type[Row] = create_model("OwnRow", __base__=Row, __doc__="A user's own file.", **fields)
    shape.shape = "own"
    return shape


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _position(gold: object, choices: tuple[str, ...], columns: Columns) -> int:
    """The gold's place among the choices; FieldError where the column's base does not give one."""
    text, field = _text(gold).strip(), columns.gold or ""
    if columns.gold_is == "text":
        places = [n for n, choice in enumerate(choices) if choice.strip() == text]
        if len(places) != 1:
            raise FieldError(field, f"{text!r} is {len(places)} of the choices, not one")
        return places[0]
    if columns.gold_is == "letter":
        place = ord(text.lower()) - ord("a") if len(text) == 1 else -1
    else:
        place = int(text) - int(columns.gold_is) if text.isdecimal() else -1
    if not 0 <= place < len(choices):
        raise FieldError(field, f"{text!r} is no {columns.gold_is}-based place of {len(choices)}")
    return place
