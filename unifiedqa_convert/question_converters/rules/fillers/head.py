"""The answer with the noun of its question: "what type of climate" + "arid" → "an arid climate"."""

import re

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.lexicon import lemmas, noun_number
from unifiedqa_convert.question_converters.rules.tokens import Token, cover


def merged(head: list[Token], source: str, answer: Answer) -> str:
    """The answer with the noun of the question: "type of climate" + "arid" → "arid climate"."""
    noun = list(head)
    while noun and (noun[0].may("QD") or noun[0].lower in ("other", "same", "specific")):
        noun = noun[1:]
    kind = len(noun) > 2 and noun[0].lower in words.KINDS and noun[1].lower == "of"
    core = noun[2:] if kind else noun
    if not core:
        return answer.phrase()
    if not kind and (answer.kind == "number" or answer.text.lower() == "none"):
        whole = core[0].lower == "of"  # "how many | of them"
        if whole or answer.text.lower() == "none":
            return f"{answer.text if whole else 'no'} {cover(source, core)}"
    measured = _coloured(core, source, answer) or _measured(noun, core, source, answer)
    if measured is not None:
        return measured
    numbered = answer.tokens[0].lower in ("number", "no", "size")
    numbered = numbered or (answer.tokens[-1].lower in ("one", "ones") and len(answer.tokens) > 1)
    dated = core_head(core).lower in ("date", "time", "day")
    numbered = numbered or (dated and not all(t.may("Q") for t in answer.tokens))
    if kind and core[-1].lower in _DISHES and len(answer.tokens) == 1:
        return Answer(f"{noun_lemma(answer.text)} {cover(source, core)}").phrase()
    if numbered or repeats_noun(core, answer) or not _attributive(answer, kind):
        if kind or answer.kind != "noun":
            return answer.phrase()
        noun_head = core_head(noun).lower
        if noun_head in words.PARTS and answer.bare:
            return f"the {answer.text}"
        return answer.phrase("the" if noun_head in words.DEFINITE_HEADS else "a")
    return _with_noun(core, source, answer, not kind)


def _with_noun(core: list[Token], source: str, answer: Answer, definite: bool) -> str:
    if core_head(core).lower in ("term", "name", "word", "adjective"):
        return f"the {cover(source, core)} {answer.text}"
    if answer.text.lower() == "same":
        return f"the same {cover(source, core)}"
    return Answer(f"{answer.text} {cover(source, core)}").phrase("the" if definite else "a")


def _coloured(core: list[Token], source: str, answer: Answer) -> str | None:
    """ "What color eyes" + "blue" → "blue eyes"; None for another noun."""
    coloured = len(core) > 1 and core[0].lower in _QUALITIES and core[1].may("N")
    if not coloured or repeats_noun(core, answer) or len(answer.tokens) > 1:
        return None
    return Answer(f"{answer.text} {cover(source, core[1:])}").phrase()


def _measured(noun: list[Token], core: list[Token], source: str, answer: Answer) -> str | None:
    """The answer for a year, for one of several, for a role or for a share of something."""
    head = core_head(noun).lower
    if head in ("year", "century", "decade") and answer.kind == "number":
        return answer.text
    if head in ("color", "colour", "shape") and answer.tokens[-1].may("J"):
        return answer.text
    asked = _kept(head, noun, core, source, answer)
    if asked is not None:
        return asked
    if answer.text in ("1", "one") and core[-1].lower.endswith("s"):
        one = noun_lemma(core[-1].lower)
        return f"{answer.text} {cover(source, core)[: -len(core[-1].text)]}{one}"
    if head in words.ROLES and not repeats_noun(core, answer):
        return f"the {head} of {answer.text}"
    shared = head in words.SHARES or answer.tokens[-1].lower in _FRACTIONS
    if head == "language" and answer.text[:1].isupper():
        return answer.text
    if head in ("percent", "percentage") and answer.tokens[-1].lower.isdigit():
        return f"{answer.text} percent {cover(source, noun[1:])}".strip()
    if shared and len(noun) > 2 and noun[1].lower == "of":
        return f"{answer.text} {cover(source, noun[1:])}"
    return None


def _kept(
    head: str, noun: list[Token], core: list[Token], source: str, answer: Answer
) -> str | None:
    """A month or a count without the noun, an ordinal or a compass word with it."""
    if _of_the_calendar(head, answer):
        return answer.text
    if head in ("number", "amount") and noun[1:2] and noun[1].lower == "of" and _counts(answer):
        return f"{answer.text} {cover(source, noun[2:])}"
    if len(answer.tokens) == 1 and answer.tokens[0].lower in words.ORDINALS:
        return f"the {answer.text} {cover(source, core)}"
    if len(answer.tokens) == 1 and _DEMONYM.fullmatch(answer.text) and noun[-1].may("N"):
        return f"the {answer.text} {cover(source, core)}"
    return None


_DEMONYM = re.compile(r"[A-Z][a-z]+(?:ian|ean|ese)|(?i:(?:north|south|east|west)(?:ern)?)")


_DISHES = frozenset("pie cake juice soup salad sandwich sauce jam tea bread pizza pudding".split())


def _of_the_calendar(head: str, answer: Answer) -> bool:
    """True if the answer needs no noun: "August", "the 1840s", "Friday"."""
    first, last = answer.tokens[0].lower, answer.tokens[-1].lower
    if head in ("decade", "century"):
        return last[:1].isdigit()
    named = first in words.MONTHS | words.DAYS
    return named and head in ("month", "day", "date", "weekday")


def _counts(answer: Answer) -> bool:
    return answer.kind == "number" or all(t.may("QPDJ") for t in answer.tokens)


_QUALITIES = frozenset("color colour colored coloured".split())  # "what color eyes"
_FRACTIONS = frozenset("half third thirds quarter quarters fifth fifths most all percent".split())


def repeats_noun(core: list[Token], answer: Answer) -> bool:
    """True if the answer has the noun of the question itself ("carbon cycle")."""
    noun = noun_lemma(core_head(core).lower)
    return any(noun_lemma(t.lower) == noun for t in answer.tokens)


def _attributive(answer: Answer, kind: bool) -> bool:
    if answer.kind in ("adjective", "number"):
        return answer.text[:1].islower() or len(answer.tokens) == 1 or answer.kind == "number"
    if not kind and answer.tokens[-1].may("Q") and all(t.may("AQPDJ") for t in answer.tokens):
        return True  # "only three", "more than ten"
    last = answer.tokens[-1] if answer.tokens else None
    if kind and len(answer.tokens) == 1 and last is not None and last.only("ET"):
        return last.may("E")  # "what type of person" + "spoiled"
    if not kind or last is None or not last.may("J") or len(answer.tokens) > 1:
        return False
    thing = last.may("N") and (
        last.lower in words.COUNT_NOUNS or noun_number(last.lower) == "singular"
    )
    return not thing


def core_head(noun: list[Token]) -> Token:
    """The head of a noun phrase: the last word before its first preposition."""
    stop = next((i for i, t in enumerate(noun) if i and (t.may("PK"))), len(noun))
    return noun[stop - 1]


def noun_lemma(word: str) -> str:
    """The lemma of a noun, so that singular and plural compare equal; else the word."""
    nouns = lemmas(word).get("NOUN", ())
    return nouns[0] if nouns else word
