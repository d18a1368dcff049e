"""Alpha-NLI (the ART dataset): what happened between two observations (Bhagavatula et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.stories import join_sentences
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
    """The authors' JSON lines; labels are in a second file, dev-labels.lst for dev.jsonl."""

    shape = "authors"
    beside = CompanionFile((("", "{}-labels.lst"),), "label")
    story: Text = Field(alias="story_id", description="source id: does not reveal the answer")
    before: Text = Field(alias="obs1", description="question, up to its blank")
    after: Text = Field(alias="obs2", description="question, from its blank on")
    hypothesis1: Text = Field(alias="hyp1", description="choice (a)")
    hypothesis2: Text = Field(alias="hyp2", description="choice (b)")
    label: Literal["1", "2"] | None = Field(
        None,
        description="gold, counted from 1: a line of the file of labels; absent in test, where it "
        "is hidden",
    )

    @property
    def own_id(self) -> str | None:
        """The story's id; not unique in train."""
        return self.story


class HubRow(Row):
    """The hub's columns, config anli; the class 0 it declares never occurs."""

    shape = "hub"
    splits = ("train", "validation")
    before: Text = Field(alias="observation_1", description="question, up to its blank")
    after: Text = Field(alias="observation_2", description="question, from its blank on")
    hypothesis1: Text = Field(alias="hypothesis_1", description="choice (a)")
    hypothesis2: Text = Field(alias="hypothesis_2", description="choice (b)")
    label: Annotated[Literal[1, 2], NotBool] = Field(description="gold, counted from 1")

    @property
    def own_id(self) -> str | None:
        """None: the hub's copy has no id."""
        return None


class AlphaNli(Adapter):
    """Which of two hypotheses explains how one observation led to the other?"""

    name = "alphanli"
    aliases = ("alpha_nli", "abductive_nli", "art")
    unclear: ClassVar = {"anli": "Adversarial NLI (Nie et al. 2020), which is not here"}
    version = 1
    partition = "unseen-2"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/art",
                evidence="main holds these files; its commit was seen as df6c96b only",
                config="anli",
                splits={"train": "train", "validation": "validation"},
                files={
                    "train": (PinnedFile("anli/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("anli/validation-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=169654, names=("train.jsonl",)),
            "validation": Split(rows=1532, names=("dev.jsonl",)),
            "test": Split(rows=3040, names=("test.jsonl", "anli.jsonl"), labelled=False),
        },
        license="unknown",
        downloads=("alphanli-train-dev", "alphanli-test"),
        homepage="https://leaderboard.allenai.org/anli/submissions/get-started",
        citation="Bhagavatula, Le Bras, Malaviya, Sakaguchi, Holtzman, Rashkin, Downey, Yih and "
        "Choi 2020. Abductive Commonsense Reasoning. ICLR.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; a statement is all three sentences."""
        assert isinstance(row, AuthorsRow | HubRow)
        choices = (row.hypothesis1, row.hypothesis2)
        yield MultipleChoice(
            id=row.own_id,
            question=f"{row.before} _ {row.after}",
            choices=choices,
            golds=None if row.label is None else (int(row.label) - 1,),
            sentences=tuple(join_sentences(row.before, choice, row.after) for choice in choices),
        )
