"""A user's own file that can't be read: the error says what is wrong and what helps."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import TooManyRejects, UqaError
from unifiedqa_convert.rows.own.columns import Columns

COLUMNS = Columns("q", ("a", "b"), "right")


def own(path: Path, columns: Columns = COLUMNS, **changes: object) -> Result:
    request = Request(
        dataset="mine", split="train", from_file=path, columns=columns, to="jsonl",
        out=path.parent / "out", **changes,
    )  # type: ignore[arg-type]  # fmt: skip
    return convert(request)


def refused(path: Path, columns: Columns = COLUMNS) -> str:
    with pytest.raises(UqaError) as raised:
        own(path, columns)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "says", "helps"),
    [
        ("m.csv", "q,a,b,right\nWo?,Küche,Bad,Bad\n".encode("latin-1"),
         "byte 0xFC in line 2; it may be WINDOWS-1252: save the file as UTF-8",
         ("m.csv", "q,a,b,right\nWo?,Küche,Bad,Bad\n".encode())),
        ("m.csv", "q,a,b,right\nWo?,Küche,Bad,Bad\n".encode("utf-16"),
         "UTF-16 text, not UTF-8: save the file as UTF-8",
         ("m.csv", "q,a,b,right\nWo?,Küche,Bad,Bad\n".encode())),
        ("m.csv", b"q;a;b;right\nWo?;wood, dry;ice;ice\nWho?;x\n",
         "first line has semicolons between its columns (q, a, b, right), but not every row has "
         "as many fields; correct those, or insert the line sep=; above the first one",
         ("m.csv", b"sep=;\nq;a;b;right\nWo?;wood, dry;ice;ice\n")),
        ("m.tsv", b"q,a,b,right\nWo?,\"wood, dry\",ice,ice\nWho?,x\n",
         "insert the line sep=, above the first one",
         ("m.tsv", b"sep=,\nq,a,b,right\nWo?,\"wood, dry\",ice,ice\n")),
    ],
)  # fmt: skip
def test_the_error_says_what_helps_and_it_helps(
    tmp_path: Path, name: str, content: bytes, says: str, helps: tuple[str, bytes | None]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert says in refused(path)
    new, saved = helps
    path = path.rename(tmp_path / new)
    path.write_bytes(content if saved is None else saved)
    assert own(path).manifest["counts"]["examples"]["labelled"] == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.txt", "What burns? wood\n", "names in its first line, such as question,a,b,right"),
        ("m.csv", "What burns?,wood,ice,wood\n", "if that line is a row, insert a line with the"),
        ("m.csv", "", "the file is empty"),
        ("m.jsonl", "[1]\n", "one JSON object per row"),
        ("m.jsonl", '{"q": "W?", "right": "x", "right": "y"}\n', "(the first row: the key 'right'"),
        ("m.csv", "q,a,b,right\nWho?,x,y,x,\n", "first row: 5 fields under a header of 4"),
        ("m.jsonl", "\n", "the file is empty"),
        ("m.json", "[]", "the file is empty"),
        ("m.xlsx", "PK", "no reader for .xlsx; save it as one of .csv"),
        ("m.csv", "q,a,b,rigth\nWho?,x,y,x\n", "for right did you mean rigth?"),
        ("m.jsonl", '{"q": "Who?", "a": ["x"], "b": "y", "right": "x"}\n', "alone: --choices a"),
    ],
)
def test_the_error_says_what_is_wrong(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert says in refused(path)


def test_a_wrong_letter_far_down_is_a_rejected_row_that_says_utf8(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    good = b"Who?," + b"x" * 1_000_000 + b",y,y\n"
    path.write_bytes(b"q,a,b,right\n" + good * 17 + "Wo?,Küche,Bad,Bad\n".encode("latin-1"))
    with pytest.raises(TooManyRejects, match=r"row 17 \(line 19\), field a: Text should be UTF-8"):
        own(path)


def test_a_column_may_hold_the_list_of_choices(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    rows = [
        {"q": "What burns?", "c": ["wood", "ice", 4], "right": 0},
        {"q": "What melts?", "c": ["rock", "ice"], "right": 1},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = own(path, Columns("q", ("c",), "right", "0")).folder
    found = [json.loads(line) for line in (folder / "data-00000.jsonl").read_text().splitlines()]
    assert [row["choices"] for row in found] == [["wood", "ice", "4"], ["rock", "ice"]]
    assert [row["output"] for row in found] == ["wood", "ice"]
    path.write_text(path.read_text() + '{"q": "What burns?", "c": [["wood"]], "right": 0}\n')
    with pytest.raises(TooManyRejects, match="field c: a text or a number is needed"):
        own(path, Columns("q", ("c",), "right", "0"), overwrite=True)


def test_the_manifest_says_which_column_was_what_and_other_columns_are_another_conversion(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.csv"
    path.write_text("q,a,b,right,other\nWho?,x,y,x,y\n")
    made = own(path)
    assert made.manifest["columns"] == {
        "question": "q", "choices": ["a", "b"], "gold": "right", "gold_is": "text", "context": None,
        "strip_letters": False, "quotes": None,
    }  # fmt: skip
    assert not own(path).made
    with pytest.raises(Exception, match="holds another conversion"):
        own(path, replace(COLUMNS, gold="other"))
