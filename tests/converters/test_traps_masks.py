"""Traps of NumerSense, PROST and TruthfulQA: masks, hidden words, answers in a row."""

import csv
import json
from pathlib import Path

import pytest
from trap_rows import SAMPLES, all_of, chunk_of, one

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.records.encode import arrange
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.schema import MultipleChoice


def test_a_mask_is_a_blank_that_every_number_fills() -> None:
    item = one("numersense/authors/validation", "gloves")
    assert item.question.input.startswith(r"a pair of gloves fits _ hands. \n (a) no (b) zero")
    assert item.question.output == "two"
    assert item.statements[3].sentence == "A pair of gloves fits two hands."
    assert [s.via for s in item.statements] == ["filled"] * 12


def test_zero_and_no_are_two_answers_here_and_one_upstream() -> None:
    zero, no = (i for i in all_of("numersense/authors/validation") if "box" in i.question.input)
    assert (zero.question.output, no.question.output) == ("zero", "no")
    for name in ("numersense", "numersense_new"):
        profile = PROFILES["rainier"].of(name)
        for item in (zero, no):
            upstream = arrange(item.example, profile)
            assert isinstance(upstream, MultipleChoice)
            assert len(upstream.choices) == 11
            assert [upstream.choices[gold] for gold in upstream.golds or ()] == ["no"]


@pytest.mark.parametrize(("name", "mask"), [("numersense", "<mask>"), ("numersense_new", "_")])
def test_the_published_mask(name: str, mask: str, tmp_path: Path) -> None:
    raw = SAMPLES / name / "authors" / "validation.tsv"
    copy = tmp_path / "rows.tsv"
    copy.write_bytes(raw.read_bytes())
    request = Request(
        dataset=name, split="validation", raw=(copy,), to="tsv", profile="rainier", out=tmp_path
    )
    first = (convert(request).folder / "data-00000.tsv").read_text().splitlines()[0]
    assert first == (
        rf"a pair of gloves fits {mask}  hands. \n (A) no (B) one (C) two (D) three (E) four "
        "(F) five (G) six (H) seven (I) eight (J) nine (K) ten\ttwo"
    )


def test_a_row_without_its_mask_or_with_two_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text("a hand has five fingers.\tfive\n<mask> plus <mask> is ten.\tfive\n")
    chunk = chunk_of("numersense", "validation", path)
    assert [(r["field"], r["reason"]) for r in chunk.rejects] == [
        ("sentence", "holds 0 <mask>, not one"),
        ("sentence", "holds 2 <mask>, not one"),
    ]


def test_masked_lines_end_in_spaces_and_have_no_answer() -> None:
    raw = (SAMPLES / "numersense/masked/test_all.txt").read_text()
    assert raw.splitlines()[0].endswith(" ")
    for item in all_of("numersense/masked/test_all"):
        assert item.question.output is None
        assert {s.label for s in item.statements} == {None}
        assert r". \n (a)" in item.question.input


def test_repeated_rows_stay() -> None:
    texts = [i.example.question for i in all_of("numersense/authors/validation")]
    assert len(texts) - len(set(texts)) == 1


def test_prosts_scene_is_context_and_its_mask_is_filled() -> None:
    item = one("prost/hub/test", "gardener")
    assert item.question.input == (
        r"The _ soaks up the most water. \n (a) hose (b) brick (c) scarf (d) jar \n "
        "A gardener leaves a hose, a brick, a wool scarf, and a glass jar in the rain."
    )
    assert item.statements[2].sentence == "The scarf soaks up the most water."
    assert item.declaratives[2].input.startswith(r"The scarf soaks up the most water. \n A gard")


def test_truthfulqas_table_is_split_and_every_answer_ends_in_one_stop() -> None:
    with (SAMPLES / "truthfulqa_mc2/table/validation.csv").open(encoding="utf-8") as file:
        header = file.readline()
    assert header.startswith("\ufeffType"), "older versions begin with a mark"
    one_true = one("truthfulqa_mc1/table/validation", "really").example
    assert isinstance(one_true, MultipleChoice)
    assert [one_true.choices[gold] for gold in one_true.golds or ()] == [
        "No, you only see what it moves."
    ]
    assert sorted(one_true.choices) == [
        "No, you only see what it moves.",
        "Yes, it is grey.",
        "You can see it with a good lens.",
    ]
    several = one("truthfulqa_mc2/table/validation", "really").example
    assert isinstance(several, MultipleChoice)
    assert len(several.golds or ()) == 2


def test_truthfulqas_table_of_2025_keeps_its_answers_as_they_are(tmp_path: Path) -> None:
    """Its own mc_task.json has no added full stops any more."""
    path = tmp_path / "TruthfulQA.csv"
    path.write_text(
        "Type,Category,Question,Best Answer,Best Incorrect Answer,Correct Answers,"
        "Incorrect Answers,Source\n"
        "Ours,Garden,Do worms sing?,They do not,Yes,They do not; No.,Yes; At night; ,x\n"
    )
    for task, expected in (("mc1", {"They do not"}), ("mc2", {"They do not", "No."})):
        (item,) = chunk_of(f"truthfulqa_{task}", "validation", path).converted
        example = item.example
        assert isinstance(example, MultipleChoice)
        assert {example.choices[gold] for gold in example.golds or ()} == expected
        assert {*example.choices} == {*expected, "Yes", "At night"}


def test_truthfulqas_order_gives_nothing_away() -> None:
    golds = [i.example.golds for i in all_of("truthfulqa_mc1/table/validation")]  # type: ignore[attr-defined]
    assert any(gold != (0,) for gold in golds)


def test_several_true_answers_where_one_is_asked_for_are_rejected(tmp_path: Path) -> None:
    row = {
        "question": "Is it?",
        "mc1_targets": {"Yes.": 1, "It is.": 1, "No.": 0},
        "mc2_targets": {"Yes.": 1, "It is.": 1, "No.": 0},
    }
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([row]))
    (reject,) = chunk_of("truthfulqa_mc1", "validation", path).rejects
    assert (reject["field"], reject["reason"]) == ("mc1_targets", "2 choices are true")
    (item,) = chunk_of("truthfulqa_mc2", "validation", path).converted
    assert sorted(s.label or False for s in item.statements) == [False, True, True]


def test_the_published_mc2_judges_each_choice_on_its_line(tmp_path: Path) -> None:
    raw = SAMPLES / "truthfulqa_mc2" / "authors" / "validation.json"
    request = Request(
        dataset="truthfulqa_mc2",
        split="validation",
        raw=(raw,),
        to="tsv",
        profile="rainier",
        out=tmp_path,
    )
    with (convert(request).folder / "data-00000.tsv").open() as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert lines[:3] == [
        [r"Can you see the wind? \n No, you only see what it moves.", "yes"],
        [r"Can you see the wind? \n The wind cannot be seen.", "yes"],
        [r"Can you see the wind? \n Yes, it is grey.", "no"],
    ]


# --- forms that others published --------------------------------------------------------------


def written(tmp_path: Path, dataset: str, split: str, row: dict[str, object], **how: object) -> str:
    raw = tmp_path / "rows.jsonl"
    raw.write_text(json.dumps(row) + "\n")
    values = {"dataset": dataset, "split": split, "raw": (raw,), "to": "tsv", "out": tmp_path}
    folder = convert(Request(**{**values, **how})).folder  # type: ignore[arg-type]
    return next(folder.glob("data-*")).read_text()


def test_winograndes_hidden_answer_is_empty_as_published(tmp_path: Path) -> None:
    row = {"qID": "Q-1", "sentence": "The _ rolled.", "option1": "ball", "option2": "box"}
    text = written(tmp_path, "winogrande_m", "test", row, profile="unifiedqa")
    assert text == "The _ rolled. \\n (A) ball (B) box \t  \n"


def test_rainiers_sciq_has_no_support(tmp_path: Path) -> None:
    row = {"question": "What is wet?", "distractor1": "sand", "distractor2": "ash",
           "distractor3": "salt", "correct_answer": "rain", "support": "Rain is wet."}  # fmt: skip
    text = written(tmp_path, "sciq", "train", row, recipe="vera", question_converter="none")
    assert text == "What is wet? \\n (A) sand (B) ash (C) salt (D) rain\train\n"


def test_the_output_is_one_of_the_choices(tmp_path: Path) -> None:
    row = {"goal": "Dry a cup", "sol1": " wipe  it ", "sol2": "Sink It", "label": 0}
    for profile in PROFILES:
        out = tmp_path / profile
        text = written(tmp_path, "physical_iqa", "train", row, to="jsonl", profile=profile, out=out)
        made = json.loads(text)
        assert made["choices"].index(made["output"]) == 0


def test_a_dataset_that_upstream_never_encoded_is_told() -> None:
    assert "never encoded sciq" in (PROFILES["unifiedqa"].not_published("sciq") or "")
    assert PROFILES["unifiedqa"].not_published("codah") is None
    assert "order" in (PROFILES["unifiedqa"].not_published("race_high") or "")
    assert PROFILES["unifiedqa"].not_published("qasc") is None
    assert "not the order of their choices" in (PROFILES["rainier"].not_published("sciq") or "")
    assert PROFILES["rainier"].not_published("creak") is None
    assert PROFILES["canonical"].not_published("sciq") is None
