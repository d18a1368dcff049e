"""Social IQa: why people act and how others feel about it (Sap et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    MultipleChoice,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class _Situation(Row):
    """What all releases have."""

    context: Text = Field(description="context: what happened")
    question: Text = Field(description="question")
    answer_a: Text = Field(alias="answerA", description="choice (a)")
    answer_b: Text = Field(alias="answerB", description="choice (b)")
    answer_c: Text = Field(alias="answerC", description="choice (c)")


class AuthorsRow(_Situation):
    """The authors' JSON lines; labels are in a second file, dev-labels.lst for dev.jsonl."""

    shape = "authors"
    beside: ClassVar[CompanionFile | None] = CompanionFile((("", "{}-labels.lst"),), "label")
    label: Literal["1", "2", "3"] | None = Field(
        None,
        description="gold, counted from 1: a line of the file of labels; absent in test, where it "
        "is hidden",
    )

    @property
    def gold(self) -> int | None:
        """The label's position."""
        return None if self.label is None else int(self.label) - 1


class HubRow(AuthorsRow):
    """The hub's columns: the label is in the row."""

    shape = "hub"
    splits = ("train", "validation")
    beside = None
    label: Literal["1", "2", "3"] = Field(description="gold, counted from 1")


class LetterRow(_Situation):
    """The authors' first release, socialIQa_v1.4: the gold is in the row, in test too."""

    shape = "v1_4"
    correct: Literal["A", "B", "C"] = Field(description="gold: the letter of its field")

    @property
    def gold(self) -> int:
        """The letter's position."""
        return "ABC".index(self.correct)


class SocialIQA(Adapter):
    """Which of three answers to a question about a social situation is the likely one?"""

    name = "social_iqa"
    aliases = ("siqa", "socialiqa", "social_i_qa", "allenai/social_i_qa")
    version = 1
    partition = "seen"
    verified = "sha256"
    # Those first whose rows contain the gold.
    shapes: ClassVar = (HubRow, LetterRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="lighteval/siqa",
                commit="54c6a1f8cb6daf4f5abf24a601852612fb35eb25",
                evidence="4 public files; same rows as allenai/social_i_qa by md5",
                splits={"train": "train", "validation": "validation"},
                files={
                    "train": (PinnedFile("data/train-00000-of-00001-da17dfc1120ed1ee.parquet"),),
                    "validation": (
                        PinnedFile("data/validation-00000-of-00001-90bb85eab85fcfa8.parquet"),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(rows=33410, names=("train.jsonl", "socialIQa_v1.4_trn.jsonl")),
            "validation": Split(
                rows=1954,
                names=("dev.jsonl", "socialIQa_v1.4_dev.jsonl"),
                digest="a17edb5d20152dbf631476268ca254f8f8e62fc9ec340e986f423dc1459f8542",
            ),
            # In an archive of its own (socialiqa-test.zip), not on the hub.
            # The first release has the 2,224 rows of its own, with their golds.
            "test": Split(
                rows=2059, names=("socialiqa.jsonl", "socialIQa_v1.4_tst.jsonl"), labelled=False
            ),
        },
        license="unknown",
        downloads=("socialiqa-train-dev", "socialiqa-test"),
        homepage="https://leaderboard.allenai.org/socialiqa/submissions/get-started",
        citation="Sap, Rashkin, Chen, Le Bras and Choi 2019. Social IQa: Commonsense Reasoning "
        "about Social Interactions. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; the situation is the context."""
        assert isinstance(row, AuthorsRow | LetterRow)
        yield MultipleChoice(
            question=row.question,
            context=row.context,
            choices=(row.answer_a, row.answer_b, row.answer_c),
            golds=None if row.gold is None else (row.gold,),
        )
