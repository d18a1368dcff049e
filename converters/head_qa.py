"""HEAD-QA: exams for posts in Spain's health system (Vilares and Gómez-Rodríguez 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AliasPath, Field

from converters.shared.labelled_choices import position
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


class Answer(TypedDict):
    """One answer with its number."""

    aid: Annotated[int, NotBool, Field(description="the answer's number, from 1")]
    atext: Annotated[Text, Field(description="the answer's text")]


CHOICES = "choices, four or five by the year of the exam"


class AuthorsRow(Row):
    """The authors' JSON document: the questions of each exam, with numbers written as text.

    Images, which some questions need, are not read.
    """

    shape = "authors"
    inside = "exams.*.data.*"
    name: Text = Field(description="source id, its first part: the exam")
    qid: Text = Field(
        validation_alias=AliasPath("data", "qid"),
        description="source id, its second part: the question's number in the exam",
    )
    qtext: Text = Field(
        validation_alias=AliasPath("data", "qtext"),
        description="question, or the start of a sentence",
    )
    answers: list[Answer] = Field(
        validation_alias=AliasPath("data", "answers"),
        min_length=4,
        max_length=5,
        description=CHOICES,
    )
    ra: Text = Field(
        validation_alias=AliasPath("data", "ra"),
        description="gold: the number of an answer, as text",
    )


class HubRow(Row):
    """The hub's columns, config en."""

    shape = "hub"
    name: Text = Field(description="source id, its first part: the exam")
    qid: Annotated[int, NotBool] = Field(
        description="source id, its second part: the question's number in the exam"
    )
    qtext: Text = Field(description="question, or the start of a sentence")
    answers: list[Answer] = Field(min_length=4, max_length=5, description=CHOICES)
    ra: Annotated[int, NotBool] = Field(description="gold: the number of an answer")


class HeadQa(Adapter):
    """Which answer to a question of a Spanish health exam, in English, is right?

    HEAD_EN, the English translation, as in UnifiedQA; the Spanish exams (config es, the hub's
    default) are another set.
    """

    name = "head_qa"
    aliases = ("headqa", "head_qa_en")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(Repository(host="hub", name="dvilares/head_qa", config="en"),),
        splits={
            "train": Split(rows=2657, names=("train_HEAD_EN.json",)),
            "validation": Split(rows=1366, names=("dev_HEAD_EN.json",)),
            "test": Split(rows=2742, names=("test_HEAD_EN.json",)),
        },
        license="MIT",  # the Ministry asks to name it as the source, and the date of 2019-01-14
        redistributable=True,
        downloads=("HEAD_EN",),
        homepage="https://aghie.github.io/head-qa/",
        citation="Vilares and Gómez-Rodríguez 2019. HEAD-QA: A Healthcare Dataset for Complex "
        "Reasoning. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row."""
        assert isinstance(row, AuthorsRow | HubRow)
        numbers = [str(answer["aid"]) for answer in row.answers]
        yield MultipleChoice(
            id=f"{row.name}-{str(row.qid).strip()}",
            question=row.qtext,
            choices=tuple(answer["atext"] for answer in row.answers),
            golds=(position(str(row.ra).strip(), numbers, "ra"),),
        )
