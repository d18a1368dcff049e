"""ComVE, subtask A: which of two similar sentences makes sense (Wang et al. 2020)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.com2sense import CUE
from converters.shared.stories import as_sentence
from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    MultipleChoice,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' CSV; answers are in a second table, without a header, joined by id."""

    shape = "authors"
    beside = CompanionFile(
        (
            ("_data_all", "{}_answers_all.csv"),
            ("_dev_data", "{}_gold_answers.csv"),
            ("_test_data", "{}_gold_answers.csv"),
            ("_trial_data", "{}_trial_answer.csv"),
            ("", "{}_answers.csv"),  # the embedded sample's
        ),
        "answer",
        key="id",
        columns=("id", "answer"),
    )
    id: Text = Field(description="source id: a number, does not reveal the answer")
    sent0: Text = Field(description="choice (a)")
    sent1: Text = Field(description="choice (b)")
    answer: Literal["0", "1"] = Field(
        description="the sentence that makes NO sense, counted from 0; gold is the other one"
    )


class ComveA(Adapter):
    """Which of two sentences makes sense?"""

    name = "comve_a"
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={
            "train": Split(rows=10000, names=("subtaskA_data_all.csv",)),
            "validation": Split(rows=997, names=("subtaskA_dev_data.csv",)),
            "test": Split(rows=1000, names=("subtaskA_test_data.csv",)),
            "trial": Split(rows=2021, names=("taskA_trial_data.csv",)),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://github.com/wangcunxiang/"
        "SemEval2020-Task4-Commonsense-Validation-and-Explanation",
        citation="Wang, Liang, Jin, Wang, Zhu and Zhang 2020. SemEval-2020 Task 4: Commonsense "
        "Validation and Explanation. SemEval.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            id=row.id,
            question="",
            cue=CUE,
            choices=(row.sent0, row.sent1),
            golds=(1 - int(row.answer),),
            sentences=(as_sentence(row.sent0), as_sentence(row.sent1)),
        )
