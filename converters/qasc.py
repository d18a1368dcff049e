"""QASC: science questions with eight choices that need two facts (Khot et al. 2020)."""

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
    """The hub's columns; the facts, which contain the answer, are ignored."""

    id: Text = Field(description="source id: a crowd worker's task; does not reveal the answer")
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices; empty where it is hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines; the facts, which contain the answer, are ignored."""

    answer_key: Text | None = Field(
        None,
        alias="answerKey",
        description="gold: the label of one of the choices; absent in test, where hidden",
    )


class Qasc(Adapter):
    """Which of eight choices answers a science question, without its two facts?"""

    name = "qasc"
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/qasc",
                commit="a34ba204eb9a33b919c10cc08f4f1c8dae5ec070",
                evidence="10 public files",
                files={
                    "train": (PinnedFile("data/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("data/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=8134, names=("train.jsonl",)),
            "validation": Split(rows=926, names=("dev.jsonl",)),
            "test": Split(rows=920, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY-4.0",
        redistributable=True,
        downloads=("QASC_Dataset",),
        homepage="https://allenai.org/data/qasc",
        citation="Khot, Clark, Guerquin, Jansen and Sabharwal 2020. QASC: A Dataset for Question "
        "Answering via Sentence Composition. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; no gold if the key is hidden."""
        assert isinstance(row, HubRow | AuthorsRow)
        yield keyed(row, row.answer_key or None, (8,), row.id)
