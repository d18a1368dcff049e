"""Slots for the answer as a phrase: a kind, a name, a measure, what follows "is"."""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, a_or_an, verbal
from unifiedqa_convert.question_converters.rules.clause import Match, agree_word, join
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name

_UNIT = re.compile(
    r".*\d.*(?:feet|foot|meters|metres|inches|centimeters|centimetres|yards| k?m| cm|miles|"
    r"kilometers|kilometres)|[\d.,]+ (?:k|c|m)?m"
)
_TALL = frozenset("tall long high deep wide thick".split())


def _measured(match: Match) -> str:
    """A measure, with its adjective after a unit of length: "62 feet tall"."""
    measure, text = match.text("measure").lower(), match.answer.text
    return f"{text} {measure}" if measure in _TALL and _UNIT.fullmatch(text) else text


_LASTS = re.compile(
    r"(?:second|minute|hour|day|night|week|weekend|month|year|decade|while|summer)s?"
)
_SPANS = frozenset("last take spend run".split())


def _spent(match: Match) -> str | None:
    """The answer to "how long" as a time: "for a week"; None if it is none."""
    answer = match.answer
    if not any(_LASTS.fullmatch(t.lower) for t in answer.tokens):
        return None
    pred = match.part("pred")
    bare = answer.tokens[0].may("PS") or (pred and verb_lemma(pred[0].lower) in _SPANS)
    return answer.text if bare else f"for {answer.text}"


def _same_modal(match: Match) -> str | None:
    """A clause that says what may happen, with the question's own modal: "might get fired"."""
    modal = match.text("aux").lower()
    return match.answer.text if any(t.lower == modal for t in match.answer.tokens[:6]) else None


def _noun(answer: Answer) -> str:
    first = answer.tokens[0]
    named = first.may("DRLQ") or first.text[:1].isupper()
    return answer.text if named else f"{a_or_an(answer.text)} {answer.text}"


def _whole(match: Match) -> str | None:
    """The answer, unless it starts like a place or a time: "in a cool, dry place"."""
    return None if match.answer.tokens[0].may("PS") else match.answer.text


def _happening(match: Match) -> str:
    """The answer and the question's tail, which goes before an answer of several sentences."""
    answer, rest = match.answer.text, match.text("rest")
    repeated = rest and rest.lower() in answer.lower()
    if repeated or ". " in answer:
        return answer if repeated or not rest else f"{rest}, {answer}"
    return join(answer, rest)


def _name_of(match: Match) -> str:
    """What someone or something of a kind is called: "a bakery"; a term as it is."""
    described = match.part("subj")[0].lower in ("a", "an", "someone", "something", "somebody")
    known = match.answer.kind == "noun" and not match.answer.plural
    return match.answer.phrase() if described and known else match.answer.text


def _kindred(match: Match) -> str:
    """The answer to "what kind of animal": "a marsupial", "a shy person", "a useful tool"."""
    answer = match.answer
    if answer.kind != "adjective" or answer.tokens[-1].may("N"):
        return Answer(answer.text).phrase() if answer.kind == "noun" else _noun(answer)
    return Answer(f"{answer.text} {match.text('head')}").phrase()


def _worker(match: Match) -> str | None:
    """The one whose job is asked for: "Ann's job" → "Ann"."""
    whose, tail = match.part("whose"), re.compile(r"['\u2019]s?$")
    return tail.sub("", match.text("whose")) if whose and whose[-1].may("L") else None


def _answer_that(match: Match) -> str:
    """The answer after "is": a verb phrase becomes an infinitive, a sentence a that-clause."""
    answer = match.answer
    if answer.kind == "sentence":
        return f"that {answer.text}"
    if answer.kind == "noun" and match.part("rest") and _names_job(match.part("rest")):
        return answer.text
    aims = any(t.lower in words.AIMS for t in match.part("rest"))
    aims = aims and len(answer.tokens) > 1
    aims = aims or (bool(match.part("rest")) and match.part("rest")[-1].lower == "do")
    aims = aims and verbal(answer) and answer.kind == "noun"
    way = any(t.lower in ("way", "ways", "method", "step") for t in match.part("rest"))
    told = way and answer.given[:1].isupper() and answer.given[-1] == "." and len(answer.tokens) > 1
    aims = aims or (told and answer.tokens[0].may("V") and not answer.tokens[0].may("DPG"))
    return f"to {answer.text}" if answer.kind == "verb" or aims else answer.phrase()


def _names_job(rest: Sequence[Token]) -> bool:
    """True for "the occupation of …", which is named without an article: "carpenter"."""
    at = next((i for i, t in enumerate(rest) if t.lower == "of"), 0)
    return rest[at - 1].lower in ("occupation", "profession", "nickname", "nationality")


def _that(match: Match) -> str | None:
    """A sentence as a that-clause; None if it is no sentence: "glad she came"."""
    return None if match.answer.tokens[0].may("JE") else f"that {match.answer.text}"


def _stripped(match: Match) -> str:
    """The answer after "as", without its own "as"; a predicate becomes "someone who …"."""
    answer, whom = match.answer, match.part("rest")
    did = answer.kind == "verb-ed" and len(answer.tokens) > 2 and answer.tokens[1].lower != "that"
    if (did or answer.kind == "verb-s") and whom and is_name(whom[-1]):
        verb, _, rest = answer.text.partition(" ")
        return f"someone who {agree_word(verb, False) if verb in words.BE else verb} {rest}"
    return re.sub(r"^(?:as|like(?= (?:an?|someone|somebody) ))\s+", "", answer.text)


PHRASE_SLOTS: dict[str, Callable[[Match], str | None]] = {
    "complement": _answer_that,
    "stripped": _stripped,
    "that": _that,
    "measured": _measured,
    "spent": _spent,
    "possible": _same_modal,
    "worker": _worker,
    "whole": _whole,
    "happening": _happening,
    "term": _name_of,
    "kindred": _kindred,
}
