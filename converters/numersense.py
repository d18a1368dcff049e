"""NumerSense: which number word is missing? (Lin, Lee, Khanna and Ren 2020)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    Partition,
    Row,
    Source,
    Split,
    Text,
)

NUMBERS = ("no", "zero", *"one two three four five six seven eight nine ten".split())
Number = Literal[
    "no", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
]
MASK = "<mask>"


class AuthorsRow(Row):
    """The authors' train.masked.tsv and validation.masked.tsv: sentence, tab, word."""

    shape = "authors"
    columns: ClassVar[tuple[str, ...] | None] = ("sentence", "target")
    splits = ("train", "validation")
    sentence: Text = Field(description="question, its <mask> as the blank _")
    target: Number | Literal[""] = Field(
        description="gold: one of the twelve number words; empty where it is hidden"
    )


class HubRow(AuthorsRow):
    """The hub's columns; the target is empty in both test splits."""

    shape = "hub"
    columns = None
    splits = None  # type: ignore[assignment]


class MaskedRow(Row):
    """The authors' test.core.masked.txt and test.all.masked.txt: a sentence a line, no answers."""

    shape = "masked"
    columns = ("sentence",)
    splits = ("test_core", "test_all")
    sentence: Text = Field(description="question, its <mask> as the blank _")


class NumerSense(Adapter):
    """Which of twelve number words is missing from a sentence of common sense?"""

    name = "numersense"
    version = 1
    partition: ClassVar[Partition] = "unseen-1"
    verified = "sha256"
    shapes: ClassVar = (HubRow, AuthorsRow, MaskedRow)
    source = Source(
        hub="INK-USC/numer_sense",
        revision=None,
        splits={
            "train": Split(rows=10444, names=("train.masked.tsv",)),
            "validation": Split(rows=200, names=("validation.masked.tsv",)),
            "test_core": Split(rows=1132, names=("test.core.masked.txt",), labelled=False),
            "test_all": Split(rows=3146, names=("test.all.masked.txt",), labelled=False),
        },
        license="unknown",
        homepage="https://inklab.usc.edu/NumerSense/",
        citation="Lin, Lee, Khanna and Ren 2020. Birds have four legs?! NumerSense: Probing "
        "Numerical Commonsense Knowledge of Pre-Trained Language Models. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row, always with the twelve words in the same order."""
        assert isinstance(row, AuthorsRow | MaskedRow)
        if row.sentence.count(MASK) != 1:
            raise FieldError("sentence", f"holds {row.sentence.count(MASK)} {MASK}, not one")
        target = row.target if isinstance(row, AuthorsRow) else ""
        yield MultipleChoice(
            question=row.sentence.replace(MASK, "_"),
            choices=NUMBERS,
            golds=(NUMBERS.index(target),) if target else None,
        )


class NumerSenseNew(NumerSense):
    """Which of twelve number words is missing? Named after Rainier's newer file."""

    name = "numersense_new"
    partition = "none"
