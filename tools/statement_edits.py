"""Small changes to a sentence of the rules: an article, a preposition, an order, an agreement.

Read by the tools that train the confidence: what the rules can't tell ("Screw is a machine", "goes
on in March the air") differs from what a person would write by one of these.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules.answer import FINAL, a_or_an, lowered

_ARTICLES = ("a", "an", "the")
_PREPOSITIONS = ("in", "on", "at", "to", "by", "during", "from", "for", "with", "as", "of")
_PLACED = ("in", "on", "at")
_ASKED = re.compile(
    r"\b(?:what|which)(?: (?:kind|type|sort|form)s? of| other)? (?P<noun>[a-z][\w-]+)",
    re.IGNORECASE,
)
_NO_NOUN = frozenset("is are was were do does did has have had can could will would of".split())
_BE = re.compile(r"\b(?:is|are|was|were)\b")
_OTHER_BE = {"is": "are", "are": "is", "was": "were", "were": "was"}
_NOW_PAST = {"is": "was", "are": "were", "was": "is", "were": "are"}


class Edit(NamedTuple):
    """What was changed, and the sentence."""

    name: str
    sentence: str


def edits(sentence: str, ask: Ask) -> Iterator[Edit]:
    """Other sentences, each with one change; nothing if the answer does not stand in it."""
    bare = ask.answer.rstrip(FINAL)
    inner = lowered(bare)[0] if bare else ""
    at = sentence.lower().rfind(inner.lower()) if inner else -1
    if at < 0:
        return
    end = at + len(inner)
    before, after = sentence[:at].rstrip(), sentence[end:]
    inner = inner if before else inner[:1].lower() + inner[1:] if inner != bare else inner
    yield from _before(before, inner, after)
    yield from _noun(before, inner, after, ask.question)
    yield from _moved(before, inner, after)
    yield from _agreement(before, inner, after)


def _put(before: str, phrase: str, after: str) -> str:
    text = f"{before} {phrase}{after}" if before else phrase + after
    return text[:1].upper() + text[1:]


def _before(before: str, inner: str, after: str) -> Iterator[Edit]:
    lead, _, last = before.rpartition(" ")
    low = last.lower()
    article, without = (low, lead) if low in _ARTICLES else ("", before)
    own = inner.partition(" ")[0].lower() in _ARTICLES
    for new in ("", a_or_an(inner), "the"):
        if new != article and not (own and new):
            name = f"article {new if new == 'the' else new[:1]}"
            yield Edit(name, _put(without, f"{new} {inner}".strip(), after))
    start, _, word = without.rpartition(" ")
    low = word.lower()
    phrase = f"{article} {inner}".strip()
    if low in _PREPOSITIONS:
        yield Edit(f"without {low}", _put(start, phrase, after))
        for new in _PLACED:
            if low in _PLACED and new != low:
                yield Edit(f"{new} for {low}", _put(start, f"{new} {phrase}", after))
                yield Edit(f"{new} for {low}", _put(start, f"{new} the {inner}", after))


def _noun(before: str, inner: str, after: str, question: str) -> Iterator[Edit]:
    m = _ASKED.search(question)
    if m is None or m["noun"].lower() in _NO_NOUN:
        return
    noun = m["noun"]
    follows = after.lstrip()
    if follows[: len(noun)].lower() == noun.lower():
        yield Edit("noun gone", _put(before, inner, after.replace(f" {noun}", "", 1)))
    elif noun.lower() not in inner.lower():
        yield Edit("noun", _put(before, f"{inner} {noun}", after))
        yield Edit("the noun", _put(before, f"the {inner} {noun}", after))


def _moved(before: str, inner: str, after: str) -> Iterator[Edit]:
    rest = after.rstrip(" .")
    if not rest.strip() or not before:
        return
    words = before.split(" ")
    size = 0
    if words[-1].lower() in _ARTICLES:
        size = 1
    if len(words) > size and words[-1 - size].lower() in (*_PREPOSITIONS, "because"):
        size += 1
    phrase = " ".join((*words[len(words) - size :], inner))
    head = " ".join(words[: len(words) - size])
    if head:
        yield Edit("last", f"{head}{rest} {phrase}.")


def _agreement(before: str, inner: str, after: str) -> Iterator[Edit]:
    m = _BE.match(after.lstrip()) if not before or len(before.split()) < 2 else None
    if m is not None:
        at = len(after) - len(after.lstrip())
        other = after[:at] + _OTHER_BE[m[0]] + after[at + m.end() :]
        yield Edit("agreement", _put(before, inner, other))
    found = list(_BE.finditer(before))
    if found:
        last = found[-1]
        for name, table in (("agreement", _OTHER_BE), ("tense", _NOW_PAST)):
            changed = before[: last.start()] + table[last[0]] + before[last.end() :]
            yield Edit(name, _put(changed, inner, after))
