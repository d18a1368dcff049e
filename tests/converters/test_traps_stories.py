"""Traps of the stories and of the sentences to judge: each kind on a sample row that has it.

Over 300 lines, most of them tables.
"""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trap_rows import SAMPLES, all_of, changed, choices_of, chunk_of, made, one, sample

from converters.shared.stories import as_sentence, continued, join_sentences
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.records.encode import parse
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.schema import MultipleChoice, YesNo

CANONICAL = PROFILES["canonical"]

# --- white space and odd characters -----------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "raw", "written"),
    [
        ("hellaswag/authors/validation", "digs a hole", "tree,  then", "tree, then"),
        ("codah/authors/validation", "never eats fish", "he  will", "he will \\n"),
        ("codah/authors/validation", "counted to ten", " He counted", "He counted"),
        ("codah/authors/validation", "counted to ten", "was ", "was \\n (a) three. (b)"),
        ("codah/authors/validation", "counted to ten", "a  horse", "a horse"),
        ("story_cloze_test/authors/validation", "Otto", "bake  bread", "bake bread"),
        ("alphanli/authors/validation", "Lena", "forgot  to", "forgot to"),
        ("alphanli/authors/test", "Kim", "waiter  tripped", "waiter tripped"),
        ("com2sense/authors/validation", "swam", " Since", "Since the lake"),
        ("com2sense/authors/validation", "less", "less  than", "less than"),
        ("com2sense_paired/authors/validation", "skated", "in it ", "in it (b)"),
        ("com2sense_paired/authors/validation", "less", "less  than", "less than"),
        ("comve_a/authors/validation", "shorts", "shorts,  sandals", "shorts, sandals"),
        ("strategyqa/authors/validation", "letter box", "a  letter", "a letter"),
        ("strategyqa/authors/validation", "whale", " Could a whale", "Could a whale"),
    ],
)
def test_white_space_is_one_space(place: str, words: str, raw: str, written: str) -> None:
    assert raw in sample(place)[2].read_text("utf-8")
    (item,) = [i for i in all_of(place) if words in " ".join([i.example.question, *texts(i)])]
    assert written in item.question.input
    for record in (item.question, *item.declaratives):
        assert record.input == " ".join(record.input.split())


def texts(item: Any) -> tuple[str, ...]:
    return choices_of(item) if isinstance(item.example, MultipleChoice) else ()


@pytest.mark.parametrize(
    ("place", "words", "kept"),
    [
        ("creak/authors/train", "band", "AC\\DC"),
        ("creak/authors/train", "stance", "Lake Con\u00adstance is\u200b dry"),
        ("creak/authors/train", "oranges", "Vitamin (C) is found in oranges, not (a) in"),
        ("hellaswag/authors/validation", "price tag", "by 2\\3 to"),
        ("hellaswag/authors/validation", "digs a hole", "caf\ufffd"),
        ("alphanli/authors/test", "Tom", '\\"Beware\\"'),
        ("alphanli/authors/test", "Kim", "caf\ufffd"),
    ],
)
def test_odd_characters_stay(place: str, words: str, kept: str) -> None:
    item = one(place, words)
    assert kept in item.question.input
    assert any(kept in s.sentence for s in made(item))


def test_a_table_may_start_with_a_byte_order_mark() -> None:
    _, _, path = sample("comve_a/authors/validation")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert all_of("comve_a/authors/validation")[0].example.id == "41"


def test_quotation_marks_in_a_tsv_are_text() -> None:
    items = all_of("codah/authors/validation")
    assert len(items) == sample("codah/authors/validation")[2].read_text().count("\n") == 6
    assert choices_of(items[0])[3] == 'read it a "poem".'
    assert '"barked"' in items[5].question.input
    assert 'a "seed"' in all_of("story_cloze_test/authors/test")[0].question.input


def test_quotation_marks_in_a_csv_hold_commas() -> None:
    item = one("swag/authors/validation", "baker")
    assert choices_of(item)[0] == "sets it on the counter, then wipes her hands."
    assert choices_of(item)[2] == 'says "Bravo!" to the moon.'


# --- blanks and markers -----------------------------------------------------------------------


def test_alphanli_has_one_blank_and_it_is_filled() -> None:
    for item in all_of("alphanli/authors/validation"):
        assert item.question.input.count(" _ ") == 1
        assert not any("_" in s.sentence for s in made(item))
    item = one("alphanli/authors/validation", "Lena")
    assert item.statements[0].sentence == (
        "Lena put her bike in the yard. She forgot to lock it. In the morning the bike was gone."
    )


def test_blanks_in_a_caption_are_not_to_be_filled() -> None:
    item = one("hellaswag/authors/validation", "price tag")
    assert "or ___ on old tags, _ on new ones." in item.question.input
    assert [s.via for s in made(item)] == ["given"] * 4
    assert all("___" in s.sentence for s in made(item))
    assert "The field old_price" in made(item)[1].sentence


@pytest.mark.parametrize(
    ("place", "words", "ambiguous"),
    [
        ("hellaswag/authors/validation", "price tag", False),  # (b) there, (a) (b) (c) in a choice
        ("alphanli/authors/validation", "Max", True),
        ("creak/authors/train", "oranges", False),
    ],
)
def test_markers_are_kept_and_flagged_where_they_mislead(
    place: str, words: str, ambiguous: bool
) -> None:
    item = one(place, words)
    assert ("ambiguous-record" in item.flags) == ambiguous
    if not ambiguous:
        assert parse(item.question, CANONICAL).choices == texts(item)


def test_marks_of_layout_end_sentences() -> None:
    item = one("hellaswag/authors/validation", "clean a window")
    assert "[header] How to clean a window [title] Fill a bucket." in item.question.input
    start = "How to clean a window. Fill a bucket. Use warm water and a drop of soap. Stir it once."
    assert [s.sentence.removeprefix(f"{start} ") for s in made(item)] == [
        "Wait for a year before you go on. Sell the window.",
        "Wipe the glass. Dip a cloth, and start at the top.",
        "Ask the window about: its glass, its frame. Break both.",
        "Drink it quickly.",
    ]


def test_an_ending_clings_to_what_was_begun() -> None:
    ice = one("hellaswag/authors/validation", "onto the ice")
    assert made(ice)[0].sentence == "A man steps onto the ice. Then, he glides to the middle."
    assert ice.question.output == ", he glides to the middle."
    top = one("hellaswag/authors/validation", "sledge")
    assert made(top)[2].sentence.endswith("hill. When they're at the top, they sit down on it.")


@pytest.mark.parametrize(
    ("made_of", "text"),
    [
        (lambda: as_sentence("iPads  are flat"), "iPads are flat."),
        (lambda: as_sentence(" the end : "), "The end."),
        (lambda: as_sentence("and so on..."), "And so on..."),
        (lambda: as_sentence('he said "stop."'), 'He said "stop."'),
        (lambda: as_sentence("\u96e8\u505c\u4e86\u3002"), "\u96e8\u505c\u4e86\u3002"),
        (lambda: as_sentence("\u300c\u597d\uff01\u300d"), "\u300c\u597d\uff01\u300d"),
        (lambda: as_sentence("\u96e8\u505c\u4e86"), "\u96e8\u505c\u4e86."),
        (lambda: join_sentences("it rained", " ", "why?"), "It rained. Why?"),
        (lambda: continued("We", "\u2019re late"), "We\u2019re late."),
        (lambda: continued("He said", "'so' twice."), "He said 'so' twice."),
    ],
)
def test_how_sentences_are_made(made_of: Callable[[], str], text: str) -> None:
    assert made_of() == text


# --- choices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "masked"),
    [
        ("swag/authors/validation", "winds up", {0, 1, 3}),  # without its stop, in other case
        ("codah/authors/validation", "cup fell", {0, 1}),
        ("codah/authors/validation", "barked", {0, 2, 3}),
        ("hellaswag/authors/validation", "digs a hole", set()),  # two wrong ones
        ("com2sense_paired/authors/train", "feather", {0, 1}),
        ("comve_a/authors/train", "spoon", {0, 1}),
    ],
)
def test_equal_sentences_stay_and_are_masked(place: str, words: str, masked: set[int]) -> None:
    found = [i for i in all_of(place) if words in " ".join([i.example.question, *texts(i)])]
    (item,) = found
    assert {s.choice for s in made(item) if s.masked} == masked
    assert len(item.statements) == len(choices_of(item))


@pytest.mark.parametrize(
    ("place", "times"),
    [
        ("com2sense/authors/test", 2),
        ("comve_a/authors/train", 2),
        ("creak/authors/train", 2),
        ("creak/authors/test", 2),
        ("strategyqa/authors/train", 2),
    ],
)
def test_rows_that_repeat_stay(place: str, times: int) -> None:
    items = all_of(place)
    counted = Counter((i.question.input, i.question.output) for i in items)
    assert max(counted.values()) == times
    assert len({i.id for i in items}) == len(items)


def test_own_ids_may_repeat_and_written_ids_do_not() -> None:
    for place in ("swag/authors/validation", "alphanli/authors/train"):
        items = all_of(place)
        assert len({i.example.id for i in items}) < len(items)
        assert len({i.id for i in items}) == len(items)


def test_swag_full_has_its_gold_apart_and_four_or_five_endings() -> None:
    items = all_of("swag/full/validation")
    assert [len(choices_of(i)) for i in items] == [5, 4, 4]
    assert all("" not in choices_of(i) for i in items)
    assert not any(i.example.order_matters for i in items if isinstance(i.example, MultipleChoice))
    golds = [parse(i.question, CANONICAL).golds for i in items]
    assert golds == [(0,), (2,), (2,)], "the column's place would say (0,) each time"


# --- labels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "golds"),
    [
        ("swag/authors/validation", [0, 2, 0, 3]),  # strings from 0
        ("swag/authors/train", [2, 0, 1]),  # the hub's numbers from 0
        ("hellaswag/authors/validation", [0, 0, 2, 1, 1, 0]),  # numbers from 0
        ("hellaswag/authors/train", [0, 3]),  # the hub's strings from 0
        ("codah/authors/validation", [0, 2, 1, 3, 0, 0]),
        ("codah/hub/all", [1, 3]),
        ("story_cloze_test/authors/validation", [0, 1, 0]),  # from 1
        ("story_cloze_test/authors/test", [1, 0]),
        ("story_cloze_test/hub/validation", [0, 1]),
        ("alphanli/authors/validation", [0, 1, 0]),  # beside the rows, from 1
        ("alphanli/authors/train", [0, 1]),
        ("alphanli/hub/validation", [1, 0]),
        ("com2sense_paired/authors/validation", [0, 1, 1]),
        ("com2sense_paired/authors/train", [1, 0]),
        ("comve_a/authors/validation", [1, 0, 0]),  # beside, in another order, of the nonsense
    ],
)
def test_golds(place: str, golds: list[int]) -> None:
    items = [i.example for i in all_of(place)]
    assert [e.golds for e in items if isinstance(e, MultipleChoice)] == [(g,) for g in golds]


@pytest.mark.parametrize(
    ("place", "answers"),
    [
        ("com2sense/authors/validation", [True, False, False, False, True, True]),
        ("creak/authors/validation", [True, False, False]),
        ("creak/authors/contrast", [True, False]),
        ("strategyqa/authors/validation", [True, False, True]),
        ("spatial_cs/authors/validation", [False, True, True, False, False]),
    ],
)
def test_answers(place: str, answers: list[bool]) -> None:
    items = [i.example for i in all_of(place)]
    assert [e.answer for e in items if isinstance(e, YesNo)] == answers


@pytest.mark.parametrize(
    "place",
    [
        "swag/authors/test",  # no column
        "hellaswag/authors/test",  # no key; an empty string, as the hub has it
        "story_cloze_test/authors/test_2018",
        "alphanli/authors/test",
        "com2sense/authors/test",
        "com2sense_paired/authors/test",
        "creak/authors/test",
        "strategyqa/authors/test",
    ],
)
def test_hidden_answers_are_none(place: str) -> None:
    items = all_of(place)
    assert len(items) >= 1
    assert all(i.question.output is None for i in items)
    assert all(s.label is None for i in items for s in i.statements)


@pytest.mark.parametrize(
    ("place", "field", "label", "reads"),
    [
        ("swag/authors/train", "label", -1, True),  # the hub's, in test
        ("swag/authors/train", "label", "2", True),
        ("swag/authors/train", "label", 4, False),
        ("swag/authors/train", "label", True, False),
        ("hellaswag/authors/train", "label", "4", False),
        ("hellaswag/authors/train", "label", True, False),
        ("codah/hub/all", "correct_answer_idx", 4, False),
        ("codah/hub/all", "correct_answer_idx", "1", False),
        ("story_cloze_test/hub/validation", "answer_right_ending", 0, False),
        ("alphanli/hub/validation", "label", 0, False),  # declared by the hub, of no meaning
        ("alphanli/hub/validation", "label", "1", False),
        ("creak/authors/validation", "label", "True", False),
        ("spatial_cs/authors/validation", "label", 3, False),  # a place, in posrel's data.json
    ],
)
def test_another_label_is_an_error(
    place: str, field: str, label: object, reads: bool, tmp_path: Path
) -> None:
    chunk = changed(place, tmp_path, lambda row: row.update({field: label}))
    assert bool(chunk.rejects) != reads
    assert all(reject["field"] == field for reject in chunk.rejects)


def test_a_wrong_spelling_where_nobody_reads_is_no_matter() -> None:
    assert '"Flase"' in sample("com2sense/authors/validation")[2].read_text()
    assert len(all_of("com2sense/authors/validation")) == 6


# --- joins ------------------------------------------------------------------------------------


def test_pairs_whose_labels_agree_are_refused(tmp_path: Path) -> None:
    folder = SAMPLES / "com2sense_paired" / "authors"
    shutil.copy(folder / "pair_id_train.json", tmp_path)
    rows = json.loads((folder / "train.json").read_text())
    for labels in (("True", "True"), ("False", None)):
        for row, label in zip(rows, labels, strict=False):
            row["label"] = label
        (tmp_path / "train.json").write_text(json.dumps(rows))
        chunk = chunk_of("com2sense_paired", "train", tmp_path / "train.json")
        assert [(r["field"], r["row"]) for r in chunk.rejects] == [("label", 0)]
        assert len(chunk.converted) == 1


def test_without_its_pairs_or_answers_a_split_is_refused(tmp_path: Path) -> None:
    for place, told_of in (
        ("com2sense_paired/authors/train", "pair_id_train.json"),
        ("comve_a/authors/train", "train_answers.csv"),
        ("alphanli/authors/train", "train-labels.lst"),
    ):
        dataset, split, path = sample(place)
        shutil.copy(path, tmp_path)
        with pytest.raises(SourceError, match=told_of):
            chunk_of(dataset, split, tmp_path / path.name)


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        ("subtaskA_data_all.csv", "subtaskA_answers_all.csv"),
        ("subtaskA_dev_data.csv", "subtaskA_gold_answers.csv"),
        ("subtaskA_test_data.csv", "subtaskA_gold_answers.csv"),
        ("taskA_trial_data.csv", "taskA_trial_answer.csv"),
    ],
)
def test_comve_answers_lie_beside_under_the_authors_names(
    rows: str, answers: str, tmp_path: Path
) -> None:
    folder = SAMPLES / "comve_a" / "authors"
    shutil.copy(folder / "validation.csv", tmp_path / rows)
    shutil.copy(folder / "validation_answers.csv", tmp_path / answers)
    (split,) = (
        name for name, split in load_adapter("comve_a").source.splits.items() if rows in split.names
    )
    assert len(chunk_of("comve_a", split, tmp_path / rows).converted) == 3


def test_posrel_without_questions_is_not_taken_for_answers(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(
        '{"text": "A boy sails the boat.", "label": 1, "obj_a": "boy", "obj_b": "boat"}'
    )
    with pytest.raises(SourceError, match="no field question"):
        chunk_of("spatial_cs", "validation", path)


def test_spatial_files_are_one_split_in_the_authors_folder(tmp_path: Path) -> None:
    lines = sample("spatial_cs/authors/validation")[2].read_text().splitlines(keepends=True)
    for name, some in (
        ("size/data.json", lines[4:]),
        ("height/data.json", lines[:2]),
        ("posrel/data_qa.json", lines[2:4]),
        ("posrel/data.json", ['{"text": "A boy sails the boat.", "label": 2}\n']),
    ):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("".join(some))
    request = Request(
        dataset="spatial_cs",
        split="validation",
        data_dir=tmp_path / "data",
        to="tsv",
        out=tmp_path / "out",
        question_converter="none",
    )
    written = (convert(request).folder / "data-00000.tsv").read_text().splitlines()
    assert written == [
        f"{row['question']}\t{'yes' if row['label'] else 'no'}" for row in map(json.loads, lines)
    ]


# --- other shapes -----------------------------------------------------------------------------


def test_the_unnamed_column_of_row_numbers_is_no_hindrance() -> None:
    _, _, path = sample("swag/authors/validation")
    with path.open(newline="") as file:
        assert next(csv.reader(file))[0] == ""
    assert all_of("swag/authors/validation")[0].example.id == "lsmdc_Harbour-1:12"


def test_a_cue_is_not_written_where_vera_reads_it() -> None:
    """Rainier's comve_a and com2sense_paired have no question (their sha256 is met)."""
    for dataset in ("comve_a", "com2sense_paired"):
        item = all_of(f"{dataset}/authors/validation")[0]
        assert (item.example.question, item.example.cue) == ("", "Which sentence makes sense?")
        assert item.question.input.startswith("Which sentence makes sense? \\n (a) ")


def test_pairs_follow_their_file_where_vera_reads_them(tmp_path: Path) -> None:
    firsts = {}
    for profile in ("canonical", "rainier"):
        request = Request(
            dataset="com2sense_paired",
            split="validation",
            source="sample",
            to="tsv",
            profile=profile,
            out=tmp_path / profile,
            question_converter="none",
        )
        text = (convert(request).folder / "data-00000.tsv").read_text()
        firsts[profile] = [
            line.split(") ", 1)[1].split(" ", 1)[0].strip() for line in text.splitlines()
        ]
    assert firsts == {"canonical": ["A", "Since", "Ida"], "rainier": ["Ida", "A", "Since"]}


def test_story_cloze_says_where_to_ask() -> None:
    source = load_adapter("story_cloze_test").source
    assert source.ask is not None
    assert source.redistributable is False
    assert "https://cs.rochester.edu/nlp/rocstories/" in source.ask
    assert "--raw" in source.ask
