"""StrategyQA: yes/no questions that need implicit steps (Geva et al. 2021)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)


class AuthorsRow(Row):
    """The authors' JSON array; the hub's copies have the same columns and other splits.

    Term, facts, decomposition and evidence, if present, are ignored: they are not part of the
    question.
    """

    shape = "authors"
    qid: Text = Field(description="source id: a hash, does not reveal the answer")
    question: Text = Field(description="question")
    answer: bool | None = Field(
        None, description="the answer; absent in the authors' test, where it is hidden"
    )


class StrategyQa(Adapter):
    """Yes or no, for a question that needs several implicit steps?"""

    name = "strategyqa"
    aliases = ("strategy_qa",)
    version = 1
    partition = "unseen-2"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="eladsegal/strategyqa",
                commit="1ba1e97452e189569357876f2854b01357ffbe37",
                evidence="bytes read at this commit",
                splits={"train": "train", "validation": "validation"},
                files={
                    "train": (
                        PinnedFile(
                            "data/strategyqa/train.json",
                            3857762,
                            sha256="0f72560b8a6fad3db847d2f1a7524fb087297843bb45a8d3245ffd68cbe0de12",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/strategyqa/dev.json",
                            424195,
                            sha256="0d94842ffb022db8fd5ecd2168b785d5cf67f6faf64f665476bad544a3eb9dde",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="voidful/StrategyQA",
                commit="2279eaf9f2580aef77ed6fa0efd7846c381ab5a0",
                evidence="its page on the hub lists the files of the authors' archive",
                splits={"train_full": "train", "test": "test"},
                files={
                    "train_full": (PinnedFile("strategyqa_train.json"),),
                    "test": (PinnedFile("strategyqa_test.json"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=2061, names=("train.json",)),
            "validation": Split(
                rows=229,
                names=("dev.json",),
                digest="88bc6c74c2ab6198ca68c50df6ba45174389c54571e9a1db7f60a1f4bf088586",
            ),
            "test": Split(rows=490, names=("strategyqa_test.json",), labelled=False),
            # As released: train and validation in one file.
            "train_full": Split(rows=2290, names=("strategyqa_train.json",)),
        },
        license="MIT",
        redistributable=True,
        downloads=("strategyqa_dataset",),
        homepage="https://allenai.org/data/strategyqa",
        citation="Geva, Khashabi, Segal, Khot, Roth and Berant 2021. Did Aristotle Use a Laptop? A "
        "Question Answering Benchmark with Implicit Reasoning Strategies. TACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(id=row.qid, question=row.question, answer=row.answer)
