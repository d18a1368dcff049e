"""Answers that are steps to a goal, or say where to put something: instructions, as slots."""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.clause import Match, clause
from unifiedqa_convert.question_converters.rules.clauses.subject import (
    OBJECT_PRONOUNS,
    from_token,
    same_word,
)
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token

_FIRST_STEP = frozenset("first simply just then next carefully slowly gently once".split())
_COMPLEMENT = "DRLPQNJXGTE"


def imperative(tokens: Sequence[Token]) -> bool:
    """True if the words are an instruction: "rub it with salt", "first put the lid on"."""
    at = 1 if len(tokens) > 2 and (tokens[0].lower in _FIRST_STEP or tokens[0].only("A")) else 0
    if len(tokens) < at + 2:
        return False
    verb, after = tokens[at], tokens[at + 1]
    if tokens[0].lower in ("do", "don't", "never"):
        return True
    if not verb.may("V") or verb.may("DRPBHM"):
        return False
    often = words.LIGHT_VERBS | words.COMMON_VERBS
    surely = not verb.may("NJ") or verb_lemma(verb.lower) in often
    return after.may("DRLQ") or (after.may(_COMPLEMENT) and (surely or not after.may("VZ")))


def steps(match: Match) -> str | None:
    """An answer that says how to reach a goal: an instruction, or "you can …"; else None."""
    goal, answer = match.part("goal"), match.answer
    if goal[-1].lower == "to":
        return None  # "would cause the cup to | break"
    if any(t.may("K") and t.lower not in ("'", '"', "-") for t in goal) or goal[-1].may("PDC"):
        stranded = goal[-1].only("P") and not any(t.may("K") for t in goal)
        if not stranded:
            return None
    first = answer.tokens[0]
    acts = imperative(answer.tokens) or (first.may("V") and len(answer.tokens) > 4)
    if not acts and first.lower not in ("you", "use", "by"):
        return None
    lowers = first.may("V") and first.text[1:].islower()
    return answer.text[0].lower() + answer.text[1:] if lowers else answer.text


def several(match: Match) -> str | None:
    """The same, for more than one step; a single one is said with "by"."""
    answer = match.answer
    made = steps(match)
    more = any(t.lower in (",", "and", "then", ".", ";", "or") for t in answer.tokens)
    more = more or answer.kind != "verb" or answer.tokens[0].lower == "you"
    more = more or (match.text("who").lower() == "i" and len(answer.tokens) > 4)
    return (
        made if made and more and imperative(answer.tokens) | (answer.kind == "sentence") else None
    )


def wanted(match: Match) -> str:
    """The goal, with "your" for the "my" of someone who asks "How do I …"."""
    goal = match.text("goal")
    if match.text("who").lower() != "i":
        return goal
    return _FIRST_PERSON.sub(lambda m: _SECOND_PERSON[m[0].lower().replace("\u2019", "'")], goal)


_SECOND_PERSON = {
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "me": "you",
    "i": "you",
    "i'm": "you're",
    "i've": "you've",
}
_FIRST_PERSON = re.compile(r"\b(?:my|mine|myself|me|i(?:['\u2019](?:m|ve))?)\b", re.IGNORECASE)


def _known_next(said: Sequence[Token], at: int, known: set[str]) -> bool:
    return at + 1 < len(said) and said[at + 1].lower in known


def put_there(match: Match) -> str | None:
    """ "Where should I keep it? Keep it in a box." → the place in the instruction."""
    said = match.answer.tokens
    if len(said) < 3 or not said[0].may("V"):
        return None
    pred = match.part("pred")
    verb = pred[main_verb(pred)]
    stranded = pred[-1].only("P")
    if not same_word(verb, said[0]):
        return None
    known = {t.lower for t in pred if not t.may("D")} | OBJECT_PRONOUNS
    new = (i for i, t in enumerate(said) if t.lower not in known)
    at = next((i for i in new if not (said[i].may("D") and _known_next(said, i, known))), 0)
    if at < 2 or not (said[at].may("PSA") or stranded):
        return None
    if stranded:
        again = said[at - 1].lower == pred[-1].lower
        return clause(match, from_token(match.answer, said[at])) if again else None
    gap = next((i for i, t in enumerate(pred) if t.may("S")), len(pred))
    return clause(match, from_token(match.answer, said[at]), gap)


def aim(match: Match) -> str | None:
    """A goal that is itself an instruction, after "to": "sharpen a pencil"."""
    return f"to {match.text('goal')}" if imperative(match.part("goal")) else None


STEPS: dict[str, Callable[[Match], str | None]] = {
    "steps": steps,
    "several": several,
    "aim": aim,
    "wanted": wanted,
    "put": put_there,
    "aimed": lambda match: match.answer.text if "," in match.answer.text else None,
}
