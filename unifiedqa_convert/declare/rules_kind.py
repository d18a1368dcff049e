"""What kind of phrase an answer is: the one thing a rule asks about it before it is said."""

import re
from collections.abc import Sequence

from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.rules_lemma import noun_number, verb_lemma
from unifiedqa_convert.declare.rules_tokens import Token, is_name

_ADJECTIVE = re.compile(r".+(?:ic|al|ous|ive|ary|ar|ble|less|ful|ant|ent|ish)")
_YES = frozenset("yes true".split())
_NO = frozenset("no false".split())
_ENDS_CLAUSE = words.RELATIVES | {"to"}
_NOUN_BEFORE = frozenset("of in between".split())  # after a word that may be verb or noun
_SUBJECT_BE = frozenset(
    "it's that's there's he's she's they're we're you're i'm "
    "it\u2019s that\u2019s there\u2019s he\u2019s she\u2019s they\u2019re we\u2019re".split()
)


def kind_of(given: str, text: str, tokens: Sequence[Token]) -> str:
    """The kind of an answer.

    ``yes``, ``no``, ``reply`` ("No, they do not."), ``question``, ``sentence``, ``to`` (an
    infinitive), ``place`` (a preposition phrase or a subordinate clause), ``verb`` (a base form and
    more), ``verb-s`` (a predicate: "reduces waste", "was late"), ``verb-ed``, ``verb-ing``,
    ``number``, ``adjective``, ``noun``.
    """
    low = text.lower()
    if low in _YES or low in _NO:
        return "yes" if low in _YES else "no"
    if not tokens:
        return "noun"
    first = tokens[0]
    if first.lower in ("yes", "no") and len(tokens) > 3 and tokens[1].lower == ",":
        return "reply"
    if first.may("W") and given.endswith("?"):
        return "question"
    if len(tokens) == 1:
        return _single(first)
    if first.may("S") and _says_more(tokens):
        return "sentence"
    return _opened(first, tokens[1]) or _phrase(given, tokens)


def _says_more(tokens: Sequence[Token]) -> bool:
    """Whether a subordinate clause is followed by its main one: "if you wait, it melts"."""
    comma = next((i for i, t in enumerate(tokens) if t.lower == ","), 0)
    return bool(comma) and any(t.may("BOHMZ") and not t.may("N") for t in tokens[comma + 1 :])


def _single(only: Token) -> str:
    if only.may("Q"):
        return "number"
    if (only.may("J") and not only.may("N")) or (only.may("X") and only.tags.endswith("J")):
        return "adjective"
    if only.may("J") and _ADJECTIVE.fullmatch(only.lower):
        return "noun" if only.lower in words.NOT_ADJECTIVES else "adjective"
    return "verb" if only.only("V") else "noun"


def _opened(first: Token, second: Token) -> str | None:
    """The kind that the first word alone decides, None where it does not."""
    if first.lower == "to" and second.may("VA"):
        return "to"
    if first.may("PS") and first.lower not in ("like", "than"):
        return "place"
    if first.lower in _SUBJECT_BE:
        return "sentence"
    return "verb-s" if first.may("BHM") and not first.may("NV") else None


def _phrase(given: str, tokens: Sequence[Token]) -> str:
    first, second, last = tokens[0], tokens[1], tokens[-1]
    if _is_sentence(given, tokens):
        return "sentence"
    if first.may("T") and _past(first, second):
        return "verb-ed"
    if len(tokens) == 3 and second.lower in ("and", "or") and first.may("J") and last.may("J"):
        return "adjective"
    if first.may("GVZ") and not first.may("AP"):
        return _verbal(first, second)
    if (last.may("J") and not last.may("N")) or (last.may("X") and last.tags.endswith("J")):
        return "adjective"
    if _qualified(first, second):
        return "adjective"
    return "noun"


def _qualified(first: Token, second: Token) -> bool:
    """Whether an adjective or participle starts it, and what it takes follows: "angry at"."""
    describes = (first.may("J") or first.may("E")) and not first.may("NVG")
    return describes and (second.may("PS") or second.lower == "that")


def _past(first: Token, second: Token) -> bool:
    if first.may("NJ") and not second.may("DRL"):
        return False
    return second.may("DRLG") or is_name(second) or (not first.may("E") and not first.may("V"))


def _verbal(first: Token, second: Token) -> str:
    object_follows = second.may("DRPQL") or second.lower in ("their", "off", "away")
    if first.may("G") and (object_follows or not first.may("NJ")):
        return "verb-ing"
    strong = not first.may("NJ") or first.lower in words.LIGHT_VERBS or second.may("R")
    object_follows = object_follows and second.lower not in _NOUN_BEFORE
    strong = strong or (object_follows and first.lower not in words.MOSTLY_NOUNS)
    if first.may("V") and strong:
        return "verb"
    return "verb-s" if first.may("Z") and not first.may("N") else "noun"


def _is_sentence(given: str, tokens: Sequence[Token]) -> bool:
    first = tokens[0]
    if first.may("PSBOHMGW") or first.only("VTE") or first.lower in words.LIGHT_VERBS:
        return False
    last, before = tokens[-1], tokens[-2]
    if last.may("V") and not last.may("J") and noun_number(before.lower) == "plural":
        return not last.may("N") or verb_lemma(last.lower) in words.COMMON_VERBS
    if len(tokens) < 3:
        return False
    if first.lower in words.SUBJECT_PRONOUNS and any(t.may("VZT") for t in tokens[1:4]):
        return True
    return _finite_follows(given, tokens)


def _finite_follows(given: str, tokens: Sequence[Token]) -> bool:
    """Whether a finite verb comes before any clause that hangs on another word."""
    first = tokens[0]
    imperative = first.may("V") and first.lower not in words.MOSTLY_NOUNS
    stopped = given.endswith(".") and given[0].isupper() and not imperative
    for i, token in enumerate(tokens[1:], 1):
        if token.lower in _ENDS_CLAUSE or token.may("S"):
            return False
        if token.lower in ("be", "being", "been"):
            continue
        if _finite(tokens, i) or (stopped and _finite_in_sentence(tokens, i)):
            return True
    return False


def _finite(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word is surely a finite verb: "is", "eats", "painted the", "plants grow"."""
    token = tokens[at]
    if token.may("BOHM") or token.only("ZT") or (token.may("Z") and token.only("ZV")):
        return True
    if token.only("ET") and at > 1:
        return at + 1 < len(tokens) and tokens[at + 1].may("DLR")
    return token.only("V") and noun_number(tokens[at - 1].lower) == "plural"


def _finite_in_sentence(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word may be the verb, in an answer written as a sentence."""
    token, before = tokens[at], tokens[at - 1]
    named = before.may("NR") or (at > 1 and tokens[at - 2].may("DL"))
    return token.may("VZT") and named and not before.only("D")
