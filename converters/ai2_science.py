"""AI2 Science Questions v2: genuine exam questions of elementary and middle school (AI2 2017).

The sets are the multiple-choice questions without a diagram (NDMC).
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.inline_choices import split_inline_choices
from converters.shared.labelled_choices import NestedRow, keyed, position
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    Row,
    Source,
    Split,
    Text,
)

NUMBERS = range(3, 6)
"""Allowed numbers of choices; most questions have four."""


class AuthorsRow(NestedRow):
    """The authors' JSON lines: question and choices in separate fields, labels from A."""

    answer_key: Text = Field(alias="answerKey", description="gold: the label of one of the choices")


class AuthorsCsvRow(Row):
    """The authors' CSV: question and choices in one cell, labelled A, B … or, in some, 1, 2 …"""

    shape = "authors_csv"
    id: Text = Field(alias="questionID", description="source id: exam, year, grade and number")
    key: Literal["A", "B", "C", "D", "E", "1", "2", "3", "4", "5"] = Field(
        alias="AnswerKey",
        description="gold: one of the cell's labels, letters or digits",
    )
    is_choice: Literal["0", "1"] = Field(
        alias="isMultipleChoiceQuestion", description="rows with 0 are skipped"
    )
    diagram: Literal["0", "1"] = Field(
        alias="includesDiagram",
        description="rows with 1 ask about a picture and are skipped",
    )
    cell: Text = Field(
        alias="question",
        description="question and choices, split at '(A) … (B) …' or '(1) … (2) …'",
    )


def _from_cell(row: AuthorsCsvRow) -> MultipleChoice:
    if row.is_choice == "0":
        raise NotAnExample("not multiple choice")
    if row.diagram == "1":
        raise NotAnExample("asks about a diagram")
    stem, labels, texts = split_inline_choices(row.cell, "1" if row.key.isdigit() else "A")
    if len(texts) not in NUMBERS:
        raise FieldError("question", f"holds {len(texts)} choices")
    return MultipleChoice(
        id=row.id, question=stem, choices=texts, golds=(position(row.key, labels, "AnswerKey"),)
    )


def _source(level: str, train: int, validation: int, test: int) -> Source:
    # The archive has the same splits as CSV; --raw reads those too.
    return Source(
        splits={
            "train": Split(rows=train, names=(f"{level}-NDMC-Train.jsonl",)),
            "validation": Split(rows=validation, names=(f"{level}-NDMC-Dev.jsonl",)),
            "test": Split(rows=test, names=(f"{level}-NDMC-Test.jsonl",)),
        },
        license="unknown",
        downloads=(f"AI2-ScienceQuestions-V2.1-Jan2018/{level}School",),
        homepage="https://allenai.org/data/science-questions",
        citation="Allen Institute for Artificial Intelligence 2017. AI2 Science Questions v2.",
        ask="no copy of these rows is known on the hub; take AI2's archive from "
        "https://allenai.org/data/science-questions and give its folder with --data-dir",
    )


class Ai2ScienceElementary(Adapter):
    """Which choice answers an exam question of grades 3 to 5?"""

    name = "ai2_science_elementary"
    unclear: ClassVar = {
        "ai2_science": "ai2_science_middle",
        "ai2_science_questions": "ai2_science_middle",
    }
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow, AuthorsCsvRow)
    source = _source("Elementary", train=623, validation=123, test=542)

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, the same from both shapes except for white space in a cell."""
        assert isinstance(row, AuthorsRow | AuthorsCsvRow)
        if isinstance(row, AuthorsCsvRow):
            yield _from_cell(row)
        else:
            yield keyed(row, row.answer_key, NUMBERS, row.id)


class Ai2ScienceMiddle(Ai2ScienceElementary):
    """Which choice answers an exam question of grades 6 to 9?"""

    name = "ai2_science_middle"
    source = _source("Middle", train=605, validation=125, test=679)
