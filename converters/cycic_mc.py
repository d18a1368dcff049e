"""CycIC: questions that Cyc's knowledge base generated, its multiple-choice items (Cycorp 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    NotBool,
    Row,
    Source,
    Split,
    Text,
)

Answer = Annotated[Literal[0, 1, 2, 3, 4], NotBool]


class HubRow(Row):
    """The hub's columns: multiple-choice items alone, each with its answer."""

    shape = "hub"
    run_id: int = Field(description="source id: a number, says nothing about the answer")
    question: Text = Field(description="question; may have a blank of two or more underscores")
    answer_option0: Text = Field(description="choice (a)")
    answer_option1: Text = Field(description="choice (b)")
    answer_option2: Text = Field(description="choice (c)")
    answer_option3: Text = Field(description="choice (d)")
    answer_option4: Text = Field(description="choice (e)")
    correct_answer: Answer = Field(description="gold, counted from 0")


class AuthorsRow(Row):
    """The authors' JSON lines; answers lie beside them by run_id, in *_labels.jsonl.

    They mix in true/false items, which have two options and are none of this dataset's.
    """

    shape = "authors"
    beside = CompanionFile(
        (
            ("_questions", "{}_labels.jsonl"),
            ("_samples", "{}_labels.jsonl"),
            ("", "{}_labels.jsonl"),
        ),
        "correct_answer",
        key="run_id",
    )
    run_id: int = Field(description="source id: a number, says nothing about the answer")
    kind: Literal["multiple choice", "true/false"] = Field(
        alias="questionType", description="true/false items are skipped"
    )
    question: Text = Field(description="question; may have a blank of two or more underscores")
    answer_option0: Text = Field(description="choice (a)")
    answer_option1: Text = Field(description="choice (b)")
    answer_option2: Text | None = Field(None, description="choice (c); absent in true/false items")
    answer_option3: Text | None = Field(None, description="choice (d); absent in true/false items")
    answer_option4: Text | None = Field(None, description="choice (e); absent in true/false items")
    correct_answer: Answer = Field(description="gold, counted from 0: the labels' file has it")


class CycicMc(Adapter):
    """Which of five answers to a question generated from a knowledge base is right?"""

    name = "cycic_mc"
    version = 1
    partition = "seen"
    verified = "real rows"
    # The hub's shape first: its answer in the row tells it from the authors'.
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        hub="tasksource/cycic_multiplechoice",
        revision=None,
        splits={
            "train": Split(names=("cycic_training_questions.jsonl",)),
            # The hub's copy has the 959 multiple-choice items, the authors' file others too.
            "validation": Split(names=("cycic_dev_questions.jsonl", "dev_samples.jsonl")),
        },
        license="Apache-2.0",  # as the card of the hub's copy says
        redistributable=True,
        homepage="https://leaderboard.allenai.org/cycic/submissions/get-started",
        citation="Cycorp 2020. CycIC: the Cycorp Inference Challenge.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, true/false items left out."""
        assert isinstance(row, HubRow | AuthorsRow)
        if isinstance(row, AuthorsRow) and row.kind == "true/false":
            raise NotAnExample("a true/false item")
        options = (
            row.answer_option0,
            row.answer_option1,
            row.answer_option2,
            row.answer_option3,
            row.answer_option4,
        )
        for place, option in enumerate(options):
            if option is None:
                raise FieldError(f"answer_option{place}", "a multiple-choice item has five options")
        yield MultipleChoice(
            id=str(row.run_id),
            question=row.question,
            choices=tuple(option for option in options if option is not None),
            golds=(row.correct_answer,),
        )
