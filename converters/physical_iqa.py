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
    PinnedFile,
    Repository,
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
    aliases = ("piqa", "physicaliqa", "physical_interaction_qa", "ybisk/piqa")
    version = 1
    partition = "seen"
    verified = "sha256"
    # Most specific first: the hub's rows contain a label, the leaderboard's an id.
    shapes: ClassVar = (HubRow, MosaicRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="ybisk/ybisk.github.io",
                commit="21edab439af693b961be2f069e8690a88d3b4e37",
                evidence="read or listed at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "piqa/data/train.jsonl",
                            git_blob="f032ea264350c9cc30e7f872ea2a8576f4a97f2e",
                        ),
                        PinnedFile(
                            "piqa/data/train-labels.lst",
                            32226,
                            sha256="df8ae080c41f02f88e81f6932d425f4b7ee72f433ad552e6a30d45e358e8f8bb",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "piqa/data/valid.jsonl",
                            495929,
                            sha256="93503cc97c679e459b065c3d13e848282e44b2a25213985bed3e5d458abef72d",
                        ),
                        PinnedFile(
                            "piqa/data/valid-labels.lst",
                            3676,
                            sha256="b4192dc3a2a0363d9d60ccf79800cbbe2f32ebb17726efdde6970e0b8131bceb",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "piqa/data/tests.jsonl",
                            814616,
                            sha256="402f1e2e61347db773e6e5e0a6b24f97396b59f6fd046dcdcbc12f483ac8553b",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="baber/piqa",
                commit="142f6d7367fd9877f0fb3b5734ea6a545f54cdd1",
                evidence="10 public files",
                splits={"train": "train", "validation": "validation"},
                files={
                    "train": (
                        PinnedFile(
                            "piqa_train.parquet",
                            2638413,
                            sha256="3114602b31fa724309a6c493cc86368c4eab7ab6e79e285056fd5ce3b60ddf02",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "piqa_validation.parquet",
                            sha256="2b17ee1215b1ceb2ddabf4c90a05c5a8b833bef9d207960f57d111c43a2080f3",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="lighteval/piqa",
                commit="41782e6bf0ef7de82a2ca8a9feb1dca042837fae",
                evidence="4 public files",
                config="plain_text",
            ),
        ),
        splits={
            "train": Split(rows=16113, names=("train.jsonl",)),
            "validation": Split(
                rows=1838,
                names=("valid.jsonl", "dev.jsonl"),
                digest="7dc07921d4da72c496bf5fe40d5b7b129a6f21f1c504cf378271f39dfed3a41f",
            ),
            "test": Split(rows=3084, names=("tests.jsonl",), labelled=False),
        },
        license="AFL-3.0",  # as cards of its copies say of the authors' repository
        redistributable=True,
        downloads=("physicaliqa-train-dev",),
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
