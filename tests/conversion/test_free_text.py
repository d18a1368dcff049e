"""Free text and yes/no all the way: references, parts, none, hidden; answers beside their place."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from unifiedqa_convert.check import check_path
from unifiedqa_convert.cli.convert import _warnings, summary
from unifiedqa_convert.conversion.chunk import NOT_AT_START, NOT_IN_TEXT, misplaced_in
from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.preview import shown
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.records.formats import Format
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.schema import IN_PARTS

FERRY = "The ferry  was built by Ida Lund. It crosses the sound twice a day."


def squad(*answers: tuple[str, int], question: str = "Who built the ferry?") -> dict[str, Any]:
    texts, starts = [text for text, _ in answers], [start for _, start in answers]
    return {
        **{"id": question, "title": "Ferry", "context": FERRY, "question": question},
        "answers": {"text": texts, "answer_start": starts},
    }


def made(
    folder: Path, dataset: str, *rows: dict[str, Any], to: Format = "jsonl", **how: Any
) -> Result:
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    how = {"split": "validation", "out": folder / "out", "overwrite": True, **how}
    return convert(Request(dataset=dataset, raw=(file,), to=to, **how))


def examples(result: Result) -> list[dict[str, Any]]:
    lines = (result.folder / "data-00000.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def told(result: Result) -> str:
    return "\n".join([*_warnings(result, True), *summary(result)])


@pytest.mark.parametrize(
    ("answers", "flag"),
    [
        ([("Ida Lund", 24)], None),
        ([("Ida Lund", 24), ("built by Ida", 15)], None),
        ([("Ida Lund", 23)], NOT_AT_START),
        (
            [("Ida Lund", 24 - len(FERRY)), ("Ida Lund", 24)],
            NOT_AT_START,
        ),  # Python would count from the end
        ([("Ida Lund", 10**9)], NOT_AT_START),
        ([("ferry was", 4)], NOT_AT_START),  # it stands there, but for a space
        ([("Ida Lund", 24), ("Ada Lund", 24)], NOT_IN_TEXT),
        ([("ida lund", 24)], NOT_IN_TEXT),
        ([], None),
    ],
)
def test_an_answer_that_is_not_where_its_row_says_is_kept_flagged_and_told(
    tmp_path: Path, answers: list[tuple[str, int]], flag: str | None
) -> None:
    assert misplaced_in([(text, start, FERRY) for text, start in answers]) == flag
    result = made(tmp_path, "squad2", squad(*answers), squad(("Ida Lund", 24)))
    assert [one["flags"] for one in examples(result)] == [[flag] if flag else [], []]
    assert result.manifest["counts"]["flags"] == ({flag: 1} if flag else {})
    assert [flag in told(result) for flag in (NOT_AT_START, NOT_IN_TEXT)] == [
        flag == NOT_AT_START,
        flag == NOT_IN_TEXT,
    ]
    assert "wrong-count" not in check_path(result.folder).counts


def test_each_reference_has_a_true_statement_and_equal_ones_one(tmp_path: Path) -> None:
    several = squad(("Ida Lund", 24), ("by Ida Lund", 21), ("Ida Lund.", 24))
    result = made(tmp_path, "squad2", several, squad(question="Who sank it?"))
    first, none = examples(result)
    assert first["choices"] == ["Ida Lund", "by Ida Lund", "Ida Lund."]
    assert (first["output"], first["golds"]) == ("Ida Lund", [0, 1, 2])
    sentences = [statement["sentence"] for statement in first["statements"]]
    assert sentences[0] == "Ida Lund built the ferry."
    assert len({sentence.casefold() for sentence in sentences}) == len(sentences) < 3
    assert {(it["label"], it["output"]) for it in first["statements"]} == {(True, "yes")}
    assert (none["output"], none["golds"], none["choices"]) == ("<No Answer>", [], [])
    assert none["statements"] == []
    counts = result.manifest["counts"]["statements"]
    assert (counts["true"], counts["false"], counts["unknown"]) == (len(sentences), 0, 0)
    equal = 3 - len(sentences)
    assert counts["not made"] == {"equal to an earlier reference's": equal, "unanswerable": 1}
    assert "1 not made (unanswerable)" in told(result)


def test_without_a_question_converter_no_statement_is_missed_twice(tmp_path: Path) -> None:
    rows = squad(("Ida Lund", 24), ("Ida", 24)), squad(question="Who sank it?")
    result = made(tmp_path, "squad2", *rows, records="question", question_converter="none")
    not_made = result.manifest["counts"]["statements"]["not made"]
    assert not_made == {"no question converter": 2, "unanswerable": 1}


def test_the_parts_of_an_answer_make_one_statement(tmp_path: Path) -> None:
    parts = squad(("Ida Lund", 24), ("ferry", 4), question="Which two names are there?")
    whole = squad(("Ida Lund", 24))
    twice = squad(("ferry", 4), ("ferry", 4), question="Which two things are there?")
    both, alone, equal = examples(made(tmp_path, "quoref", parts, whole, twice))
    assert (both["output"], both["choices"]) == ("Ida Lund", ["Ida Lund", "ferry"])
    assert both["flags"] == [IN_PARTS]
    (statement,) = both["statements"]
    assert "Ida Lund, ferry" in statement["sentence"]
    assert (statement["label"], statement["choice"]) == (True, 0)
    assert alone["flags"] == []
    # Each counts, as in the authors' evaluation; a sentence names it once.
    assert (equal["choices"], equal["flags"]) == (["ferry", "ferry"], [IN_PARTS])
    assert "ferry, ferry" not in equal["statements"][0]["sentence"]


def test_hidden_answers_have_no_statement_and_yes_no_questions_an_unlabelled_one(
    tmp_path: Path,
) -> None:
    hidden = {"Question": "who won?", "Tweet": "The baker won!", "qid": "a"}
    result = made(tmp_path, "tweetqa", hidden, split="test")
    (one,) = examples(result)
    assert (one["output"], one["golds"], one["statements"]) == (None, None, [])
    assert result.manifest["counts"]["statements"]["not made"] == {"answer hidden": 1}
    asked = {"question": "is it cold", "passage": "Ice.", "idx": 0}
    (one,) = examples(made(tmp_path, "boolq", asked, split="test", unlabelled=True))
    (statement,) = one["statements"]
    assert (one["output"], statement["label"], statement["output"]) == (None, None, "-")


@pytest.mark.parametrize(("answer", "label"), [(True, "yes"), (False, "no")])
def test_a_yes_no_question_has_the_sentence_that_says_yes(
    tmp_path: Path, answer: bool, label: str
) -> None:
    asked = {"question": "is it cold", "answer": answer, "passage": "Ice.", "title": "Ice"}
    (one,) = examples(made(tmp_path, "boolq", asked))
    (statement,) = one["statements"]
    assert (one["output"], one["golds"], one["choices"]) == (label, [not answer], ["yes", "no"])
    assert (statement["sentence"], statement["output"]) == ("It is cold.", label)


def test_vera_json_has_a_group_per_reference_and_passes_its_check(tmp_path: Path) -> None:
    rows = squad(("Ida Lund", 24), ("Ida", 24)), squad(question="Who sank it?")
    result = made(tmp_path, "squad2", *rows, to="vera")
    groups = json.loads((result.folder / "data-00000.json").read_bytes())
    assert [(len(it["golds"]), it["distractors"]) for it in groups] == [(1, []), (1, [])]
    assert result.manifest["counts"]["written"] == {
        "rows": 1,
        "left out": {"no statement with a label": 1},
    }
    assert {*check_path(result.folder).counts} == {"split-size"}
    alone = tmp_path / "alone.json"
    alone.write_bytes((result.folder / "data-00000.json").read_bytes())
    assert check_path(alone).ok


@pytest.mark.parametrize("to", ["vera", "tsv"])
def test_an_output_without_a_labelled_statement_passes_its_check(
    tmp_path: Path, to: Literal["vera", "tsv"]
) -> None:
    how: dict[str, Any] = {"to": to, "records": "question" if to == "vera" else "declarative"}
    request = Request(dataset="tweetqa", split="test", source="sample", out=tmp_path, **how)
    assert not check_path(convert(request).folder).counts


def test_a_users_own_references_and_unanswerable_questions(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    golds: list[Any] = [["Ida", " Ida ", "Lund"], [], "<No Answer>", None, "Ida", ["Ida", ""]]
    lines = [json.dumps({"q": f"Who is {n}?", "g": gold}) for n, gold in enumerate(golds)]
    file.write_text("\n".join(lines), encoding="utf-8")
    columns = Columns(question="q", gold="g", gold_is="text")
    how: dict[str, Any] = {"out": tmp_path / "out", "to": "jsonl", "max_rejects": 1}
    result = convert(Request(dataset="mine", split="train", from_file=file, columns=columns, **how))
    found = [(one["choices"], one["output"]) for one in examples(result)]
    nothing: tuple[list[str], str] = ([], "<No Answer>")
    assert found == [(["Ida", "Lund"], "Ida"), nothing, nothing, ([], None), (["Ida"], "Ida")]
    assert check_path(result.folder).ok


def test_show_says_what_the_answer_is(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    several = squad(("Ida Lund", 24), ("Ida", 20))
    file.write_text(f"{json.dumps(several)}\n{json.dumps(squad(question='Who sank it?'))}\n")
    first, none = shown("squad2", "validation", (file,), 2)["rows"]
    assert first["answer"] == "any of 2 references: 'Ida Lund' | 'Ida'"
    assert first["flags"] == [NOT_AT_START]
    assert none["answer"] == "none: the question is unanswerable"
    (parts,) = shown("quoref", "validation", (file,), 1)["rows"]
    assert parts["answer"] == "in 2 parts: 'Ida Lund' | 'Ida'"
    assert {row["answer"] for row in shown("boolq", "test", (), 2)["rows"]} == {"hidden"}
    assert {row["answer"] for row in shown("boolq", "validation", (), 2)["rows"]} == {"no", "yes"}
