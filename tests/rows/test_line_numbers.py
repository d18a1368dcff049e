"""The line that an editor shows for a row, and how errors name both."""

import gzip
import pickle
from pathlib import Path

import pytest

from unifiedqa_convert.errors import RowError
from unifiedqa_convert.rows.readers import line_of, read


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.jsonl", '\ufeff{"q": 1}\n\n{"q": 2}\n{"q": 3}', [1, 3, 4]),
        ("a.csv", 'q,a\n1,"two\nlines"\n\n2,x\n3,y\n', [2, 5, 6]),
        ("a.tsv", 'q\ta\n"1\tx\n2\ty\n', [2, 3]),
        ("a.json", '[{"q": 1},\n{"q": 2}]', [None, None]),
    ],
)
def test_every_row_has_its_line(
    tmp_path: Path, name: str, text: str, lines: list[int | None]
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for place in (path, packed):
        rows = [raw for raw in read(place) if isinstance(raw, dict)]
        assert [line_of(place, number, raw) for number, raw in enumerate(rows)] == lines


def test_a_table_without_a_header_has_its_first_row_in_its_first_line(tmp_path: Path) -> None:
    path, columns = tmp_path / "a.tsv", ("q", "a")
    path.write_text("1\tx\none field\n2\ty\n")
    assert line_of(path, 0, {"q": "1", "a": "x"}, columns) == 1
    assert line_of(path, 1, None, columns) == 2
    assert line_of(path, 2, {"q": "2", "a": "y"}, columns) == 3


def test_another_record_or_none_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"q": 1}\nno JSON\n')
    assert line_of(path, 0, {"q": 1, "label": "from the file beside"}) == 1
    assert line_of(path, 0, {"q": 2, "label": "from the file beside"}) is None
    assert line_of(path, 1, None) == 2
    assert line_of(path, 2, {"q": 1}) is None


def test_the_error_says_row_and_line_and_a_field_where_one_is_known() -> None:
    error = RowError("copa", "train", 3, "label", "found 7", 4)
    assert str(error) == "copa/train row 3 (line 4), field label: found 7"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(RowError("copa", "train", 3, "-", "not JSON")) == "copa/train row 3: not JSON"
