"""Example → the sentences that need no question converter, and the asks for one. Pure."""

import re
from collections.abc import Sequence

from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, YesNo, collapse

# A blank is a run of underscores that is not next to a letter or digit (snake_case) and is no
# subscript (Ca(OH)_{2}). A space between the blank and a punctuation mark or a possessive 's is
# matched too, so that it is gone from the filled sentence.
_BLANK = re.compile(r"(?<![\w])_+(?![^\W_]|\{)(?: (?=[.,;:!?]|'s?(?:\W|$)))?")

STOP_OF_OTHER_SCRIPTS = re.compile(
    r"[\u3002\uff0e\uff61\uff01\uff1f\u061f\u06d4\u0964\u0965][\"'\u201d\u2019\u300d\u300f\uff09)]*$"
)
"""A stop at the end of a text that is no Latin one: Chinese, Japanese, Arabic, Urdu, Hindi."""

_QUESTION = re.compile(r"[?\uff1f][!?\uff1f)\"\u201d\u2019']*$")


def draft(example: Example) -> tuple[Sentence | Ask, ...]:
    """One entry per statement: a ready sentence (given or filled), or an ask."""
    if isinstance(example, MultipleChoice):
        if example.sentences is not None:
            return tuple([Sentence(collapse(s), "given", 1.0) for s in example.sentences])
        return _drafts(example.question_text, example.choices)
    if isinstance(example, YesNo):
        if example.sentence is not None:
            return (Sentence(collapse(example.sentence), "given", 1.0),)
        return (Ask(collapse(example.question_text), "yes"),)
    if isinstance(example, FreeText):
        return _drafts(example.question_text, example.references)
    return ()


def only_asks(example: Example) -> int:
    """The number of ``draft``'s entries if all are asks; 0 if one may be a ready sentence."""
    if not isinstance(example, MultipleChoice) or example.sentences is not None:
        return 0
    return 0 if "_" in example.question else len(example.choices)


def labels(example: Example) -> tuple[bool | None, ...]:
    """The label of each of ``draft``'s entries; None if the dataset does not publish it."""
    match example:
        case MultipleChoice(golds=None):
            return (None,) * len(example.choices)
        case MultipleChoice(golds=tuple() as golds):
            return tuple(position in golds for position in range(len(example.choices)))
        case YesNo():
            return (example.answer,)
        case FreeText():
            return (True,) * len(example.references)
    return ()


def _drafts(question: str, answers: Sequence[str]) -> tuple[Sentence | Ask, ...]:
    question = collapse(question)
    blanks = len(_BLANK.findall(question)) if "_" in question else 0
    asks = [Ask(question, collapse(answer)) for answer in answers]
    return tuple([_filled(ask) if blanks == 1 and ask.answer else ask for ask in asks])


def has_blank(text: str) -> bool:
    """True if the text has a blank (a run of underscores)."""
    return "_" in text and _BLANK.search(text) is not None


def _filled(ask: Ask) -> Sentence | Ask:
    """The sentence with its blank filled; the ask if what results is still a question."""
    filled = _BLANK.sub(lambda _: ask.answer, ask.question)
    if _QUESTION.search(filled):
        return ask
    filled = filled[:1].upper() + filled[1:]
    ended = filled[-1] in ".!?" or STOP_OF_OTHER_SCRIPTS.search(filled)
    return Sentence(filled if ended else f"{filled}.", "filled", 1.0)
