"""ReClor: logical reasoning, from exams for graduate schools (Yu et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON arrays; the hub's columns are the same.

    A label is a number with the authors, a text in the hub's columns, and empty there where hidden.
    """

    shape = "authors"
    id: Text = Field(alias="id_string", description="source id: a split and a number")
    context: Text = Field(description="context: an argument")
    question: Text = Field(description="question")
    answers: list[Text] = Field(min_length=4, max_length=4, description="choices (a) to (d)")
    label: Annotated[Literal[0, 1, 2, 3, "0", "1", "2", "3", ""] | None, NotBool] = Field(
        None, description="gold, counted from 0; absent or empty in test, where it is hidden"
    )


class ReClor(Adapter):
    """Which of four answers to a question about an argument is right?"""

    name = "reclor"
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        # The authors don't allow copies; those on the hub are not named here.
        splits={
            "train": Split(rows=4638, names=("train.json",)),
            "validation": Split(rows=500, names=("val.json",)),
            "test": Split(rows=1000, names=("test.json",), labelled=False),
        },
        license="on request, for research, not commercial",
        redistributable=False,
        ask="ask its authors for the password with the form at https://whyu.me/reclor/, unpack the "
        "archive with it, and give train.json or val.json with --raw",
        homepage="https://whyu.me/reclor/",
        citation="Yu, Jiang, Dong and Feng 2020. ReClor: A Reading Comprehension Dataset Requiring "
        "Logical Reasoning. ICLR.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            id=row.id,
            question=row.question,
            context=row.context,
            choices=tuple(row.answers),
            golds=None if row.label in (None, "") else (int(row.label),),
        )
