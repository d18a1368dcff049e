"""ProcessBank: questions about biological processes in a textbook (Berant et al. 2014)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)


class Question(TypedDict):
    """A question with its two answers."""

    q: Annotated[Text, Field(description="the question")]
    a0: Annotated[Text, Field(description="the first answer")]
    a1: Annotated[Text, Field(description="the second answer")]
    correct: Annotated[Literal["0", "1"], Field(description="the number of the right answer")]


class AuthorsRow(Row):
    """The authors' XML, a file for each paragraph, with its questions."""

    shape = "authors"
    element = "*"
    text: Text = Field(description="context: the paragraph")
    questions: list[Question] | Question = Field(
        validation_alias=AliasPath("questions", "question"),
        description="questions, each with two choices and the number of the gold, from 0",
    )


class ProcessBank(Adapter):
    """Which of two answers to a question about a biological process is right?

    A row is a paragraph with several questions. The annotated structures of the processes are not
    read. What is known of the files is what programs read of them, and their README: an XML file
    for each of 200 paragraphs, with the paragraph's id, the questions and the answers.
    """

    name = "processbank"
    aliases = ("process_bank", "bioprocess_bank")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={"train": Split(rows=150), "test": Split(rows=50)},
        license="unknown",
        homepage="https://nlp.stanford.edu/software/bioprocess/",
        citation="Berant, Srikumar, Chen, Vander Linden, Harding, Huang, Clark and Manning 2014. "
        "Modeling Biological Processes for Reading Comprehension. EMNLP.",
        ask="download bioprocess-bank-questions.tar.gz from "
        "https://nlp.stanford.edu/software/bioprocess/, and give the file of each paragraph with a "
        "--raw of its own",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a question."""
        assert isinstance(row, AuthorsRow)
        for question in [row.questions] if isinstance(row.questions, dict) else row.questions:
            yield MultipleChoice(
                question=question["q"],
                context=row.text,
                choices=(question["a0"], question["a1"]),
                golds=(int(question["correct"]),),
            )
