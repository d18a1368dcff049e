"""Rows of this project's own, as many as a split has, in the files of the repositories that are
looked up: a hub's Parquet at a pinned commit, or of a branch, and the authors' CSV with labels."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COPA = "aps/super_glue"
COPA_COMMIT = "3de24cf8022e94f4ee4b9d55a6f539891524d646"
COPA_FILE = "copa/validation-00000-of-00001.parquet"
RIDDLES = "INK-USC/riddle_sense"
RIDDLES_FILE = "data/validation-00000-of-00001.parquet"
COMVE = "wangcunxiang/SemEval2020-Task4-Commonsense-Validation-and-Explanation"
COMVE_COMMIT = "ce9430a7721651f0a126b0cce3a942faadf4fadb"
TRIAL, ANSWERS = "Trial/taskA_trial_data.csv", "Trial/taskA_trial_answer.csv"


def copa(number: int = 100) -> list[dict[str, Any]]:
    """Rows in the columns of SuperGLUE's COPA."""
    return [
        {
            "premise": f"Kettle {n} boiled over.",
            "choice1": f"Cook {n} forgot it.",
            "choice2": f"Cook {n} slept well.",
            "question": "cause",
            "idx": n,
            "label": n % 2,
        }
        for n in range(number)
    ]


def riddles(number: int = 1021) -> list[dict[str, Any]]:
    """Rows in the hub's columns of RiddleSense."""
    labels = list("ABCDE")
    return [
        {
            "question": f"What has {n} teeth and bites no one?",
            "choices": {"label": labels, "text": ["comb", "dog", "cat", "bird", "cow"]},
            "answerKey": labels[n % 5],
        }
        for n in range(number)
    ]


def trial(number: int = 2021) -> dict[str, bytes]:
    """ComVE's trial rows and their answers."""
    rows = "".join(f"{n},Soup {n} is eaten.,Soup {n} is parked.\n" for n in range(number))
    answers = "".join(f"{n},1\n" for n in range(number))
    return {TRIAL: f"id,sent0,sent1\n{rows}".encode(), ANSWERS: answers.encode()}


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """The rows as one Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()
