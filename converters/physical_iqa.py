"""PIQA: which of two solutions reaches a physical goal (Bisk et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    MultipleChoice,
    NotBool,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON lines; labels are in a second file, valid-labels.lst for valid.jsonl."""

    shape = "authors"
    beside: ClassVar[CompanionFile | None] = CompanionFile((("", "{}-labels.lst"),), "label")
    goal: Text = Field(description="question; often only a title of one word")
    sol1: Text = Field(description="choice (a)")
    sol2: Text = Field(description="choice (b)")
    label: Literal["0", "1"] | None = Field(
        None,
        description="gold, counted from 0: a line of the file of labels; absent in test, where it "
        "is hidden",
    )

    @property
    def own_id(self) -> str | None:
        """None: these rows have no id."""
        return None


class MosaicRow(AuthorsRow):
    """The leaderboard's archive physicaliqa-train-dev: the same rows with an id, dev.jsonl."""

    shape = "authors_mosaic"
    id: Text = Field(description="source id: random, does not reveal the answer")

    @property
    def own_id(self) -> str | None:
        """The id."""
        return self.id


class HubRow(Row):
    """The hub's columns: the label is in the row, -1 where it is hidden."""

    shape = "hub"
    goal: Text = Field(description="question; often only a title of one word")
    sol1: Text = Field(description="choice (a)")
    sol2: Text = Field(description="choice (b)")
    label: Annotated[Literal[0, 1, -1], NotBool] = Field(
        description="gold, counted from 0; -1 in test, where it is hidden"
    )

    @property
    def own_id(self) -> str | None:
        """None: the hub's rows have no id."""
        return None


class PhysicalIQA(Adapter):
    """Which of two solutions reaches the goal?"""

    name = "physical_iqa"
    version = 1
    partition = "seen"
    verified = "sha256"
    # Most specific first: the hub's rows contain a label, the leaderboard's an id.
    shapes: ClassVar = (HubRow, MosaicRow, AuthorsRow)
    source = Source(
        hub="baber/piqa",
        revision=None,
        splits={
            "train": Split(rows=16113, names=("train.jsonl",)),
            "validation": Split(rows=1838, names=("valid.jsonl", "dev.jsonl")),
            "test": Split(rows=3084, names=("tests.jsonl",), labelled=False),
        },
        license="AFL-3.0",  # as cards of its copies say of the authors' repository
        redistributable=True,
        homepage="https://yonatanbisk.com/piqa/",
        citation="Bisk, Zellers, Le Bras, Gao and Choi 2020. PIQA: Reasoning about Physical "
        "Commonsense in Natural Language. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; no gold if the label is hidden."""
        assert isinstance(row, AuthorsRow | HubRow)
        label = -1 if row.label is None else int(row.label)
        yield MultipleChoice(
            id=row.own_id,
            question=row.goal,
            choices=(row.sol1, row.sol2),
            golds=None if label < 0 else (label,),
        )
