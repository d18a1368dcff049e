"""The analysis of a question, made once for all of its answers.

A question is split into earlier sentences, a clause before the question ("When ice melts, …") and
the question itself, whose predicate is marked.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import FINAL, lowered
from unifiedqa_convert.question_converters.rules.pattern import (
    Rule,
    TokenString,
    compile_pattern,
)
from unifiedqa_convert.question_converters.rules.predicate import mark
from unifiedqa_convert.question_converters.rules.tables.adjunct import ADJUNCT
from unifiedqa_convert.question_converters.rules.tables.extended import EXTENDED
from unifiedqa_convert.question_converters.rules.tables.narrowed import NARROWED
from unifiedqa_convert.question_converters.rules.tables.reply import GOAL, REPLY
from unifiedqa_convert.question_converters.rules.tables.sentence import SENTENCE
from unifiedqa_convert.question_converters.rules.tables.situ import BLANK, SITU, STEM
from unifiedqa_convert.question_converters.rules.tables.standing import STANDING_ALONE
from unifiedqa_convert.question_converters.rules.tables.what import CALLED, NAMED, WHAT
from unifiedqa_convert.question_converters.rules.tables.yesno import CHOICE, YES_NO
from unifiedqa_convert.question_converters.rules.tokens import Token, cover

# The rules, in the order in which they are tried. To add one: put a ``Rule`` into the table of
# its kind of question, above any more general rule that would match the same questions, with an
# example in your own words. ``tests/question_converters/test_rules_table.py`` checks that this rule
# turns the example into the sentence as written.

RULES: tuple[Rule, ...] = (
    *BLANK,
    *YES_NO,
    *EXTENDED,
    *NAMED,
    *CALLED,
    *GOAL,
    *STANDING_ALONE,
    *REPLY,
    *SENTENCE,
    *NARROWED,
    *ADJUNCT,
    *WHAT,
    *CHOICE,
    *SITU,
    *STEM,
)


@lru_cache(maxsize=4096)
def rules_for(opening: str, asks: bool, kind: str) -> tuple[tuple[int, Rule], ...]:
    """The rules, numbered in their order, for a question that starts with this word.

    ``asks``: it ends in a question mark; ``kind``: the answer's kind (``kinds.kind_of``).
    """
    return tuple(
        (number, rule)
        for number, rule in enumerate(RULES)
        if (not rule.opening or opening in rule.opening) and rule.suits(asks, kind)
    )


_BREAK = re.compile(r"(?P<word>[^\s.!?]*)(?P<stop>[.!?]+)[\"'\u201d\u2019)]*\s+(?=\S)")
_STOPPED = re.compile(r"[.!?]\S* ")
_CONTRACTED = re.compile(r"(^|, )(what|who|where|how)['\u2019]?s\b", re.IGNORECASE)
_OR_NOT = re.compile(r"[\s,.;:\u2026-]*\b(?:yes or no|true or false)\W*$", re.I)
# "Who is taller, Ann or Bo?": the two names are removed.
_WH = re.compile(r"(?:who|which|what)\b", re.IGNORECASE)
_ONE_OFFERED = r"(?!(?:if|when|while|because|who|which|that|what|where)\b)(?:[\w'\u2019-]+ ?){1,4}"
_THING_OFFERED = r"(?:(?:an?|the) (?:[\w'\u2019-]+ ?){1,9})"
_OFFERED = re.compile(
    rf"[,:] (?:(?:{_ONE_OFFERED}, )*{_ONE_OFFERED},? ?or {_ONE_OFFERED}"
    rf"|{_THING_OFFERED},? ?or {_THING_OFFERED})\?+$",
    re.IGNORECASE,
)
# "Choose one." after a question asks nothing.
_TOLD_TO_CHOOSE = re.compile(
    r"(?<=\?)\s*\(?(?:please )?(?:choose|select|pick|mark|tick)\b[^?]*$", re.IGNORECASE
)
_INVERTS = frozenset("which what whom whose where".split())
_OPENS = frozenset("where which who whom whose why".split())

# "Isn't he hungry?" asks what "Is he hungry?" asks, and "yes" says that he is; a statement that
# keeps the "not" would have its label upside down. "Never", "no" and "none" are no such "not".
_BE = "is|are|was|were|ai"
_OTHERS = "do|does|did|has|have|had|ca|could|wo|would|sha|should|may|might|must|need|dare|ought"
_PLAIN = f"am|can|will|shall|{_BE}|{_OTHERS}"
_N_T = r"(?: ?n[\W\u02bc]t|nt)"  # n't, n\u2019t, " n't" of a tokeniser, and nt
_DENYING = rf"(?:(?:{_BE}|{_OTHERS}|am){_N_T}|cannot|amn't)"
_LEAD = r"\W*(?:(?:and|but|so|then|or|well|now|oh|hey|also|yet|ok|okay|still|yes|no)\W+)*"
_PRONOUN = "i|he|she|it|they|we|you|there"
_DETERMINER = "an?|the|this|that|these|those|my|your|his|her|its|our|their"
_FRONTS = "|".join(sorted(words.SUBORDINATORS | words.PREPOSITIONS))
_EMBEDS = "|".join(sorted(words.RELATIVES | words.SUBORDINATORS | {"to", "than", "whether"}))
_DENIES = re.compile(
    rf"{_LEAD}(?:{_DENYING}|(?:{_PLAIN}) (?:\S+ (?:(?!(?:{_EMBEDS})\b)\S+ )*?)?not(?= (?!to\b)|$))"
    r"(?!\w)",
    re.IGNORECASE,
)
# After other words: "In the film didn't he win", "He won, didn't he", "He lost, did he (not)".
_DENIES_LATER = re.compile(
    rf"\b{_DENYING} (?:{_PRONOUN})\b|\b(?:{_OTHERS}){_N_T} (?:{_DETERMINER}) "
    rf"|, (?:{_DENYING}|{_PLAIN}) (?:{_PRONOUN}|this|that|one)(?: not)?\W*$"
    rf"|^(?:{_FRONTS}) [^,]*, (?:then )?{_DENYING}\b",
    re.IGNORECASE,
)
# "Can you tell me where …" asks where.
_ASKED_TO_TELL = re.compile(
    r"^(?:(?:(?:can|could|would|will) you )?(?:please )?tell me|do you (?:happen to )?know|"
    r"can you (?:say|explain|guess)) (?=(?:who|whose|what|which|where|when|why|how)\b)",
    re.IGNORECASE,
)
# The first word of a denying question without its "not", and "Is it not cold?".
_NOT_FIRST = re.compile(
    rf"(?P<lead>{_LEAD})(?:(?P<aux>{_BE.replace('|ai', '')}|do|does|did|has|have|had|could|would|"
    rf"should|ca|wo)(?:{_N_T})|(?P<cannot>cannot)|(?P<plain>{_BE.replace('|ai', '')}|do|does|did|"
    rf"has|have|had|can|could|will|would|should) (?P<who>{_PRONOUN}|this|that) not)\b(?! to\b)",
    re.IGNORECASE,
)
_WHOLE = {"ca": "can", "wo": "will"}
_DENYING_TAG = re.compile(rf",? {_DENYING} (?:{_PRONOUN}|this|that|one)\W*$", re.IGNORECASE)
_MOST_TOKENS = 200  # patterns backtrack, and a longer sentence is hardly a question

Parts = Mapping[str, Sequence[Token]]


class Question:
    """A question's parts, and the rules that match it, evaluated when they are needed."""

    def __init__(self, text: str, polar: bool) -> None:
        self.earlier, last = split_last(_TOLD_TO_CHOOSE.sub("", text))
        offered = _OFFERED.search(last) if _WH.match(last) else None
        self.offered = offered[0] if offered else ""
        if offered:
            last = f"{last[: offered.start()]}?"
        last = _ASKED_TO_TELL.sub("", last)
        if polar:
            last = _OR_NOT.sub("?" if "?" in last else "", last)
            last = affirmative(last)
        body = last.rstrip(FINAL)
        self.asks = "?" in last[len(body) :]
        if last[len(body) :].startswith(",") and not self.asks:
            body += ","  # "If it rains," + "the hens stay inside"
        self.core, self.tokens = lowered(_CONTRACTED.sub(r"\1\2 is", body))
        self.front = ""
        self._found: dict[int, Parts | None] = {}
        self._encoded: TokenString | None = None
        if 0 < len(self.tokens) <= _MOST_TOKENS:
            self._split(polar)

    def _split(self, polar: bool) -> None:
        # "Where would you keep a pen when not in use": the first word is the question word.
        opens = not polar and self.tokens[0].lower in _OPENS
        at = 0 if opens else front(self.tokens, polar)
        opened = self.tokens[0].may("S") and not self.tokens[0].may("W")
        if not at and opened and not polar and self.asks:
            at = front(self.tokens, True)  # "If it rains, will you leave?" + a sentence
        self.front = cover(self.core, self.tokens[:at])
        self.tokens = tuple(mark(self.tokens[at:]))
        first = self.tokens[0].lower
        second = self.tokens[1].lower if len(self.tokens) > 1 and not self.front else ""
        inverts = self.tokens[0].may("P") and second in _INVERTS  # "Through which wall do …"
        blank = any("U" in token.tags for token in self.tokens)
        # A statement that starts like its question answers nothing.
        asking = (inverts or first in words.ASKING) and self.asks and not blank
        self.start = f"{first} " if asking else ""
        self._encoded = TokenString(self.tokens)

    @cached_property
    def decisions(self) -> tuple[str, ...]:
        """Names of how it was read: the predicate's start, the first words, the parts before."""
        at = next((n for n, token in enumerate(self.tokens) if token.tags.endswith("Y")), -1)
        return (
            f"&{self.tokens[at].tags if at >= 0 else ''}",
            f"&{min(at, 9)}",
            f"*{self.tokens[0].lower}",
            f"*{' '.join(t.lower for t in self.tokens[:2])}",
            f"!{bool(self.front)}{bool(self.earlier)}{self.asks}",
        )

    def marked(self, tokens: Sequence[Token]) -> "Question":
        """The same question with other tags, as of another start of its predicate."""
        other = copy.copy(self)
        other.tokens = tuple(tokens)
        other.__dict__.pop("decisions", None)
        other._found = {}
        other._encoded = TokenString(other.tokens)
        return other

    def denies(self, polar: bool) -> bool:
        """True if it is a yes/no question with "not", or has such a tag ("…, isn't it?").

        ``polar``: the answer is yes or no; any other answer picks one of two ("warm or cold?").
        """
        if not self.tokens or not (polar or self.asks):
            return False
        if _DENIES.match(self.core, self.tokens[0].start):
            return True
        # "Do whales that swim not breathe?" denies, "Do whales that do not swim breathe?" does not.
        nots = (i for i, t in enumerate(self.tokens[:-1]) if t.lower == "not" and i > 1)
        if self.tokens[0].may("BOHM") and any(not self._inner_not(i) for i in nots):
            return True
        return polar and _DENIES_LATER.search(self.core) is not None

    def _inner_not(self, at: int) -> bool:
        """True if a "not" belongs to a clause or verb inside the question."""
        before, after = self.tokens[at - 1], self.tokens[at + 1]
        inner = before.may("BOHMSCK") or before.lower in words.RELATIVES
        return inner or "to" in (before.lower, after.lower)

    def parts(self, pattern: str) -> Parts | None:
        """What a pattern's names match in the question; None if it does not match."""
        return self._encoded.match(compile_pattern(pattern)) if self._encoded else None

    def matches(self, kind: str) -> Iterator[tuple[Rule, Parts]]:
        """The rules that match, for this kind of answer, in the tables' order, with their parts."""
        if self._encoded is None:
            return
        found = self._found
        for number, rule in rules_for(self.tokens[0].lower, self.asks, kind):
            if number not in found:
                found[number] = rule.match(self._encoded)
            parts = found[number]
            if parts is not None:
                yield rule, parts


@lru_cache(maxsize=1024)
def parse_question(text: str, polar: bool) -> Question:
    """The question's parts; cached, as a question comes with several answers."""
    return Question(text, polar)


def affirmative(question: str) -> str:
    """A yes/no question that denies, as the one that asks the same: "Isn't tin soft?" → "Is …".

    Only where its "not" is the first auxiliary's, or in a tag after a statement without one:
    "yes" then says what the question asks without the "not", and "no" denies it.
    """
    m = _NOT_FIRST.match(question)
    if m is not None:
        low = (m["aux"] or m["cannot"] or m["plain"]).lower()
        plain = "can" if m["cannot"] else _WHOLE.get(low, low)
        return f"{plain}{' ' + m['who'] if m['who'] else ''}{question[m.end() :]}"
    tag = _DENYING_TAG.search(question)
    if tag is None:
        return question
    stem = question[: tag.start()]
    return question if _NEGATED.search(stem) else stem


_NEGATED = re.compile(r"\b(?:not|no|never|nobody|nothing|none|\w+n['\u2019]t)\b", re.IGNORECASE)


def split_last(question: str) -> tuple[str, str]:
    """The sentences before the last one, and the last one: the question."""
    at = 0
    if not _STOPPED.search(question):
        return "", question
    for m in _BREAK.finditer(question):
        word = m["word"].lower().lstrip("(\"'")
        initial = len(word) == 1 and m["word"].isupper()
        if m["stop"].startswith("..") and question[m.end()].islower():
            continue
        if m["stop"] == "." and (word in words.ABBREVIATIONS or initial):
            continue
        at = m.end()
    return question[:at].strip(), question[at:]


def front(tokens: Sequence[Token], polar: bool) -> int:
    """The number of tokens before the question itself: "If it rains, | where do you wait"."""
    for i in range(1, len(tokens) - 1):
        before, token, after = tokens[i - 1], tokens[i], tokens[i + 1]
        opens = token.may("BOHM") if polar else token.may("W")
        if not opens:
            if token.may("W"):
                return 0
            continue
        if polar:
            if _asks_after_front(tokens, i):
                return i
            continue
        start = i - 1 if before.may("P") and i > 1 and _closes(tokens[i - 2]) else i
        if start < i or (before.lower == "," and _opens_question(tokens, i)):
            return start
        if before.lower in ("so", "then") and _opens_question(tokens, i):
            return i
        if before.lower in ("and", "but") and after.may("BOHM"):
            return i
        inverted = after.may("BOHM") and i + 2 < len(tokens) and tokens[i + 2].may("R")
        if inverted and not before.may("DLP"):
            return i
    return 0


def _closes(token: Token) -> bool:
    return token.lower in (",", "so", "then")


def _asks_after_front(tokens: Sequence[Token], at: int) -> bool:
    """True if a yes/no question starts here, after "For a hike, …" or "If it rains …"."""
    token, after, first = tokens[at], tokens[at + 1], tokens[0]
    if first.may("BOHM"):
        return False
    if token.may("M") and after.lower in words.SUBJECT_PRONOUNS:
        return True
    return tokens[at - 1].lower == "," and first.may("SPAG") and after.may("DRNXL")


def _opens_question(tokens: Sequence[Token], at: int) -> bool:
    token, after, first = tokens[at], tokens[at + 1], tokens[0]
    if token.lower in ("where", "when", "why", "how"):
        return after.may("BOHM") or token.lower == "how"
    if token.lower in ("which", "who") and not first.may("SP"):
        return after.may("O")
    return token.lower != "whom"
