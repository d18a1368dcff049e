"""CommonsenseQA: questions around one ConceptNet concept (Talmor et al. 2019)."""

from collections.abc import Iterator
from operator import itemgetter
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.labelled_choices import Choice, position
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    Row,
    Source,
    Split,
    Text,
)

_LABEL, _TEXT = itemgetter("label"), itemgetter("text")


class HubRow(Row):
    """The hub's columns; in test, where the answer is hidden, answerKey is an empty string."""

    shape = "hub"
    id: Text = Field(description="source id: a hash, says nothing about the answer")
    stem: Text = Field(alias="question", description="question")
    labels: list[Text] = Field(
        validation_alias=AliasPath("choices", "label"),
        min_length=5,
        max_length=5,
        description="what answerKey calls each choice; the record letters them by position",
    )
    texts: list[Text] = Field(
        validation_alias=AliasPath("choices", "text"),
        min_length=5,
        max_length=5,
        description="choices (a) to (e), in the source's order",
    )
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: looked up among the choices' own labels; empty where it is hidden",
    )


class AuthorsRow(Row):
    """The authors' JSON lines, nested under question; test rows have no answerKey at all."""

    shape = "authors"
    id: Text = Field(description="source id: a hash, says nothing about the answer")
    stem: Text = Field(validation_alias=AliasPath("question", "stem"), description="question")
    choices: list[Choice] = Field(
        validation_alias=AliasPath("question", "choices"),
        min_length=5,
        max_length=5,
        description="choices (a) to (e), each with the label that answerKey may name",
    )
    answer_key: Text | None = Field(
        None,
        alias="answerKey",
        description="gold: looked up among the choices' own labels; absent where it is hidden",
    )

    @property
    def labels(self) -> list[str]:
        """Each choice's label."""
        return list(map(_LABEL, self.choices))

    @property
    def texts(self) -> list[str]:
        """Each choice's text."""
        return list(map(_TEXT, self.choices))


class CommonsenseQA(Adapter):
    """Which of five concepts that relate to the same one answers a question of common sense?"""

    name = "commonsenseqa"
    version = 1
    partition = "seen"
    verified = "sha256"
    # The hub's shape first: its `choices` at the top tells it from the authors' nested one.
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        hub="tau/commonsense_qa",
        # Revision, files and sizes as the hub's own dataset_info.json gives them.
        revision="94630fe30dad47192a8546eb75f094926d47e155",
        splits={
            "train": Split(
                rows=9741,
                file="data/train-00000-of-00001.parquet",
                bytes=1247103,
                names=("train_rand_split.jsonl",),
            ),
            "validation": Split(
                rows=1221,
                file="data/validation-00000-of-00001.parquet",
                bytes=160240,
                names=("dev_rand_split.jsonl",),
            ),
            "test": Split(
                rows=1140,
                file="data/test-00000-of-00001.parquet",
                bytes=151227,
                names=("test_rand_split_no_answers.jsonl",),
                labelled=False,
            ),
        },
        license="MIT",  # as the hub's card says
        redistributable=True,
        homepage="https://www.tau-nlp.org/commonsenseqa",
        citation="Talmor, Herzig, Lourie and Berant 2019. CommonsenseQA: A Question Answering "
        "Challenge Targeting Commonsense Knowledge. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; no key, no gold."""
        assert isinstance(row, (AuthorsRow, HubRow))
        yield MultipleChoice(
            id=row.id,
            question=row.stem,
            choices=tuple(row.texts),
            golds=(position(row.answer_key, row.labels),) if row.answer_key else None,
        )
