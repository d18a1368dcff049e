"""NarrativeQA: questions about books and films, asked of their summaries (Kočiský et al. 2018)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from converters.shared.passages import as_listed, as_written
from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    FreeText,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

SUMMARIES = "third_party/wikipedia/summaries.csv"


class AuthorsRow(Row):
    """The authors' qaps.csv, all splits in one file, and the summaries in another one.

    documents.csv and the tokenized columns are ignored.
    """

    shape = "authors"
    beside = CompanionFile(
        (("", "summaries.csv"), ("", SUMMARIES)), "summary", "document_id", shared=True
    )
    mixed = ("set", {"train": "train", "validation": "valid", "test": "test"})
    document_id: Text = Field(description="not used: the story's id, by which its summary is found")
    set: Literal["train", "valid", "test"] = Field(
        description="not used: the split; rows of the other splits are skipped and counted"
    )
    question: Text = Field(description="question")
    answer1: Text = Field(description="the answer: the first reference")
    answer2: Text = Field(description="the answer: the second reference, left out if it is equal")
    summary: Text = Field(description="context: Wikipedia's summary of the story, whole")

    @property
    def answers(self) -> list[str]:
        """The two references."""
        return [self.answer1, self.answer2]


class Reference(TypedDict):
    """One of the answers, without its tokens."""

    text: Annotated[Text, Field(description="the answer's text")]


class HubRow(Row):
    """The hub's columns; the story's own text and all tokens are ignored."""

    shape = "hub"
    question: Text = Field(
        validation_alias=AliasPath("question", "text"), description="question: its text"
    )
    references: list[Reference] = Field(
        alias="answers", min_length=1, description="the answers' texts, equal ones once"
    )
    summary: Text = Field(
        validation_alias=AliasPath("document", "summary", "text"),
        description="context: Wikipedia's summary of the story, whole",
    )

    @property
    def answers(self) -> list[str]:
        """The references' texts."""
        return [reference["text"] for reference in self.references]


class NarrativeQa(Adapter):
    """What answers a question about a story, given the story's summary?

    The task on summaries, as in UnifiedQA; the books and scripts themselves are not read.
    """

    name = "narrativeqa"
    aliases = ("narrative_qa",)
    version = 1
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="google-deepmind/narrativeqa",
                files={
                    split: (PinnedFile("qaps.csv"), PinnedFile(SUMMARIES))
                    for split in ("train", "validation", "test")
                },
            ),
            Repository(host="hub", name="deepmind/narrativeqa"),
        ),
        splits={
            "train": Split(rows=32747, names=("qaps.csv",)),
            "validation": Split(rows=3461, names=("qaps.csv",)),
            "test": Split(rows=10557, names=("qaps.csv",)),
        },
        license="Apache-2.0",
        redistributable=True,
        homepage="https://github.com/google-deepmind/narrativeqa",
        citation="Kočiský, Schwarz, Blunsom, Dyer, Hermann, Melis and Grefenstette 2018. The "
        "NarrativeQA Reading Comprehension Challenge. TACL 6.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, with its references in order."""
        assert isinstance(row, AuthorsRow | HubRow)
        field = "answer1" if isinstance(row, AuthorsRow) else "answers"
        answers = as_written(row.answers, field)
        yield FreeText(
            question=row.question,
            context=row.summary,
            answers=answers,
            published=as_listed(row.answers, answers),
        )
