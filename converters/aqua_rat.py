"""AQuA-RAT: algebra word problems with rationales (Ling et al. 2017)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

LETTERS = "ABCDE"


class AuthorsRow(Row):
    """The authors' JSON lines, in files named .json; the hub's columns are the same."""

    shape = "authors"
    question: Text = Field(description="question")
    options: list[Text] = Field(
        min_length=5,
        max_length=5,
        description="choices (a) to (e), each without the letter and bracket before it: A)125",
    )
    correct: Literal["A", "B", "C", "D", "E"] = Field(description="gold: the letter of an option")


class AquaRat(Adapter):
    """Which of five options solves an algebra problem?

    The rationale is not read: it tells the answer. The tokenized files are another set.
    """

    name = "aqua_rat"
    aliases = ("aqua", "aquarat")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="deepmind/aqua_rat",
                commit="33301c6a050c96af81f63cad5562cb5363e88971",
                evidence="public code",
                config="raw",
            ),
        ),
        splits={
            "train": Split(rows=97467, names=("train.json",)),
            "validation": Split(rows=254, names=("dev.json",)),
            "test": Split(rows=254, names=("test.json",)),
        },
        license="Apache-2.0",
        redistributable=True,
        downloads=("AQuA-master", "AQuA"),
        homepage="https://github.com/google-deepmind/AQuA",
        citation="Ling, Yogatama, Dyer and Blunsom 2017. Program Induction by Rationale "
        "Generation: Learning to Solve and Explain Algebraic Word Problems. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row."""
        assert isinstance(row, AuthorsRow)
        for letter, option in zip(LETTERS, row.options, strict=True):
            if not option.lstrip().startswith(f"{letter})"):
                raise FieldError("options", f"{option!r} does not begin with {letter})")
        yield MultipleChoice(
            question=row.question,
            choices=tuple(option.lstrip()[2:] for option in row.options),
            golds=(LETTERS.index(row.correct),),
        )
