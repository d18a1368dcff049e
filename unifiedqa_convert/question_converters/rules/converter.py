"""The embedded question converter: a table of rules, no model, no download.

The first rule that matches a question and its answer makes the statement. If none matches, the
statement is *The answer to “…” is …*, with ``rules-fallback`` as ``via``.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.question_converters.drafts import has_blank
from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import (
    FINAL,
    Answer,
    a_or_an,
    ends_in_initial,
    keeps_capital,
    lowered,
)
from unifiedqa_convert.question_converters.rules.clause import Match
from unifiedqa_convert.question_converters.rules.clauses.shortened import shortened
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.pattern import Rule
from unifiedqa_convert.question_converters.rules.predicate import choices
from unifiedqa_convert.question_converters.rules.question import Question, parse_question
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.rules.template import fill_template
from unifiedqa_convert.schema import collapse

# A template can't know that an answer repeats the word next to it ("the" + "the hen's nest", "will"
# + "will go", "take a nap next" + "next") or needs the other article ("a" + "apple").

_ARTICLES = ("a", "an", "the")
_MAY_REPEAT = frozenset("that had her his is was are were it you what who do".split())
"""Words that may be repeated: "gave her | her hat", "what it is | is"."""
_MAX_REPEATED = 3
"""Words of a repeated ending: "as a result", "before this"."""


def without_repetition(sentence: str, answer: str) -> str:
    """The sentence without repeated words around the answer, and with one fitting article."""
    at = sentence.find(answer)
    if at < 0:
        # The answer's first word was inflected: look for the rest.
        _, _, answer = answer.partition(" ")
        at = sentence.find(answer) if answer else -1
        return sentence if at < 0 else _after(sentence, at + len(answer), answer)
    if at + len(answer) < len(sentence):
        sentence = _after(sentence, at + len(answer), answer)
    # Not if the answer starts within a word or after a hyphen or quotation mark.
    return _before(sentence, at, answer) if sentence[at - 1 : at] == " " else sentence


def _before(sentence: str, at: int, answer: str) -> str:
    start = sentence.rfind(" ", 0, at - 1) + 1
    last = sentence[start : at - 1]
    low = last.lower()
    first = answer.partition(" ")[0].lower()
    if low == first:
        twice = low in _ARTICLES or (low.isalpha() and low not in _MAY_REPEAT)
        return sentence[:start] + sentence[at:] if twice else sentence
    if low not in _ARTICLES:
        return sentence
    if first in _ARTICLES:
        return sentence[:start] + sentence[at:]
    fit = low if low == "the" or not first[:1].isalpha() else a_or_an(answer)
    return sentence if fit == low else f"{sentence[:start]}{last[0]}{fit[1:]} {sentence[at:]}"


def _after(sentence: str, end: int, answer: str) -> str:
    tail = sentence[end:]
    if not tail.startswith(" ") or answer.rpartition(" ")[2].lower() not in tail.lower():
        return sentence
    words = answer.rsplit(" ", _MAX_REPEATED)[-_MAX_REPEATED:]
    for size in range(min(len(words), _MAX_REPEATED), 0, -1):
        again = " ".join(words[-size:])
        follows = tail[1 : len(again) + 1].lower() == again.lower()
        whole = not tail[len(again) + 1 : len(again) + 2].isalnum()
        if follows and whole and again.isascii() and again.lower() not in _MAY_REPEAT:
            return sentence[:end] + tail[len(again) + 1 :]
    return sentence


VIA, VERSION = "rules", "8"
_BEFORE_MARK = re.compile(r" (?=[,.;:!?%)\]](?: |$))")
_NAMED = re.compile(r"\b(?:who|whom|whose|names?|named|call|called)\b", re.IGNORECASE)
_WORDS = re.compile(r"\w+")


# A tokeniser's spaces: "did n't", "Ann 's", "two months ' rent".
_LOOSE = re.compile(r"(?<=\w) (?=(?:n['\u2019]t|['\u2019](?:s|re|ve|ll|d|m))\b)", re.IGNORECASE)
_LOOSE_POSSESSIVE = re.compile(r"(?<=[a-z]s) (?=['\u2019] [a-z])")


# Blanks of other datasets: "[MASK]", "<mask>", and one underscore in what is no question.
_MASK = re.compile(
    r"\[(?:MASK|blank)\]|<(?:mask|blank)>|(?<!\S)_(?=[\s.,;:!]|$)(?!.*\?$)", re.IGNORECASE
)


def attached(ask: Ask) -> Ask:
    """Both texts in one line, without a tokeniser's spaces before an apostrophe."""
    question = collapse(ask.question)
    if "_" in question or "<" in question or "[" in question:
        question = _MASK.sub("____", question)
    return Ask(_attached(question), _attached(collapse(ask.answer)))


def _attached(text: str) -> str:
    if "'" not in text and "\u2019" not in text:
        return text
    text = _LOOSE.sub("", text)
    return _LOOSE_POSSESSIVE.sub("", text) if text.count("'") == 1 else text


class Made(NamedTuple):
    """A sentence, the rule that made it, and how: what the confidence in it is judged by."""

    rule: Rule
    sentence: str
    derived: tuple[str, ...]


class Rules:
    """Turns questions and answers into statements by rule."""

    name = "rules-only"
    version = VERSION

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` is ``rules-fallback`` if no rule matched."""
        return [self._sentence(attached(ask)) for ask in asks]

    def _sentence(self, ask: Ask) -> Sentence:
        made = rules_own(ask)
        return fallback(ask) if made is None else Sentence(made.sentence, VIA)


def rules_own(ask: Ask) -> Made | None:
    """The rules' sentence for an ask as ``attached`` returns it; None if no rule matches."""
    made = both_answers(*ask) or first_match(*ask)
    return made if made is not None and fits(made.sentence, ask) else None


def fits(sentence: str, ask: Ask) -> bool:
    """False if a blank of the question is still in its statement."""
    return has_blank(ask.answer) or not has_blank(sentence)


@lru_cache(maxsize=4096)
def parse_answer(answer: str, named: bool, again: bool = False) -> Answer | None:
    """An answer's analysis, None if it has no letter or digit; cached, as answers repeat."""
    return Answer(answer, named, again) if any(map(str.isalnum, answer)) else None


def named_in(question: str, answer: str) -> bool:
    """True if the answer's first word is a name in the question: "Who is Hunter? Hunter is …"."""
    if not answer[:1].isupper():
        return False
    first = answer.partition(" ")[0].rstrip(FINAL)
    if first[1:] != first[1:].lower():
        return False
    at = question.find(f" {first}")
    inside = at > 0 and question[at - 1] not in '.!?:"\u201c'
    return inside and not question[at + 1 + len(first) : at + 2 + len(first)].isalnum()


@lru_cache(maxsize=1024)
def asks_names(question: str) -> bool:
    """True if the question asks for a person or a name; cached, as questions repeat."""
    return _NAMED.search(question) is not None


_SECOND = re.compile(
    r",? and (?P<second>(?:why|how|when|where)(?:\b.*)?)$|,? and (?P<asked>what|who|which\b.*)$",
    re.IGNORECASE,
)


def both_answers(question: str, answer: str) -> Made | None:
    """The statement for "Who wrote it, and why?" and an answer to each, with a comma between."""
    bare = question.rstrip(FINAL)
    said = answer.rstrip(FINAL)
    m, (first, comma, rest) = _SECOND.search(bare), said.partition(", ")
    if m is not None and not comma and said.count(" and ") == 1 and " " in (m["second"] or ""):
        first, comma, rest = said.partition(" and ")  # "three and two"
    if m is None or not comma or not _ASKS.match(question):
        return None
    start = first_match(f"{bare[: m.start()]}?", first)
    second = m["second"] or m["asked"]
    if start is None:
        return None
    lead = start.sentence.rstrip(FINAL)
    if " " not in second:
        return start._replace(sentence=finish("", f"{lead} {rest}"))
    end = first_match(f"{second}?", rest)
    if end is None:
        return None
    tail = end.sentence
    if not keeps_capital(tokenise_question(tail)):
        tail = tail[0].lower() + tail[1:]
    return start._replace(sentence=finish("", f"{lead} and {tail}"))


# "The cat ran away. Why?"
_WHY_SO = re.compile(
    r"(?P<earlier>(?:.*[.!?] )?)(?P<said>[^.!?]+)[.!] (?:why|how come)\?+$", re.IGNORECASE
)


def _known(earlier: str, given: Answer) -> Answer:
    """A noun that the sentences before the question speak of, with "the": "a hare … the hare"."""
    if not earlier or given.kind != "noun" or not given.bare or given.text[:1].isupper():
        return given
    if given.text.lower() not in earlier.lower():
        return given  # most: a pattern takes long to compile
    spoken_of = re.search(rf"\b(?:an?|the) {re.escape(given.text)}\b", earlier, re.IGNORECASE)
    return Answer(f"the {given.text}") if spoken_of else given


def _offered(offered: str, given: Answer) -> Answer:
    """A choice with the article that it has in the question: "the siege or the fire?"."""
    if not offered or given.kind != "noun" or given.tokens[0].may("DLRQ"):
        return given
    if given.text.lower() not in offered.lower():
        return given
    article = re.search(rf"\b(an?|the) {re.escape(given.text)}\b", offered, re.IGNORECASE)
    return Answer(f"{article[1].lower()} {given.text}") if article else given


_ASKS = re.compile(r"(?:who|what|which|where|when|how|whose)\b", re.IGNORECASE)


def first_match(question: str, answer: str) -> Made | None:
    """What the first rule that makes a sentence makes; both texts must be one line."""
    pair = parsed_pair(question, answer)
    return None if pair is None else next(matches(*pair), None)


def parsed_pair(question: str, answer: str) -> tuple[Question, Answer] | None:
    """Question and answer as the rules read them; None if they make nothing of them."""
    given = parse_answer(answer, asks_names(question), named_in(question, answer))
    if not question or given is None:
        return None
    asked = _WHY_SO.match(question) if question[-4:].lower() in ("why?", "ome?") else None
    if asked is not None:
        said = lowered(asked["said"])[0]
        question = f"{asked['earlier']}Why is it that {said}?"
    parsed = parse_question(question, given.polar)
    if given.kind == "none":
        return None
    given = shortened(parsed, _known(parsed.earlier, _offered(parsed.offered, given)))
    denies = given.kind != "reply" and parsed.denies(given.polar)
    return None if denies or not parsed.tokens else (parsed, given)


def matches(parsed: Question, given: Answer) -> Iterator[Made]:
    """What the rules make, in the tables' order."""
    for rule, parts in parsed.matches(given.kind):
        sentence = fill_template(rule.say, Match(parsed.core, parts, given))
        if (
            sentence is not None
            and not _still_a_question(parsed, sentence)
            and _keeps_answer(sentence, given)
        ):
            if given.text not in parsed.core:
                sentence = without_repetition(sentence, given.text)
            text = finish(parsed.earlier, f"{parsed.front} {sentence}")
            yield Made(rule, text, derivation(parsed, given, rule))


def derivation(parsed: Question, given: Answer, rule: Rule) -> tuple[str, ...]:
    """Names of the decisions behind a sentence: rule, kind of answer, predicate's start."""
    kind = f"%{given.kind}"
    return (f"@{rule.when}", f"${rule.say}", kind, f"{kind}${rule.say}", *parsed.decisions)


_SAYS = (" is that ", " was that ", " is to ")


def _still_a_question(question: Question, sentence: str) -> bool:
    """True if a statement starts like its question, so that it answers nothing."""
    if not question.start or any(said in sentence for said in _SAYS):
        return False
    return sentence[: len(question.start)].lower() == question.start


_QUOTED_END = ('."', '?"', '!"', ".\u201d", "?\u201d", "!\u201d")


def finish(earlier: str, text: str) -> str:
    """A sentence: no space before a mark, a capital first, exactly one full stop at the end."""
    text = _BEFORE_MARK.sub("", collapse(text))
    if not ends_in_initial(text) and not text.endswith(_QUOTED_END):
        text = f"{text.rstrip(FINAL)}."
    whole = f"{earlier} {_capital(text)}" if earlier else text
    return _capital(whole)


def _capital(text: str) -> str:
    if text[:1].islower() and text[1:2].islower():
        return text[0].upper() + text[1:]
    for i, char in enumerate(text):
        if char.isalnum():
            # "ß".upper() is two letters; "eBay" and "pH" keep their case.
            mixed = text[i + 1 : i + 2].isupper()
            return text if mixed else text[:i] + char.upper() + text[i + 1 :]
    return text


_NONE_OF_THEM = re.compile(r"(?:none|all|both) of (?:the|these|those)\b", re.IGNORECASE)
_FUNCTION = (
    words.BE
    | words.HAVE
    | words.DO
    | {"to", "like", "none", "him", "her", "them", "the", "s", "re", "ve", "ll", "m", "d"}
)


def _keeps_answer(sentence: str, answer: Answer) -> bool:
    """True if the statement has all words of the answer, perhaps inflected.

    A pronoun may have been replaced by its name, "the others" by "others".
    """
    if answer.polar or answer.kind == "reply" or answer.text in sentence:
        return True
    have = {word[:3] for word in _WORDS.findall(sentence.lower())}
    wanted = set(_WORDS.findall(answer.given.lower())) - words.SUBJECT_PRONOUNS - _FUNCTION
    lost = {word for word in wanted if word[:3] not in have}
    return not lost or lost <= _inflected(lost, _WORDS.findall(sentence.lower()))


def _inflected(lost: set[str], said: Sequence[str]) -> set[str]:
    """The verbs that occur in another form: "drive" in "drove", "go" in "going"."""
    have = {verb_lemma(word) for word in said}
    return {word for word in lost if verb_lemma(word) in have}


# What else the rules could have written. Kind of answer, rule and start of the predicate are three
# decisions in a row; the rules take the first of each. A chooser compares what the others lead to.

OTHER_KINDS = ("sentence", "place", "adjective", "noun", "verb", "verb-s")
"""Kinds that an answer is tried as, besides its own, with the rules' own start of the predicate.
Of 249 references for which any candidate was right, these and the next one had 245."""
OF_EACH_KIND = 2
"""Sentences that are taken of each kind: those of the first rules; one of another start."""
OWN, OTHER = "~own", "~other"
"""Names of the features that tell a chooser where a sentence comes from."""


def candidates(ask: Ask) -> Iterator[Made]:
    """Other sentences than the rules' own for an ask as ``attached`` returns it; repeats occur."""
    pair = parsed_pair(*ask)
    if pair is None or pair[1].polar:
        return
    parsed, given = pair
    for kind in (given.kind, *(kind for kind in OTHER_KINDS if kind != given.kind)):
        yield from islice(as_kind(parsed, given, kind), OF_EACH_KIND)
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


def fallback(ask: Ask) -> Sentence:
    """A sentence that is true of any question and its answer."""
    return Sentence(_fallback(*ask), f"{VIA}-fallback")


def _fallback(question: str, answer: str) -> str:
    if not question:
        return finish("", answer) if any(map(str.isalnum, answer)) else "There is no answer."
    if not answer:
        return f"The question “{question}” has no answer."
    bare = answer.rstrip(FINAL) or f"“{answer}”"
    if _NONE_OF_THEM.match(bare):
        bare = bare[0].lower() + bare[1:]
    return f"The answer to “{question}” is {bare}."
