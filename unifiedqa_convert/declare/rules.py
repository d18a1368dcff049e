"""The embedded question converter: rules in a table, no model, no download.

The first rule of ``rules_table`` that matches a question and its answer says the statement. Where
none does, the sentence says what is always true, that this is the answer to this question, and is
marked.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from unifiedqa_convert.declare import Ask, Sentence
from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.draft import has_blank
from unifiedqa_convert.declare.rules_answer import FINAL, Answer, ends_in_initial
from unifiedqa_convert.declare.rules_clause import Match
from unifiedqa_convert.declare.rules_joint import smoothed
from unifiedqa_convert.declare.rules_question import Question, one_line, taken_apart
from unifiedqa_convert.declare.rules_rule import Rule
from unifiedqa_convert.declare.rules_slots import render

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
        chosen = choose(question, answer)
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


def choose(question: str, answer: str) -> tuple[Rule, str] | None:
    """The first rule that has something to say, and what it says; both texts on one line."""
    said_of = given(answer, _asks_names(question))
    if not question or said_of is None:
        return None
    taken = taken_apart(question, said_of.polar)
    for rule, parts in taken.matches(said_of.kind):
        said = render(rule.say, Match(taken.core, parts, said_of))
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
