"""Text → tokens: the words of a text with all parts of speech that each may have."""

import re
from functools import lru_cache

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import lemmas, verb_forms
from unifiedqa_convert.question_converters.rules.tokens import Token

_TOKEN = re.compile(
    r"(?:Mr|Mrs|Ms|Dr|St|Prof)\.$|_{2,}|[^\W_]+(?:[-'\u2019][^\W_]+|[.,](?=\d)\d+|\.(?=\w\.)\w|[\u2044/][^\W_]+)*['\u2019]?|\S"
)
_ADJECTIVE = re.compile(r".{3,}(?:ic|al|ous|ive|ary|ar|ble|less|ful|ant|ent|oid|ish|ical)")
_SURE_ADJECTIVE = re.compile(
    r".{3,}(?:able|ible|ous|ful|less|ive|ical)"
)  # some are missing in the dictionary

_CLOSED: tuple[tuple[frozenset[str], str], ...] = (
    (words.BE, "B"),
    (words.DO, "O"),
    (words.HAVE, "H"),
    (words.MODAL, "M"),
    (words.WH, "W"),
    (words.DETERMINERS, "D"),
    (words.PRONOUNS, "R"),
    (words.PREPOSITIONS, "P"),
    (words.SUBORDINATORS, "S"),
    (words.CONJUNCTIONS, "C"),
    (words.ADVERBS, "A"),
    (words.NUMBERS, "Q"),
)
# Closed-class words that are open-class words as well.
_DUAL = {
    "like": "V",
    "that": "S",
    "her": "R",
    "most": "J",
    "more": "J",
    "well": "",
    "long": "J",
    "likely": "J",
    "best": "J",
    "both": "D",
    "all": "D",
    "have": "V",
    "do": "V",
    "be": "V",
}
_NOT_NOUNS = frozenset("other such several various different specific main only".split())
_UPOS = (("NOUN", "N"), ("PROPN", "N"), ("ADJ", "J"), ("ADV", "A"))


@lru_cache(maxsize=65536)
def tags(word: str) -> str:
    """All tags of a lower-case word."""
    closed = "".join(letter for group, letter in _CLOSED if word in group)
    if closed:
        return closed + _DUAL.get(word, "")
    if not any(map(str.isalnum, word)):
        return "U" if word.startswith("__") else "K"
    if word[0].isdigit():
        return "Q"
    if word.endswith(("'s", "\u2019s", "s'", "s\u2019")):
        return "L"
    return _open(word)


def _open(word: str) -> str:
    found = lemmas(word)
    letters = "J" if _SURE_ADJECTIVE.fullmatch(word) else ""
    letters += "N" if word in words.NOUNS_TOO and "NOUN" not in found else ""
    letters += "".join(letter for pos, letter in _UPOS if pos in found) + verb_forms(word)
    if word in _NOT_NOUNS:
        letters = letters.replace("N", "") + "J"
    if letters:
        return letters
    last = word.rsplit("-", 1)[-1]
    if last != word and len(last) > 1:
        inner = tags(last)
        return inner + "J" if "N" in inner or "E" in inner else inner
    if word.endswith("ly"):
        return "A"
    guess = "XN"
    if _ADJECTIVE.fullmatch(word):
        guess += "J"
    if word.endswith("ed"):
        guess += "ET"
    if word.endswith("ing"):
        guess += "G"
    return guess


@lru_cache(maxsize=4096)
def tokenise_question(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in order, none overlapping; cached, as texts repeat."""
    found: list[Token] = []
    at = 0
    for chunk in text.split(" "):
        for word, lower, letters, start, end in _chunk(chunk):
            if word == "A" and found and found[-1].may("N"):
                letters = "XN"  # "point A"
            found.append(Token(word, lower, letters, at + start, at + end))
        at += len(chunk) + 1
    return tuple(found)


@lru_cache(maxsize=65536)
def _chunk(chunk: str) -> tuple[Token, ...]:
    """The tokens of a text without spaces; cached, as most are single words that repeat."""
    found = []
    for m in _TOKEN.finditer(chunk):
        lower = m[0].lower()
        found.append(Token(m[0], lower, tags(lower), m.start(), m.end()))
    return tuple(found)
