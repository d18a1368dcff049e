"""Traps of WSC273's three raw shapes, and of labels and choices that test_traps.py leaves open."""

import json
from pathlib import Path
from typing import Any

import pytest
from trap_rows import all_of, changed, choices_of, chunk_of, edited, made, one, sample

from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import RowError
from unifiedqa_convert.rows.shapes import Skipped
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import MultipleChoice


def golds(place: str) -> list[tuple[int, ...] | None]:
    return [i.example.golds for i in all_of(place) if isinstance(i.example, MultipleChoice)]


# --- WSC's XML --------------------------------------------------------------------------------


def test_the_xml_is_latin_1_with_line_ends_and_spaces_in_its_fields() -> None:
    raw = sample("wsc273/authors/test")[2].read_bytes()
    assert b"Ren\xe9e" in raw
    assert b"<txt1>\nThe kettle" in raw
    assert choices_of(one("wsc273/authors/test", "Olga")) == ("Olga", "Renée")
    assert one("wsc273/authors/test", "too tall").question.input == (
        r"The kettle wouldn't fit on the shelf because _ was too tall. \n "
        "(a) The kettle (b) the shelf"
    )


def test_the_answer_may_end_in_a_full_stop() -> None:
    text = sample("wsc273/authors/test")[2].read_text("latin-1")
    assert "<correctAnswer> B.  </correctAnswer>" in text
    assert golds("wsc273/authors/test")[:2] == [(0,), (1,)]


@pytest.mark.parametrize("answer", ["C", "AB", "", "1", "a"])
def test_another_answer_is_rejected(answer: str, tmp_path: Path) -> None:
    wrong = f"<correctAnswer>{answer}</correctAnswer>"
    chunk = edited(
        "wsc273/authors/test", tmp_path, "<correctAnswer> A  </correctAnswer>", wrong, "latin-1"
    )
    (reject,) = chunk.rejects
    assert (reject["row"], reject["field"]) == (0, "correctAnswer")


def test_only_the_first_273_of_the_285_schemas_are_wsc273(tmp_path: Path) -> None:
    head, schema, _ = sample("wsc273/authors/test")[2].read_text("latin-1").partition("<schema>")
    one_schema = schema + _.split("</schema>", 1)[0] + "</schema>\n"
    path = tmp_path / "WSCollection.xml"
    path.write_text(f"{head}{one_schema * 285}</collection>", "latin-1")
    adapter = load_adapter("wsc273")
    rows = [numbered.row for numbered in typed_rows(adapter, "test", [path])]
    assert not any(isinstance(row, RowError) for row in rows)
    assert [isinstance(row, Skipped) for row in rows] == [False] * 273 + [True] * 12
    assert len(chunk_of("wsc273", "test", path).converted) == 273


@pytest.mark.parametrize(
    ("shape", "words", "sentence"),
    [
        ("authors", "so we called", "The dogs chased the cats, so we called the dogs."),
        ("authors", "My lecture", "My lecture started late. Luckily, the lecture was short."),
        ("authors", "Carl", "Ben knows all of Carl's secrets because Ben is curious."),
        ("hub", "handed", "The nurse handed the patient the patient's coat."),
        ("hub", "balcony", "The twins waved at the neighbours from the twins' balcony."),
        ("hub", "waved to Leo", "Paul waved to Leo. Leo waved back."),
        ("winogrande_style", "shelf because _ was too low", "because the shelf was too low."),
    ],
)
def test_an_option_stands_in_for_the_pronoun_in_its_case(
    shape: str, words: str, sentence: str
) -> None:
    (true,) = (s for s in made(one(f"wsc273/{shape}/test", words)) if s.label)
    assert true.sentence.endswith(sentence)


def test_the_pronouns_place_is_checked(tmp_path: Path) -> None:
    chunk = changed("wsc273/hub/test", tmp_path, lambda row: row.update(pronoun_loc=44))
    (reject,) = chunk.rejects
    assert reject["field"] == "pronoun_loc"


@pytest.mark.parametrize("sentence", ["No blank is here.", "_ was taller than _ was."])
def test_a_copy_without_its_one_blank_is_rejected(sentence: str, tmp_path: Path) -> None:
    place = "wsc273/winogrande_style/test"
    (reject,) = changed(place, tmp_path, lambda row: row.update(sentence=sentence)).rejects
    assert reject["field"] == "sentence"


# --- numbers of choices -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "field", "cut"),
    [
        ("wsc273/winogrande_style/test", "option2", lambda row: row.pop("option2")),
        ("wsc273/hub/test", "options", lambda row: row["options"].pop()),
        ("wsc273/hub/test", "options", lambda row: row["options"].append("the sink")),
        ("sciq/authors/validation", "distractor3", lambda row: row.pop("distractor3")),
        ("sciq/authors/train", "correct_answer", lambda row: row.pop("correct_answer")),
    ],
)
def test_another_number_of_choices_is_rejected(
    place: str, field: str, cut: Any, tmp_path: Path
) -> None:
    (reject,) = changed(place, tmp_path, cut).rejects
    assert reject["field"].endswith(field)


@pytest.mark.parametrize(
    ("place", "old", "number", "field"),
    [
        ("wsc273/authors/test", "<answer>the shelf  </answer>", 0, "answers.answer"),
        ("copa/authors/balanced_dev", "<a2>It cut the tomatoes cleanly.</a2>", 2, "a2"),
    ],
)
def test_an_option_that_the_xml_lacks_is_rejected(
    place: str, old: str, number: int, field: str, tmp_path: Path
) -> None:
    (reject,) = edited(place, tmp_path, old, "", "latin-1").rejects
    assert (reject["row"], reject["field"]) == (number, field)


# --- labels -----------------------------------------------------------------------------------


def test_copas_xml_counts_from_one_and_superglue_from_zero() -> None:
    assert 'most-plausible-alternative="2"' in sample("copa/authors/balanced_dev")[2].read_text()
    assert golds("copa/authors/balanced_dev") == [(0,), (1,), (1,), (0,)]
    assert golds("copa/superglue/validation")[:3] == [(0,), (1,), (0,)]


@pytest.mark.parametrize("label", [2, -1, "0", True, None])
def test_another_label_of_the_hubs_wsc_is_rejected(label: object, tmp_path: Path) -> None:
    chunk = changed("wsc273/hub/test", tmp_path, lambda row: row.update(label=label))
    assert [reject["field"] for reject in chunk.rejects] == ["label"]


def test_sciqs_order_gives_nothing_away() -> None:
    """The gold has a field of its own: any fixed place for it would be learnt."""
    places = golds("sciq/authors/validation")
    assert len(set(places)) > 2
    rows = json.loads(sample("sciq/authors/validation")[2].read_text())
    assert [i.question.output for i in all_of("sciq/authors/validation")] == [
        row["correct_answer"] for row in rows
    ]


def test_sciq_without_support_has_no_context() -> None:
    assert one("sciq/authors/validation", "closest to the sun").example.context is None
    assert one("sciq/authors/train", "hops on land").example.context is None  # a space
