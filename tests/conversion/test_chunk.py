"""Rows → records: nothing lost, conflicts masked, converters held to their contract."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import pytest

from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk, tree
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import QuestionConverterError, RowError
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.arrow import as_rows
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.json_rows import Unreadable
from unifiedqa_convert.rows.shapes import NumberedRow, Skipped, required
from unifiedqa_convert.schema import Adapter, Example, MultipleChoice, Row, Source


class Echo:
    """A question converter that records what it is asked."""

    name = "echo"
    version = "1"

    def __init__(self, extra: int = 0, text: str = "{0} {1}.") -> None:
        self.asked: list[Ask] = []
        self._extra = extra
        self._text = text

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        self.asked += asks
        sentences = [Sentence(self._text.format(*ask), self.name) for ask in asks]
        more = [Sentence("One too many.", self.name)] * self._extra
        return (sentences + more)[: len(asks) + self._extra]


def sciq(question: str, *choices: str) -> Row:
    (shape,) = load_adapter("sciq").shapes
    values = (question, *choices, "")
    return shape.model_validate(dict(zip(required(shape), values, strict=True)))


def run(rows: list[Row | Skipped | RowError], converter: Echo | None) -> Chunk:
    numbered = [NumberedRow(place, {}, row) for place, row in enumerate(rows)]
    adapter = load_adapter("sciq")
    return convert_chunk(adapter, "train", numbered, PROFILES["canonical"], converter)


def test_identical_asks_are_asked_once_and_answered_in_place() -> None:
    echo = Echo()
    row = sciq("What melts?", "rock", "iron", "sand", "ice")
    chunk = run([row, row], echo)
    assert len(echo.asked) == 4
    assert len(set(echo.asked)) == 4
    for item in chunk.converted:
        for statement in item.statements:
            answer = asdict(item.example)["choices"][statement.choice]
            assert statement.sentence == f"What melts? {answer}."
            assert statement.label == (answer == "ice")
    assert chunk.counts["asks/asked"] == 8
    assert chunk.counts["asks/distinct per chunk"] == 4


def test_equal_choices_with_other_labels_are_masked_flagged_and_counted() -> None:
    chunk = run([sciq("What melts?", "Ice ", "iron", "sand", "ice")], Echo())
    (item,) = chunk.converted
    assert set(item.flags) == {"duplicate-choices", "conflicting-choices"}
    masked = {s.sentence for s in item.statements if s.masked}
    assert masked == {"What melts? Ice.", "What melts? ice."}
    assert tree(chunk.counts)["statements"]["masked"] == 2


def test_choices_that_give_the_same_sentence_are_masked_too() -> None:
    class Deaf(Echo):
        def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
            return [Sentence("Rock melts." if a.answer != "iron" else "Iron.", "x") for a in asks]

    (item,) = run([sciq("What melts?", "rock", "iron", "a rock", "the rock")], Deaf()).converted
    assert item.flags == ("conflicting-statements",)
    assert [s.masked for s in item.statements] == [
        s.sentence == "Rock melts." for s in item.statements
    ]


def test_equal_distractors_are_flagged_but_not_masked() -> None:
    (item,) = run([sciq("What melts?", "iron", "iron", "sand", "ice")], Echo()).converted
    assert item.flags == ("duplicate-choices",)
    assert not any(s.masked for s in item.statements)


def test_every_row_is_accounted_for() -> None:
    rows: list[Row | Skipped | RowError] = [
        sciq("What melts?", "rock", "iron", "sand", "ice"),
        Skipped("beyond the first 1"),
        RowError("sciq", "train", 2, "support", "Field required"),
    ]
    chunk = run(rows, None)
    counts = tree(chunk.counts)
    assert counts["rows"] == {
        "read": 3,
        "used": 1,
        "skipped": {"beyond the first 1": 1},
        "rejected": 1,
    }
    assert counts["statements"]["not made"] == {"no question converter": 4}
    assert chunk.rejects == [{"row": 2, "field": "support", "reason": "Field required", "raw": {}}]


def test_a_lost_row_is_a_bug_that_shows() -> None:
    counts = run([sciq("What melts?", "a", "b", "c", "ice")], None).counts
    counts["rows/read"] += 1
    with pytest.raises(AssertionError, match="2 rows read, 1 accounted for"):
        tree(counts)


def test_an_unreadable_record_leaves_no_raw_behind() -> None:
    error = RowError("sciq", "train", 0, "-", "not JSON")
    numbered = [NumberedRow(0, Unreadable("not JSON"), error)]
    chunk = convert_chunk(load_adapter("sciq"), "train", numbered, PROFILES["canonical"], None)
    assert chunk.rejects[0]["raw"] is None


@pytest.mark.parametrize("bad", [Echo(extra=1), Echo(extra=-1), Echo(text="  ")])
def test_a_converter_that_breaks_its_contract_is_an_error(bad: Echo) -> None:
    with pytest.raises(QuestionConverterError):
        run([sciq("What melts?", "rock", "iron", "sand", "ice")], bad)


def test_more_choices_than_letters_reject_the_row_and_not_the_run() -> None:
    class Many(Adapter):
        name, version, verified = "many", 1, "documentation only"
        shapes = ()
        source = Source(splits={}, license="", homepage="", citation="")

        def examples(self, row: Row) -> Iterator[Example]:  # noqa: ARG002
            yield MultipleChoice(question="Q?", choices=("x",) * 27)

    numbered = [NumberedRow(0, {}, Row())]
    chunk = convert_chunk(Many(), "train", numbered, PROFILES["canonical"], None)
    assert tree(chunk.counts)["rows"]["rejected"] == 1
    assert chunk.rejects[0]["reason"] == "27 choices, but only 26 letters"


def test_an_ambiguous_declarative_record_is_flagged_in_its_row_and_counted() -> None:
    row = sciq("What melts?", "rock \\n hard", "iron", "sand", "ice")
    chunk = run([row], Echo())
    (item,) = chunk.converted
    (place,) = item.ambiguous
    assert item.statements[place].sentence == "What melts? rock \\n hard."
    assert tree(chunk.counts)["statements"]["ambiguous"] == 1
    assert [r["flags"] for r in as_rows([item], "declarative")] == [
        ["ambiguous-record"] if n == place else [] for n in range(4)
    ]
    (example,) = as_rows([item], "both")
    assert [s["flags"] for s in example["statements"]] == [
        r["flags"] for r in as_rows([item], "declarative")
    ]


class Careless(Adapter):
    name, version, verified = "careless", 1, "documentation only"
    shapes = ()
    source = Source(splits={}, license="", homepage="", citation="")
    wrong: ClassVar[Callable[[], Example]]

    def examples(self, row: Row) -> Iterator[Example]:  # noqa: ARG002
        yield MultipleChoice(question="Q?", choices=("x", "y"))
        yield type(self).wrong()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: MultipleChoice(question="Q?", choices=["x", "y"]),  # type: ignore[arg-type]
         r"row 3, field multiple_choice\.choices: "),
        (lambda: MultipleChoice(question="Q?", choices=("x",), golds=(1,)),
         r"row 3, field multiple_choice\.golds: golds \(1,\) point outside 1 choices"),
        (lambda: {"a": 1}["b"], r"row 3: KeyError: 'b'"),
        (lambda: "no example", r"row 3: AttributeError: "),
    ],
)  # fmt: skip
def test_an_adapter_that_fails_ends_the_conversion_with_its_row(
    wrong: Callable[[], Example], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Careless, "wrong", wrong, raising=False)
    numbered = [NumberedRow(3, {"q": "Why?"}, Row())]
    with pytest.raises(RowError, match=f"^careless/train {message}") as found:
        convert_chunk(Careless(), "train", numbered, PROFILES["canonical"], None)
    assert re.search(rf"corrected(, line \d+ of {re.escape(__file__)})?; ", str(found.value))
    assert str(found.value).endswith('; the raw record: {"q":"Why?"}')
    assert found.value.__cause__ is not None


def test_the_adapters_failure_names_the_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = required(load_adapter("sciq").shapes[0])
    row = json.dumps(dict(zip(names, ("Why?", "a", "b", "c", "d", ""), strict=True)))
    path = tmp_path / "train.jsonl"
    path.write_text(f"{row}\n\n{row}\n", encoding="utf-8")

    def fails(_self: Adapter, _row: Row) -> Iterator[Example]:
        if next(asked):
            raise KeyError("support")
        yield MultipleChoice(question="Q?", choices=("x", "y"), golds=(0,))

    asked = iter((0, 1))
    monkeypatch.setattr(type(load_adapter("sciq")), "examples", fails)
    request = Request(dataset="sciq", split="train", raw=(path,), out=tmp_path / "out")
    with pytest.raises(RowError, match=r"^sciq/train row 1 \(line 3\): KeyError: 'support'; "):
        convert(request)
