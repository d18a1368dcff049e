"""The two knowledge bases and Vera's JSON: what their rows' slips become."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from trap_rows import SAMPLES, all_of, chunk_of

from converters.atomic2020 import LISTED, TEMPLATES, clean, fill_relation, inside_sentence, stem
from converters.genericskb import parse_generic, plurals, with_subject
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.schema import MultipleChoice


def true_sentences(items: list[Converted]) -> list[str]:
    return [s.sentence for item in items for s in item.statements if s.label]


def test_atomic_rows_are_sentences() -> None:
    sentences = true_sentences(all_of("atomic2020_3d/authors/train"))
    for expected in (
        "PersonX waters the garden. But before, PersonX needed to fill a can.",
        "PersonX waters the garden. But before, PersonX needed to turn on the tap.",
        "PersonX misses the last bus. As a result, PersonX feels annoyed.",
        "PersonX misses the last bus. As a result, PersonX wants to call a taxi.",
        "PersonX lends an umbrella to PersonY.",
        "PersonX lends something to PersonY. As a result, PersonY or others want to thank PersonX.",
        "PersonX learns the piano. As a result, PersonX wants a better teacher.",
        "PersonX learns the piano. But before, PersonX needed to find PersonX's old keyboard.",
        "After PersonX buys vegetables, PersonX cooks soup.",
        "Before PersonX washes the pot, PersonX cooks soup.",
        "PersonX cooks soup. This can be hindered if PersonX has no pot.",
        "Ladle can be used to pour the soup.",
    ):
        assert expected in sentences


def test_none_is_no_tail() -> None:
    """A row of its own is skipped by name; one among a row's tails is left out."""
    items = all_of("atomic2020_3d/authors/validation")
    assert len(items) == 4
    folder = SAMPLES / "atomic2020_3d"
    counts = chunk_of("atomic2020_3d", "train", folder / "authors/train.tsv").counts
    assert counts["rows/skipped/its tail is none"] == 1
    counts = chunk_of("atomic2020_3d", "test", folder / "generation/test.tsv").counts
    assert (counts["rows/used"], counts["rows/skipped/its tail is none"]) == (3, 1)
    assert not any("none" in s.sentence for item in items for s in item.statements)


def test_distractors_are_others_tails_of_the_relation() -> None:
    rows = [
        line.split("\t")
        for line in (SAMPLES / "atomic2020_3d/authors/train.tsv").read_text().splitlines()
    ]
    owned = {(clean(head), relation, inside_sentence(clean(tail))) for head, relation, tail in rows}
    for item in all_of("atomic2020_3d/authors/train"):
        head, relation, _ = rows[item.row]
        assert isinstance(item.example, MultipleChoice)
        assert len(set(item.example.choices)) == len(item.example.choices)
        (gold,) = item.example.golds or ()
        for place, choice in enumerate(item.example.choices):
            assert ((clean(head), relation, choice) in owned) == (place == gold)
    several = [i for i in all_of("atomic2020_3d/authors/train") if len(i.statements) == 4]
    places = Counter(place for i in several for place in i.example.golds or ())  # type: ignore[attr-defined]
    assert len(places) > 2, "the gold's place tells it"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Person X sees person y 's hat.", "PersonX sees PersonY's hat"),
        ("PERSON X and persony", "PersonX and PersonY"),
        ("personXs keys", "PersonX's keys"),
        ("a person yells", "a person yells"),
        ("personal", "personal"),
        (" to  eat . ", "to eat"),
    ],
)
def test_person_has_one_spelling(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize("relation", [*TEMPLATES, "isFilledBy"])
def test_every_relation_words_a_sentence(relation: str) -> None:
    question = stem("PersonX carries ___ home", relation)
    assert question.count("_") == 1
    sentence = fill_relation(question, "tired", relation)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "{" not in sentence


def test_the_listed_relations_are_of_events() -> None:
    assert {"oEffect", "xWant", "xAttr"} <= set(LISTED)


def test_an_unknown_relation_and_a_missing_blank_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("PersonX runs\txWish\tto win\nPersonX runs\tisFilledBy\tfast\n")
    rejects = chunk_of("atomic2020_3d", "train", path).rejects
    assert [(r["field"], r["row"]) for r in rejects] == [("relation", 0), ("head", 1)]


@pytest.mark.parametrize(
    ("term", "sentence", "parts"),
    [
        ("river otter", "River otters slide.", ("", "river otters", "slide.", "plural")),
        ("owl", "An owl  turns.", ("an", "owl", "turns.", "article")),
        ("hour hand", "The hour hand moves.", ("the", "hour hand", "moves.", "article")),
        ("sailing boat", "Sailing boats have (part) masts.", ("", "sailing boats", "have masts.",
         "plural")),
        ("berry", "Berries stain.", ("", "berries", "stain.", "plural")),
        ("rain", "In autumn rain falls.", None),
        ("rain", "Rain", None),
    ],
)  # fmt: skip
def test_a_generic_sentence_is_taken_apart(term: str, sentence: str, parts: Any) -> None:
    assert parse_generic(term, sentence) == parts


def test_the_article_fits_the_subject() -> None:
    generic = parse_generic("owl", "An owl hunts.")
    assert generic is not None
    made = [
        with_subject(name, generic)
        for name in ("fox", "eagle", "hour hand", "unicorn", "one-eyed cat")
    ]
    assert made == ["A fox hunts.", "An eagle hunts.", "An hour hand hunts.", "A unicorn hunts.",
                    "A one-eyed cat hunts."]  # fmt: skip
    assert plurals("wolf") >= {"wolfs", "wolves"}


def test_generic_subjects_keep_their_number_and_rows_without_one_are_skipped() -> None:
    counts = chunk_of("genericskb_3d", "train", SAMPLES / "genericskb_3d/authors/train.tsv").counts
    assert counts["rows/skipped/its term is not its sentence's subject"] == 1
    for item in all_of("genericskb_3d/authors/train"):
        article = {s.sentence.split()[0] in ("A", "An", "The") for s in item.statements}
        assert len(article) == 1


def test_veras_json_is_statements(tmp_path: Path) -> None:
    lone, several = tmp_path / "a.json", tmp_path / "b.json"
    lone.write_text(json.dumps([{"golds": [], "distractors": ["ice is  hot"]}]))
    (item,) = chunk_of("symkd_anno", "train", lone).converted
    assert [(s.sentence, s.label) for s in item.statements] == [("Ice is hot.", False)]
    several.write_text(json.dumps([{"golds": ["A.", "B."], "distractors": ["C."]}]))
    (item,) = chunk_of("symkd_anno", "train", several).converted
    assert {s.sentence: s.label for s in item.statements} == {"A.": True, "B.": True, "C.": False}
    several.write_text(
        json.dumps([{"golds": [""], "distractors": ["C."]}, {"golds": [], "distractors": []}])
    )
    assert [r["field"] for r in chunk_of("symkd_anno", "train", several).rejects] == [
        "golds", "distractors"]  # fmt: skip
