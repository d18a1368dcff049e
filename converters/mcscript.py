"""MCScript and MCScript2.0: stories of everyday activities (Ostermann et al. 2018 and 2019)."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasPath, BeforeValidator, Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)


class Answer(TypedDict):
    """One answer."""

    text: Text
    correct: Literal["True", "False"]


class Question(TypedDict):
    """One question about the story."""

    id: Text
    text: Text
    answer: Annotated[list[Answer], Field(min_length=2, max_length=2)]


def _several(value: Any) -> Any:
    """A single element of XML, as the list that several would be."""
    return [value] if isinstance(value, dict) else value


class AuthorsXmlRow(Row):
    """The authors' XML: a story with all its questions is one row.

    Public code that reads MCScript 2.0's files names these elements and attributes; also the root
    ``data``, an instance's scenario and a question's type (text, commonsense), which are not read.
    """

    shape = "authors"
    element = "instance"
    id: Text = Field(description="source id, with each question's own added")
    text: Text = Field(description="context")
    questions: Annotated[list[Question], BeforeValidator(_several)] = Field(
        default=[],
        validation_alias=AliasPath("questions", "question"),
        description="question, its two choices, and which of them is marked as correct",
    )


def _source(train: int | None, validation: int | None, test: int | None, citation: str) -> Source:
    return Source(
        splits={
            "train": Split(rows=train, names=("train-data.xml",)),
            "validation": Split(rows=validation, names=("dev-data.xml",)),
            "test": Split(rows=test, names=("test-data.xml",)),
        },
        license="unknown",
        ask="get the XML files from https://sfb1102.uni-saarland.de/ (Resources), and give one "
        "with --raw",
        homepage="https://sfb1102.uni-saarland.de/",
        citation=citation,
    )


class McScript(Adapter):
    """Which of two answers to a question about a story of an everyday activity is right?"""

    name = "mcscript"
    aliases: ClassVar[tuple[str, ...]] = ("mc_script",)
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsXmlRow,)
    source = _source(
        *(9731, 1411, 2797),  # 13,939 in all, as public lists of datasets say
        "Ostermann, Modi, Roth, Thater and Pinkal 2018. MCScript: A Novel Dataset for Assessing "
        "Machine Comprehension Using Script Knowledge. LREC.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question; the sizes of the splits count questions."""
        assert isinstance(row, AuthorsXmlRow)
        if not row.questions:
            raise NotAnExample("a story without questions")
        for number, it in enumerate(row.questions):
            marks = [answer["correct"] for answer in it["answer"]]
            if marks.count("True") != 1:
                reason = f"{marks.count('True')} of 2 answers are marked as True, not one"
                raise FieldError(f"questions.question.{number}.answer.correct", reason)
            yield MultipleChoice(
                id=f"{row.id}_{it['id']}",
                question=it["text"],
                context=row.text,
                choices=tuple(answer["text"] for answer in it["answer"]),
                golds=(marks.index("True"),),
            )


class McScript2(McScript):
    """Which of two answers to a question about a story is right? Half need common knowledge."""

    name = "mcscript2"
    aliases = ("mcscript2_0", "mc_script2")
    source = _source(
        *(None, None, None),  # about 20,000 in all, says the paper's summary
        "Ostermann, Roth and Pinkal 2019. MCScript2.0: A Machine Comprehension Corpus Focused on "
        "Script Events and Participants. *SEM.",
    )
