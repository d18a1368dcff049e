"""CycIC: multiple-choice questions generated from Cyc's knowledge base (Cycorp 2020)."""

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
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

Answer = Annotated[Literal[0, 1, 2, 3, 4], NotBool]


class HubRow(Row):
    """The hub's columns: only multiple-choice items, each with its answer."""

    shape = "hub"
    run_id: int = Field(description="source id: a number, does not reveal the answer")
    question: Text = Field(description="question; may have a blank of two or more underscores")
    answer_option0: Text = Field(description="choice (a)")
    answer_option1: Text = Field(description="choice (b)")
    answer_option2: Text = Field(description="choice (c)")
    answer_option3: Text = Field(description="choice (d)")
    answer_option4: Text = Field(description="choice (e)")
    correct_answer: Answer = Field(description="gold, counted from 0")


class AuthorsRow(Row):
    """The authors' JSON lines; answers are in a second file, *_labels.jsonl, joined by run_id.

    Their true/false items, which have two options, are not part of this dataset.
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
    run_id: int = Field(description="source id: a number, does not reveal the answer")
    kind: Literal["multiple choice", "true/false"] = Field(
        alias="questionType", description="true/false items are skipped"
    )
    question: Text = Field(description="question; may have a blank of two or more underscores")
    answer_option0: Text = Field(description="choice (a)")
    answer_option1: Text = Field(description="choice (b)")
    answer_option2: Text | None = Field(None, description="choice (c); absent in true/false items")
    answer_option3: Text | None = Field(None, description="choice (d); absent in true/false items")
    answer_option4: Text | None = Field(None, description="choice (e); absent in true/false items")
    correct_answer: Answer = Field(description="gold, counted from 0; in the file of labels")


class CycicMc(Adapter):
    """Which of five answers to a question generated from a knowledge base is right?"""

    name = "cycic_mc"
    aliases = ("cycic_multiplechoice", "cycic_multiple_choice")
    unclear: ClassVar = {"cycic": "CycIC's true-or-false questions, which are not here"}
    version = 1
    partition = "seen"
    verified = "real rows"
    # The hub's shape first: only its rows contain the answer.
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="tasksource/cycic_multiplechoice",
                commit="fc9f5f881b814de9f5d73c489a80a32e764579f6",
                evidence="this commit's page on the hub, main's last one",
                files={
                    "train": (
                        PinnedFile(
                            "cycic_multiplechoice_train.parquet",
                            690605,
                            sha256="d7b423b4bd3ed1f9a3ae88d57485707a2478f7ad4ad5d76edfd1b275cc98f4f4",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "cycic_multiplechoice_validation.parquet",
                            116186,
                            sha256="184cc5312a552535a22a4af56d69ceb06f3bfbce4f034fc082cb36cb082c9216",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(names=("cycic_training_questions.jsonl",)),
            # The multiple-choice items, which the hub's copy has alone.
            "validation": Split(rows=959, names=("cycic_dev_questions.jsonl", "dev_samples.jsonl")),
        },
        license="Apache-2.0",  # by the card on the hub
        redistributable=True,
        downloads=("CycIC-train-dev",),
        homepage="https://leaderboard.allenai.org/cycic/submissions/get-started",
        citation="Cycorp 2020. CycIC: the Cycorp Inference Challenge.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; true/false items are skipped."""
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
        for number, option in enumerate(options):
            if option is None:
                field = f"answer_option{number}"
                raise FieldError(field, "a multiple-choice item has five options")
        yield MultipleChoice(
            id=str(row.run_id),
            question=row.question,
            choices=tuple(option for option in options if option is not None),
            golds=(row.correct_answer,),
        )
