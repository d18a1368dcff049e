"""What else the rules could have written: other kinds of answer, other starts of the predicate.

Kind, rule and start of the predicate are three decisions in a row; the rules take the first of
each. A chooser compares what the others lead to, and the rules' own sentence with small changes.
"""

import copy
from collections.abc import Iterator
from itertools import islice

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.converter import (
    Made,
    asks_names,
    matches,
    parse_answer,
)
from unifiedqa_convert.question_converters.rules.edits import edits
from unifiedqa_convert.question_converters.rules.predicate import choices
from unifiedqa_convert.question_converters.rules.question import Question, parse_question

KINDS = tuple("noun sentence place to verb verb-ing adjective verb-s verb-ed number".split())
"""Kinds that an answer is tried as, besides its own."""
RULES = 2
"""Sentences that are taken of each kind and start: those of the first rules."""


OWN, OTHER = "~own", "~other"
"""Names of the features that tell a chooser where a sentence comes from."""


def candidates(ask: Ask, own: Made) -> Iterator[Made]:
    """Other sentences than the rules' own for an ask as ``attached`` returns it; repeats occur."""
    given = parse_answer(ask.answer, asks_names(ask.question))
    if given is None or given.polar or given.kind == "none":
        return
    parsed = parse_question(ask.question, False)
    if not parsed.tokens:
        return
    for variant in (parsed, *_moved(parsed)):
        for kind in (given.kind, *(kind for kind in KINDS if kind != given.kind)):
            for made in islice(_as_kind(variant, given, kind), RULES):
                yield made._replace(derived=(*made.derived, OTHER))
    for edit in edits(own.sentence, ask):
        yield Made(own.rule, edit.sentence, (*own.derived, f"~edit {edit.name}"))


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
