"""OpenBookQA: elementary science, with or without a supporting fact (Mihaylov et al. 2018)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import Adapter, Example, Partition, Row, Source, Split, Text, Verified

CITATION = (
    "Mihaylov, Clark, Khot and Sabharwal 2018. Can a Suit of Armor Conduct Electricity? "
    "A New Dataset for Open Book Question Answering. EMNLP."
)


class HubRow(ColumnsRow):
    """The hub's columns, config main or additional; fact1, if present, is ignored."""

    id: Text = Field(description="source id: a number, does not reveal the answer")
    stem: Text = Field(
        alias="question_stem", description="question, often a sentence to be completed"
    )
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, stripped; never hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines, nested under question; fact1, if present, is ignored."""

    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, stripped; never hidden",
    )


class HubFactRow(HubRow):
    """The hub's columns, config additional: those of main, and the fact."""

    fact1: Text = Field(description="context: the fact on which the question is based")


class AuthorsFactRow(AuthorsRow):
    """The authors' *_complete.jsonl: the same rows with the fact."""

    fact1: Text = Field(description="context: the fact on which the question is based")


class OpenBookQA(Adapter):
    """Which of four choices answers a question of elementary science, without its fact?"""

    name = "openbookqa"
    version = 1
    partition: ClassVar[Partition] = "seen"
    verified: ClassVar[Verified] = "sha256"
    shapes: ClassVar[tuple[type[Row], ...]] = (HubRow, AuthorsRow)
    source = Source(
        hub="allenai/openbookqa",
        # Revision, files and sizes from the hub's dataset_info.json.
        revision="388097ea7776314e93a529163e0fea805b8a6454",
        splits={
            "train": Split(
                rows=4957,
                file="main/train-00000-of-00001.parquet",
                bytes=495845,
                names=("train.jsonl", "train_complete.jsonl"),
            ),
            "validation": Split(
                rows=500,
                file="main/validation-00000-of-00001.parquet",
                bytes=58233,
                names=("dev.jsonl", "dev_complete.jsonl"),
            ),
            "test": Split(
                rows=500,
                file="main/test-00000-of-00001.parquet",
                bytes=55535,
                names=("test.jsonl", "test_complete.jsonl"),
            ),
        },
        license="unknown",
        homepage="https://allenai.org/data/open-book-qa",
        citation=CITATION,
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; the fact, if the shape has it, is the context."""
        assert isinstance(row, HubRow | AuthorsRow)
        fact = row.fact1 if isinstance(row, HubFactRow | AuthorsFactRow) else None
        yield keyed(row, row.answer_key.strip(), (4,), row.id, fact)


class OpenBookQAFact(OpenBookQA):
    """Which of four choices answers a question of elementary science, given its fact?"""

    name = "openbookqa_fact"
    partition = "none"
    verified = "real rows"
    shapes: ClassVar = (HubFactRow, AuthorsFactRow)
    source = Source(
        hub="allenai/openbookqa",
        # The config additional: names and sizes of its files are not known.
        revision=None,
        splits={
            "train": Split(rows=4957, names=("train_complete.jsonl",)),
            "validation": Split(rows=500, names=("dev_complete.jsonl",)),
            "test": Split(rows=500, names=("test_complete.jsonl",)),
        },
        license="unknown",
        homepage="https://allenai.org/data/open-book-qa",
        citation=CITATION,
    )
