"""The template language of the rules: names in square brackets.

A template is plain text with slots. ``[name]`` is the text of the pattern's ``name:``; the computed
slots are in ``SLOTS``; ``[clause<place]`` is a clause with a filler of ``FILLERS`` in its gap.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    affirmed,
    agreed,
    clause,
    denied,
    join,
    negated,
    without_ever,
)
from unifiedqa_convert.question_converters.rules.clauses.standing import STANDING
from unifiedqa_convert.question_converters.rules.clauses.statements import RESTATED
from unifiedqa_convert.question_converters.rules.clauses.steps import STEPS
from unifiedqa_convert.question_converters.rules.fillers.adjuncts import (
    PLACING,
    as_place,
    as_time,
    sided,
    without_preposition,
)
from unifiedqa_convert.question_converters.rules.fillers.objects import (
    as_object,
    named,
    one_of,
    owned,
    owner,
    whose,
    with_object,
    with_preposition,
)
from unifiedqa_convert.question_converters.rules.fillers.reasons import as_manner, reason
from unifiedqa_convert.question_converters.rules.gaps import adjunct_gap, main_verb, object_gap
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.slots.choices import CHOICE_SLOTS
from unifiedqa_convert.question_converters.rules.slots.phrases import PHRASE_SLOTS
from unifiedqa_convert.question_converters.rules.slots.verbs import VERB_SLOTS
from unifiedqa_convert.question_converters.rules.tokens import Token

_SLOT = re.compile(r"\[([a-z]+)(?:<([a-z]+))?\]")


def fill_template(template: str, match: Match) -> str | None:
    """The template's sentence; None if one of its slots can't be filled."""
    made: list[str] = []
    for words_before, name, filler in _pieces(template):
        made.append(words_before)
        text = filled(match, filler) if filler else _slot(match, name)
        if text is None:
            return None
        made.append(text)
    return "".join(made)


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, str, str], ...]:
    """(text before the slot, slot, filler), with an empty slot for the text at the end."""
    parts = _SLOT.split(template)
    slots = zip(parts[0:-1:3], parts[1::3], parts[2::3], strict=True)
    return (*((text, name, filler or "") for text, name, filler in slots), (parts[-1], "", ""))


def unknown_names(template: str) -> set[str]:
    """The names in a template that are no computed slots: the pattern must define them."""
    found = set()
    for name, filler in _SLOT.findall(template):
        if filler and (name != "clause" or filler not in FILLERS):
            raise ValueError(f"unknown filler [{name}<{filler}]")
        if not filler and name not in SLOTS:
            found.add(name)
    return found


def _slot(match: Match, name: str) -> str | None:
    return SLOTS[name](match) if name in SLOTS else match.text(name) if name else ""


def _done(match: Match) -> str | None:
    """The clause with the verb of an answer that is a whole sentence: "she will go home"."""
    pred, tokens = match.part("pred"), match.answer.tokens
    gap = object_gap(pred)
    modal = next((i for i, t in enumerate(tokens) if t.may("M")), 0)
    if pred[gap - 1].lower != "do":
        return None
    if tokens[0].may("V") and not tokens[0].may("DR") and tokens[1].may("DRLPW"):
        return with_object(match, pred)  # "show they had it": show is not a subject
    if not 0 < modal < len(tokens) - 1:
        return None
    subject = [t.lower for t in match.part("subj")]
    same_subject = [t.lower for t in tokens[:modal]] in (subject, ["the", *subject])
    if not same_subject and not tokens[0].may("R"):
        return None
    verb = Answer(match.answer.text[tokens[modal + 1].start :])
    return with_object(Match(match.source, match.parts, verb), pred)


def _doing(match: Match) -> str | None:
    """The clause without an object, unless its verb takes a whole sentence ("said that …")."""
    pred = match.part("pred")
    verb = verb_lemma(pred[object_gap(pred) - 1].lower)
    return None if verb in words.TELLING_VERBS else clause(match)


def _treated(match: Match) -> str | None:
    """How something is done: "were paid by the town"; None if nothing is done to it."""
    pred = match.part("pred")
    done = pred[main_verb(pred)].only("ETY")
    return filled(match, "manner") if done else None


def _subject(match: Match) -> str:
    """The answer as a subject: a verb phrase becomes a gerund."""
    who = match.source[:3].lower() == "who"
    if match.answer.kind == "verb" and not who:
        return match.answer.as_form("VBG")
    return named(match)


def _situ(match: Match) -> str:
    """The answer at the position of "what", with an article if none precedes it."""
    left = match.part("left")
    before = left[-1] if left else None
    if match.part("head"):
        phrase = named(match)
        determined = before is not None and before.may("DL")
        if not determined and match.answer.kind == "adjective":
            return Answer(phrase).phrase()
        return re.sub(r"^(?:the|an?) ", "", phrase) if determined else phrase
    modifier = before is not None and (
        before.may("DLJ") or (before.may("NX") and not before.may("VZTEP"))
    )
    called = before is not None and before.lower in (*_NAMES_IT, "as", "to", "so", "very")
    return match.answer.text if modifier or called else match.answer.phrase()


_NAMES_IT = ("called", "termed", "named")


def _agreeing(match: Match) -> str:
    if match.answer.kind == "sentence":
        return agreed(match, False)
    subject = Answer(named(match)) if match.part("head") else match.answer
    return agreed(match, subject.plural)


def _denial(match: Match) -> str | None:
    return negated(match.source, list(match.part("stem")))


def filled(match: Match, name: str) -> str:
    """A clause with the answer in its gap; replaces a "do" that stands for the answer's verb."""
    pred = match.part("pred")
    if name == "object":
        return with_object(match, pred)
    filler = FILLERS[name](match)
    because = name == "reason" or filler.startswith("because ")
    gap = object_gap(pred) if name == "owned" else adjunct_gap(pred, because)
    last = pred[gap - 1] if gap else None
    after_verb = main_verb(pred) + 1
    phrase = pred[after_verb : after_verb + 2]
    at_a = len(phrase) == 2 and phrase[0].lower == "at" and phrase[1].may("D")
    if name == "place" and match.answer.kind == "place" and at_a:
        gap = after_verb  # "hide | at a party" + "behind a curtain"
    if name == "time" and len(pred) > 2 and pred[-2].lower in ("on", "every", "each"):
        weekly = pred[-1].lower.rstrip("s") in words.DAYS or pred[-1].lower in ("day", "night")
        gap = len(pred) - 2 if weekly else gap  # "closes | on Sundays"
    if name == "place" and match.answer.tokens[0].lower in words.ORDINALS:
        gap = after_verb  # "rank | among the lakes"
        filler = match.answer.text if len(match.answer.tokens) == 1 else filler
    if name == "times":
        gap = _times_gap(pred, after_verb)
    if name == "along" and phrase[1:] and phrase[0].may("P"):
        has_to = phrase[0].lower == "to" and phrase[1].may("V")
        gap = after_verb + 2 if has_to else after_verb
    if name in ("place", "time") and last is not None and last.lower in PLACING:
        filler = without_preposition(match.answer, last.lower)
    return clause(match, filler, gap)


def _times_gap(pred: Sequence[Token], at: int) -> int:
    """After the verb, its infinitive and its object: "try to call a doctor | before noon"."""
    while at + 1 < len(pred) and pred[at].lower == "to" and pred[at + 1].may("VBO"):
        at += 2
    return next((i for i in range(at, len(pred)) if pred[i].may("PS")), len(pred))


FILLERS: dict[str, Callable[[Match], str]] = {
    "object": as_object,
    "prepped": with_preposition,
    "place": as_place,
    "time": as_time,
    "reason": reason,
    "manner": as_manner,
    "owned": owned,
    "under": owned,
    "raw": lambda match: match.answer.text,
    "grounds": lambda match: join(
        "on the grounds", "that" if match.answer.kind == "sentence" else "of", match.answer.text
    ),
    "along": lambda match: match.answer.text,  # between the verb and a phrase, see ``filled``
    "lasting": lambda match: join(
        "" if match.answer.tokens[0].may("PSA") else "for", match.answer.text
    ),
    "sided": sided,
    "times": named,
}

Build = Callable[[Match], str | None]
SLOTS: dict[str, Build] = {
    "raw": lambda match: match.answer.text,
    "answer": lambda match: match.answer.phrase(),
    "named": named,
    "clause": clause,
    "affirming": lambda match: clause(without_ever(match)),
    "denied": denied,
    "negated": _denial,
    "agreeing": _agreeing,
    "situ": _situ,
    "treated": _treated,
    "place": as_place,
    "prepped": with_preposition,
    "reason": reason,
    "base": lambda match: match.answer.as_base(),
    "affirmed": lambda match: affirmed(match.source, list(match.part("stem"))),
    "done": _done,
    "subject": _subject,
    "doing": _doing,
    "one": one_of,
    "time": as_time,
    "owner": owner,
    "whose": whose,
    **VERB_SLOTS,
    **PHRASE_SLOTS,
    **CHOICE_SLOTS,
    **RESTATED,
    **STEPS,
    **STANDING,
}
