"""OneStopQA: news at three levels of difficulty, with the same questions (Berzak et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

LEVELS = ("Adv", "Int", "Ele")
"""Advanced, intermediate, elementary, as the hub numbers them."""
FOUR = Field(
    min_length=4, max_length=4, description="choices; the first is the gold in every question"
)


class Version(TypedDict):
    """The paragraph at one level, without the marks of spans."""

    context: Text


class Asked(TypedDict):
    """A question about the paragraph at any level."""

    question: Text
    answers: Annotated[list[Text], FOUR]


class Paragraph(TypedDict):
    """One paragraph at three levels, with its questions."""

    Adv: Version
    Int: Version
    Ele: Version
    qas: list[Asked]


class Article(TypedDict):
    """One article."""

    title: Text
    paragraphs: list[Paragraph]


class HubRow(Row):
    """The hub's columns: a question about one level of a paragraph a row."""

    shape = "hub"
    title: Text = Field(description="source id: the article's title")
    number: int = Field(alias="paragraph_index", description="source id: the paragraph's number")
    level: Annotated[Literal[0, 1, 2, "Adv", "Int", "Ele"], NotBool] = Field(
        description="source id: the level, or its place among Adv, Int and Ele"
    )
    paragraph: Text = Field(description="context")
    question: Text = Field(description="question")
    answers: Annotated[list[Text], FOUR]


class AuthorsRow(Row):
    """The authors' parsed_data.json: all articles are one row, the document."""

    shape = "authors"
    data: list[Article] = Field(
        description="context at three levels, question, and choices, of which the first is right"
    )


class OneStopQa(Adapter):
    """Which of four answers to a question about a paragraph at one of three levels is right?"""

    name = "onestopqa"
    aliases = ("onestop_qa",)
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        repositories=(Repository(host="hub", name="malmaud/onestop_qa"),),
        splits={"train": Split(rows=1458, names=("parsed_data.json",))},
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://github.com/berzak/onestop-qa",
        citation="Berzak, Malmaud and Levy 2020. STARC: Structured Annotations for Reading "
        "Comprehension. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question and level; the gold is first, so that the order says it."""
        assert isinstance(row, HubRow | AuthorsRow)
        if isinstance(row, HubRow):
            level = row.level if isinstance(row.level, str) else LEVELS[row.level]
            own = f"{level}-{row.number}-{row.title}"
            yield _example(own, row.paragraph, row.question, row.answers)
            return
        for article in row.data:
            for number, it in enumerate(article["paragraphs"]):
                versions = {"Adv": it["Adv"], "Int": it["Int"], "Ele": it["Ele"]}
                for level, version in versions.items():
                    own = f"{level}-{number}-{article['title']}"
                    for asked in it["qas"]:
                        answers, question = asked["answers"], asked["question"]
                        yield _example(own, version["context"], question, answers)


def _example(own: str, paragraph: str, question: str, answers: list[str]) -> MultipleChoice:
    return MultipleChoice(
        id=own,
        question=question,
        context=paragraph,
        choices=tuple(answers),
        golds=(0,),
        order_matters=False,
    )
