"""SWAG: what happens next in a video caption (Zellers et al. 2018)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.stories import continued
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class RegularRow(Row):
    """The authors' train.csv, val.csv and test.csv, with an unnamed column of row numbers.

    The hub's columns, config regular, are the same, with numbers as labels.
    """

    shape = "authors"
    video: Text = Field(alias="video-id", description="source id, first half")
    fold: Text = Field(alias="fold-ind", description="source id, second half")
    start: Text = Field(
        alias="startphrase",
        description="question: sent1 and the first words of the sentence to complete, sent2",
    )
    ending0: Text = Field(description="choice (a)")
    ending1: Text = Field(description="choice (b)")
    ending2: Text = Field(description="choice (c)")
    ending3: Text = Field(description="choice (d)")
    label: Annotated[Literal["0", "1", "2", "3", 0, 1, 2, 3, -1] | None, NotBool] = Field(
        None, description="gold, counted from 0; absent, or -1 on the hub, in test: hidden"
    )

    @property
    def choices(self) -> tuple[str, ...]:
        """The endings in order."""
        return (self.ending0, self.ending1, self.ending2, self.ending3)

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The label's position."""
        return None if self.label is None or self.label == -1 else (int(self.label),)


class FullRow(Row):
    """The authors' train_full.csv and val_full.csv, and the hub's config full: a column for gold.

    Some rows have four distractors, one more than in the regular files.
    """

    shape = "full"
    splits = ("train", "validation")
    video: Text = Field(alias="video-id", description="source id, first half")
    fold: Text = Field(alias="fold-ind", description="source id, second half")
    start: Text = Field(
        alias="startphrase",
        description="question: sent1 and the first words of the sentence to complete, sent2",
    )
    gold: Text = Field(
        alias="gold-ending",
        description="gold; a separate column, so the order of choices has no meaning",
    )
    distractor0: Text = Field(alias="distractor-0", description="a wrong choice")
    distractor1: Text = Field(alias="distractor-1", description="a wrong choice")
    distractor2: Text = Field(alias="distractor-2", description="a wrong choice")
    distractor3: Text | None = Field(
        None, alias="distractor-3", description="a wrong choice; an empty one is left out"
    )

    @property
    def choices(self) -> tuple[str, ...]:
        """The gold, then the distractors that are not empty."""
        wrong = (self.distractor0, self.distractor1, self.distractor2, self.distractor3)
        return (self.gold, *(text for text in wrong if text is not None and text.strip()))

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The first choice; the order has no meaning."""
        return (0,)


class Swag(Adapter):
    """Which ending continues the caption of a video?"""

    name = "swag"
    aliases = ("swag_regular", "swagaf")
    version = 1
    partition = "unseen-2"
    verified = "real rows"
    shapes: ClassVar = (RegularRow, FullRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="rowanz/swagaf",
                commit="0613674cca3612664c3a77a7d26a888ca7d3b127",
                evidence="listed at this commit; the blob id proves the bytes",
                files={
                    "train": (
                        PinnedFile(
                            "data/train.csv", git_blob="adf6dc3ea67d40ea633e303027badeb67bb840de"
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/val.csv", git_blob="c354e30c3a6a13a4bc1cf914b63b1655f35a1288"
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/test.csv", git_blob="f13e7615cc0a434adc8e66d36233eff0a44fd7e7"
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="allenai/swag",
                commit="dc48148372b3853a9c7bae7bb06c161b46d8364a",
                evidence="this commit's page on the hub lists these files; 1 public file",
                config="regular",
                files={
                    "train": (PinnedFile("regular/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("regular/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("regular/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=73546, names=("train.csv",)),
            "validation": Split(rows=20006, names=("val.csv",)),
            "test": Split(rows=20005, names=("test.csv",), labelled=False),
        },
        license="unknown",  # as the hub says
        homepage="https://rowanzellers.com/swag",
        citation="Zellers, Bisk, Schwartz and Choi 2018. SWAG: A Large-Scale Adversarial Dataset "
        "for Grounded Commonsense Inference. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement is start and ending."""
        assert isinstance(row, RegularRow | FullRow)
        yield MultipleChoice(
            id=f"{row.video}:{row.fold}",
            question=row.start,
            choices=row.choices,
            golds=row.golds,
            sentences=tuple(continued(row.start, ending) for ending in row.choices),
            order_matters=isinstance(row, RegularRow),
        )
