"""`uqa convert NAME --from-file`: a user's own table, without an adapter."""

import json
from pathlib import Path

import pytest

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import TooManyRejects, UsageError
from unifiedqa_convert.rows.custom_file import adapter_for
from unifiedqa_convert.rows.own.columns import Columns, GoldIs

CSV = """question,first,second,right,text
"Which, then, melts?",ice,rock,{0},"It is ""hot""."
What burns?,wood,water,{1},
What sinks?,cork,iron,,Cork floats.
"""


def rows(path: Path, out: Path, columns: Columns, **more: object) -> list[dict[str, object]]:
    request = Request(
        dataset="mine", split="train", from_file=path, columns=columns, to="jsonl", out=out, **more
    )  # type: ignore[arg-type]
    folder = convert(request).folder
    return [json.loads(line) for line in (folder / "data-00000.jsonl").read_text().splitlines()]


def table(folder: Path, *golds: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(CSV.format(*golds), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    ("gold_is", "golds"),
    [("text", ("ice", " wood ")), ("letter", ("A", "a")), ("0", ("0", "0")), ("1", ("1", "1"))],
)
def test_choices_and_every_way_to_name_the_gold(
    tmp_path: Path, gold_is: GoldIs, golds: tuple[str, str]
) -> None:
    columns = Columns("question", ("first", "second"), "right", gold_is, context="text")
    one, two, three = rows(table(tmp_path, *golds), tmp_path / "out", columns)
    assert one["input"] == 'Which, then, melts? \\n (a) ice (b) rock \\n It is "hot".'
    assert (one["output"], two["output"], three["output"]) == ("ice", "wood", None)
    assert two["context"] is None
    assert len(one["statements"]) == 2


def test_a_gold_that_is_none_of_the_choices_is_rejected_with_its_column(tmp_path: Path) -> None:
    columns = Columns("question", ("first", "second"), "right")
    path = table(tmp_path, "ice", "coal")
    with pytest.raises(
        TooManyRejects, match=r"mine/train row 1 \(line 3\), field right: 'coal' equals none"
    ):
        rows(path, tmp_path / "out", columns)
    assert len(rows(path, tmp_path / "out", columns, max_rejects=1)) == 2


@pytest.mark.parametrize(("gold_is", "bad"), [("letter", "C"), ("0", "2"), ("1", "0"), ("1", "x")])
def test_a_place_that_is_not_there_is_rejected(tmp_path: Path, gold_is: GoldIs, bad: str) -> None:
    columns = Columns("question", ("first", "second"), "right", gold_is)
    with pytest.raises(TooManyRejects, match="field right"):
        rows(table(tmp_path, bad, bad), tmp_path / "out", columns)


@pytest.mark.parametrize(
    ("golds", "gold_is", "kinds", "outputs"),
    [
        ([True, "no", ""], None, "yes_no", ["yes", "no", None]),
        (["yes", "no", "Ada"], None, "free_text", ["yes", "no", "Ada"]),
        (["1", "0", "2"], None, "free_text", ["1", "0", "2"]),  # how many moons?
        (["no", "yes", "no"], "text", "free_text", ["no", "yes", "no"]),
        (["1", "0", "TRUE"], "yesno", "yes_no", ["yes", "no", "yes"]),
    ],
)
def test_the_column_decides_between_yes_no_and_free_text_never_a_row(
    tmp_path: Path,
    golds: list[object],
    gold_is: GoldIs | None,
    kinds: str,
    outputs: list[str | None],
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"q": "Is it?", "a": gold}) + "\n" for gold in golds))
    found = rows(path, tmp_path / "out", Columns("q", gold="a", gold_is=gold_is))
    assert [row["kind"] for row in found] == [kinds] * 3
    assert [row["output"] for row in found] == outputs


def test_what_is_neither_yes_nor_no_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"q": "Is it?", "a": "maybe"}\n')
    with pytest.raises(TooManyRejects, match="neither yes nor no"):
        rows(path, tmp_path / "out", Columns("q", gold="a", gold_is="yesno"))


def test_a_tsv_keeps_its_quotation_marks(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text('q\ta\n"Who said that?\tAda\n')
    (row,) = rows(path, tmp_path / "out", Columns("q", gold="a"))
    assert row["input"] == '"Who said that?'


def test_a_row_of_too_few_fields_is_not_shifted(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("q,a\nWho?,Ada\nWho else?\n")
    with pytest.raises(TooManyRejects, match="1 fields under a header of 2"):
        rows(path, tmp_path / "out", Columns("q", gold="a"))


@pytest.mark.parametrize(
    ("dataset", "columns", "message"),
    [
        ("mine", Columns("nothing"), "no column nothing; it has: question, first"),
        ("copa", Columns("question"), "known dataset"),
        ("../mine", Columns("question"), "lower-case"),
        ("mine", None, "--question"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, dataset: str, columns: Columns | None, message: str
) -> None:
    path = table(tmp_path, "ice", "wood")
    with pytest.raises(UsageError, match=message):
        convert(Request(dataset=dataset, split="train", from_file=path, columns=columns))


def test_a_file_that_is_not_there_and_options_that_say_nothing() -> None:
    with pytest.raises(UsageError, match="no such file"):
        adapter_for("mine", "train", Path("nowhere.csv"), Columns("q"))
