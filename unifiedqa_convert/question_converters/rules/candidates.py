"""What else the rules could have written: other kinds of answer, other starts of the predicate.

Kind, rule and start of the predicate are three decisions in a row; the rules take the first of
each. A chooser compares what the others lead to.
"""

import copy
from collections.abc import Iterator
from itertools import islice

from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.converter import (
    Made,
    asks_names,
    matches,
    parse_answer,
)
from unifiedqa_convert.question_converters.rules.predicate import choices
from unifiedqa_convert.question_converters.rules.question import Question, parse_question

KINDS = tuple("noun sentence place to verb verb-ing adjective verb-s verb-ed number".split())
"""Kinds that an answer is tried as, besides its own."""
RULES = 2
"""Sentences that are taken of each kind and start: those of the first rules."""


def candidates(question: str, answer: str) -> Iterator[Made]:
    """Sentences for other kinds and starts, those with the rules' own start first; repeats occur.

    Both texts must be one line. Nothing for an answer of yes or no.
    """
    given = parse_answer(answer, asks_names(question))
    if given is None or given.polar or given.kind == "none":
        return
    parsed = parse_question(question, False)
    if not parsed.tokens:
        return
    for variant in (parsed, *_moved(parsed)):
        for kind in (given.kind, *(kind for kind in KINDS if kind != given.kind)):
            yield from islice(_as_kind(variant, given, kind), RULES)


def _as_kind(parsed: Question, given: Answer, kind: str) -> Iterator[Made]:
    changed = copy.copy(given)
    changed.kind = kind
    try:
        yield from matches(parsed, changed)
    except (IndexError, AssertionError):
        return  # an answer that can't be of this kind


def _moved(base: Question) -> Iterator[Question]:
    """The question with its predicate starting elsewhere."""
    plain = [t._replace(tags=t.tags.replace("Y", "")) for t in base.tokens]
    places = {s.at for choice in choices(plain) if choice is not None for s in choice.spots()}
    for at in sorted(places):
        tokens = list(plain)
        tokens[at] = tokens[at]._replace(tags=tokens[at].tags + "Y")
        if tuple(tokens) != base.tokens:
            yield base.marked(tokens)
