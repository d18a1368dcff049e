"""NewsQA: questions about articles of CNN, by people who saw summaries (Trischler et al. 2017)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import AliasPath, Field

from converters.shared.passages import references
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    NotAnExample,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The document that the authors' program compiles, all splits in one, a question a row.

    The answers of single annotators, and their votes, are ignored.
    """

    shape = "authors"
    inside = "data.*.questions.*"
    mixed = ("type", {"train": "train", "validation": "dev", "test": "test"})
    kind: Literal["train", "dev", "test"] = Field(
        alias="type", description="not used in the example: the row's split"
    )
    text: Text = Field(description="context: the article; the answer is a part of it")
    question: Text = Field(validation_alias=AliasPath("questions", "q"), description="question")
    start: int | None = Field(
        None,
        validation_alias=AliasPath("questions", "consensus", "s"),
        description="answer: where it starts in the text, from 0, if there is one",
    )
    end: int | None = Field(
        None,
        validation_alias=AliasPath("questions", "consensus", "e"),
        description="answer: the place after its last character",
    )
    no_answer: bool = Field(
        False,
        validation_alias=AliasPath("questions", "consensus", "noAnswer"),
        description="answer: true if the article has none",
    )
    bad: bool = Field(
        False,
        validation_alias=AliasPath("questions", "consensus", "badQuestion"),
        description="true if the question makes no sense: then the row is no example",
    )


class NewsQa(Adapter):
    """Which words of a news article answer the question, if any do?"""

    name = "newsqa"
    aliases = ("news_qa", "maluuba_newsqa")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={
            name: Split(names=("combined-newsqa-data-v1.json",))
            for name in ("train", "validation", "test")
        },
        license="MIT for the questions; the articles are CNN's",
        redistributable=False,
        ask="compile it with the authors' program, https://github.com/Maluuba/newsqa, and give "
        "combined-newsqa-data-v1.json with --raw",
        homepage="https://www.microsoft.com/en-us/research/project/newsqa-dataset/",
        citation="Trischler, Wang, Yuan, Harris, Sordoni, Bachman and Suleman 2017. NewsQA: A "
        "Machine Comprehension Dataset. Workshop on Representation Learning for NLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; a question that the annotators found bad is none."""
        assert isinstance(row, AuthorsRow)
        if row.bad:
            raise NotAnExample("the annotators agreed that the question is bad")
        answers: tuple[str, ...] = ()
        if not row.no_answer:
            field, start, end = "questions.consensus.s", row.start, row.end
            if start is None or end is None:
                raise FieldError(field, "neither a place, nor no answer, nor a bad question")
            if not 0 <= start < end <= len(row.text):
                raise FieldError(field, f"{start} to {end}, in a text of {len(row.text)}")
            answers = references((row.text[start:end],), field)
        yield FreeText(question=row.question, context=row.text, answers=answers)
