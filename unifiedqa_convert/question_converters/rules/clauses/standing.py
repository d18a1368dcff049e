"""Answers that are true or false without their question, because they name what it is about."""

import re
from collections.abc import Callable

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    agree_word,
    clause,
    denied,
    folds,
    join,
    with_adverb,
    without_ever,
)
from unifiedqa_convert.question_converters.rules.clauses.subject import (
    expanded,
    from_token,
    same_subject,
    same_word,
)
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import cover

# "The sign of rain is that the rain …": what these nouns name is itself a statement.
_SAID_OF = frozenset(
    "reason problem sign evidence proof idea lesson theme moral message purpose difference "
    "advantage disadvantage cause result effect opinion view belief claim point conclusion "
    "explanation symptom goal aim consequence benefit danger risk fact truth outcome".split()
)
_DUMMY_IT = re.compile(
    r"it(?:['\u2019]s| is| was| seems| appears)(?: \w+){1,4} (?:that|whether|if|to|who|what)\b",
    re.IGNORECASE,
)


def without_question(match: Match) -> str | None:
    """The answer, if it is about the whole subject of the question but does not continue it.

    "In what town was the cake first baked? The cake has its origins in Arva."
    """
    answer, pred = match.answer, match.part("pred")
    if answer.tokens[0].may("R") or not same_subject(answer, match.part("subj")):
        return None
    doing = any(t.lower in ("do", "doing", "done") for t in pred)
    tells = any(verb_lemma(t.lower) in words.TELLING_VERBS for t in pred if t.may("VZTEG"))
    return None if doing or tells else answer.text


def of_its_own(match: Match) -> str | None:
    """The answer, if it is about the owner of what is asked for.

    "What is the filling of a plum pie? A plum pie is filled with jam."; "the word comes from …"
    for "the word “pie”".
    """
    rest, answer = match.part("rest"), expanded(match.answer)
    at = next((i for i, t in enumerate(rest) if t.lower == "of"), 0)
    whom = rest[at + 1 :]
    if not at or not whom or rest[at - 1].lower in _SAID_OF or answer.tokens[0].may("R"):
        return None
    if same_subject(answer, whom):
        return answer.text
    first = answer.tokens[:2]
    short = len(whom) > 2 and [t.lower for t in whom[:2]] == [t.lower for t in first]
    verb = answer.tokens[2] if len(answer.tokens) > 2 else None
    if not short or first[0].lower != "the" or verb is None or not verb.may("BHMZT"):
        return None
    return join(cover(match.source, whom), from_token(answer, verb))


def inside(match: Match) -> str | None:
    """ "What is in the old mill? The old mill is a museum." → the answer."""
    stands = same_subject(match.answer, match.part("rest")) and not match.answer.tokens[0].may("R")
    return match.answer.text if stands else None


def impersonal(match: Match) -> str | None:
    """The answer, if its "it" stands for nothing: "It is doubtful that …"."""
    return match.answer.text if _DUMMY_IT.match(match.answer.text) else None


def compared(match: Match) -> str | None:
    """How two compare: "They are the same" with their names, or the answer."""
    answer = expanded(match.answer)
    they = answer.tokens[0].lower in ("they", "both") and len(answer.tokens) > 2
    verb = answer.tokens[1]
    return join(match.text("subj"), from_token(answer, verb)) if they else answer.text


_HEDGE = re.compile(
    r"(?:(?:yes|no),? )?(?:(?P<no>not) (?P<late>really|always|usually|necessarily|often|quite|yet|"
    r"anymore|any more|at all)|(?P<free>maybe|perhaps|of course)(?P<freely> not)?|"
    r"(?P<adverb>(?:most |very |quite )?(?:probably|likely|possibly|definitely|certainly|surely|"
    r"apparently|presumably|usually|sometimes|often|always|rarely|seldom|never|hardly ever|"
    r"almost always|almost never))(?P<not> not)?)",
    re.IGNORECASE,
)
_AT_END = frozenset(("yet", "anymore", "any more", "at all"))


def hedged(match: Match) -> str | None:
    """The answer to a yes/no question that is an adverb: "probably not", "not always"."""
    m = _HEDGE.fullmatch(match.answer.text)
    if m is None:
        return None
    plain = without_ever(match)
    if m["no"]:
        text, late = denied(plain), m["late"].lower()
        inner = late not in _AT_END and " not " in text
        return text.replace(" not ", f" not {late} ", 1) if inner else join(text, late)
    if m["free"]:
        return join(m["free"], denied(plain) if m["freely"] else clause(plain))
    if m["not"] and folds(plain):
        return join(plain.text("subj"), m["adverb"], plain.text("aux"), "not", plain.text("pred"))
    return with_adverb(plain, join(m["adverb"], (m["not"] or "").strip()))


def denying(match: Match) -> str | None:
    """What is said of something that "you" cannot do: "Ghosts are not real, so there is none"."""
    first, *others = match.answer.tokens
    no = any(t.lower in ("not", "no") or "n't" in t.lower for t in others[:4])
    return match.answer.text if no and not first.may("RSP") else None


def named_one(match: Match) -> str | None:
    """A statement about the question's subject, with its name for the pronoun."""
    answer = expanded(match.answer)
    size = same_subject(answer, match.part("subj")) if answer.tokens[0].may("R") else 0
    denies = any(t.lower in ("not", "no", "never") or "n't" in t.lower for t in answer.tokens)
    said = answer.tokens[size:]
    if not size or denies or not said[0].may("B"):
        return None
    be = agree_word(said[0].lower, Answer(match.text("subj")).plural)
    return join(match.text("subj"), be, answer.text[said[0].end :].strip())


def shared(match: Match) -> str | None:
    """ "Both of them love plums" as what two have in common."""
    pred, answer = match.part("pred"), match.answer
    common = [t.lower for t in pred] == ["have", "in", "common"]
    both = answer.tokens[0].lower in ("both", "neither", "each", "all") and len(answer.tokens) > 3
    return f"what {clause(match)} is that {answer.text}" if common and both else None


def relative(match: Match) -> str | None:
    """How someone is related to another: "He is her nephew" with the name."""
    answer = expanded(match.answer)
    size = same_subject(answer, match.part("subj"))
    return join(match.text("subj"), from_token(answer, answer.tokens[size])) if size else None


def passive(match: Match) -> str | None:
    """The answer, if the question's object is its subject: "The cup was made in Rome."."""
    pred, answer = match.part("pred"), match.answer
    at = main_verb(pred)
    again = any(same_word(pred[at], t) for t in answer.tokens[1:])
    thing = next((pred[at + 1 : i] for i in range(at + 2, len(pred)) if pred[i].may("PS")), None)
    return answer.text if again and same_subject(answer, thing or pred[at + 1 :]) else None


STANDING: dict[str, Callable[[Match], str | None]] = {
    "standing": without_question,
    "owned": of_its_own,
    "inside": inside,
    "impersonal": impersonal,
    "compared": compared,
    "relative": relative,
    "hedged": hedged,
    "shared": shared,
    "singular": named_one,
    "denying": denying,
    "passive": passive,
}
