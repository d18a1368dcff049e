"""A token: a word with all parts of speech that it may have.

Tags are letters, so that a token is written ``use/NV`` and a pattern is a regular expression:
D determiner, R pronoun, P preposition, S subordinator, C conjunction, W question word, B be, O do,
H have, M modal, A adverb, J adjective, N noun, Q number, L possessive, V base verb, Z verb in -s,
T past, E past participle, G -ing, K punctuation, U blank, X a word the dictionary lacks; and one
that ``predicate.mark`` adds: Y, the predicate starts here.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Token(NamedTuple):
    """A word or punctuation mark, its position in the text and its possible tags."""

    text: str
    lower: str
    tags: str
    start: int
    end: int

    def may(self, letters: str) -> bool:
        """True if it may be any of these parts of speech."""
        for letter in letters:  # noqa: SIM110 - the hottest line; any() halves its speed
            if letter in self.tags:
                return True
        return False

    def only(self, letters: str) -> bool:
        """True if it can be nothing but these."""
        return bool(self.tags) and all(tag in letters for tag in self.tags)


def cover(text: str, tokens: Sequence[Token]) -> str:
    """The part of the text that consecutive tokens cover, spaces included."""
    return text[tokens[0].start : tokens[-1].end] if tokens else ""


def is_name(token: Token) -> bool:
    """True if the capital marks a name or an acronym, not only the first word."""
    return token.text[:1].isupper() and (token.text[1:] != token.lower[1:] or "X" in token.tags)
