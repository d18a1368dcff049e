"""Traps of the exam family: ARC, AI2 science, QASC, QuaRel, QuaRTz, PIQA, RiddleSense, CycIC.

Over 300 lines, most of them tables.
"""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from trap_rows import all_of, changed, choices_of, chunk_of, made, one, sample

from unifiedqa_convert.errors import SourceError

# --- white space, odd characters, markers -----------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "raw", "written"),
    [
        ("arc_easy/authors/train", "birds", "two  of", "Which two of these"),
        ("arc_hard/hub/train", "about", "the  Earth", "the Earth"),
        ("qasc/authors/validation", "rusts", " what  rusts", "what rusts in"),
        ("qasc/authors/validation", "rusts", "an old  nail", "(b) an old nail (c)"),
        ("qasc/hub/train", "sour", "cold cellar ", "(a) cold cellar (b)"),
        ("quarel/authors/validation", "choir", "and  Cem", "choir and Cem"),
        ("quarel/metaicl/train", "hungrier", "a  small", "a small pear"),
        ("quartz/authors/validation", "Which boat", "A  wide", r"\n A wide sail"),
        ("physical_iqa/authors/validation", "towel", "a wet  dog ", "dries a wet dog (b)"),
        ("physical_iqa/authors/train", "To water", "away:\r\nuse", "away: use what"),
        ("physical_iqa/hub/test", "soup", "quickly,\nbefore", "quickly, before"),
        ("riddlesense/authors/train", "teeth", "teeth  but", "teeth but never"),
    ],
)
def test_white_space_is_one_space(place: str, words: str, raw: str, written: str) -> None:
    assert json.dumps(raw, ensure_ascii=False)[1:-1] in sample(place)[2].read_text("utf-8")
    items = [i for i in all_of(place) if words in f"{i.example.question} {i.example}"]
    assert any(written in item.question.input for item in items)
    for item in items:
        for text in (item.question.input, item.question.output or "", *(s[0] for s in made(item))):
            assert text == " ".join(text.split())


@pytest.mark.parametrize(
    ("place", "words", "kept"),
    [
        ("arc_easy/hub/train", "Bulbs", r"where \Delta t"),
        ("arc_hard/authors/validation", "neon", "neon \x02+ helium"),
        ("ai2_science_middle/authors/validation", "zinc", "zinc \x02+ acid"),
        ("ai2_science_middle/authors_csv/validation", "zinc", "zinc \x02+ acid"),
        ("ai2_science_elementary/authors_csv/validation", "magnet", '"as is"? \\n (a)'),
        ("physical_iqa/authors/train", "shelf", "win\u00addow"),
        ("physical_iqa/hub/train", "file_copy", "(a) Type new_name and press"),
        ("physical_iqa/authors/test", "soup", "(b) stir it in a hot_pan"),
        ("physical_iqa/authors/validation", "picture", "(a) (1) hold a level to it (2) drive"),
    ],
)
def test_what_is_no_white_space_stays(place: str, words: str, kept: str) -> None:
    assert kept in one(place, words).question.input


def test_zero_width_space_stays_and_repeated_rows_all_stay() -> None:
    for place, words in (
        ("physical_iqa/authors/train", "Stuff them with paper.\u200b"),
        ("arc_hard/hub/train", "about 13 times"),
        ("ai2_science_middle/authors/test", "carbon dioxide"),
    ):
        items = all_of(place)
        times = Counter(item.question for item in items)
        assert sorted(n for q, n in times.items() if words in q.input) == [2]
        assert len({item.id for item in items}) == len(items)


@pytest.mark.parametrize(
    ("place", "words", "ambiguous"),
    [
        ("arc_easy/hub/train", "Bulbs", False),  # in the question and in a choice
        ("arc_easy/hub/train", "birds", True),  # (b) inside choice (a)
        ("arc_hard/authors/validation", "Which of (A)", False),
        ("ai2_science_elementary/authors/train", "Plates", False),
        ("ai2_science_elementary/authors_csv/train", "Plates", False),
        ("ai2_science_middle/authors/validation", "Samples (1)", False),
        ("quarel/authors/validation", "Plan (A)", False),
        ("quartz/authors/validation", "Sail (a) is wide and sail (b)", False),
        ("physical_iqa/authors/train", "shelf", False),
    ],
)
def test_markers_in_a_text_stay_and_are_flagged_where_they_mislead(
    place: str, words: str, ambiguous: bool
) -> None:
    items = [item for item in all_of(place) if words in item.example.question]
    assert items
    for item in items:
        text = f"{item.example.question} {choices_of(item)}"
        assert re.search(r"\([A-Za-z1]\)", text)
        assert ("ambiguous-record" in item.flags) == ambiguous


# --- choices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "conflict"),
    [
        ("arc_easy/hub/test", "makes seeds", False),
        ("arc_hard/hub/validation", "kite", True),
        ("arc_hard/authors/train", "bell jar", True),
        ("qasc/authors/test", "turn red", False),
        ("physical_iqa/authors/validation", "raw egg", True),
    ],
)
def test_equal_choices_are_kept_flagged_and_masked(place: str, words: str, conflict: bool) -> None:
    item = one(place, words)
    assert "duplicate-choices" in item.flags
    assert ("conflicting-choices" in item.flags) == conflict
    assert any(s.masked for s in made(item)) == conflict
    assert len(made(item)) == len(choices_of(item))


def test_choices_equal_but_for_a_stop_are_two() -> None:
    item = one("qasc/hub/test", "owls")
    assert choices_of(item)[:2] == ("mice", "Mice.")
    assert item.flags == ()


def test_the_number_of_choices_is_the_rows_own() -> None:
    for place, numbers in (
        ("arc_easy/hub/validation", {3: 1, 4: 5, 5: 1}),
        ("ai2_science_elementary/authors_csv/validation", {3: 1, 4: 1, 5: 1}),
        ("qasc/hub/train", {8: 9}),
        ("riddlesense/hub/validation", {5: 3}),
        ("cycic_mc/authors/validation", {5: 4}),
    ):
        assert Counter(len(choices_of(item)) for item in all_of(place)) == numbers


@pytest.mark.parametrize(
    "place",
    ["arc_easy/authors/train", "qasc/authors/validation", "riddlesense/authors/train"],
)
def test_another_number_of_choices_is_rejected(place: str, tmp_path: Path) -> None:
    def fewer(row: dict[str, Any]) -> None:
        del row["question"]["choices"][2:]

    (reject,) = changed(place, tmp_path, fewer).rejects
    assert reject["field"] == "choices"
    (reject,) = changed(
        "arc_easy/hub/test", tmp_path, lambda row: row["choices"]["label"].pop()
    ).rejects
    assert reject["reason"].startswith("3 labels, 4 texts")


@pytest.mark.parametrize("shape", ["authors", "authors_csv"])
def test_an_empty_choice_keeps_its_place(shape: str) -> None:
    item = one(f"ai2_science_middle/{shape}/test", "wave")
    assert choices_of(item)[0] == ""
    assert r"\n (a) (b) a straight line (c)" in item.question.input


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "output"),
    [
        ("arc_easy/authors/validation", "melts", "ice"),  # labels 1-4, key 1
        ("arc_easy/hub/test", "holds", "the root"),  # key 3
        ("arc_easy/hub/validation", "tadpole", "frog"),  # three choices
        ("ai2_science_middle/authors_csv/validation", "zinc", "hydrogen"),  # (1) … in the cell
        ("ai2_science_middle/authors_csv/validation", "Samples", "stays the same"),
        ("quarel/authors/train", "thread", "stronger"),  # no space at the markers
        ("quarel/metaicl/train", "rug", "rug"),
        ("quartz/hub/test", "moved", "darker"),
        ("physical_iqa/authors/train", "file_copy", "Type new_name and press enter."),  # label 0
        ("physical_iqa/hub/train", "shelf", "shelf (b) by the win\u00addow"),  # label 1
        ("cycic_mc/authors/validation", "Tuesday", "Monday"),
        ("cycic_mc/hub/train", "bean", "house"),
    ],
)
def test_an_answer_is_read_in_its_own_base(place: str, words: str, output: str) -> None:
    assert one(place, words).question.output == output


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        *[("arc_easy/authors/train", "answerKey", v) for v in ("1", "E", "a", "", None, 1)],
        *[("arc_hard/hub/train", "answerKey", v) for v in ("F", "3", "A ", None)],
        *[("ai2_science_middle/authors/test", "answerKey", v) for v in ("1", "E", "")],
        *[("qasc/authors/validation", "answerKey", v) for v in ("I", "1", 0)],
        *[("quarel/authors/train", "answer_index", v) for v in (2, -1, "0", True, None)],
        *[("quarel/metaicl/train", "output", v) for v in ("carpet", "Rug", "")],
        *[("quarel/metaicl/train", "task", v) for v in ("quartz", "")],
        *[("quartz/authors/validation", "answerKey", v) for v in ("C", "1", "")],
        *[("quartz/metaicl/train", "output", v) for v in ("quicker", "")],
        *[("physical_iqa/hub/train", "label", v) for v in (2, "0", False, None)],
        *[("riddlesense/hub/validation", "answerKey", v) for v in ("F", "a")],
        *[("cycic_mc/hub/train", "correct_answer", v) for v in (5, -1, "1", True, None)],
    ],
)
def test_an_unknown_answer_is_rejected(
    place: str, field: str, value: object, tmp_path: Path
) -> None:
    chunk = changed(place, tmp_path, lambda row: row.update({field: value}))
    (reject,) = chunk.rejects
    assert (reject["row"], reject["field"]) == (1, field)
    assert len(chunk.converted) == 1


@pytest.mark.parametrize(
    "place",
    [
        "qasc/authors/test",  # no key at all
        "qasc/hub/test",  # an empty one
        "riddlesense/authors/test",
        "riddlesense/hub/test",
        "physical_iqa/authors/test",  # no labels' file
        "physical_iqa/hub/test",  # -1
    ],
)
def test_a_hidden_answer_is_none(place: str) -> None:
    for item in all_of(place):
        assert item.question.output is None
        assert {s.label for s in made(item)} == {None}


def test_piqas_labels_lie_beside_its_rows(tmp_path: Path) -> None:
    _, _, rows = sample("physical_iqa/authors/test")
    for name in ("valid", "dev"):
        copy = tmp_path / f"{name}.jsonl"
        shutil.copy(rows, copy)
        with pytest.raises(SourceError, match=rf"{name}-labels\.lst"):
            chunk_of("physical_iqa", "validation", copy)
        (tmp_path / f"{name}-labels.lst").write_text("1\n0\n")
        golds = [x.example for x in chunk_of("physical_iqa", "validation", copy).converted]
        assert [getattr(example, "golds", None) for example in golds] == [(1,), (0,)]
    (tmp_path / "dev-labels.lst").write_text("1\n2\n")
    (reject,) = chunk_of("physical_iqa", "validation", tmp_path / "dev.jsonl").rejects
    assert (reject["row"], reject["field"]) == (1, "label")


def test_piqas_shapes_are_told_apart_by_label_and_id() -> None:
    ids = [item.example.id for item in all_of("physical_iqa/authors_mosaic/validation")]
    assert len(set(ids)) == 4
    for place in ("authors/validation", "hub/train"):
        assert {item.example.id for item in all_of(f"physical_iqa/{place}")} == {None}


def test_cycics_answers_are_joined_by_run_id_and_true_or_false_items_are_skipped(
    tmp_path: Path,
) -> None:
    _, _, rows = sample("cycic_mc/authors/validation")
    labels = rows.with_name("validation_labels.jsonl")
    chunk = chunk_of("cycic_mc", "validation", rows)
    assert chunk.counts["rows/skipped/a true/false item"] == 1
    assert [item.row for item in chunk.converted] == [0, 2, 3, 4]
    order = [json.loads(line)["run_id"] for line in rows.read_text().splitlines()]
    assert order != [json.loads(line)["run_id"] for line in labels.read_text().splitlines()]
    for ending in ("questions", "samples"):  # as the release and as its sample call them
        shutil.copy(rows, tmp_path / f"cycic_dev_{ending}.jsonl")
        shutil.copy(labels, tmp_path / "cycic_dev_labels.jsonl")
        path = tmp_path / f"cycic_dev_{ending}.jsonl"
        assert chunk_of("cycic_mc", "validation", path).converted == chunk.converted
    kept = [line for line in labels.read_text().splitlines() if "500131" not in line]
    (tmp_path / "cycic_dev_labels.jsonl").write_text("\n".join(kept) + "\n")
    with pytest.raises(SourceError, match=r"cycic_dev_labels\.jsonl \(run_id 500131\)"):
        chunk_of("cycic_mc", "validation", path)
    (tmp_path / "cycic_dev_labels.jsonl").unlink()
    with pytest.raises(SourceError, match=r"cycic_dev_labels\.jsonl"):
        chunk_of("cycic_mc", "validation", path)


def test_cycics_item_without_its_fifth_option_is_rejected(tmp_path: Path) -> None:
    _, _, rows = sample("cycic_mc/authors/validation")
    first, second = (json.loads(line) for line in rows.read_text().splitlines()[:2])
    del first["answer_option4"]
    path = tmp_path / "validation.jsonl"
    path.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    labels = rows.with_name("validation_labels.jsonl").read_text().splitlines()
    own = {first["run_id"], second["run_id"]}
    kept = [line for line in labels if json.loads(line)["run_id"] in own]
    (tmp_path / "validation_labels.jsonl").write_text("\n".join(kept) + "\n")
    (reject,) = chunk_of("cycic_mc", "validation", path).rejects
    assert reject["field"] == "answer_option4"


# --- choices inside the question --------------------------------------------------------------


def test_a_cell_gives_what_the_json_lines_give() -> None:
    """Also where it numbers its choices, which the JSON lines letter."""
    assert " (1) friction (2) gravity" in sample("ai2_science_middle/authors_csv/validation")[
        2
    ].read_text("utf-8")
    for name, split in (("elementary", "train"), ("elementary", "validation"), ("middle", "test")):
        of_json = all_of(f"ai2_science_{name}/authors/{split}")
        assert all_of(f"ai2_science_{name}/authors_csv/{split}")[: len(of_json)] == of_json


def test_questions_about_a_diagram_or_without_choices_are_not_of_the_set() -> None:
    dataset, split, path = sample("ai2_science_elementary/authors_csv/validation")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    chunk = chunk_of(dataset, split, path)
    assert chunk.counts["rows/skipped/asks about a diagram"] == 1
    assert chunk.counts["rows/skipped/not multiple choice"] == 1
    assert len(chunk.converted) == 3


@pytest.mark.parametrize(
    "question",
    [
        "Which is warmer? (A) wool",
        "Which is warmer? (A) wool (C) silk",
        "Which is warmer? (B) wool (A) silk",
        "Which is warmer? (A) wool (B) silk, not (B) itself",
        "Which is warmer? (A) wool (B) silk (C) tin",  # QuaRel has two
        "Which is warmer? (1) wool (2) silk",
        "Which is warmer, wool or silk?",
    ],
)
def test_a_question_without_one_plain_list_of_choices_is_rejected(
    question: str, tmp_path: Path
) -> None:
    chunk = changed("quarel/authors/train", tmp_path, lambda row: row.update(question=question))
    (reject,) = chunk.rejects
    assert (reject["row"], reject["field"]) == (1, "question")


@pytest.mark.shared
@pytest.mark.parametrize("level", ["elementary", "middle"])
def test_the_real_cells_give_what_the_real_json_lines_give(level: str, shared: Path) -> None:
    folder = shared / "real" / f"ai2_science_{level}" / "authors"
    of_json, of_csv = (
        chunk_of(f"ai2_science_{level}", "validation", path)
        for path in sorted(folder.glob("*-Dev.*"), reverse=True)
    )
    assert of_json.converted == of_csv.converted
    assert not of_csv.rejects


# --- what else is in a row --------------------------------------------------------------------


def test_metaicls_glued_knowledge_becomes_the_context_where_its_start_is_plain() -> None:
    place = "quartz/metaicl/validation"
    item = one(place, "Steep")
    assert item.example.question == "Steep roofs shed snow _____ than flat ones."
    assert item.example.context == "Snow slides the faster, the steeper a roof is."
    assert one(place, "McKay").example.question.endswith("into the tyre, it gets")
    assert one(place, "rope").example.question.endswith("does he hang on")
    assert one(place, "nail").example.context == "A longer hammer's blow drives a nail deeper."
    # Two places, but only one of them after the question's mark.
    assert (
        one(place, "JavaScript").example.question
        == "Lee's JavaScript page loads slower. What grew?"
    )
    assert {item.example.context for item in all_of("quartz/metaicl/train")} == {None}


def test_metaicls_glued_knowledge_that_has_no_plain_start_is_left_out_and_counted(
    tmp_path: Path,
) -> None:
    texts = [
        "What grows if Ann waters the bean? the more water, the more bean.",  # no start
        "If Ann drives to McKay she getsFuel burns fasterWhen a car is heavy.",  # two of them
    ]
    row = {"task": "quartz-with_knowledge", "output": "more", "options": ["more", "less"]}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({**row, "input": text}) + "\n" for text in texts))
    chunk = chunk_of("quartz", "train", path)
    assert not chunk.converted
    assert not chunk.rejects
    assert chunk.counts["rows/skipped/its knowledge can't be told from its question"] == 2


@pytest.mark.shared
def test_metaicls_real_rows_come_apart_as_those_without_knowledge(shared: Path) -> None:
    folder = shared / "real" / "quartz" / "metaicl"
    names = ("quartz-no_knowledge_16_100_dev.jsonl", "quartz-with_knowledge_16_100_dev.jsonl")
    bare, glued = (chunk_of("quartz", "train", folder / name).converted for name in names)
    assert [x.example.question for x in glued] == [x.example.question for x in bare]
    assert all(item.example.context for item in glued)


def test_qascs_facts_are_left_alone() -> None:
    for place in ("qasc/authors/validation", "qasc/hub/train"):
        assert '"fact1": "A fact' in sample(place)[2].read_text("utf-8")
        for item in all_of(place):
            assert item.example.context is None
            assert "fact" not in item.question.input


# --- blanks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "sentence"),
    [
        ("arc_easy/hub/validation", "tadpole", "A tadpole grows up to be a frog."),
        ("arc_hard/hub/validation", "pupils", "pupils grow larger to let in more light."),
        ("ai2_science_elementary/authors_csv/validation", "cater", "turns into a butterfly."),
        ("qasc/authors/validation", "sour", "A cold cellar keeps milk from turning sour."),
        ("quarel/authors/validation", "sledge", "because the ice has less friction."),
        ("quarel/metaicl/train", "rug", "because the rug is rougher."),
        ("quartz/authors/validation", "pot stands _", "If a pot stands shorter on the fire"),
        ("quartz/metaicl/validation", "Steep", "Steep roofs shed snow faster than flat ones."),
        ("cycic_mc/hub/train", "bean", "smaller than a bean is smaller than a house."),
    ],
)
def test_one_blank_is_filled_and_stays_in_the_question(
    place: str, words: str, sentence: str
) -> None:
    item = one(place, words)
    assert "_" in item.question.input
    (true,) = (s for s in made(item) if s.label)
    assert sentence in true.sentence
    assert {s.via for s in item.statements} == {"filled"}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("arc_easy/hub/validation", "Complete the rule"),  # two blanks
        ("arc_hard/hub/train", "A ramp"),  # and in the choices too
        ("arc_easy/hub/validation", "Ca(OH)_{2}"),  # a subscript
        ("arc_easy/hub/validation", "table salt"),  # an underscore in a choice alone
        ("ai2_science_elementary/authors/train", "of a bird"),
        ("ai2_science_middle/authors_csv/test", "thunder"),
        ("cycic_mc/authors/validation", "Olga"),
        ("physical_iqa/authors/train", "file_copy"),  # a name's underscore
    ],
)
def test_two_blanks_or_none_are_asked(place: str, words: str) -> None:
    item = one(place, words)
    assert "_" in item.question.input
    assert {s.via for s in made(item)} == {"echo"}


@pytest.mark.parametrize(
    ("dataset", "used"),
    [("arc_easy", 4), ("arc_hard", 3), ("openbookqa", 3), ("arc_easy_with_ir", 4)],
)
def test_rows_of_another_set_in_one_file_are_skipped(dataset: str, used: int) -> None:
    chunk = chunk_of(dataset, "validation", sample("arc_easy_with_ir/authors/validation")[2])
    assert len(chunk.converted) == used
    assert not chunk.rejects
