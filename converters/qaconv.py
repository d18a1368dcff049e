"""QAConv: questions about e-mails, panel discussions and work chats (Wu et al. 2022)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import as_listed, references
from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    FreeText,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)


class Turn(TypedDict):
    """What one person says."""

    speaker: Annotated[Text, Field(description="who speaks")]
    text: Annotated[Text, Field(description="what is said")]


class AuthorsRow(Row):
    """The authors' JSON arrays, with the conversations of all splits in article_segment.json."""

    shape = "authors"
    beside = CompanionFile(
        (("", "article_segment.json"),), "segment", "article_segment_id", shared=True
    )
    id: Text = Field(description="source id: split and number, does not reveal the answer")
    article_segment_id: Text = Field(
        description="not used: the conversation's id, by which its turns are found"
    )
    question: Text = Field(description="question")
    answers: list[Text] = Field(
        description="the answers, equal ones once; an empty list where there is none"
    )
    turns: list[Turn] = Field(
        validation_alias=AliasPath("segment", "seg_dialog"),
        min_length=1,
        description="context: the turns in order, each after its speaker and a colon; "
        "prev_ctx, the turns before them, is left out",
    )


class QaConv(Adapter):
    """What answers a question about a conversation, if it can be answered? In chunk mode."""

    name = "qaconv"
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={
            "train": Split(names=("trn.json",)),
            "validation": Split(names=("val.json",)),
            "test": Split(names=("tst.json",)),
        },
        license="MIT",  # its LICENSE; its README: the transcripts are for research only
        downloads=("data-v1.1-released-on-13-Mar-2022",),
        homepage="https://github.com/salesforce/QAConv",
        citation="Wu, Madotto, Liu, Fung and Xiong 2022. QAConv: Question Answering on Informative "
        "Conversations. ACL.",
        ask="download dataset/data-v1.1-released-on-13-Mar-2022.zip from "
        "https://github.com/salesforce/QAConv, and name the folder where it lies with --data-dir",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; no answers mean that the question can't be answered."""
        assert isinstance(row, AuthorsRow)
        answers = references(row.answers) if row.answers else ()
        yield FreeText(
            id=row.id,
            question=row.question,
            context=" ".join(f"{turn['speaker']}: {turn['text']}" for turn in row.turns),
            answers=answers,
            published=as_listed(row.answers, answers),
        )
