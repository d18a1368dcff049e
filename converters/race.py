"""RACE: exams of English for middle and high schools (Lai et al. 2017); RACE-C: for colleges."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

LETTERS = ("A", "B", "C", "D")
Options = Annotated[list[Text], Field(min_length=4, max_length=4)]


class AuthorsRow(Row):
    """The authors' files: one JSON object an article, with all its questions."""

    shape = "authors"
    id: Text = Field(description="source id: a file name, with the question's number added")
    article: Text = Field(description="context")
    questions: list[Text] = Field(description="question, one for each of the article's")
    options: list[Options] = Field(description="choices (a) to (d) of each question")
    answers: list[Literal["A", "B", "C", "D"]] = Field(
        description="gold of each question: a letter that counts its options"
    )


class HubRow(Row):
    """The hub's columns: a question a row."""

    shape = "hub"
    id: Text = Field(alias="example_id", description="source id: the article's file name")
    article: Text = Field(description="context")
    question: Text = Field(description="question")
    options: Options = Field(description="choices (a) to (d)")
    answer: Literal["A", "B", "C", "D"] = Field(
        description="gold: a letter that counts the options"
    )


class CollegeHubRow(Row):
    """The hub's columns of RACE-C, in JSON lines: a question a row, without an id."""

    shape = "hub"
    article: Text = Field(description="context")
    question: Text = Field(description="question")
    option: Options = Field(description="choices (a) to (d)")
    label: Annotated[Literal[0, 1, 2, 3], NotBool] = Field(description="gold, counted from 0")


def _source(grade: str, train: int, validation: int, test: int) -> Source:
    return Source(
        repositories=(
            Repository(
                host="hub",
                name="ehovy/race",
                commit="2fec9fd81f1dc971569a9b729c43f2f0e6436637",
                evidence="public code",
                config=grade,
            ),
        ),
        splits={
            "train": Split(rows=train),
            "validation": Split(rows=validation),
            "test": Split(rows=test),
        },
        license="for research, not commercial",
        redistributable=False,
        ask="get RACE.tar.gz from https://www.cs.cmu.edu/~glai1/data/race/, join a split's files, "
        f"jq -c . RACE/dev/{grade}/*.txt > dev_{grade}.jsonl, and give that with --raw",
        homepage="https://www.cs.cmu.edu/~glai1/data/race/",
        citation="Lai, Xie, Liu, Yang and Hovy 2017. RACE: Large-scale ReAding Comprehension "
        "Dataset From Examinations. EMNLP.",
    )


class RaceHigh(Adapter):
    """Which of four answers is right, in an exam of English for high schools?"""

    name = "race_high"
    aliases: ClassVar[tuple[str, ...]] = ("race_h",)
    unclear: ClassVar = {"race": "race_middle"}
    version = 1
    verified: ClassVar = "documentation only"
    shapes: ClassVar[tuple[type[Row], ...]] = (AuthorsRow, HubRow)
    source = _source("high", 62445, 3451, 3498)
    other: ClassVar[str | None] = "middle"
    """How the ids of the other school's articles begin: the hub's configuration all has both."""

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question; the sizes of the splits count questions."""
        if isinstance(row, CollegeHubRow):
            yield _example(None, row.article, row.question, row.option, row.label)
            return
        assert isinstance(row, AuthorsRow | HubRow)
        if self.other is not None and row.id.startswith(self.other):
            raise NotAnExample(f"an article of race_{self.other}")
        if isinstance(row, HubRow):
            gold = LETTERS.index(row.answer)
            yield _example(row.id, row.article, row.question, row.options, gold)
            return
        counts = {"options": len(row.options), "answers": len(row.answers)}
        for field, count in counts.items():
            if count != len(row.questions):
                raise FieldError(field, f"{count} for {len(row.questions)} questions")
        asked = zip(row.questions, row.options, row.answers, strict=True)
        for number, (question, options, answer) in enumerate(asked):
            gold = LETTERS.index(answer)
            yield _example(f"{row.id}-{number}", row.article, question, options, gold)


class RaceMiddle(RaceHigh):
    """Which of four answers is right, in an exam of English for middle schools?"""

    name = "race_middle"
    aliases = ("race_m",)
    source = _source("middle", 25421, 1436, 1436)
    other = "high"


class RaceC(RaceHigh):
    """Which of four answers is right, in an exam of English for colleges?"""

    name = "race_c"
    aliases = ("race_college",)
    shapes = (AuthorsRow, CollegeHubRow)
    other = None
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="tasksource/race-c",
                commit="99b95125875f1ef0e47f89801cb435d14911fffa",
                evidence="the hub's listing of this commit",
                files={
                    "train": (PinnedFile("train.jsonl"),),
                    "validation": (PinnedFile("dev.jsonl"),),
                    "test": (PinnedFile("test.jsonl"),),
                },
            ),
        ),
        splits={  # neither the authors' page nor the hub's says how many rows they have
            "train": Split(names=("train.jsonl",)),
            "validation": Split(names=("dev.jsonl",)),
            "test": Split(names=("test.jsonl",)),
        },
        license="for research, not commercial",  # the repository's license.txt
        homepage="https://github.com/mrcdata/race-c",
        citation="Liang, Li and Yin 2019. A New Multi-choice Reading Comprehension Dataset for "
        "Curriculum Learning. ACML.",
    )


def _example(
    own: str | None, article: str, question: str, options: list[str], gold: int
) -> MultipleChoice:
    return MultipleChoice(
        id=own, question=question, context=article, choices=tuple(options), golds=(gold,)
    )
