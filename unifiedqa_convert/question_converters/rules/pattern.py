"""The pattern language of the rule tables.

A pattern is a sequence of elements that must match all tokens of a question:

- ``what|which``  one of these words;           ``BE``, ``PREP``  a word of this class;
- ``SUBJ``  the words before the predicate;     ``PRED``  the predicate, to the end;
- ``HEAD``  words without a predicate;          ``SPAN``  one or more words, as few as possible;
- ``GAPPED``  a predicate whose object is missing at its end ("made of", "used to find");
- ``DOING``  a predicate after be that lacks its object: "reading", "able to do", "told by";
- ``NOUNS``  adjectives and nouns, ending in a noun;
- ``TAIL``  nothing, or a subordinate clause, to the end ("if it rains", "after a nap");
- ``ANY``  any words or none;                   ``name:``  before an element names what it matches;
- ``*``, ``+``, ``?`` after a word or class: any number, one or more, none or one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from unifiedqa_convert.question_converters.rules.tokens import Token

_CLASSES = {
    "BE": "B",
    "DO": "O",
    "HAVE": "H",
    "MODAL": "M",
    "AUX": "BOHM",
    "PREP": "P",
    "ADV": "A",
    "ADJ": "J",
    "NOUN": "N",
    "WORD": "ACDEGJNPQRTVXZ",
    "NUMBER": "Q",
    "DET": "D",
    "POSSESSIVE": "L",
    "PRONOUN": "R",
    "VERB": "V",
    "FINITE": "VZTBHM",
    "PARTICIPLE": "E",
    "PAST": "T",
    "GERUND": "G",
    "WH": "W",
    "CONJUNCTION": "C",
    "WHEN": "S",
    "MARK": "K",
    "BLANK": "U",
}
_SPECIAL = {
    "SPAN": r"(?:\S+ )+?",
    "ANY": r"(?:\S+ )*",
    "TAIL": (
        r"(?:(?:,/K )?(?:(?!that)[^/ ]+/[A-Z]*S[A-Z]* |"
        r"(?:after|before|since|until|during|including|according)/\S+ )(?:\S+ )*)?"
    ),
    "SUBJ": r"(?:[^/ ]+/[A-XZ]* )+",
    "PRED": r"[^/ ]+/[A-XZ]*Y (?:\S+ )*?",
    "GAPPED": r"[^/ ]+/[A-XZ]*Y (?:\S+ )*?(?:(?<=Y )|to/\S+ [^/ ]+/[A-Z]*V[A-Z]* |[^/ ]+/PA? )",
    "DOING": (
        r"(?:[^/ ]+/[A-Z]*A[A-Z]*Y (?:[^/ ]+/[A-Z]*A[A-Z]* )*?[^/ ]+/[A-Z]*G[A-Z]* |"
        r"[^/ ]+/[A-Z]*G[A-Z]*Y |"
        r"(?:able|unable|supposed|likely|willing|expected|allowed|asked|told|given|offered|taught|shown|"
        r"due|ready|about)/[A-Z]*Y )(?:\S+ )*?"
    ),
    "NOUNS": (
        r"(?:(?:[^/ ]+/[A-Z]*[JQ][A-Z]* )*[^/ ]+/[A-Z]*N[A-Z]* of/\S+ )?"
        r"(?:[^/ ]+/[A-Z]*[JQNXLE][A-Z]* )*[^/ ]+/[A-Z]*N[A-Z]* "
    ),
    "HEAD": r"(?:[^/ ]+/[ACDEGJKLNPQRTUVXZ]* )+?",
}
_ELEMENT = re.compile(r"(?:(?P<name>[a-z]+):)?(?P<atoms>[^\s*+?]+)(?P<count>[*+?]?)")


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern's regular expression over the text of a ``TokenString``."""
    return re.compile("".join(map(_element, pattern.split())))


def _element(element: str) -> str:
    m = _ELEMENT.fullmatch(element)
    if m is None:
        raise ValueError(f"not a pattern element: {element!r}")
    atoms = [_atom(atom) for atom in m["atoms"].split("|")]
    body = f"(?:{'|'.join(atoms)}){m['count']}"
    return f"(?P<{m['name']}>{body})" if m["name"] else body


def _atom(atom: str) -> str:
    if atom in _SPECIAL:
        return _SPECIAL[atom]
    if atom in _CLASSES:
        return rf"[^/ ]+/[A-Z]*[{_CLASSES[atom]}][A-Z]* "
    if atom.isupper():
        raise ValueError(f"unknown word class {atom!r}")
    return rf"{re.escape(atom)}/[A-Z]* "


class TokenString:
    """Tokens as one string (``what/W is/B light/JNV ``), which patterns are matched against."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.starts: dict[int, int] = {}
        pieces: list[str] = []
        at = 0
        for number, token in enumerate(tokens):
            self.starts[at] = number
            word = token.lower.replace("/", "\u2044")
            pieces.append(f"{word}/{token.tags} ")
            at += len(pieces[-1])
        self.starts[at] = len(tokens)
        self.text = "".join(pieces)

    def match(self, pattern: re.Pattern[str]) -> dict[str, list[Token]] | None:
        """The tokens of each named element; None if the pattern does not match."""
        m = pattern.fullmatch(self.text)
        if m is None:
            return None
        found: dict[str, list[Token]] = {}
        for name in m.re.groupindex:
            start, end = m.span(name)
            kept = self.tokens[self.starts[start] : self.starts[end]] if start >= 0 else ()
            found[name] = list(kept)
        return found


@dataclass(frozen=True)
class Rule:
    """A pattern (``when``), a template (``say``, see ``template``) and examples, which are tests.

    ``given`` limits the rule to answers of these kinds (see ``kinds.kind_of``), ``mark`` to
    questions with or without a question mark. The first rule that matches makes the sentence.
    """

    when: str
    say: str
    examples: tuple[tuple[str, str, str], ...]
    given: str = ""
    mark: Literal["?", "none", "any"] = "any"

    @cached_property
    def opening(self) -> frozenset[str]:
        """The words that a question must start with; empty if it may start with any."""
        atoms = self.when.split(" ", 1)[0].split(":")[-1].split("|")
        return frozenset(atoms) if _plain(atoms) else frozenset()

    def suits(self, asks: bool, kind: str) -> bool:
        """True if the rule is for questions with (or without) a question mark and such answers."""
        marked = self.mark == "any" or (self.mark == "?") == asks
        return marked and (not self.given or kind in self.given.split())

    def match(self, encoded: TokenString) -> dict[str, list[Token]] | None:
        """The tokens of each named element; None if the pattern does not match."""
        return encoded.match(compile_pattern(self.when))


def _plain(atoms: list[str]) -> bool:
    return all(atom.islower() and atom[-1] not in "*+?" for atom in atoms)
