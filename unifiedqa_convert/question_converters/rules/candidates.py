"""What else the rules could have written: other kinds of answer, other starts of the predicate.

Kind, rule and start of the predicate are three decisions in a row; the rules take the first of
each. A chooser compares what the others lead to.
"""

import copy
from collections.abc import Iterator
from itertools import islice

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.converter import (
    Made,
    matches,
    parsed_pair,
)
from unifiedqa_convert.question_converters.rules.predicate import choices
from unifiedqa_convert.question_converters.rules.question import Question

KINDS = ("sentence", "place", "adjective", "noun", "verb", "verb-s")
"""Kinds that an answer is tried as, besides its own, with the rules' own start of the predicate.
Of 249 references for which any candidate was right, these and the next one had 245."""
RULES = 2
"""Sentences that are taken of each kind: those of the first rules; one of another start."""


OWN, OTHER = "~own", "~other"
"""Names of the features that tell a chooser where a sentence comes from."""


def candidates(ask: Ask) -> Iterator[Made]:
    """Other sentences than the rules' own for an ask as ``attached`` returns it; repeats occur."""
    pair = parsed_pair(*ask)
    if pair is None or pair[1].polar:
        return
    parsed, given = pair
    for kind in (given.kind, *(kind for kind in KINDS if kind != given.kind)):
        yield from islice(as_kind(parsed, given, kind), RULES)
    for other in moved(parsed):
        yield from islice(as_kind(other, given, given.kind), 1)


def as_kind(parsed: Question, given: Answer, kind: str) -> Iterator[Made]:
    """What the rules make of an answer that is taken for one of this kind."""
    changed = copy.copy(given)
    changed.kind = kind
    try:
        for made in matches(parsed, changed):
            yield made._replace(derived=(*made.derived, OTHER))
    except (IndexError, AssertionError):
        return  # an answer that can't be of this kind


def moved(base: Question) -> Iterator[Question]:
    """The question with its predicate starting elsewhere."""
    plain = [t._replace(tags=t.tags.replace("Y", "")) for t in base.tokens]
    places = {s.at for choice in choices(plain) if choice is not None for s in choice.spots()}
    for at in sorted(places):
        tokens = list(plain)
        tokens[at] = tokens[at]._replace(tags=tokens[at].tags + "Y")
        if tuple(tokens) != base.tokens:
            yield base.marked(tokens)
