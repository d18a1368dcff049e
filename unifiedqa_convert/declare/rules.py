"""The embedded question converter: rules in a table, no model, no download.

A question is cut into earlier sentences, a clause before the question ("When ice melts, …") and the
question itself; the first rule of ``rules_table`` that matches says the statement. Where none does,
the sentence says what is always true, that this is the answer to this question, and is marked.
"""

import re
from collections.abc import Sequence

from unifiedqa_convert.declare import Ask, Sentence
from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.rules_answer import Answer, lower_first
from unifiedqa_convert.declare.rules_mark import mark
from unifiedqa_convert.declare.rules_pattern import Encoded
from unifiedqa_convert.declare.rules_rule import Rule
from unifiedqa_convert.declare.rules_table import RULES
from unifiedqa_convert.declare.rules_tokens import Token, cover, tokenise

_SPACE = re.compile(r"\s+")
_BREAK = re.compile(r"(?P<word>\S*[^\s.!?])?(?P<stop>[.!?]+)[\"'\u201d\u2019)]*\s+(?=\S)")
_BEFORE_MARK = re.compile(r"\s+(?=[,.;:!?%)\]](?:\s|$))")
_FINAL = re.compile(r"[\s.!?\u2026\u3002\uff1f\uff01;:,]*$")
_INITIALS = re.compile(r"(?:^|[\s.])[A-Za-z]\.$")
_CONTRACTED = re.compile(r"^(what|who|where|how)['\u2019]s\b", re.IGNORECASE)
_MOST_TOKENS = 200  # patterns backtrack: a longer "sentence" is no question


class Rules:
    """Turns questions and answers into statements by rule."""

    name = "rules"
    version = "1"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` ends in ``-fallback`` where no rule was sure."""
        return [self._sentence(*ask) for ask in asks]

    def _sentence(self, question: str, answer: str) -> Sentence:
        question, answer = one_line(question), one_line(answer)
        chosen = choose(question, answer)
        if chosen is not None and _keeps(chosen[1], answer):
            return Sentence(chosen[1], self.name)
        return Sentence(_plainly(question, answer), f"{self.name}-fallback")


def one_line(text: str) -> str:
    """The text with every run of white space made one space, and none at its ends."""
    return _SPACE.sub(" ", text).strip()


def choose(question: str, answer: str) -> tuple[Rule, str] | None:
    """The first rule that has something to say, and what it says; both texts on one line."""
    if not question or not any(map(str.isalnum, answer)):
        return None
    earlier, last = split_last(question)
    body = _FINAL.sub("", last)
    core = lower_first(_CONTRACTED.sub(r"\1 is", body))
    tokens = tokenise(core)
    if not tokens or len(tokens) > _MOST_TOKENS:
        return None
    given = Answer(answer)
    asks = "?" in last[len(body) :]
    at = front(tokens, given.kind in ("yes", "no"))
    marked = mark(tokens[at:])
    encoded = Encoded(marked)
    for rule in RULES:
        said = rule.apply(core, encoded, given, asks)
        if said is not None and not _still_asks(said, marked):
            return rule, finish(earlier, f"{cover(core, tokens[:at])} {said}")
    return None


def _still_asks(said: str, tokens: Sequence[Token]) -> bool:
    """Whether a statement starts as its question did, so that nothing has been answered."""
    first = tokens[0].lower
    blank = any("U" in t.tags for t in tokens)
    return first in words.ASKING and not blank and said.lower().startswith(f"{first} ")


def split_last(question: str) -> tuple[str, str]:
    """The sentences before the last one, and the last one, which asks."""
    at = 0
    for m in _BREAK.finditer(question):
        word = (m["word"] or "").lower().lstrip("(\"'")
        if m["stop"] == "." and (word in words.ABBREVIATIONS or len(word) == 1):
            continue
        at = m.end()
    return question[:at].strip(), question[at:]


def front(tokens: Sequence[Token], polar: bool) -> int:
    """How many tokens come before the question proper: "If it rains, | where do you wait"."""
    for i in range(1, len(tokens) - 1):
        before, token, after = tokens[i - 1], tokens[i], tokens[i + 1]
        opens = token.may("M") if polar else token.may("W")
        if not opens:
            if token.may("W"):
                return 0
            continue
        if before.lower == "," and _opens_question(tokens, i):
            return i
        if after.may("BOHM") and i + 2 < len(tokens) and tokens[i + 2].may("R"):
            return i
        if polar and after.lower in words.SUBJECT_PRONOUNS:
            return i
    return 0


def _opens_question(tokens: Sequence[Token], at: int) -> bool:
    token, after, first = tokens[at], tokens[at + 1], tokens[0]
    if token.lower in ("which", "who", "where", "when") and not first.may("SP"):
        return after.may("O")
    if token.lower in ("where", "when", "why", "how"):
        return after.may("BOHM") or token.lower == "how"
    return token.lower != "whom"


def finish(earlier: str, text: str) -> str:
    """A sentence: marks close up, a capital at the start, exactly one stop at the end."""
    text = _BEFORE_MARK.sub("", one_line(text))
    if not _INITIALS.search(text):
        text = f"{_FINAL.sub('', text)}."
    whole = f"{earlier} {_capital(text)}" if earlier else text
    return _capital(whole)


def _capital(text: str) -> str:
    for i, char in enumerate(text):
        if char.isalnum():
            # "ß".upper() is two letters, and "eBay" or "pH" is written as it is.
            mixed = text[i + 1 : i + 2].isupper()
            return text if mixed else text[:i] + char.upper() + text[i + 1 :]
    return text


def _keeps(said: str, answer: str) -> bool:
    """Whether the statement has lost none of the answer's words (inflected ones count)."""
    if Answer(answer).kind in ("yes", "no"):
        return True
    have = {t.lower[:3] for t in tokenise(said)}
    return all(t.lower[:3] in have for t in tokenise(answer) if t.text[0].isalnum())


def _plainly(question: str, answer: str) -> str:
    """What is true of any question and its answer."""
    if not question:
        return finish("", answer) if any(map(str.isalnum, answer)) else "There is no answer."
    if not answer:
        return f"The question “{question}” has no answer."
    bare = _FINAL.sub("", answer) or f"“{answer}”"
    return f"The answer to “{question}” is {bare}."
