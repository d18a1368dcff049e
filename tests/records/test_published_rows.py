"""Which rows profile unifiedqa writes, in which order, and what is said of them."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.check import check_path, report_lines
from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.records.published_rows import multiqa_order

LEFT_OUT = "allenai/unifiedqa leaves it out"
ADDED = "allenai/unifiedqa encodes it"


def rows(path: Path, content: Any) -> tuple[Path, ...]:
    """A file of rows: JSON lines, a document, or text, as its ending says."""
    if not isinstance(content, str):
        lines = content if path.suffix == ".jsonl" else [content]
        content = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(content, encoding="utf-8", newline="")
    return (path,)


def published(dataset: str, split: str, raw: tuple[Path, ...], **changes: Any) -> Result:
    """The rows under profile unifiedqa, as a TSV."""
    given = {"out": raw[0].parent / "out", "to": "tsv", "records": "question"}
    given |= {"question_converter": "none", **changes}
    return convert(
        Request(dataset=dataset, split=split, raw=raw, **{"profile": "unifiedqa", **given})
    )


def lines_of(result: Result) -> list[str]:
    """The lines of all shards."""
    shards = sorted(result.folder.glob("data-*"))
    return [line for it in shards for line in it.read_text("utf-8").splitlines()]


def boolq(folder: Path, number: int) -> tuple[Path, ...]:
    """Rows of BoolQ, each with a passage of its own."""
    made = [
        {"question": f"is it {n}", "title": "T", "passage": f"p {n}", "answer": n % 2 == 0}
        for n in range(number)
    ]
    return rows(folder / "b.jsonl", made)


def test_boolq_has_the_order_of_multiqa(tmp_path: Path) -> None:
    raw = boolq(tmp_path, 9427)
    whole = published("boolq", "train", raw)
    lines = lines_of(whole)
    first = [f"is it {n}? \\n (T) p {n}" for n in (6926, 309, 831)]
    assert [line.partition("\t")[0] for line in lines[:3]] == first
    assert len({*lines}) == 9427
    assert check_path(whole.folder).ok
    cut = published("boolq", "train", raw, out=tmp_path / "cut", shard_rows=1000, workers=2)
    assert lines_of(cut) == lines
    assert len([*cut.folder.glob("data-*.tsv")]) == 10
    some = published("boolq", "train", raw, out=tmp_path / "some", limit=2)
    assert lines_of(some) == lines[:2]
    table = published("boolq", "train", raw, out=tmp_path / "j", to="jsonl", limit=2)
    assert [json.loads(line)["question"] for line in lines_of(table)] == ["is it 0", "is it 1"]


def test_the_two_known_orders(tmp_path: Path) -> None:
    # Those that gave the sha256 of the published files.
    for number, known in ((3270, "f48a28f641b969fb"), (9427, "9fb8d0300af722c0")):
        order = multiqa_order(number)
        assert sorted(order) == [*range(number)]
        assert sha256(repr(order).encode()).hexdigest()[:16] == known
    assert multiqa_order(12) == []
    assert [line[:8] for line in lines_of(published("boolq", "train", boolq(tmp_path, 3)))] == [
        f"is it {n}?"[:8] for n in range(3)
    ]


QUAIL = (
    '<q id="{n}">q{n}? <a id="0" correct="True">a</a><a id="1">b</a><a id="2">c</a>'
    '<a id="3">d</a></q>'
)


def test_quails_first_question_is_left_out_and_counted(tmp_path: Path) -> None:
    questions = [
        {"id": str(n), "context": "c", "question": f"q{n}?", "correct_answer_id": "0"}
        | {"answers": ["a", "b", "c", "d"]}
        for n in range(3)
    ]
    of_lines = published("quail", "train", rows(tmp_path / "q.jsonl", questions))
    lines = [f"q{n}? \\n (A) a (B) b (C) c (D) d \\n c \t a " for n in (1, 2)]
    assert lines_of(of_lines) == lines
    assert of_lines.manifest["counts"]["rows"]["skipped"] == {LEFT_OUT: 1}
    # A row of the XML is a text, of which only the first question is left out.
    listed = "".join(QUAIL.format(n=n) for n in range(3))
    xml = (
        f'<data><text id="t"><text_body>c</text_body><questions>{listed}</questions></text></data>'
    )
    raw = rows(tmp_path / "q.xml", xml)
    for to in ("tsv", "arrow"):
        of_xml = published("quail", "train", raw, to=to, out=tmp_path / to)
        assert of_xml.manifest["counts"]["examples"]["left out"] == {LEFT_OUT: 1}
        assert of_xml.manifest["counts"]["rows"]["used"] == 1
        assert check_path(of_xml.folder).ok
        if to == "tsv":
            assert [line[:2] for line in lines_of(of_xml)] == ["q1", "q2"]


def test_all_queries_of_records_first_passage_are_left_out(tmp_path: Path) -> None:
    made = [
        {
            "idx": n,
            "passage": {"text": "Ada met Bo.", "entities": [{"start": 0, "end": 2}]},
            "qas": [
                {"idx": k, "query": f"{n}{k} @placeholder.", "answers": [{"text": "Ada"}]}
                for k in range(2)
            ],
        }
        for n in range(2)
    ]
    result = published("record", "train", rows(tmp_path / "r.jsonl", made))
    assert [line[:2] for line in lines_of(result)] == ["10", "11"]
    assert result.manifest["counts"]["rows"]["skipped"] == {LEFT_OUT: 2}


def test_boolqs_template_and_blank_question_are_added_and_counted(tmp_path: Path) -> None:
    entry = {"title": "T", "paragraph": "P"}
    asked = [("New Q", "New Answer"), ("", ""), ("b", "TRUE")]
    questions = [{"perturbed_q": q, "answer": a} for q, a in asked]
    raw = rows(tmp_path / "c.json", {"data": [{**entry, "perturbed_questions": questions}]})
    result = published("contrast_sets_boolq", "test", raw)
    wanted = ["New Q? \\n (T) P\tno", "? \\n (T) P\tno", "b? \\n (T) P\tyes"]
    assert lines_of(result) == wanted
    counts = result.manifest["counts"]
    assert counts["examples"]["added"] == {ADDED: 2}
    assert (counts["rows"]["used"], counts["rows"]["skipped"]) == (3, {})
    right = published("contrast_sets_boolq", "test", raw, profile="canonical", out=tmp_path / "c")
    assert lines_of(right) == ["b \\n (T) P\tyes"]
    table = published("contrast_sets_boolq", "test", raw, to="arrow", out=tmp_path / "a")
    assert check_path(table.folder).ok


def drop(*answers: tuple[str, str]) -> dict[str, Any]:
    """A document of DROP; an answer is a number, or a year."""
    pairs = [
        {
            "query_id": str(n),
            "question": f"q{n}?",
            "answer": {"number": number, "date": {"year": year}, "spans": []},
        }
        for n, (number, year) in enumerate(answers)
    ]
    return {"p": {"passage": "P", "qa_pairs": pairs}}


def test_a_date_is_added_to_the_answer_before_and_no_shard_cuts_there(tmp_path: Path) -> None:
    raw = rows(tmp_path / "d.json", drop(("3", ""), ("", "1999"), ("", ""), ("5", "")))
    result = published("contrast_sets_drop", "test", raw)
    outputs = ["3", "3 1999", "3 1999", "5"]
    assert [line.split("\t")[1] for line in lines_of(result)] == outputs
    assert result.manifest["counts"]["examples"]["added"] == {ADDED: 1}
    with pytest.raises(UsageError, match=r"row 1: .* row before.*--shard-rows"):
        published("contrast_sets_drop", "test", raw, out=tmp_path / "cut", shard_rows=1)
    cut = published("contrast_sets_drop", "test", raw, out=tmp_path / "cut", shard_rows=3)
    assert [line.split("\t")[1] for line in lines_of(cut)] == outputs
    # Of other formats, and of DROP itself, each answer is its own.
    table = published(
        "contrast_sets_drop", "test", raw, to="jsonl", out=tmp_path / "j", shard_rows=1
    )
    assert [json.loads(line)["output"] for line in lines_of(table)][:2] == ["3", " 1999"]
    own = published("drop", "validation", raw, out=tmp_path / "own")
    assert [line.split("\t")[1] for line in lines_of(own)] == ["3", " 1999", "5"]


def test_a_question_that_is_alone_in_its_paragraph_is_left_out(tmp_path: Path) -> None:
    question = "<question><q>{}</q><a0>a</a0><a1>b</a1><correct>1</correct></question>"
    files = [
        rows(tmp_path / f"{n}.xml", f"<p><text>T</text><questions>{listed}</questions></p>")[0]
        for n, listed in enumerate((question.format("q"), question.format("r") * 2))
    ]
    result = published("processbank", "train", tuple(files))
    assert lines_of(result) == ["r \\n (a) a (b) b \\n t \t b "] * 2
    assert result.manifest["counts"]["rows"]["skipped"] == {LEFT_OUT: 1}


def test_a_row_that_its_line_ends_break_is_told_by_check(tmp_path: Path) -> None:
    made = [
        {"question_id": "1", "split": "dev", "question": q, "hard_label": "True", "passage": p}
        for q, p in (("is it", "p\tq\nr"), ("is it", "p"))
    ]
    raw = rows(tmp_path / "n.jsonl", made)
    result = published("boolq_np", "validation", raw)
    assert lines_of(result) == ["is it\\np\tq", "r\tyes", "is it\\np\tyes"]
    report = check_path(result.folder)
    assert report.ok
    assert report.counts == {"broken-row": 1}  # three lines of two rows, each with one tab
    assert "validation: profile unifiedqa leaves line ends" in report_lines(report)[0]
    made[1]["question"] = "is\nit"
    raw = rows(tmp_path / "m.jsonl", made)
    report = check_path(published("boolq_np", "validation", raw, out=tmp_path / "m").folder)
    assert "line 3: profile unifiedqa leaves line ends" in report_lines(report)[0]
    # Its statements, which nobody has published, are whole; so are the rows of other formats.
    for to, records in (("tsv", "declarative"), ("jsonl", "both"), ("parquet", "both")):
        out = tmp_path / f"{to}-{records}"
        given = {"to": to, "records": records, "question_converter": "rules"}
        other = published("boolq_np", "validation", raw, out=out, **given)
        assert check_path(other.folder).counts.keys() <= {"equal-row", "duplicate-row"}


def test_what_the_checkpoints_saw(tmp_path: Path) -> None:
    dialogue: list[Any] = [["M: It's 'so'. ", "W: No."], [], "d"]
    dialogue[1] = [{"question": "WHO? ", "choice": ["A", "B", "Ç"], "answer": "A"}]
    raw = rows(tmp_path / "d.json", [dialogue])
    seen = published("dream", "train", raw, profile="unifiedqa-train")
    assert lines_of(seen) == ["who? \\n(a) a (b) b (c) Ç \\n m: its 'so. w: no.\ta"]
    sentence = {"qID": "1", "sentence": "A _ b", "option1": "C", "option2": "D", "answer": "2"}
    raw = rows(tmp_path / "w.jsonl", [sentence])
    seen = published("winogrande_xl", "train", raw, profile="unifiedqa-train", out=tmp_path / "w")
    assert lines_of(seen) == ["a _ b \\n (a) c (b) d\td"]
    problem = {"question": "Q", "options": [f"{it}){it}(x)" for it in "ABCDE"], "correct": "B"}
    raw = rows(tmp_path / "a.jsonl", [problem])
    seen = published("aqua_rat", "train", raw, profile="unifiedqa-train", out=tmp_path / "q")
    assert lines_of(seen) == ["q\\n(a)a(x) (b)b(x) (c)c(x) (d)d(x) (e)e(x)\tb(x"]


@pytest.mark.parametrize(
    ("dataset", "profile", "said"),
    [
        ("boolq", "unifiedqa:nosuch", "has no folder nosuch of boolq; it has: boolq"),
        (
            "race_high",
            "unifiedqa:nosuch",
            "it has: race_string_high, race_idx_high, race_string_no",
        ),
        ("copa", "unifiedqa:nosuch", "has no folder nosuch of copa"),
        ("boolq", "canonical:boolq", "no profile 'canonical:boolq'; there are: canonical"),
        ("boolq", "unifiedqa:", "no profile 'unifiedqa:'"),
    ],
)
def test_a_folder_that_upstream_has_not(dataset: str, profile: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        convert(Request(dataset=dataset, split="validation", source="sample", profile=profile))
    assert said in str(raised.value)
