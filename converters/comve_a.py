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
    PinnedFile,
    Repository,
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
        description="the sentence that makes NO sense, counted from 0; reversed: gold is the "
        "other one"
    )


class ComveA(Adapter):
    """Which of two sentences makes sense?"""

    name = "comve_a"
    aliases = ("comve_task_a", "comve_subtask_a", "semeval2020_task4_a")
    unclear: ClassVar = {
        "comve": "ComVE's subtasks B and C, which are not here",
        "sense_making": "its pilot (Wang et al. 2019), which is not here",
    }
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="wangcunxiang/SemEval2020-Task4-Commonsense-Validation-and-Explanation",
                commit="c55b1a9e6cb66997675f85073e17a9522cf38c2c",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "ALL data/Training  Data/subtaskA_data_all.csv",
                            847230,
                            sha256="e0f0dca581e92d6f97a819f44a3157058741e1c9dc92fd036f91bf3adf382215",
                        ),
                        PinnedFile(
                            "ALL data/Training  Data/subtaskA_answers_all.csv",
                            68890,
                            sha256="8a30a09dcfcdc536d03201bea976708dff3813691667a3c1a346af15bfabbc69",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "ALL data/Dev Data/subtaskA_dev_data.csv",
                            77541,
                            sha256="60f32177d667016e4ca2513fe75113f4e30b8336e3d3c5b8de4bcedfa53571bc",
                        ),
                        PinnedFile(
                            "ALL data/Dev Data/subtaskA_gold_answers.csv",
                            6443,
                            sha256="405e8a28b1d79c19deb7855d44c46e9ac2e5d0d09dd2280476b21341fa492a95",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "ALL data/Test Data/subtaskA_test_data.csv",
                            79701,
                            sha256="801e49314f3d6b2dcb72f30cce58d1212b4d84c1fc9b7f1e1da27c6285a32814",
                        ),
                        PinnedFile(
                            "ALL data/Test Data/subtaskA_gold_answers.csv",
                            6429,
                            sha256="a0fb5a54d788975168d87e058339aa490842e89c94d0719d2ca3016b47a39836",
                        ),
                    ),
                },
            ),
            Repository(
                host="github",
                name="wangcunxiang/SemEval2020-Task4-Commonsense-Validation-and-Explanation",
                commit="ce9430a7721651f0a126b0cce3a942faadf4fadb",
                evidence="the rows are listed at this commit",
                splits={"trial": "trial"},
            ),
        ),
        splits={
            "train": Split(rows=10000, names=("subtaskA_data_all.csv",)),
            "validation": Split(
                rows=997,
                names=("subtaskA_dev_data.csv",),
                digest="97dae477824af0cd6a5df8abc911284e820267db5fb217b1b4908d533b11b216",
            ),
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
