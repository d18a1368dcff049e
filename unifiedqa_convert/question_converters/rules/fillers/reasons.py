"""The answers to "why" and "how"."""

import re
from collections.abc import Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, a_or_an
from unifiedqa_convert.question_converters.rules.clause import Match, agree_word, do_form
from unifiedqa_convert.question_converters.rules.lexicon import inflect, noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name


def reason(match: Match) -> str:
    """The answer to "why": "because of" a noun, "because" a clause, or "to" a verb."""
    answer = _without_predicate(match)
    first = answer.tokens[0]
    if answer.kind in ("place", "to") or first.lower in ("because", "due", "so", "since"):
        return answer.text
    if answer.kind == "sentence":
        return f"because {answer.text}"
    avoids = first.lower == "not" and len(answer.tokens) > 2 and answer.tokens[1].may("VBH")
    if answer.kind == "verb" or (avoids and not answer.tokens[1].may("EGZ")):
        return f"to {answer.text}"
    second = len(answer.tokens) > 1
    past_or_did = first.may("O") or (answer.kind == "adjective" and first.may("T") and second)
    if answer.kind in ("verb-s", "verb-ed") or past_or_did:
        who = pronoun(match)
        verb = agree_word(first.lower, True) if who == "they" and first.may("BHZ") else first.text
        return f"because {who} {verb}{answer.text[first.end :]}"
    if _purpose(match, answer):
        return f"to {answer.text}"
    if answer.kind == "adjective" and not first.may("Q"):
        return f"because {pronoun(match)} {_be_as(match)} {answer.text}"
    return f"because of {answer.phrase('the')}"


def _without_predicate(match: Match) -> Answer:
    """The answer without the predicate that it repeats: "for fun" from "did this for fun"."""
    answer, pred = match.answer, match.text("pred").lower()
    tag = do_form(match)
    verb, _, rest = pred.partition(" ")
    start = f"{inflect(verb, tag) if tag else verb} {rest} "
    if rest and answer.text.lower().startswith(start):
        return Answer(answer.text[len(start) :])
    return answer


def _be_as(match: Match) -> str:
    """Be, in the tense of the question's auxiliary."""
    aux = match.part("aux")
    past = aux and aux[0].lower in ("did", "was", "were", "had", "would", "could")
    many = pronoun(match) in ("they", "you", "we")
    if pronoun(match) == "i":
        return "was" if past else "am"
    return ("were" if many else "was") if past else "are" if many else "is"


def _purpose(match: Match, answer: Answer) -> bool:
    """True if the answer is a verb: the purpose ("plan dinner") of an act ("do this")."""
    subject, pred = match.part("subj"), match.part("pred")
    acts = len(pred) > 1 and verb_lemma(pred[0].lower) == "do" and pred[1].may("DR")
    someone = subject and (_named(subject) or subject[-1].lower in words.SUBJECT_PRONOUNS)
    if not (acts and someone) or len(answer.tokens) < 2:
        return False
    first, second = answer.tokens[:2]
    return first.may("V") and not first.may("DRPQG") and second.lower not in _OF_NOUNS


_OF_NOUNS = frozenset("of for from about between and or".split())


def pronoun(match: Match) -> str:
    """The pronoun for the subject in a clause after it."""
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
    """True for a person's name: within a question, a word with a capital ("did Lee")."""
    last = subject[-1]
    return is_name(last) or (last.text[:1].isupper() and last.lower not in words.SUBJECT_PRONOUNS)


def as_manner(match: Match) -> str:
    """The answer to "how": "by" or "with" a noun, "by" a verb in -ing, "because" a clause."""
    answer = match.answer
    first = answer.tokens[0]
    if answer.kind in ("place", "to") or first.only("A") or first.lower.endswith("ly"):
        return answer.text
    if answer.kind == "sentence" and any(t.lower in ("know", "tell") for t in match.part("pred")):
        sees = match.answer.tokens[0].may("D")
        return f"{'when' if sees else 'because'} {answer.text}"
    if answer.kind == "sentence":
        alike = any(t.lower in words.ALIKE for t in match.part("pred"))
        return _by_doing(answer) or f"{'in that' if alike else 'because'} {answer.text}"
    if first.may("RD") and len(answer.tokens) > 2 and _verb_in(answer):
        return f"in that {answer.text}"
    if len(answer.tokens) == 1 and _COMPARED.fullmatch(first.lower) and answer.kind == "adjective":
        return answer.text
    alone = len(answer.tokens) == 1 and first.may("V") and first.lower in words.COMMON_VERBS
    if answer.kind == "verb" or alone:
        return f"by {answer.as_form('VBG')}"
    if answer.kind == "verb-s":
        return f"because {pronoun(match)} {answer.text}"
    if answer.kind == "adjective":
        return f"in {a_or_an(answer.text)} {answer.text} way"
    phrase = answer.phrase()
    return f"{'with' if phrase.startswith(('a ', 'an ')) else 'by'} {phrase}"


_COMPARED = re.compile(r".+(?:er|est)|fast|hard|well|high|low|straight|less|more")


def _by_doing(answer: Answer) -> str | None:
    """A sentence like "they provide shelter" as "by providing shelter"; None for others."""
    tokens = answer.tokens
    if tokens[0].lower not in ("it", "they", "he", "she"):
        return None
    modal = tokens[1].lower in ("will", "would")
    verb = tokens[2] if modal and len(tokens) > 2 else tokens[1]
    if not verb.may("VZ") or verb.may("BHOM"):
        return None
    return f"by {Answer(answer.text[verb.start :]).as_form('VBG')}"


def _verb_in(answer: Answer) -> bool:
    return answer.tokens[1].only("VZT")
