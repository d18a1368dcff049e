"""Constructions of English: twenty sentences or more for each cause of a wrong statement.

A line of ``constructions/*.txt`` is a question, an answer and what a careful person would write.
"""

from pathlib import Path

import pytest

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules.converter import Rules

FILES = sorted((Path(__file__).parent / "constructions").glob("*.txt"))
LINES = {
    path.stem: [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    for path in FILES
}


@pytest.mark.parametrize(
    ("cause", "line"), [(cause, line) for cause, lines in LINES.items() for line in lines]
)
def test_a_construction_is_said_as_a_person_would(cause: str, line: str) -> None:
    question, answer, statement = line.split(" | ")
    assert Rules().convert([Ask(question, answer)])[0].text == statement, cause


def test_each_cause_has_its_twenty() -> None:
    assert len(LINES) == 10
    assert min(map(len, LINES.values())) >= 20
