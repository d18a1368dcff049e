"""Given sentences, filled blanks, and asks for a question converter."""

import pytest

from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.question_converters.drafts import draft, labels
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, YesNo


def test_given_sentences_are_kept() -> None:
    example = MultipleChoice(question="Q?", choices=("a", "b"), sentences=("A  is.", "B is."))
    assert draft(example) == (Sentence("A is.", "given", 1.0), Sentence("B is.", "given", 1.0))
    sentence = YesNo(question="", sentence="Ice melts.", answer=True)
    assert draft(sentence) == (Sentence("Ice melts.", "given", 1.0),)


def test_questions_are_asked_once_per_choice() -> None:
    example = MultipleChoice(question="What  melts?", choices=("ice", " rock"), golds=(0,))
    assert draft(example) == (Ask("What melts?", "ice"), Ask("What melts?", "rock"))
    assert labels(example) == (True, False)


def test_free_text_gets_a_true_statement_per_reference_and_no_false_one() -> None:
    several = FreeText(question="Who?", answers=("Ada", " Ada  Lovelace"))
    assert draft(several) == (Ask("Who?", "Ada"), Ask("Who?", "Ada Lovelace"))
    assert labels(several) == (True, True)
    parts = FreeText(question="Which two?", answers=("Ada", "Charles"), parts=True)
    assert parts.references == ("Ada, Charles",)
    assert draft(parts) == (Ask("Which two?", "Ada, Charles"),)
    assert labels(parts) == (True,)
    for nothing in (None, ()):  # hidden, unanswerable
        for joined in (False, True):
            example = FreeText(question="Who?", answers=nothing, parts=joined)
            assert (example.references, draft(example), labels(example)) == ((), (), ())
    blank = FreeText(question="In 1843 _ wrote a program.", answers=("Ada", "she"))
    assert [entry.text for entry in draft(blank) if not isinstance(entry, Ask)] == [
        "In 1843 Ada wrote a program.",
        "In 1843 she wrote a program.",
    ]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("The ____ melts in the sun", "The ice melts in the sun."),
        ("_ melts!", "Ice melts!"),
        ("\u96ea: _\u3002", "\u96ea: ice\u3002"),
        ("What melts is ___.", "What melts is ice."),
        ("We skated on the _ .", "We skated on the ice."),
        ("Cold is the _ 's nature", "Cold is the ice's nature."),
    ],
)
def test_one_blank_is_filled(question: str, sentence: str) -> None:
    example = MultipleChoice(question=question, choices=("ice",))
    assert draft(example) == (Sentence(sentence, "filled", 1.0),)


@pytest.mark.parametrize(
    "question",
    [
        *("_ and _ melt.", "Is _ cold?", "Is _ cold?!", "Is _ cold\uff1f", 'Ask "Is _ cold?"'),
        *("What is_solid?", "What melts?", "Lime, Ca(OH)_{2}, takes up"),
    ],
)
def test_no_blank_or_two_or_one_in_a_question_are_asked(question: str) -> None:
    (entry,) = draft(MultipleChoice(question=question, choices=("ice",)))
    assert isinstance(entry, Ask)


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (MultipleChoice(question="Q?", choices=("a", "b")), (None, None)),
        (MultipleChoice(question="Q?", choices=("a", "b", "c"), golds=(0, 2)), (True, False, True)),
        (YesNo(question="Is it?", answer=False), (False,)),
        (YesNo(question="Is it?"), (None,)),
    ],
)
def test_labels(example: Example, expected: tuple[bool | None, ...]) -> None:
    assert labels(example) == expected
    assert len(draft(example)) == len(expected)
