"""Upstream Vera's prepare_data.py, line by line: ours, and the goldens recorded from it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED

from unifiedqa_convert.conversion.upstream_vera import (
    READ_TASKS,
    UPSTREAM,
    DraftedProblem,
    SkippedLine,
    read_line,
    split_choices,
    upstream_draft,
    upstream_fill,
)
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.vera_tasks import BOOLEAN, PARTITIONS, VERA_TASKS, partition_of

GOLDEN = SHARED / "golden" / "vera" / "declarative"
LINES = sorted(path for path in GOLDEN.glob("*.jsonl") if path.stem != "tail")


def stub(ask: Ask) -> str:
    """The converter that stood in for the model when the goldens were recorded."""
    question, choice = f"{ask.question} </s> {ask.answer}".split(" </s> ", 1)
    return f"<<{question} => {choice}>>"


def golden_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        yield json.loads(line)


def check(task: str, expected: dict[str, Any]) -> None:
    if "skipped" in expected:
        with pytest.raises(SkippedLine) as skipped:
            read_line(task, expected["tsv"])
        assert UPSTREAM[skipped.value.kind] == expected["skipped"].partition(":")[0]
        return
    line = read_line(task, expected["tsv"])
    asks = [d.ask for d in line.drafts() if d.ask is not None]
    assert [f"{ask.question} </s> {ask.answer}" for ask in asks] == expected["prompts"]
    assert [d.statement(stub) for d in line.golds] == expected["golds"]
    assert [d.statement(stub) for d in line.distractors] == expected["distractors"]
    assert sum(d.blanks for d in line.drafts()) == expected.get("blank_warnings", 0)


@pytest.mark.shared
@pytest.mark.parametrize("path", LINES or [pytest.param(None)], ids=lambda p: p and p.stem)
def test_every_golden_line(path: Path) -> None:
    expected = list(golden_lines(path))
    assert expected
    for line in expected:
        check(line.get("task") or path.stem.partition("__")[0], line)


@pytest.mark.shared
def test_every_tail() -> None:
    expected = list(golden_lines(GOLDEN / "tail.jsonl"))
    assert len(expected) == 40
    for case in expected:
        made = upstream_draft(case["task"], case["question"], case["choice"], case["context"])
        assert made.ask is not None
        assert f"{made.ask.question} </s> {made.ask.answer}" == case["prompt"]
        assert made.statement(lambda _, case=case: case["converter_output"]) == case["declarative"]


def said(task: str, tsv: str) -> dict[str, list[str]]:
    line: DraftedProblem = read_line(task, tsv)
    return {
        "golds": [d.statement(stub) for d in line.golds],
        "distractors": [d.statement(stub) for d in line.distractors],
    }


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("(A) x (B) y", ["x", "y"]),
        ("(a) x (b) plan (A) (B) z", ["x (b) plan (A)", "z"]),
        ("(a) rich (A) y (b) z", ["rich (A) y (b) z"]),
        ("", [""]),
        ("(1) x (2) y", ["x (2) y"]),
    ],
)
def test_choices_are_cut_as_upstream_cuts_them(text: str, choices: list[str]) -> None:
    assert split_choices(text) == choices


@pytest.mark.parametrize(
    ("question", "choice", "filled"),
    [
        ("The _ ran.", "cat", ("The cat ran.", 1)),
        ("The _ saw the _ run.", "cat", ("The cat saw the cat run.", 2)),
        ("A _ b", "x_", ("A x_ b", 1 + 1)),
        ("A _ b", "_x", ("A _x b", 1 + 0)),
    ],
)
def test_blanks_are_counted_in_half_filled_text(
    question: str, choice: str, filled: tuple[str, int]
) -> None:
    text, counted = upstream_fill(question, choice)
    assert counted == filled[1]
    if counted == 1:
        assert text == filled[0]


def test_a_blank_glued_to_the_first_word_is_filled_with_a_space() -> None:
    """QASC has such questions; two underscores there are no blank to upstream."""
    assert said("qasc", r"_swim in the sea. \n (A) cod (B) cows" + "\tcod")["golds"] == [
        "cod swim in the sea."
    ]


def test_the_answer_makes_the_gold_wherever_it_stands() -> None:
    made = said("sciq", r"What melts? \n (A) Ice (B) rock" + "\tice")
    assert made["golds"] == ["<<What melts? => ice>>."]
    assert "<<What melts? => Ice>>." in made["distractors"]


@pytest.mark.parametrize(
    ("task", "line", "kind"),
    [
        ("sciq", "no tab", "columns"),
        ("sciq", "", "columns"),
        ("sciq", "What? (A) x\tx", "no choices"),
        ("csqa2", "Is it?\tmaybe", "label"),
        ("symkd_anno", "It is.\tyes", "no branch for the task"),
        ("symkd_anno", "It is.\tmaybe", "label"),
    ],
)
def test_lines_that_upstream_skips(task: str, line: str, kind: str) -> None:
    with pytest.raises(SkippedLine) as skipped:
        read_line(task, line)
    assert skipped.value.kind == kind


def test_the_tasks_have_formats() -> None:
    assert len(READ_TASKS) == len(set(READ_TASKS)) == 35
    assert "copa" not in BOOLEAN
    assert "creak" in BOOLEAN


def test_a_shard_says_the_partition_that_the_task_has() -> None:
    known = catalogue().adapters.keys() & set(VERA_TASKS)
    assert known
    assert {task: load_adapter(task).partition for task in known} == {
        task: partition_of(task) for task in known
    }
    assert [len(tasks) for tasks in PARTITIONS.values()] == [21, 6, 7]
