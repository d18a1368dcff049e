"""Slots for verbs in the question's tense and the new subject's number."""

import re
from collections.abc import Callable
from itertools import pairwise

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, verbal
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    agree_word,
    do_form,
    folds,
    join,
    put_name,
)
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.lexicon import inflect, verb_lemma


def _takes(match: Match) -> str:
    """ "Take" in the form of the auxiliary: takes, took, will take."""
    tag = do_form(match)
    aux = match.text("aux")
    return inflect("take", tag) if tag else "take" if folds(match) else join(aux, "take")


def _counted(match: Match) -> str:
    """Be, in the number of the answer: "there was one room"."""
    be = match.text("be").lower()
    return agree_word(be, False) if match.answer.text.lower() in ("one", "1") else be


def _thought(match: Match) -> str:
    """Be for what is thought of something, in the tense of the question."""
    past = match.text("aux").lower() == "did"
    many = Answer(match.text("thing")).plural
    return ("were" if many else "was") if past else "are" if many else "is"


def _acts(match: Match) -> str | None:
    """A single verb as what happens: "rusts"; None for a noun."""
    only = match.answer.tokens[0]
    if len(match.answer.tokens) > 1:
        return None
    if only.may("T") and not only.may("EN"):
        return only.text
    if only.only("ET") and only.may("E"):
        return join("are" if Answer(match.text("who")).plural else "is", only.text)
    if only.may("V") and verb_lemma(only.lower) in words.MOSTLY_VERBS:
        return agree_word(only.lower, Answer(match.text("who")).plural)
    return only.text if only.may("Z") else None


def _being(match: Match) -> str:
    """Be in the tense and number of a "do"."""
    return {"does": "is", "do": "are"}.get(match.text("do").lower(), "was")


def _was(match: Match) -> str:
    """Is or was, as the clause in the question tells."""
    rest = match.part("rest")
    after_who = [t for before, t in pairwise(rest) if before.lower in words.RELATIVES]
    past = any(t.may("T") or t.lower in ("was", "were", "did", "had") for t in after_who)
    many = Answer(match.text("rest")).plural
    return ("were" if many else "was") if past else "are" if many else "is"


def _since(match: Match) -> str:
    """Is or was, in the tense of the question's verb: "what caused it | was that …"."""
    aux, pred = match.part("aux"), match.part("pred")
    verb = aux[0] if aux else pred[main_verb(pred)]
    past = verb.lower in ("did", "was", "were", "had") or (not aux and verb.may("T"))
    return "was" if past else "is"


def _be(match: Match) -> str:
    measured = match.answer.tokens[0].may("Q") and match.text("article") in ("a", "an")
    plural = match.answer.plural and not measured
    return agree_word(match.text("be").lower(), plural)


def _are(match: Match) -> str:
    return "are" if Answer(match.text("subj")).plural else "is"


def _like(match: Match) -> str:
    """The answer's verb in the form of the "do" that it replaces: "does what"."""
    form = {"does": "VBZ", "did": "VBD", "doing": "VBG"}.get(match.text("do").lower())
    finite = form == "VBZ" and match.answer.tokens[0].may("Z")
    if not finite and not verbal(match.answer):
        kind_ing = form == "VBG" and match.answer.tokens[0].may("VG")
        if not kind_ing:
            return join(match.text("do"), match.answer.text)
    if form == "VBZ" and match.answer.tokens[0].may("Z"):
        return match.answer.text
    return match.answer.as_form(form) if form else match.answer.as_base()


def _handled(match: Match) -> str:
    """What is done to something, with its name for the pronoun: "pushes the leaves together"."""
    whom = match.text("right")
    named_one = re.search(r" (?:it|them|him|her)(?= )", match.answer.text)
    if named_one and match.part("right")[0].may("DNL"):
        return put_name(_like(match), whom)
    return join(_like(match), whom)


def _linked(match: Match) -> str:
    """A verb like feel or look, in the form of its "do", or with its auxiliary."""
    verb, tag = match.text("verb"), do_form(match)
    return (
        inflect(verb.lower(), tag)
        if tag
        else verb
        if folds(match)
        else join(match.text("aux"), verb)
    )


def _predicate(match: Match) -> str:
    """The answer's predicate, after the auxiliary if that is a modal and the verb is in -s."""
    first = match.answer.tokens[0]
    modal = any(token.may("M") for token in match.part("aux"))
    alone = modal and first.may("Z") and not first.may("BHM")
    return join(match.text("aux"), match.answer.as_base()) if alone else match.answer.text


VERB_SLOTS: dict[str, Callable[[Match], str | None]] = {
    "agreed": _be,
    "like": _like,
    "linked": _linked,
    "predicate": _predicate,
    "takes": _takes,
    "are": _are,
    "acts": _acts,
    "being": _being,
    "was": _was,
    "since": _since,
    "handled": _handled,
    "thinks": _thought,
    "counted": _counted,
}
