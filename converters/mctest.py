"""MCTest: stories for children, each with four questions (Richardson, Burges and Renshaw 2013)."""

import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    FieldError,
    MultipleChoice,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

LETTERS = "ABCD"
_KIND = re.compile(r"(\s*)(?:one|multiple): ")
"""How many of the story's sentences a question needs, before it in the authors' files."""


class AuthorsRow(Row):
    r"""The authors' TSV without header: a story a row; the answers in another file.

    ``\\newline`` and ``\\tab``, written out there, are read as what they stand for.
    """

    shape = "authors"
    columns = (
        *("id", "properties", "story"),
        *(f"{field}{n}" for n in (1, 2, 3, 4) for field in ("question", "a", "b", "c", "d")),
    )
    beside = CompanionFile((("", "{}.ans"),), "answers")
    id: Text = Field(description="source id, with the question's number added")
    properties: Text = Field(description="not used: the story's author, and the time it took")
    story: Text = Field(description="context")
    question1: Text = Field(description="question, the first one, after “one: ” or “multiple: ”")
    a1: Text = Field(description="choice (a) of the first question")
    b1: Text = Field(description="choice (b) of the first question")
    c1: Text = Field(description="choice (c) of the first question")
    d1: Text = Field(description="choice (d) of the first question")
    question2: Text = Field(description="question, the second one, after “one: ” or “multiple: ”")
    a2: Text = Field(description="choice (a) of the second question")
    b2: Text = Field(description="choice (b) of the second question")
    c2: Text = Field(description="choice (c) of the second question")
    d2: Text = Field(description="choice (d) of the second question")
    question3: Text = Field(description="question, the third one, after “one: ” or “multiple: ”")
    a3: Text = Field(description="choice (a) of the third question")
    b3: Text = Field(description="choice (b) of the third question")
    c3: Text = Field(description="choice (c) of the third question")
    d3: Text = Field(description="choice (d) of the third question")
    question4: Text = Field(description="question, the fourth one, after “one: ” or “multiple: ”")
    a4: Text = Field(description="choice (a) of the fourth question")
    b4: Text = Field(description="choice (b) of the fourth question")
    c4: Text = Field(description="choice (c) of the fourth question")
    d4: Text = Field(description="choice (d) of the fourth question")
    answers: Text | None = Field(
        None,
        description="gold of each question, from the file with the ending ans: four letters with "
        "tabs between them; those of test are in an archive of their own",
    )

    @property
    def asked(self) -> list[tuple[str, tuple[str, str, str, str]]]:
        """Each question with its choices."""
        return [
            (self.question1, (self.a1, self.b1, self.c1, self.d1)),
            (self.question2, (self.a2, self.b2, self.c2, self.d2)),
            (self.question3, (self.a3, self.b3, self.c3, self.d3)),
            (self.question4, (self.a4, self.b4, self.c4, self.d4)),
        ]

    @property
    def golds(self) -> list[int | None]:
        """The place of each question's gold; None if it is hidden."""
        if self.answers is None:
            return [None] * 4
        letters = self.answers.split("\t")
        if len(letters) != 4 or any(letter not in (*LETTERS,) for letter in letters):
            raise FieldError(
                "answers", f"{self.answers!r} is not four letters of A to D, with tabs"
            )
        return [LETTERS.index(letter) for letter in letters]


class HubRow(Row):
    """The hub's columns: a question a row."""

    shape = "hub"
    story_id: Text = Field(
        validation_alias=AliasPath("idx", "story"),
        description="source id, with the question's number added",
    )
    number: int = Field(
        validation_alias=AliasPath("idx", "question"), description="source id: the question's"
    )
    story: Text = Field(description="context")
    question: Text = Field(description="question")
    a: Text = Field(validation_alias=AliasPath("answer_options", "A"), description="choice (a)")
    b: Text = Field(validation_alias=AliasPath("answer_options", "B"), description="choice (b)")
    c: Text = Field(validation_alias=AliasPath("answer_options", "C"), description="choice (c)")
    d: Text = Field(validation_alias=AliasPath("answer_options", "D"), description="choice (d)")
    answer: Literal["A", "B", "C", "D", ""] | None = Field(
        None, description="gold: a letter that counts the options; none where it is hidden"
    )


def _source(name: str, train: int, validation: int, test: int) -> Source:
    paths = {"train": f"data/MCTest/{name}.train", "validation": f"data/MCTest/{name}.dev"}
    return Source(
        repositories=(
            Repository(
                host="github",
                name="mcobzarenco/mctest",
                files={
                    split: (PinnedFile(f"{path}.tsv"), PinnedFile(f"{path}.ans"))
                    for split, path in paths.items()
                },
            ),
        ),
        splits={
            "train": Split(rows=train, names=(f"{name}.train.tsv",)),
            "validation": Split(rows=validation, names=(f"{name}.dev.tsv",)),
            "test": Split(rows=test, names=(f"{name}.test.tsv",)),
        },
        license="Microsoft Research License, not commercial",
        downloads=("MCTest",),
        homepage="https://mattr1.github.io/mctest/",
        citation="Richardson, Burges and Renshaw 2013. MCTest: A Challenge Dataset for the "
        "Open-Domain Machine Comprehension of Text. EMNLP.",
    )


class Mc160(Adapter):
    """Which of four answers to a question about a child's story is right? 160 checked stories."""

    name = "mctest_mc160"
    aliases: ClassVar[tuple[str, ...]] = ("mc160",)
    unclear: ClassVar = {"mctest": "mctest_mc500", "sagnikrayc/mctest": "mctest_mc500"}
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = _source("mc160", 280, 120, 240)
    other: ClassVar[str] = "mc500"
    """How the ids of the other set's stories begin."""

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question; the sizes of the splits count questions."""
        assert isinstance(row, AuthorsRow | HubRow)
        if isinstance(row, HubRow):
            self._refuse_other("idx.story", row.story_id)
            choices, gold = (row.a, row.b, row.c, row.d), row.answer
            place = LETTERS.index(gold) if gold else None
            own = f"{row.story_id}-{row.number}"
            yield _example(own, row.story, row.question, choices, place)
            return
        self._refuse_other("id", row.id)
        for number, ((question, choices), place) in enumerate(
            zip(row.asked, row.golds, strict=True)
        ):
            asked = _KIND.sub(r"\1", question, count=1) if _KIND.match(question) else question
            yield _example(f"{row.id}-{number}", row.story, asked, choices, place)

    def _refuse_other(self, field: str, story_id: str) -> None:
        """FieldError for a story of the other set: in the same columns, it is easily mixed up."""
        if story_id.startswith(self.other):
            raise FieldError(field, f"{story_id} is a story of mctest_{self.other}")


class Mc500(Mc160):
    """Which of four answers to a question about a child's story is right? 500 stories."""

    name = "mctest_mc500"
    aliases = ("mc500",)
    source = _source("mc500", 1200, 200, 600)
    other = "mc160"


def _example(
    own: str, story: str, question: str, choices: tuple[str, str, str, str], place: int | None
) -> MultipleChoice:
    return MultipleChoice(
        id=own,
        question=_written(question),
        context=_written(story),
        choices=tuple(map(_written, choices)),
        golds=None if place is None else (place,),
    )


def _written(text: str) -> str:
    return text.replace("\\newline", "\n").replace("\\tab", "\t")
