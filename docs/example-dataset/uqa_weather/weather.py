"""Weather: what the sky does to people. An invented dataset."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import Adapter, Example, MultipleChoice, Row, Source, Split, Text


class AuthorsRow(Row):
    """The authors' JSON lines; in test, where the answer is hidden, it is null."""

    shape = "authors"
    id: Text = Field(description="source id: a number, says nothing about the answer")
    question: Text = Field(description="question")
    options: list[Text] = Field(min_length=3, max_length=3, description="choices (a) to (c)")
    answer: Literal["A", "B", "C"] | None = Field(None, description="gold; null where hidden")


class Weather(Adapter):
    """Which of three answers to a question about the weather is right?"""

    name = "weather"
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={"validation": Split(rows=1200), "test": Split(labelled=False)},
        license="CC-BY-4.0",
        homepage="https://example.org/weather",
        citation="Doe 2026. Weather.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            id=row.id,
            question=row.question,
            choices=tuple(row.options),
            golds=None if row.answer is None else ("ABC".index(row.answer),),
        )
