"""Files → typed rows: strict labels, the right shape, labels beside the rows."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from unifiedqa_convert.datasets.proof import prove
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.shapes import shape_of
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import Row

COPA, SIQA = load_adapter("copa"), load_adapter("social_iqa")
ROW = {"premise": "A.", "choice1": "B.", "choice2": "C.", "question": "effect", "label": 1}
SIQA_ROW = {"context": "C.", "question": "Q?", "answerA": "a", "answerB": "b", "answerC": "c"}


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("label", ["1", True, 1.5, 2, "", [1]])
def test_a_label_of_another_type_is_no_label(tmp_path: Path, label: object) -> None:
    path = lines(tmp_path / "rows.jsonl", {**ROW, "label": label})
    (found,) = typed_rows(COPA, "train", [path])
    assert isinstance(found.row, RowError)
    assert found.row.field.startswith("label")


def test_hidden_labels_are_labels(tmp_path: Path) -> None:
    hidden = {key: value for key, value in ROW.items() if key != "label"}
    path = lines(tmp_path / "rows.jsonl", hidden, {**ROW, "label": -1}, {**ROW, "label": None})
    for found in typed_rows(COPA, "test", [path]):
        assert isinstance(found.row, Row)
        (example,) = COPA.examples(found.row)
        assert asdict(example)["golds"] is None


def test_a_key_that_stands_twice_is_rejected_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = json.dumps(ROW)
    twice = good.replace('"choice1"', '"premise": "Z.", "choice1"')
    spaced = good.replace('"choice1":', '"premise" : "Z.", "choice1" :')
    quoted = json.dumps({**ROW, "premise": 'He said "a": "b" : c\\'})
    path.write_text("\n".join([good, twice, spaced, quoted]))
    found = [numbered.row for numbered in typed_rows(COPA, "train", [path])]
    assert [isinstance(row, RowError) for row in found] == [False, True, True, False]
    assert "'premise' occurs twice" in str(found[1])


def test_a_file_without_a_readable_record_says_what_is_wrong_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"premise": ')
    with pytest.raises(SourceError, match="the first: not JSON"):
        shape_of(COPA, "train", path)


def test_a_line_over_the_limit_is_one_rejected_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unifiedqa_convert.rows.json_rows.LONGEST_LINE", 200)
    long = {**ROW, "premise": "x" * 1000}
    path = lines(tmp_path / "rows.jsonl", ROW, long, ROW)
    found = [numbered.row for numbered in typed_rows(COPA, "train", [path])]
    assert [isinstance(row, RowError) for row in found] == [False, True, False]


HOSTILE = [
    b'{"premise": "\xff"}',
    b'{"premise": "\\ud800"}',
    b'{"premise": ' + b"[" * 100_000 + b"}",
    b'{"premise": 1' + b"0" * 4301 + b"}",
    b'{"premise": NaN}',
    b'{"premise": "nul \\u0000"}',
    b"null",
]


@pytest.mark.parametrize("bad", HOSTILE, ids=lambda bad: bad[:24].decode("latin-1"))
def test_hostile_text_is_rejected_by_rule_and_neighbours_stay(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    good = json.dumps(ROW).encode()
    if bad.startswith(b'{"premise": "nul'):
        bad = good.replace(b'"A."', b'"nul \\u0000"')
    path.write_bytes(b"\n".join([good, bad, good]))
    found = [numbered.row for numbered in typed_rows(COPA, "train", [path])]
    assert [isinstance(row, RowError) for row in found] == [False, True, False]


def test_labels_are_found_beside_the_rows_or_given(tmp_path: Path) -> None:
    rows = lines(tmp_path / "dev.jsonl", SIQA_ROW, SIQA_ROW)
    with pytest.raises(SourceError, match=r"dev-labels\.lst, which is missing"):
        with_companions(SIQA, "validation", [rows])
    other = tmp_path / "other.lst"
    other.write_text("1\n2\n")
    assert with_companions(SIQA, "validation", [rows, other]) == (rows, other)
    beside = tmp_path / "dev-labels.lst"
    beside.write_text("3\n1\n")
    files = with_companions(SIQA, "validation", [rows])
    assert files == (rows, beside)
    found = [numbered.row for numbered in typed_rows(SIQA, "validation", files)]
    golds = [asdict(next(SIQA.examples(r)))["golds"] for r in found if isinstance(r, Row)]
    assert golds == [(2,), (0,)]


@pytest.mark.parametrize("labels", ["3\n", "3\n1\n2\n", ""])
def test_another_number_of_labels_than_rows_is_refused(tmp_path: Path, labels: str) -> None:
    rows = lines(tmp_path / "dev.jsonl", SIQA_ROW, SIQA_ROW)
    (tmp_path / "dev-labels.lst").write_text(labels)
    with pytest.raises(SourceError, match="labels, but"):
        list(typed_rows(SIQA, "validation", with_companions(SIQA, "validation", [rows])))


def test_labels_without_rows_are_refused(tmp_path: Path) -> None:
    labels = tmp_path / "dev-labels.lst"
    labels.write_text("1\n")
    with pytest.raises(SourceError, match="labels without rows"):
        with_companions(SIQA, "validation", [labels])


def test_a_proof_names_the_row_on_which_an_adapter_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "rows.jsonl", ROW, {**ROW, "premise": "Z."})
    monkeypatch.setattr(type(COPA), "examples", lambda _, row: [][1 // (row.premise != "Z.") :])
    with pytest.raises(RowError, match=r"copa/train row 1\b.*ZeroDivisionError") as raised:
        prove(COPA, "train", [path])
    assert "the adapter must be corrected" in str(raised.value)
