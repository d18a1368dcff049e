"""MultiRC: questions about a paragraph that may have several answers (Khashabi et al. 2018)."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotBool,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

BEGIN, END = re.compile(r"<b>Sent \d+: </b>"), "<br>"
"""Where a sentence begins and ends, in the authors' files."""
Label = Annotated[Literal[0, 1, -1] | None, NotBool]


class _Answer(TypedDict):
    text: Text


class Answer(_Answer, total=False):
    """One answer; without a label in test."""

    label: Label


class Question(TypedDict):
    """One question about the paragraph."""

    question: Text
    answers: Annotated[list[Answer], Field(min_length=1)]
    idx: int


class SuperGlueRow(Row):
    """SuperGLUE's JSON lines: a paragraph with all its questions and their answers."""

    shape = "superglue"
    idx: int = Field(description="source id, with each question's own added")
    text: Text = Field(validation_alias=AliasPath("passage", "text"), description="context")
    questions: list[Question] = Field(
        validation_alias=AliasPath("passage", "questions"),
        description="question, its answers as choices, and which of them are right: label 1",
    )


class HubAnswer(TypedDict):
    """One of the hub's rows: an answer and its label."""

    answer: Text
    label: Label


class HubRow(Row):
    """The hub's columns: an answer a row; those of a question, which are in sequence, make one."""

    shape = "hub"
    grouped = ("idx.paragraph", "idx.question")
    paragraph_number: int = Field(
        validation_alias=AliasPath("idx", "paragraph"), description="source id: the paragraph's"
    )
    question_number: int = Field(
        validation_alias=AliasPath("idx", "question"), description="source id: the question's"
    )
    paragraph: Text = Field(description="context")
    question: Text = Field(description="question")
    rows: list[HubAnswer] = Field(
        description="choices, an answer each, and which of them are right: label 1; -1 if hidden"
    )


MarkedAnswer = TypedDict("MarkedAnswer", {"text": Text, "isAnswer": bool})


class MarkedQuestion(TypedDict):
    """One question in the authors' files."""

    question: Text
    answers: Annotated[list[MarkedAnswer], Field(min_length=1)]
    idx: int | Text


class MarkedParagraph(TypedDict):
    """A paragraph, whose sentences are marked in HTML, with its questions."""

    text: Text
    questions: list[MarkedQuestion]


class Document(TypedDict):
    """One paragraph with its id."""

    id: Text
    paragraph: MarkedParagraph


class AuthorsRow(Row):
    """The authors' JSON: all paragraphs are one row, the document.

    The marks of sentences, ``<b>Sent 1: </b>`` and ``<br>``, are taken out, as SuperGLUE did.
    """

    shape = "authors"
    splits = ("train", "validation")
    data: list[Document] = Field(
        description="context, question, its answers as choices, and which of them are right: "
        "isAnswer"
    )


class MultiRc(Adapter):
    """Which answers to a question about a paragraph are right? Often several are."""

    name = "multirc"
    aliases = ("multi_rc", "super_glue_multirc", "superglue_multirc")
    unclear: ClassVar = {"super_glue": "copa", "superglue": "copa", "aps/super_glue": "copa"}
    version = 1
    verified = "real rows"
    shapes: ClassVar = (SuperGlueRow, HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="aps/super_glue",
                commit="3de24cf8022e94f4ee4b9d55a6f539891524d646",
                evidence="3 public files and a lock file",
                config="multirc",
            ),
        ),
        splits={
            "train": Split(rows=5100, names=("train.jsonl", "train_456-fixedIds.json")),
            "validation": Split(rows=953, names=("val.jsonl", "dev_83-fixedIds.json")),
            "test": Split(rows=1800, names=("test.jsonl",), labelled=False),
        },
        license="for research",
        downloads=("MultiRC",),
        homepage="https://cogcomp.seas.upenn.edu/multirc/",
        citation="Khashabi, Chaturvedi, Roth, Upadhyay and Roth 2018. Looking Beyond the Surface: "
        "A Challenge Set for Reading Comprehension over Multiple Sentences. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question, with all its right answers; the splits' sizes count questions."""
        assert isinstance(row, SuperGlueRow | HubRow | AuthorsRow)
        if isinstance(row, AuthorsRow):
            yield from _marked(row.data)
        elif isinstance(row, HubRow):
            yield MultipleChoice(
                id=f"{row.paragraph_number}-{row.question_number}",
                question=row.question,
                context=row.paragraph,
                choices=tuple(it["answer"] for it in row.rows),
                golds=_golds([it["label"] for it in row.rows], "rows.label"),
            )
        else:
            for number, it in enumerate(row.questions):
                labels = [answer.get("label") for answer in it["answers"]]
                yield MultipleChoice(
                    id=f"{row.idx}-{it['idx']}",
                    question=it["question"],
                    context=row.text,
                    choices=tuple(answer["text"] for answer in it["answers"]),
                    golds=_golds(labels, f"passage.questions.{number}.answers.label"),
                )


def _marked(documents: list[Document]) -> Iterator[MultipleChoice]:
    for document in documents:
        # Three spaces and one, as in UnifiedQA's file.
        text = BEGIN.sub("   ", document["paragraph"]["text"]).replace(END, " ")
        for it in document["paragraph"]["questions"]:
            marks = [answer["isAnswer"] for answer in it["answers"]]
            yield MultipleChoice(
                id=f"{document['id']}-{it['idx']}",
                question=it["question"],
                context=text,
                choices=tuple(answer["text"] for answer in it["answers"]),
                golds=tuple(place for place, mark in enumerate(marks) if mark),
            )


def _golds(labels: Sequence[int | None], field: str) -> tuple[int, ...] | None:
    """The places with label 1, which may be none; None if all are hidden."""
    hidden = [label in (None, -1) for label in labels]
    if all(hidden):
        return None
    if any(hidden):
        raise FieldError(field, f"hidden for answer {hidden.index(True)}, but not for the others")
    return tuple(place for place, label in enumerate(labels) if label == 1)
