"""Records and back: the separator, the letters, and what cannot be recovered."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.records.converted import Record, Statement
from unifiedqa_convert.records.encode import (
    arrange,
    declarative_record,
    parse,
    parse_declarative,
    question_record,
    recovers,
)
from unifiedqa_convert.records.profiles import PROFILES, profile_named
from unifiedqa_convert.schema import FreeText, MultipleChoice, YesNo, collapse

CANONICAL = PROFILES["canonical"]
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def test_a_question_record_is_one_line_with_lettered_choices() -> None:
    example = MultipleChoice(
        question=" What\nmelts? ", choices=("ice ", "", "a\trock"), golds=(0,), context="It is hot."
    )
    record = question_record(example, CANONICAL)
    assert record == Record("What melts? \\n (a) ice (b) (c) a rock \\n It is hot.", "ice")
    assert parse(record, CANONICAL).choices == ("ice", "", "a rock")


def test_a_cue_may_be_all_the_question_there_is() -> None:
    """Rainier writes no cue, and then nothing before the choices' separator (sha256 of comve_a)."""
    example = MultipleChoice(question="", cue="Which?", choices=("ice", "fire"), golds=(1,))
    assert question_record(example, CANONICAL).input == "Which? \\n (a) ice (b) fire"
    rainier = PROFILES["rainier"]
    record = question_record(example, rainier)
    assert record.input == "\\n (A) ice (B) fire"
    assert parse(record, rainier).choices == ("ice", "fire")
    assert recovers(example, record, rainier)


def test_unlabelled_yes_no_and_free_text() -> None:
    assert question_record(YesNo(question="Is ice cold?"), CANONICAL).output is None
    assert question_record(YesNo(question="Is ice cold?", answer=False), CANONICAL).output == "no"
    free = FreeText(question="Who?", answers=("Ada Lovelace", "Lovelace"), context="Text.")
    assert question_record(free, CANONICAL) == Record("Who? \\n Text.", "Ada Lovelace")
    assert question_record(FreeText(question="Who?", answers=()), CANONICAL).output == "<No Answer>"


@pytest.mark.parametrize(
    ("label", "context", "record"),
    [
        (True, None, Record("Ice melts.", "yes")),
        (False, " It is\nhot. ", Record("Ice melts. \\n It is hot.", "no")),
        (None, "", Record("Ice melts.", "-")),
    ],
)
def test_a_declarative_record(label: bool | None, context: str | None, record: Record) -> None:
    statement = Statement("Ice melts.", label, 0, "given")
    assert declarative_record(statement, context, CANONICAL) == record
    back, back_context = parse_declarative(record, CANONICAL)
    assert (back.sentence, back.label) == ("Ice melts.", label)
    assert back_context == (collapse(context or "") or None)


@given(words, st.lists(words, max_size=8), st.none() | words, st.data())
def test_parse_gives_back_the_example_or_says_that_it_cannot(
    question: str, choices: list[str], context: str | None, data: st.DataObject
) -> None:
    gold = data.draw(st.none() | st.integers(0, len(choices) - 1)) if choices else None
    example = MultipleChoice(
        question=question,
        choices=tuple(choices),
        golds=None if gold is None else (gold,),
        context=context,
    )
    record = question_record(example, CANONICAL)
    assert "\n" not in record.input
    assert "\t" not in record.input
    if recovers(example, record, CANONICAL):
        parsed = parse(record, CANONICAL)
        assert parsed.question == collapse(question)
        assert parsed.choices == tuple(collapse(choice) for choice in choices)
        assert parsed.context == (collapse(context or "") or None)


@pytest.mark.parametrize(
    "example",
    [
        MultipleChoice(question="Q?", choices=("x (b) y", "z"), golds=(1,)),
        MultipleChoice(question="Q \\n more?", choices=("x", "y"), golds=(1,)),
        MultipleChoice(question="Q?", choices=("same", "same"), golds=(0,)),
        YesNo(question="Q?", context="(a) is a letter.", answer=True),
    ],
)
def test_what_cannot_be_recovered_is_known(example: MultipleChoice) -> None:
    assert not recovers(example, question_record(example, CANONICAL), CANONICAL)


def test_free_order_hides_the_gold_and_keeps_it() -> None:
    published = MultipleChoice(
        question="Q?",
        choices=("w", "x", "y", "Z "),
        golds=(3,),
        sentences=("W.", "X.", "Y.", "Z."),
        order_matters=False,
    )
    shuffled = arrange(published, CANONICAL)
    assert isinstance(shuffled, MultipleChoice)
    assert shuffled.golds is not None
    assert shuffled.choices[shuffled.golds[0]] == "Z "
    assert shuffled.sentences is not None
    assert shuffled.sentences[shuffled.golds[0]] == "Z."
    backwards = replace(published, choices=published.choices[::-1], golds=(0,))
    again = arrange(backwards, CANONICAL)
    assert isinstance(again, MultipleChoice)
    assert again.choices == shuffled.choices, "the published order leaves a trace"


def test_order_that_matters_is_kept() -> None:
    example = MultipleChoice(question="Q?", choices=("b", "a"), golds=(0,))
    assert arrange(example, CANONICAL) is example


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="canonical"):
        profile_named("cannonical")


@pytest.mark.parametrize(
    ("profile", "dataset", "wanted"),
    [
        ("unifiedqa", "physical_iqa", Record("to\r  tie \\n (A) a  knot (B) b \\n why", "a  knot")),
        ("unifiedqa", "qasc", Record("to tie \\n (A) a  knot (B) b \\n why", "a  knot")),
        (
            "unifiedqa-train",
            "social_iqa",
            Record("to\r  tie \\n (a) a  knot (b) b \\n why", "a  knot"),
        ),
        ("rainier", "quartz", Record("to tie \\n (A) a  knot (B) b", "a  knot")),
    ],
)
def test_a_datasets_quirk_cleans_in_its_own_way_or_leaves_out_the_context(
    profile: str, dataset: str, wanted: Record
) -> None:
    own = PROFILES[profile].of(dataset)
    example = MultipleChoice(
        question="to\r\n tie", choices=("a\t knot", "b"), golds=(0,), context="why"
    )
    arranged = arrange(example, own)
    record = question_record(arranged, own)
    assert record == wanted
    assert recovers(arranged, record, own)
