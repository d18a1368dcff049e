"""The answers to "where" and "when": a place, a time."""

import re

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import FINAL, Answer, a_or_an
from unifiedqa_convert.question_converters.rules.clause import Match, join
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.lexicon import placed, verb_lemma

PLACING = frozenset(
    "in at on to from into onto near under inside around through over of off behind between beside "
    "toward towards along above below by".split()
)


def without_preposition(answer: Answer, preposition: str) -> str:
    """The answer after a preposition of the question, which it may repeat."""
    first = answer.tokens[0]
    if first.lower == preposition:
        return answer.text[first.end :].strip()
    return answer.phrase("the")


def as_place(match: Match) -> str:
    """The answer with the preposition of a place: "in a barn", "on the porch", "to Rome"."""
    answer, left, pred = match.answer, match.part("left"), match.part("pred")
    if _tells_way(answer):
        return answer.text
    if left and left[-1].lower in PLACING and answer.head is not None:
        return without_preposition(answer, left[-1].lower)
    if answer.head is None or _complete(answer):
        return answer.text
    if answer.kind == "verb-ing" and pred and pred[-1].lower == "be":
        return answer.text
    head = answer.head.lower
    preposition = _preposition_of_place(match, head)
    article = placed(head)[1] if len(answer.tokens) == 1 else "a"
    thing = answer.kind == "verb-ing" and len(answer.tokens) == 2 and head in words.COUNT_NOUNS
    if thing:
        return f"{preposition} {a_or_an(answer.text)} {answer.phrase()}"
    return f"{preposition} {answer.phrase(article) if article else answer.text}"


def _tells_way(answer: Answer) -> bool:
    """True for a way or a distance: "back to the farm", "next door", "two miles north"."""
    first, *others = answer.tokens
    if first.lower in words.WAYS and others and others[0].may("P"):
        return True
    if first.lower in ("right", "just", "next", "directly") and others:
        return True
    return first.may("Q") and any(t.lower in words.UNITS for t in others[:2])


def _complete(answer: Answer) -> bool:
    """True for an answer that takes no preposition: a clause, a verb, an adverb, an adjective."""
    first = answer.tokens[0]
    if answer.kind in ("place", "sentence", "to", "verb", "verb-s", "adjective") or first.only("A"):
        return True
    if len(answer.tokens) == 1 and first.may("A") and first.may("J"):
        return True
    return first.may("E") and not first.may("N")


def _preposition_of_place(match: Match, head: str) -> str:
    pred = match.part("pred")
    verb = verb_lemma(pred[main_verb(pred)].lower) if pred else ""
    if verb in words.MOTION_VERBS and "located" not in match.text("pred"):
        return "to"
    if head in words.AT_PLACES:
        return "at"
    return "on" if head in words.ON_PLACES else placed(head)[0]


_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_DAY = re.compile(
    rf"(?:{_WEEKDAY},? )?(?:(?:the )?{_NUMBER} (?:of )?{_MONTH}|{_MONTH} (?:the )?{_NUMBER})"
    rf"(?:,? \d{{4}})?|{_WEEKDAY}(?: (?:morning|afternoon|evening|night))?"
)
_OF_A_YEAR = re.compile(rf"{_MONTH}(?:,? \d{{4}})?")
_NIGHTS = frozenset("night noon midnight dawn dusk birth sunrise sunset christmas easter".split())


def as_time(match: Match) -> str:
    """The answer with the preposition of a time: "on Friday", "in 1990", "at noon"."""
    answer = match.answer
    date = answer.given.rstrip(FINAL)  # with its capitals
    if _DAY.fullmatch(date):
        return f"on {date}"
    if _OF_A_YEAR.fullmatch(date):
        return f"in {date}"
    first, last = answer.tokens[0], answer.tokens[-1]
    low = [t.lower for t in answer.tokens]
    if any(t.may("S") or t.lower in _AROUND for t in answer.tokens[:5]):
        return answer.text
    if answer.kind == "sentence":
        return f"when {answer.text}"
    if last.lower in ("ago", "later", "earlier") or low[0] in words.WHENS:
        return answer.text
    if answer.kind == "place" or first.only("AS") or first.lower.endswith("ly"):
        return answer.text
    return f"{_preposition_of_time(answer)} {_dated(answer)}"


_AROUND = frozenset("before after until till when while since once ago".split())


def _dated(answer: Answer) -> str:
    """The answer with an article unless it is a date or names a time without one."""
    low = [t.lower for t in answer.tokens]
    if low[-1] in ("century", "decade") and not answer.tokens[0].may("DRLS"):
        return f"the {answer.text}"
    dated = any(t.may("Q") or t.lower in words.MONTHS | words.DAYS for t in answer.tokens)
    return answer.text if dated or low[0] in _NIGHTS else answer.phrase("the")


def _preposition_of_time(answer: Answer) -> str:
    """ "on" for a day, "at" for a time of day, "in" for a month or year, else "during"."""
    low = [t.lower for t in answer.tokens]
    number = low[0].isdigit() or (low[0][:1].isdigit() and ":" in low)
    clock = number and (":" in low or low[-1] in ("o'clock", "am", "pm", "a.m", "p.m", "noon"))
    if clock or low[0] in _NIGHTS or (number and len(low) == 1 and len(low[0]) < 3):
        return "at"
    if any(word in words.DAYS for word in low) or low[-1] in ("day", "eve", "birthday"):
        return "on"
    month = next((i for i, word in enumerate(low) if word in words.MONTHS), None)
    if month is not None and (month or any(w[:1].isdigit() and len(w) < 5 for w in low[1:2])):
        years = len(low) == month + 2 == 2 and len(low[1]) == 4
        return "in" if years or low[0] in ("early", "late", "mid") else "on"
    if month is not None or answer.tokens[0].may("Q"):
        return "in"
    decade = low[-1][:1].isdigit() or low[-1] in ("century", "1900s")
    if low[:2] in (["the", "end"], ["the", "beginning"], ["the", "age"], ["the", "same"]):
        return "at"
    return "in" if decade else "during"


def sided(match: Match) -> str:
    """ "Before" or "after", which the event of the question follows."""
    answer, event = match.answer, match.text("event")
    alone = answer.tokens[-1].lower in ("before", "after", "during")
    return join(answer.text, event) if alone else answer.text
