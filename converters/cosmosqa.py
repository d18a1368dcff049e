"""Cosmos QA: causes, effects and feelings that a blog's paragraph implies (Huang et al. 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
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
    """The authors' CSV, and their JSON lines of test; the hub's columns are the same.

    A label is a text in CSV, a number in the hub's columns, and -1 there where it is hidden.
    """

    shape = "authors"
    id: Text = Field(description="source id: crowd workers' tasks; does not reveal the answer")
    context: Text = Field(description="context: a paragraph, tokenised as in the source")
    question: Text = Field(description="question")
    answer0: Text = Field(description="choice (a)")
    answer1: Text = Field(description="choice (b)")
    answer2: Text = Field(description="choice (c)")
    answer3: Text = Field(description="choice (d)")
    label: Annotated[Literal["0", "1", "2", "3", 0, 1, 2, 3, -1] | None, NotBool] = Field(
        None, description="gold, counted from 0; absent or -1 in test, where it is hidden"
    )


class CosmosQa(Adapter):
    """Which of four answers to a question about a paragraph of a blog is the most plausible?"""

    name = "cosmosqa"
    aliases = ("cosmos_qa", "cosmos", "allenai/cosmos_qa")
    version = 1
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="wilburOne/cosmosqa",
                commit="b6eb99cca4e2a51dd28a9a6f562534872d851639",
                evidence="valid.csv read at this commit, the others listed there",
                files={
                    "train": (
                        PinnedFile(
                            "data/train.csv", git_blob="778292a77685d3306d11df851918268183f7113c"
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/valid.csv",
                            2128345,
                            sha256="a6a94fc1463ca82bb10f98ef68ed535405e6f5c36e044ff8e136b5c19dea63f3",
                            git_blob="5051371c5139d5f4fb46bec3f384eb66e3b34dd8",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/test.jsonl", git_blob="6c51cae25188a553576f070139937e5e75668459"
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(rows=25262, names=("train.csv",)),
            "validation": Split(rows=2985, names=("valid.csv",)),
            "test": Split(rows=6963, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY-4.0",
        redistributable=True,
        homepage="https://wilburone.github.io/cosmos/",
        citation="Huang, Le Bras, Bhagavatula and Choi 2019. Cosmos QA: Machine Reading "
        "Comprehension with Contextual Commonsense Reasoning. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; ``None of the above choices .`` is a choice like the others."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            id=row.id,
            question=row.question,
            context=row.context,
            choices=(row.answer0, row.answer1, row.answer2, row.answer3),
            golds=None if row.label is None or row.label == -1 else (int(row.label),),
        )
