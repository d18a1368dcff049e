"""TruthfulQA: questions that many people answer wrongly (Lin, Hilton and Evans 2022)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

Label = Annotated[Literal[0, 1], NotBool]
LabelledChoices = list[tuple[str, int]]
"""Choices in the source's order, each with 1 if it is true."""


class TaskRow(Row):
    """The authors' mc_task.json: a mapping of choice to 0 or 1 for each of the two tasks."""

    shape = "authors"
    question: Text = Field(description="question")
    mc1_targets: dict[Text, Label] = Field(description="mc1: choices, one of them true")
    mc2_targets: dict[Text, Label] = Field(description="mc2: choices, several of them true")

    def labelled_choices(self, task: int) -> LabelledChoices:
        """The choices of one of the two tasks."""
        targets: Mapping[str, int] = self.mc1_targets if task == 1 else self.mc2_targets
        return list(targets.items())


class HubRow(Row):
    """The hub's columns, config multiple_choice: choices and labels side by side."""

    shape = "hub"
    question: Text = Field(description="question")
    choices1: list[Text] = Field(
        validation_alias=AliasPath("mc1_targets", "choices"), description="mc1: choices"
    )
    labels1: list[Label] = Field(
        validation_alias=AliasPath("mc1_targets", "labels"), description="mc1: 1 for the true one"
    )
    choices2: list[Text] = Field(
        validation_alias=AliasPath("mc2_targets", "choices"), description="mc2: choices"
    )
    labels2: list[Label] = Field(
        validation_alias=AliasPath("mc2_targets", "labels"), description="mc2: 1 for the true ones"
    )

    def labelled_choices(self, task: int) -> LabelledChoices:
        """The choices of one of the two tasks."""
        choices, labels = (
            (self.choices1, self.labels1) if task == 1 else (self.choices2, self.labels2)
        )
        if len(choices) != len(labels):
            raise FieldError(
                f"mc{task}_targets.labels", f"{len(labels)} for {len(choices)} choices"
            )
        return list(zip(choices, labels, strict=True))


class TableRow(Row):
    """The authors' TruthfulQA.csv: answers separated by ``;``, whose order reveals the gold."""

    shape = "table"
    best_incorrect: Text | None = Field(
        None,
        alias="Best Incorrect Answer",
        description="tells the release of 2025, whose answers get no full stop; not shown",
    )
    question: Text = Field(alias="Question", description="question")
    best: Text = Field(alias="Best Answer", description="mc1: the true choice")
    correct: Text = Field(alias="Correct Answers", description="mc2: the true choices")
    incorrect: Text = Field(alias="Incorrect Answers", description="the false choices of both")

    def labelled_choices(self, task: int) -> LabelledChoices:
        """The choices of one of the two tasks, split as by the authors' code."""
        true = [self.best] if task == 1 else self.correct.split(";")
        every = [(text, 1) for text in true] + [(text, 0) for text in self.incorrect.split(";")]
        answers = [(text.strip(), label) for text, label in every if text.strip()]  # a stray ";"
        if self.best_incorrect is not None:
            return answers
        # As in mc_task.json up to 2024, each answer ends with one full stop.
        return [(f"{text.rstrip('.')}.", label) for text, label in answers]


class TruthfulQAMc1(Adapter):
    """Which one of several answers is true?"""

    name = "truthfulqa_mc1"
    aliases = ("truthful_qa_mc1", "truthfulqa_mc_1")
    unclear: ClassVar = {
        "truthfulqa": "truthfulqa_mc2",
        "truthful_qa": "truthfulqa_mc2",
        "truthfulqa_mc": "truthfulqa_mc2",
        "truthful_qa_mc": "truthfulqa_mc2",
    }
    version = 2
    verified = "sha256"
    task: ClassVar[int] = 1
    shapes: ClassVar = (HubRow, TaskRow, TableRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="truthfulqa/truthful_qa",
                commit="741b8276f2d1982aa3d5b832d3ee81ed3b896490",
                evidence="817 rows; 10 public files",
                config="multiple_choice",
                files={
                    "validation": (
                        PinnedFile(
                            "multiple_choice/validation-00000-of-00001.parquet",
                            271033,
                            sha256="23f08e230ca4ed66babf3a72419af7cbde1f3d734dd396ac4cf6d088bd162afd",
                        ),
                    ),
                },
            ),
        ),
        splits={"validation": Split(rows=817, names=("mc_task.json", "TruthfulQA.csv"))},
        license="Apache-2.0",
        redistributable=True,
        downloads=("TruthfulQA-main/data",),
        homepage="https://github.com/sylinrl/TruthfulQA",
        citation="Lin, Hilton and Evans 2022. TruthfulQA: Measuring How Models Mimic Human "
        "Falsehoods. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; the source lists true choices first."""
        assert isinstance(row, TaskRow | HubRow | TableRow)
        labelled = row.labelled_choices(self.task)
        golds = tuple(number for number, (_, label) in enumerate(labelled) if label)
        if not golds or (self.task == 1 and len(golds) > 1):
            raise FieldError(f"mc{self.task}_targets", f"{len(golds)} choices are true")
        yield MultipleChoice(
            question=row.question,
            choices=tuple(choice for choice, _ in labelled),
            golds=golds,
            order_matters=False,
        )


class TruthfulQAMc2(TruthfulQAMc1):
    """Which of several answers are true? Several may be."""

    name = "truthfulqa_mc2"
    aliases = ("truthful_qa_mc2", "truthfulqa_mc_2")
    unclear: ClassVar = {
        "truthfulqa": "TruthfulQA's free answers, which are not here",
        "truthful_qa": "TruthfulQA's free answers, which are not here",
    }
    task = 2
