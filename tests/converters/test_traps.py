"""Traps of real rows: each kind, on a sample row that has it, and what must become of it.

The kinds are those of golden/traps.tsv; test_traps_real.py counts them in the real rows. Over 300
lines, most of them tables.
"""

import gzip
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trap_rows import CANONICAL, all_of, changed, choices_of, chunk_of, made, one, sample

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.records.encode import parse
from unifiedqa_convert.schema import YesNo

# --- white space and odd characters -----------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "raw", "written"),
    [
        ("commonsenseqa/hub/validation", "gardener", "gardener  carry", "gardener carry to"),
        ("commonsenseqa/authors/validation", "whisper", " If you", "If you whisper"),
        ("commonsenseqa/hub/validation", "stirring", "does \tstirring", "does stirring"),
        ("openbookqa/hub/validation", "Squirrels", "store  nuts", "store nuts"),
        ("openbookqa_fact/hub/validation", "underground", "live  underground\n", r"live under"),
        ("social_iqa/hub/validation", "Ida", "forgot  Ida", "forgot Ida"),
        ("social_iqa/authors/test", "Ola", "smoke\nand", "smoke and called"),
        ("social_iqa/authors/test", "Ola", "find a\ttele", "(a) find a telephone (b)"),
        ("social_iqa/authors/test", "Ola", "back to\nsleep", "(c) go back to sleep"),
        ("social_iqa/authors/test", "Ed returned", "purse. ", "purse."),
        ("winogrande_xl/authors/validation", "Rosa", "for  directions", "for directions"),
        ("winogrande_xl/authors/validation", "soup", " The soup", "The soup cooled"),
        ("csqa2/authors/validation", "knot", " You can", "You can tie a knot in a rope."),
        ("csqa2/authors/validation", "mice", "mice  live", "mice live"),
        ("csqa2/authors/validation", "chorus", "home\nwe", "home we go"),
        ("wsc273/winogrande_style/test", "Ivo", "Ivo  wrote to  Jan", "Ivo wrote to Jan"),
        ("sciq/authors/train", "leaf", "(b)  in", "(b) in"),
        ("copa/superglue/validation", "smoke", "kitchen  filled", "The kitchen filled"),
    ],
)
def test_white_space_is_one_space(place: str, words: str, raw: str, written: str) -> None:
    assert json.dumps(raw, ensure_ascii=False)[1:-1] in sample(place)[2].read_text("utf-8")
    item = one(place, words)
    assert written in item.question.input
    for text in (
        item.question.input,
        item.question.output or "",
        *(s.sentence for s in made(item)),
    ):
        assert text == " ".join(text.split())


def test_what_str_split_calls_no_white_space_stays() -> None:
    item = one("commonsenseqa/hub/validation", "write on a cake")
    assert "birth\u200bday" in item.question.input
    assert "recipe \ufffd" in item.question.input
    assert "com\u200bma" in one("csqa2/authors/validation", "kind of mark").question.input
    assert (
        "Tom\u00b4s aunt said she\u2019d" in one("social_iqa/hub/validation", "Tom").question.input
    )


# --- separators and markers inside a text -----------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "ambiguous"),
    [
        ("openbookqa/hub/validation", "label on the jar", True),  # a literal \n in the question
        ("csqa2/authors/validation", "Every recipe", True),
        ("openbookqa/hub/validation", "Grit", True),  # (b) in choice (a)
        ("openbookqa/hub/validation", "conduct (x)", False),  # markers in the question
        ("social_iqa/hub/validation", "Kai told", False),  # in the context
        ("social_iqa/hub/validation", "crossing", False),
        ("csqa2/authors/validation", "A triangle", False),
        ("sciq/authors/train", "marked (b)", False),  # in question, context and a choice's end
        ("sciq/authors/validation", "vitamin", True),
    ],
)
def test_markers_are_kept_and_flagged_where_they_mislead(
    place: str, words: str, ambiguous: bool
) -> None:
    item = one(place, words)
    assert ("ambiguous-record" in item.flags) == ambiguous
    assert all(marker in item.question.input for marker in re.findall(r"\(.\)", words))
    if not ambiguous:
        back = parse(item.question, CANONICAL)
        assert back.question == " ".join(item.example.question.split())
        assert (back.context or "") == (item.example.context or "").strip()


@pytest.mark.parametrize(
    ("place", "words"),
    [("social_iqa/hub/validation", "crossing"), ("sciq/authors/train", "hops on land")],
)
def test_an_empty_context_is_none(place: str, words: str) -> None:
    item = one(place, words)
    assert not item.question.input.rstrip().endswith(r"\n")
    assert item.question.input.count(r" \n ") == 1
    assert parse(item.question, CANONICAL).context is None
    assert all(r"\n" not in record.input for record in item.declaratives)


# --- choices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "conflict", "masked"),
    [
        ("commonsenseqa/hub/validation", "lighthouse", False, set()),
        ("commonsenseqa/hub/validation", "bakers", True, {1, 2}),
        ("commonsenseqa/hub/validation", "lost ring", True, {0, 1}),  # equal up to case
        ("commonsenseqa/hub/test", "queue", False, set()),  # unlabelled: no conflict to see
        ("openbookqa/hub/validation", "Bees", False, set()),
        ("openbookqa/authors/validation", "shadow", True, {0, 1}),
        ("social_iqa/hub/validation", "Lou lent", False, set()),
        ("social_iqa/hub/validation", "Pia", True, {0, 2}),
        ("sciq/authors/validation", "magma", False, set()),
        ("sciq/authors/validation", "dropped apple", False, set()),  # friction, Friction
    ],
)
def test_equal_choices_stay_are_flagged_and_masked(
    place: str, words: str, conflict: bool, masked: set[int]
) -> None:
    item = one(place, words)
    assert "duplicate-choices" in item.flags
    assert ("conflicting-choices" in item.flags) == conflict
    assert {s.choice for s in made(item) if s.masked} == masked
    assert len(item.statements) == len(choices_of(item))


def test_all_of_the_above_is_a_choice_like_any_other() -> None:
    item = one("openbookqa/hub/validation", "Squirrels")
    assert "(c) all of the above (d) none of the above" in item.question.input
    assert [s.label for s in item.statements] == [False, True, False, False]


@pytest.mark.parametrize(
    ("place", "field", "cut"),
    [
        ("commonsenseqa/hub/validation", "choices", lambda row: row["choices"]["text"].pop()),
        (
            "commonsenseqa/hub/validation",
            "choices",
            lambda row: row["choices"]["label"].pop(),
        ),
        (
            "commonsenseqa/authors/validation",
            "choices",
            lambda row: row["question"]["choices"].pop(),
        ),
        ("openbookqa/hub/validation", "choices", lambda row: row["choices"]["text"].pop()),
        ("openbookqa/authors/validation", "choices", lambda row: row["question"]["choices"].pop()),
        ("social_iqa/hub/validation", "answerC", lambda row: row.pop("answerC")),
        ("winogrande_xl/hub/validation", "option2", lambda row: row.pop("option2")),
        ("copa/superglue/validation", "choice2", lambda row: row.pop("choice2")),
    ],
)
def test_another_number_of_choices_is_rejected(
    place: str, field: str, cut: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    (reject,) = changed(place, tmp_path, cut).rejects
    assert reject["field"].endswith(field)


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "commonsenseqa/authors/test",  # no answerKey at all
        "commonsenseqa/hub/test",  # an empty one
        "social_iqa/authors/test",
        "winogrande_xl/authors/test",
        "winogrande_xl/hub/test",
        "csqa2/authors/test",
        "copa/superglue/test",
    ],
)
def test_a_hidden_answer_is_unknown_not_false(place: str) -> None:
    for item in all_of(place):
        assert item.question.output is None
        assert {s.label for s in made(item)} == {None}
        assert {record.output for record in item.declaratives} == {"-"}


def test_copa_hides_with_minus_one_too(tmp_path: Path) -> None:
    chunk = changed("copa/superglue/validation", tmp_path, lambda row: row.update(label=-1))
    assert chunk.converted[1].question.output is None


@pytest.mark.parametrize(
    ("place", "words", "output"),
    [
        ("commonsenseqa/hub/validation", "another order", "harbor"),  # labels B A C D E, key B
        ("openbookqa/hub/validation", "Squirrels", "eat in winter"),  # the key is "B "
        ("social_iqa/hub/validation", "Mia", "she will sing it well"),  # label "2"
        ("winogrande_xl/authors/validation", "Rosa", "Lena"),  # answer "2"
        ("copa/superglue/validation", "umbrella", "I got soaked on the way home."),  # label 1
        ("wsc273/winogrande_style/test", "Ivo", "Jan"),  # answer "2"
        ("csqa2/authors/validation", "teaspoon", "no"),
    ],
)
def test_an_answer_is_read_in_its_own_base(place: str, words: str, output: str) -> None:
    assert one(place, words).question.output == output


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        *[("commonsenseqa/hub/validation", "answerKey", v) for v in ("F", "a", "1", "A ")],
        *[("commonsenseqa/authors/validation", "answerKey", v) for v in ("F", 0)],
        *[("openbookqa/hub/validation", "answerKey", v) for v in ("E", "", "1", None)],
        *[("social_iqa/hub/validation", "label", v) for v in ("0", "4", 1, "", None)],
        *[("winogrande_xl/authors/validation", "answer", v) for v in ("0", 1, "")],
        *[("winogrande_xl/hub/validation", "answer", v) for v in ("0", 1, None)],
        *[("csqa2/authors/validation", "answer", v) for v in ("Yes", "maybe", True, ["yes"])],
        *[("copa/superglue/validation", "label", v) for v in (2, "1", -2)],
    ],
)
def test_an_unknown_answer_is_rejected(
    place: str, field: str, value: object, tmp_path: Path
) -> None:
    chunk = changed(place, tmp_path, lambda row: row.update({field: value}))
    (reject,) = chunk.rejects
    assert (reject["row"], reject["field"]) == (1, field)
    assert len(chunk.converted) == 1


def test_a_label_that_names_two_choices_is_rejected(tmp_path: Path) -> None:
    def twice(row: dict[str, Any]) -> None:
        row["choices"]["label"] = list("AABCD")

    (reject,) = changed("commonsenseqa/hub/validation", tmp_path, twice).rejects
    assert reject["reason"] == "'A' names 2 of the choices A A B C D"


def test_labels_beside_the_rows(tmp_path: Path) -> None:
    _, _, rows = sample("social_iqa/authors/test")
    shutil.copy(rows, tmp_path / "dev.jsonl")
    with pytest.raises(SourceError, match=r"dev-labels\.lst"):
        chunk_of("social_iqa", "validation", tmp_path / "dev.jsonl")
    labels = tmp_path / "dev-labels.lst"
    labels.write_text("3\n1\n2\n")
    chunk = chunk_of("social_iqa", "validation", tmp_path / "dev.jsonl")
    golds = [getattr(item.example, "golds", None) for item in chunk.converted]
    assert golds == [(2,), (0,), (1,)]
    labels.write_text("3\n0\n2\n")
    (reject,) = chunk_of("social_iqa", "validation", tmp_path / "dev.jsonl").rejects
    assert (reject["row"], reject["field"]) == (1, "label")
    labels.write_text("3\n1\n")
    with pytest.raises(SourceError, match="2 labels, but"):
        chunk_of("social_iqa", "validation", tmp_path / "dev.jsonl")


def test_winograndes_labels_beside_must_agree_with_those_inside(tmp_path: Path) -> None:
    _, _, rows = sample("winogrande_xs/authors/train")
    shutil.copy(rows, tmp_path / "train_xs.jsonl")
    labels = tmp_path / "train_xs-labels.lst"
    labels.write_text("1\n2\n")
    assert len(chunk_of("winogrande_xs", "train", tmp_path / "train_xs.jsonl").converted) == 2
    labels.write_text("1\n1\n")
    chunk = chunk_of("winogrande_xs", "train", tmp_path / "train_xs.jsonl")
    assert [reject["row"] for reject in chunk.rejects] == [1]


def test_winograndes_id_says_nothing() -> None:
    """Its qID ends in the answer, and twins share the rest: no part of it is written."""
    _, _, path = sample("winogrande_xl/authors/validation")
    assert '"3OWNSAMPLE00001-1"' in path.read_text("utf-8")
    for item in all_of("winogrande_xl/authors/validation"):
        assert item.example.id is None
        assert "OWNSAMPLE" not in repr(item)


@pytest.mark.parametrize(
    "place",
    [
        "openbookqa/hub/validation",
        "social_iqa/hub/validation",
        "winogrande_xl/authors/train",
        "csqa2/authors/validation",
    ],
)
def test_repeated_rows_all_stay(place: str) -> None:
    items = all_of(place)
    times = Counter(item.question for item in items)
    assert max(times.values()) == 2
    assert len({item.id for item in items}) == len(items)


# --- blanks and statements --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words", "sentence"),
    [
        (
            "openbookqa/hub/validation",
            "A frog lays",
            "A frog lays its eggs in water and guards them",
        ),
        ("winogrande_xl/authors/validation", "Karl", "Emil was late for dinner, so Karl waited"),
        ("winogrande_xl/authors/validation", "Otto", "although it was Hugo's job."),
        ("sciq/authors/validation", "pumps blood", "through the body is the heart."),
        ("wsc273/winogrande_style/test", "Ivo", "Ivo wrote to Jan after Jan moved away."),
    ],
)
def test_one_blank_is_filled_and_stays_in_the_question(
    place: str, words: str, sentence: str
) -> None:
    item = one(place, words)
    assert "_" in item.question.input
    (true,) = (s for s in made(item) if s.label)
    assert sentence in true.sentence
    assert {s.via for s in item.statements} <= {"filled", "given"}


@pytest.mark.parametrize(
    ("place", "words"),
    [("openbookqa/hub/validation", "When ____ is heated"), ("sciq/authors/train", "A ____ swims")],
)
def test_two_blanks_are_asked_not_filled_with_one_answer(place: str, words: str) -> None:
    assert {s.via for s in made(one(place, words))} == {"echo"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("A week", "A week is longer than a weekend."),
        ("teaspoon", "A teaspoon holds more than a bucket."),
        ("violin", "A violin has strings."),
        ("sneeze", "A sneeze can be louder than a whisper!"),
        ("sandwich", "Do not iron a sandwich."),
        ("chorus", 'The last line of the chorus goes like this: "and home we go".'),
        ("snow warmer", None),
        ("Ice cream", None),  # an assertion's word order, but a question mark
        ("be both open", None),  # no question mark, but a question's word order
        ("tea made", None),  # a full stop, but a question's word order
        ("Isn't", None),
    ],
)
def test_csqa2_asserts_or_asks(words: str, sentence: str | None) -> None:
    items = [x for x in all_of("csqa2/authors/validation") if words in x.example.question]
    assert items
    for item in items:
        assert isinstance(item.example, YesNo)
        (statement,) = item.statements
        assert statement.label == item.example.answer
        if sentence is None:
            asked = " ".join(item.example.question.split())
            assert (statement.via, statement.sentence) == ("echo", f"[{asked}] yes.")
        else:
            assert (statement.via, statement.sentence) == ("given", sentence)


def test_csqa2_comes_gzipped(tmp_path: Path) -> None:
    _, _, path = sample("csqa2/authors/validation")
    packed = tmp_path / "CSQA2_dev.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert chunk_of("csqa2", "validation", packed) == chunk_of("csqa2", "validation", path)


def test_openbookqa_never_shows_its_fact() -> None:
    for place in ("openbookqa/hub/train", "openbookqa/authors/train"):
        assert "fact1" in sample(place)[2].read_text("utf-8")
        assert all(item.example.context is None for item in all_of(place))
    shown = one("openbookqa_fact/hub/train", "Wool")
    assert shown.question.input.endswith(r" \n trapped air keeps heat in")
