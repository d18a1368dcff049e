"""Reasons: what a "why" is answered with, in the form that its place asks for."""

from collections.abc import Sequence

from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.rules_answer import Answer
from unifiedqa_convert.declare.rules_clause import Match, do_form
from unifiedqa_convert.declare.rules_lemma import inflect, noun_number, verb_lemma
from unifiedqa_convert.declare.rules_tokens import Token, is_name


def reason(match: Match) -> str:
    """What follows "why": because of a thing, because of what is so, or to do something."""
    answer = _unsaid(match)
    first = answer.tokens[0]
    if answer.kind in ("place", "to") or first.lower in ("because", "due", "so", "since"):
        return answer.text
    if answer.kind == "sentence":
        return f"because {answer.text}"
    if answer.kind == "verb":
        return f"to {answer.text}"
    second = len(answer.tokens) > 1
    past_or_did = first.may("O") or (answer.kind == "adjective" and first.may("T") and second)
    if answer.kind in ("verb-s", "verb-ed") or past_or_did:
        return f"because {pronoun(match)} {answer.text}"
    if _purpose(match, answer):
        return f"to {answer.text}"
    if answer.kind == "adjective" and not first.may("Q"):
        return f"because {pronoun(match)} {_be_as(match)} {answer.text}"
    return f"because of {answer.phrase('the')}"


def _unsaid(match: Match) -> Answer:
    """The answer without the predicate it repeats: "did this" of "did this for fun"."""
    answer, pred = match.answer, match.text("pred").lower()
    tag = do_form(match)
    verb, _, rest = pred.partition(" ")
    said = f"{inflect(verb, tag) if tag else verb} {rest} "
    if rest and answer.text.lower().startswith(said):
        return Answer(answer.text[len(said) :])
    return answer


def _be_as(match: Match) -> str:
    """Be, in the time of the question's auxiliary."""
    aux = match.part("aux")
    past = aux and aux[0].lower in ("did", "was", "were", "had", "would", "could")
    many = pronoun(match) in ("they", "you", "we")
    if pronoun(match) == "i":
        return "was" if past else "am"
    return ("were" if many else "was") if past else "are" if many else "is"


def _purpose(match: Match, answer: Answer) -> bool:
    """Whether what may be a verb is one: an act ("do this") has a purpose ("plan dinner")."""
    subject, pred = match.part("subj"), match.part("pred")
    acts = len(pred) > 1 and verb_lemma(pred[0].lower) == "do" and pred[1].may("DR")
    someone = subject and (_named(subject) or subject[-1].lower in words.SUBJECT_PRONOUNS)
    if not (acts and someone) or len(answer.tokens) < 2:
        return False
    first, second = answer.tokens[:2]
    return first.may("V") and not first.may("DRPQG") and second.lower not in _OF_NOUNS


_OF_NOUNS = frozenset("of for from about between and or".split())


def pronoun(match: Match) -> str:
    """What stands for the subject in a clause after it."""
    aux, subject = match.part("aux"), match.part("subj")
    plural = aux and aux[0].lower in ("do", "are", "were", "have")
    if not subject:
        return "they" if plural else "it"
    last = subject[-1].lower
    if last in _PERSONS or noun_number(last) == "plural":
        return "they"
    if subject[0].lower in words.SUBJECT_PRONOUNS:
        return subject[0].lower
    return "they" if plural or _named(subject) else "it"


_PERSONS = frozenset(
    "person someone somebody anyone anybody everyone everybody man woman child boy girl".split()
)


def _named(subject: Sequence[Token]) -> bool:
    """Whether it is somebody's name: within a question a capital says so ("did Lee")."""
    last = subject[-1]
    return is_name(last) or (last.text[:1].isupper() and last.lower not in words.SUBJECT_PRONOUNS)
