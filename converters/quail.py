"""QuAIL: questions of nine types about texts of four domains (Rogers et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

_Answer = TypedDict("_Answer", {"#text": Text})


class Answer(_Answer, total=False):
    """One answer; most have a mark."""

    correct: Literal["True", "False"]


Question = TypedDict(
    "Question",
    {"id": Text, "#text": Text, "a": Annotated[list[Answer], Field(min_length=4, max_length=4)]},
)


class AuthorsXmlRow(Row):
    """The authors' XML: a text with all its questions is one row.

    Of some questions, only the right answer has a mark: those that the text does not answer.
    """

    shape = "authors"
    element = "text"
    id: Text = Field(description="source id, with each question's own added")
    text_body: Text = Field(description="context")
    questions: list[Question] = Field(
        validation_alias=AliasPath("questions", "q"),
        description="question, choices in the file's order, and which of them is marked as correct",
    )


class HubRow(Row):
    """The hub's columns, and the authors' JSON lines: a question a row."""

    shape = "hub"
    id: Text = Field(description="source id: the text's and the question's")
    context: Text = Field(description="context")
    question: Text = Field(description="question")
    answers: list[Text] = Field(min_length=4, max_length=4, description="choices (a) to (d)")
    correct_answer_id: Annotated[Literal["0", "1", "2", "3", 0, 1, 2, 3], NotBool] = Field(
        description="gold, counted from 0; a text in JSON lines, a number in the hub's columns"
    )


class Quail(Adapter):
    """Which of four answers is right? One of them says that there is not enough information."""

    name = "quail"
    version = 1
    verified = "real rows"
    shapes: ClassVar = (AuthorsXmlRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="textmachinelab/quail",
                commit="2bd9d7f90a532fe1a910b70972cef5fda341c8fe",
                evidence="the commit's own page on the hub, which lists its files",
                config="quail",
                files={
                    split: (PinnedFile(f"quail/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation", "challenge")
                },
            ),
        ),
        splits={
            split: Split(
                rows=rows,
                names=(
                    f"quail_1.3_{part}_randomized.xml",
                    f"quail_1.3_{part}.xml",
                    f"{part}.jsonl",
                ),
            )
            for split, part, rows in (
                ("train", "train", 10246),
                ("validation", "dev", 2164),
                ("challenge", "challenge", 556),
            )
        },
        license="CC-BY-NC-SA-4.0",
        redistributable=True,
        homepage="https://text-machine-lab.github.io/blog/2020/quail/",
        citation="Rogers, Kovaleva, Downey and Rumshisky 2020. Getting Closer to AI Complete "
        "Question Answering: A Set of Prerequisite Real Tasks. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question; the sizes of the splits count questions."""
        assert isinstance(row, AuthorsXmlRow | HubRow)
        if isinstance(row, HubRow):
            yield MultipleChoice(
                id=row.id,
                question=row.question,
                context=row.context,
                choices=tuple(row.answers),
                golds=(int(row.correct_answer_id),),
            )
            return
        for number, it in enumerate(row.questions):
            answers = it["a"]
            marks = [answer.get("correct", "False") for answer in answers]
            golds = tuple(n for n, mark in enumerate(marks) if mark == "True")
            if len(golds) != 1:
                reason = f"{len(golds)} of 4 answers are marked as True, not one"
                raise FieldError(f"questions.q.{number}.a.correct", reason)
            yield MultipleChoice(
                id=f"{row.id}_{it['id']}",
                question=it["#text"],
                context=row.text_body,
                choices=tuple(answer["#text"] for answer in answers),
                golds=golds,
            )
