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
    PinnedFile,
    Repository,
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
    aliases = ("numer_sense", "ink_usc/numer_sense")
    version = 1
    partition: ClassVar[Partition] = "unseen-1"
    verified = "sha256"
    shapes: ClassVar = (HubRow, AuthorsRow, MaskedRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="INK-USC/NumerSense",
                commit="c5cd7347bceb3698556c3aa1f0e8489d3d827098",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "data/train.masked.tsv",
                            763185,
                            sha256="34cd706f4070907b8a9fa7200504bea099a6f34a343e282ae4f3a987ecd63d95",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/validation.masked.tsv",
                            11230,
                            sha256="2859e959e533ccdd9f7e2666425787f266cef300e183834d55a1324b69874b44",
                        ),
                    ),
                    "test_core": (
                        PinnedFile(
                            "data/test.core.masked.txt",
                            56983,
                            sha256="ed8abedebf6875085619db2c1b966da63409a9b3d0ee3c8f1b1a6a6bcfe0d094",
                        ),
                    ),
                    "test_all": (
                        PinnedFile(
                            "data/test.all.masked.txt",
                            165295,
                            sha256="eefc2649b8dd679d2722d41494b01821be5d76d45ba058c0bf71840fa353a89b",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="INK-USC/numer_sense",
                splits={"train": "train", "test_core": "test_core", "test_all": "test_all"},
            ),
        ),
        splits={
            "train": Split(rows=10444, names=("train.masked.tsv",)),
            "validation": Split(
                rows=200,
                names=("validation.masked.tsv",),
                digest="8a8b322a78ce64f42eb8b9eb822df52554b581e0ae3d8ccc185eeeefd03df524",
            ),
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
