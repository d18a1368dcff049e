"""Questions about a passage, as SQuAD publishes them and many after it: nested, and as columns.

A row is one question; the authors' documents have it inside a paragraph inside an article.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import FieldError, Published, Row, Text, TypedDict


class _Text(TypedDict):
    text: Annotated[Text, Field(description="the answer's text")]


class Span(_Text, total=False):
    """One answer of the nested form; some documents have no places."""

    answer_start: Annotated[int, Field(description="where it starts: compared with the passage")]


class Spans(TypedDict):
    """The answers of the columns: parallel lists."""

    text: Annotated[list[Text], Field(description="the answers' texts")]
    answer_start: Annotated[
        list[int], Field(description="where they start: compared with the passage")
    ]


def texts_of(answers: Spans) -> list[str]:
    """The answers' texts. FieldError if their places are more or fewer: an answer is missing."""
    texts, places = answers["text"], answers["answer_start"]
    if len(texts) != len(places):
        raise FieldError("answers.text", f"{len(texts)} answers at {len(places)} places")
    return texts


Quotes = Iterable[tuple[str, int, str]]


def quotes_of(answers: Iterable[Span], passage: str) -> Quotes:
    """What ``Row.quotes`` tells of the nested form."""
    return [(it["text"], it["answer_start"], passage) for it in answers if "answer_start" in it]


def quotes_of_spans(answers: Spans, passage: str) -> Quotes:
    """What ``Row.quotes`` tells of the columns."""
    pairs = zip(answers["text"], answers["answer_start"], strict=True)
    return [(text, start, passage) for text, start in pairs]


def references(texts: Iterable[str], field: str = "answers") -> tuple[str, ...]:
    """The different ones of the texts, in order, white space at their ends apart.

    Blank ones are no answers; FieldError on the raw ``field`` if there is no other one.
    """
    return tuple(dict.fromkeys(parts(texts, field)))


def parts(texts: Iterable[str], field: str = "answers") -> tuple[str, ...]:
    """As :func:`references`, of the parts of one answer: equal ones count each."""
    found = tuple(text.strip() for text in texts if text.strip())
    if not found:
        raise FieldError(field, "no answer in a row that has one")
    return found


def as_listed(texts: Iterable[str], answers: tuple[str, ...] | None) -> Published | None:
    """The texts of all answers as the source lists them; None if ``answers`` are the same."""
    listed = tuple(texts)
    return Published(answers=listed) if answers and listed != answers else None


def titled(title: str, passage: str) -> str:
    """The passage with its title before it, in brackets, as UnifiedQA writes it."""
    return f"({title}) {passage}" if title.strip() else passage


class NestedRow(Row):
    """A question inside an article of the authors' document, with its paragraph."""

    shape = "authors"
    inside = "data.*.paragraphs.*.qas.*"
    title: Text = Field(description="context: the article's title, in brackets before the passage")
    passage: Text = Field(
        validation_alias=AliasPath("paragraphs", "context"), description="context: the passage"
    )
    question: Text = Field(
        validation_alias=AliasPath("paragraphs", "qas", "question"), description="question"
    )
    qid: Text = Field(
        validation_alias=AliasPath("paragraphs", "qas", "id"),
        description="source id: a hash, does not reveal the answer",
    )
    answers: list[Span] = Field(
        validation_alias=AliasPath("paragraphs", "qas", "answers"),
        description="answers: texts of the passage, the first one is the output",
    )

    @property
    def texts(self) -> list[str]:
        """The answers' texts."""
        return [answer["text"] for answer in self.answers]

    def quotes(self) -> Quotes:
        """The answers, where the document says they stand."""
        return quotes_of(self.answers, self.passage)


class ColumnsRow(Row):
    """The hub's columns: a question a row."""

    shape = "hub"
    title: Text = Field(description="context: the article's title, in brackets before the passage")
    passage: Text = Field(alias="context", description="context: the passage")
    question: Text = Field(description="question")
    qid: Text = Field(alias="id", description="source id: a hash, does not reveal the answer")
    answers: Spans = Field(
        description="answers: texts of the passage, the first one is the output",
    )

    @property
    def texts(self) -> list[str]:
        """The answers' texts."""
        return texts_of(self.answers)

    def quotes(self) -> Quotes:
        """The answers, where the columns say they stand."""
        return quotes_of_spans(self.answers, self.passage)
