"""The embedded question converter: rules in a table, no model, no download.

The first rule of ``rules_table`` that matches a question and its answer says the statement. Where
none does, the sentence says what is always true, that this is the answer to this question, and is
marked.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.question_converters.drafts import has_blank
from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import (
    FINAL,
    Answer,
    a_or_an,
    ends_in_initial,
)
from unifiedqa_convert.question_converters.rules.clause import Match
from unifiedqa_convert.question_converters.rules.pattern import Rule
from unifiedqa_convert.question_converters.rules.question import Question, one_line, parse_question
from unifiedqa_convert.question_converters.rules.template import fill_template

# Where the answer meets the question's words: one article, that its sound asks for, no word
# twice. A template can't know that an answer repeats what stands beside it: "the" + "the hen's
# nest", "will" + "will go", "take a nap next" + "next".

_ARTICLES = ("a", "an", "the")
_MAY_REPEAT = frozenset("that had her his is was are were it you what who do".split())
"""Words that may rightly meet themselves: "gave her | her hat", "what it is | is"."""
_LONGEST = 3
"""Words of a repeated end: "as a result", "before this"."""


def smoothed(said: str, answer: str) -> str:
    """The sentence with its joints to the answer mended; as it is where it doesn't hold it."""
    at = said.find(answer)
    if at < 0:
        # Its first word was inflected: the end may still be repeated.
        _, _, answer = answer.partition(" ")
        at = said.find(answer) if answer else -1
        return said if at < 0 else _after(said, at + len(answer), answer)
    if at + len(answer) < len(said):
        said = _after(said, at + len(answer), answer)
    # Within a word, or after a hyphen or a quotation mark, there is no joint.
    return _before(said, at, answer) if said[at - 1 : at] == " " else said


def _before(said: str, at: int, answer: str) -> str:
    start = said.rfind(" ", 0, at - 1) + 1
    last = said[start : at - 1]
    low = last.lower()
    first = answer.partition(" ")[0].lower()
    if low == first:
        twice = low in _ARTICLES or (low.isalpha() and low not in _MAY_REPEAT)
        return said[:start] + said[at:] if twice else said
    if low not in _ARTICLES:
        return said
    if first in _ARTICLES:
        return said[:start] + said[at:]
    fit = low if low == "the" or not first[:1].isalpha() else a_or_an(answer)
    return said if fit == low else f"{said[:start]}{last[0]}{fit[1:]} {said[at:]}"


def _after(said: str, end: int, answer: str) -> str:
    tail = said[end:]
    if not tail.startswith(" ") or answer.rpartition(" ")[2].lower() not in tail.lower():
        return said
    words = answer.rsplit(" ", _LONGEST)[-_LONGEST:]
    for size in range(min(len(words), _LONGEST), 0, -1):
        again = " ".join(words[-size:])
        follows = tail[1 : len(again) + 1].lower() == again.lower()
        whole = not tail[len(again) + 1 : len(again) + 2].isalnum()
        if follows and whole and again.isascii() and again.lower() not in _MAY_REPEAT:
            return said[:end] + tail[len(again) + 1 :]
    return said


_BEFORE_MARK = re.compile(r" (?=[,.;:!?%)\]](?: |$))")
_NAMED = re.compile(r"\b(?:who|whom|whose|names?)\b", re.IGNORECASE)
_WORDS = re.compile(r"\w+")


class Rules:
    """Turns questions and answers into statements by rule."""

    name = "rules"
    version = "4"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` ends in ``-fallback`` where no rule was sure."""
        return [self._sentence(*ask) for ask in asks]

    def _sentence(self, question: str, answer: str) -> Sentence:
        question, answer = one_line(question), one_line(answer)
        chosen = first_match(question, answer)
        if chosen is not None and (has_blank(answer) or not has_blank(chosen[1])):
            return Sentence(chosen[1], self.name)
        return Sentence(_plainly(question, answer), f"{self.name}-fallback")


@lru_cache(maxsize=4096)
def given(answer: str, named: bool) -> Answer | None:
    """An answer taken apart, None where it has no letter or digit; kept, as many come again."""
    return Answer(answer, named) if any(map(str.isalnum, answer)) else None


@lru_cache(maxsize=1024)
def _asks_names(question: str) -> bool:
    """Whether who or what is called something is asked for; kept, as a question comes again."""
    return _NAMED.search(question) is not None


def first_match(question: str, answer: str) -> tuple[Rule, str] | None:
    """The first rule that has something to say, and what it says; both texts on one line."""
    said_of = given(answer, _asks_names(question))
    if not question or said_of is None:
        return None
    taken = parse_question(question, said_of.polar)
    for rule, parts in taken.matches(said_of.kind):
        said = fill_template(rule.say, Match(taken.core, parts, said_of))
        if said is not None and not _still_asks(taken, said) and _keeps(said, said_of):
            if said_of.text not in taken.core:
                said = smoothed(said, said_of.text)
            return rule, finish(taken.earlier, f"{taken.front} {said}")
    return None


def _still_asks(question: Question, said: str) -> bool:
    """Whether a statement starts as its question did, so that nothing has been answered."""
    if not question.unsaid or " is that " in said or " is to " in said:
        return False
    return said[: len(question.unsaid)].lower() == question.unsaid


def finish(earlier: str, text: str) -> str:
    """A sentence: marks close up, a capital at the start, exactly one stop at the end."""
    text = _BEFORE_MARK.sub("", one_line(text))
    if not ends_in_initial(text):
        text = f"{text.rstrip(FINAL)}."
    whole = f"{earlier} {_capital(text)}" if earlier else text
    return _capital(whole)


def _capital(text: str) -> str:
    if text[:1].islower() and text[1:2].islower():
        return text[0].upper() + text[1:]
    for i, char in enumerate(text):
        if char.isalnum():
            # "ß".upper() is two letters, and "eBay" or "pH" is written as it is.
            mixed = text[i + 1 : i + 2].isupper()
            return text if mixed else text[:i] + char.upper() + text[i + 1 :]
    return text


def _keeps(said: str, answer: Answer) -> bool:
    """Whether the statement has lost none of the answer's words (inflected ones count).

    A pronoun may have given way to the name it stands for, "the others" to others.
    """
    if answer.polar or answer.kind == "reply" or answer.text in said:
        return True
    have = {word[:3] for word in _WORDS.findall(said.lower())}
    asked = set(_WORDS.findall(answer.given.lower())) - words.SUBJECT_PRONOUNS - {"the"}
    return all(word[:3] in have or _inflected(word, have) for word in asked)


def _inflected(word: str, have: set[str]) -> bool:
    """Whether a verb of two letters is there in another form: "go" in "going"."""
    return word in ("go", "be") and any(start.startswith(word) for start in have)


def _plainly(question: str, answer: str) -> str:
    """What is true of any question and its answer."""
    if not question:
        return finish("", answer) if any(map(str.isalnum, answer)) else "There is no answer."
    if not answer:
        return f"The question “{question}” has no answer."
    bare = answer.rstrip(FINAL) or f"“{answer}”"
    return f"The answer to “{question}” is {bare}."
