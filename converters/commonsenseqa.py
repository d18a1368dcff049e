"""CommonsenseQA: questions around one ConceptNet concept (Talmor et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


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
    aliases = ("csqa", "commonsense_qa")
    version = 1
    partition = "seen"
    verified = "sha256"
    # The hub's shape first: only its rows have `choices` at the top level.
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="tau/commonsense_qa",
                commit="94630fe30dad47192a8546eb75f094926d47e155",
                evidence="sizes from the hub's dataset_info.json; sha256 from public code",
                files={
                    "train": (
                        PinnedFile(
                            "data/train-00000-of-00001.parquet",
                            1247103,
                            sha256="b0449767ed986bfc2ca52b1244a46ef12f732756727f3cb0a4ab69ac8b3d282b",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/validation-00000-of-00001.parquet",
                            160240,
                            sha256="bdbd9bf9cc4d2349b24901038b2ab2f58e10e4e507ad2fd425dca55cd3cb6660",
                        ),
                    ),
                    "test": (PinnedFile("data/test-00000-of-00001.parquet", 151227),),
                },
            ),
        ),
        splits={
            "train": Split(
                rows=9741,
                names=("train_rand_split.jsonl",),
            ),
            "validation": Split(
                rows=1221,
                names=("dev_rand_split.jsonl",),
                digest="93d56e5e4837947eaf1cb7862afec299a88e7371ad82b9b1460c0548445624e6",
            ),
            "test": Split(
                rows=1140,
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
