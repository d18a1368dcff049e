"""CommonsenseQA: questions around one ConceptNet concept (Talmor et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import Adapter, Example, Row, Source, Split, Text


class HubRow(ColumnsRow):
    """The hub's columns; in test, where the answer is hidden, answerKey is an empty string."""

    id: Text = Field(description="source id: a hash, does not reveal the answer")
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices; empty where it is hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines, nested under question; test rows have no answerKey at all."""

    answer_key: Text | None = Field(
        None,
        alias="answerKey",
        description="gold: the label of one of the choices; absent where it is hidden",
    )


class CommonsenseQA(Adapter):
    """Which of five concepts, all related to one concept, answers a question of common sense?"""

    name = "commonsenseqa"
    version = 1
    partition = "seen"
    verified = "sha256"
    # The hub's shape first: only its rows have `choices` at the top level.
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        hub="tau/commonsense_qa",
        # Revision, files and sizes from the hub's dataset_info.json.
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
        license="MIT",  # by the card on the hub
        redistributable=True,
        homepage="https://www.tau-nlp.org/commonsenseqa",
        citation="Talmor, Herzig, Lourie and Berant 2019. CommonsenseQA: A Question Answering "
        "Challenge Targeting Commonsense Knowledge. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; no gold if the key is hidden."""
        assert isinstance(row, (AuthorsRow, HubRow))
        yield keyed(row, row.answer_key or None, (5,), row.id)
