"""From a question's word order to a statement's: verb forms, negation, agreement.

``parts`` are the named elements of a matched pattern: ``aux``, ``subj`` and ``pred``.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.kinds import many_act
from unifiedqa_convert.question_converters.rules.lexicon import inflect, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, cover

_DO_FORMS = {"does": "VBZ", "did": "VBD"}
_SINGULAR = {"are": "is", "were": "was", "have": "has", "do": "does"}
_PLURAL = {"is": "are", "was": "were", "has": "have", "does": "do"}
_SINGULAR |= {"don't": "doesn't", "aren't": "isn't", "weren't": "wasn't", "haven't": "hasn't"}
_PLURAL |= {"doesn't": "don't", "isn't": "aren't", "wasn't": "weren't", "hasn't": "haven't"}
_NEGATIVE = frozenset("never none nobody nothing neither not no hardly rarely seldom".split())
_CONTRACTED_BE = frozenset("it's that's there's he's she's they're we're you're i'm".split())
_PLURALS = frozenset("i you we they".split())


class Match(NamedTuple):
    """A matched pattern: the question's text, its named parts and the answer."""

    source: str
    parts: Mapping[str, Sequence[Token]]
    answer: Answer

    def part(self, name: str) -> Sequence[Token]:
        """The tokens of a named part; empty if the pattern does not have it."""
        return self.parts.get(name, ())

    def text(self, name: str) -> str:
        """The text of a named part, as written."""
        return cover(self.source, self.part(name))


def asked(match: Match) -> Sequence[Token]:
    """The question's subject and predicate."""
    return (*match.part("subj"), *match.part("pred"))


def join(*pieces: str) -> str:
    """The non-empty pieces, joined by single spaces."""
    return " ".join(piece for piece in pieces if piece)


def clause(match: Match, filler: str = "", gap: int | None = None) -> str:
    """Subject, verb and the rest in a statement's order, the filler in the gap."""
    pred = match.part("pred")
    at = len(pred) if gap is None else gap
    aux = "" if folds(match) else match.text("aux")
    before, after = pred[:at], pred[at:]
    return join(
        match.text("subj"), aux, _with_verb(match, before), filler, cover(match.source, after)
    )


def folds(match: Match) -> bool:
    """True if the verb's form replaces do ("does eat" → "eats"); not if there is a "not"."""
    aux = match.part("aux")
    if not aux or aux[0].lower not in words.DO or "n't" in aux[0].lower:
        return False
    pred = match.part("pred")
    near = (*match.part("subj"), *pred[: main_verb(pred) + 1])  # not "tell the man not to go"
    return not any(t.lower == "not" for t in near)


def do_form(match: Match) -> str | None:
    """The tag of the main verb's form without do; None for the base form."""
    return _DO_FORMS.get(match.part("aux")[0].lower) if folds(match) else None


def _with_verb(match: Match, pred: Sequence[Token]) -> str:
    tag = do_form(match) if match.part("aux") else None
    if not pred or tag is None:
        return cover(match.source, pred)
    at = main_verb(pred)
    said_to = pred[at].lower == "lie" and tag == "VBD" and _to_someone(pred, at + 1)
    verb = "lied" if said_to else inflect(pred[at].lower, tag)
    return join(cover(match.source, pred[:at]), verb, cover(match.source, pred[at + 1 :]))


def _to_someone(pred: Sequence[Token], at: int) -> bool:
    """True after "lie" as in "lie to the teacher", "lie about it": its past is "lied"."""
    return at == len(pred) or pred[at].lower in ("to", "about", "and")


def with_adverb(match: Match, adverb: str) -> str:
    """The clause with an adverb after its auxiliary: "has never won", "never wins"."""
    subject = match.text("subj")
    if folds(match):
        return join(
            subject, adverb, clause(Match(match.source, {**match.parts, "subj": ()}, match.answer))
        )
    return join(subject, match.text("aux"), adverb, match.text("pred"))


def without_ever(match: Match) -> Match:
    """The question without an "ever" before its verb."""
    pred = match.part("pred")
    if [t.lower for t in pred[:1]] != ["ever"]:
        return match
    return Match(match.source, {**match.parts, "pred": pred[1:]}, match.answer)


def denied(match: Match) -> str:
    """The clause, negated: "does a cat bark" → "a cat does not bark"."""
    plain = without_ever(match)
    if plain is not match and "n't" not in match.text("aux"):
        return with_adverb(plain, "never")
    subject = match.part("subj")
    if subject and subject[0].lower in ("all", "every", "everyone", "everything"):
        return join("not", clause(match))
    pred = match.text("pred")
    if match.part("pred")[0].lower == "not" or "n't" in match.text("aux"):
        return join(match.text("subj"), match.text("aux"), pred)
    aux = match.text("aux").lower()
    if aux == "must":
        many = Answer(match.text("subj")).plural or match.text("subj").lower() in _PLURALS
        return join(match.text("subj"), "do" if many else "does", "not have to", pred)
    return join(match.text("subj"), aux, "" if aux == "cannot" else "not", pred)


def affirmed(source: str, tokens: Sequence[Token]) -> str | None:
    """A negated statement without its "not"; None if its main clause has none."""
    for i, token in enumerate(tokens):
        low = token.lower
        if token.may("S") or low in words.RELATIVES:
            return None
        if low == "cannot":
            return join(cover(source, tokens[:i]), "can", cover(source, tokens[i + 1 :]))
        if low == "not" and i and tokens[i - 1].may("BOHM"):
            return join(cover(source, tokens[:i]), cover(source, tokens[i + 1 :]))
        if token.may("BOHM") and low.endswith(("n't", "n\u2019t")):
            full = {"can't": "can", "won't": "will"}.get(low.replace("\u2019", "'"), low[:-3])
            return join(cover(source, tokens[:i]), full, cover(source, tokens[i + 1 :]))
        if token.may("BOHMZT") and i and not token.may("NJ"):
            following = tokens[i + 1] if i + 1 < len(tokens) else None
            if following is None or following.lower != "not":
                return None
    return None


def _main_start(tokens: Sequence[Token]) -> int:
    """The start of the main clause: after the comma of a subordinate clause before it."""
    if not tokens[0].may("S"):
        return 0
    return next((i + 1 for i, t in enumerate(tokens) if t.lower == ","), 0)


def negated(source: str, tokens: Sequence[Token]) -> str | None:
    """A statement with its first finite verb negated; None if none is found."""
    start = _main_start(tokens)
    if start:
        main = negated(source, tokens[start:])
        return main and join(cover(source, tokens[:start]), main)
    if any(t.lower in _NEGATIVE for t in tokens):
        return None
    low = [t.lower for t in tokens]
    if ("only", "if") in pairwise(low):
        return None
    if low[0] in words.WHOLE:
        return join("not", cover(source, tokens))
    if low[0] in _CONTRACTED_BE:
        return join(cover(source, tokens[:1]), "not", cover(source, tokens[1:]))
    return _finite_negated(source, tokens)


def _finite_negated(source: str, tokens: Sequence[Token]) -> str | None:
    acts = next((i for i in range(1, len(tokens)) if many_act(tokens, i)), None)
    finite = (i for i, t in enumerate(tokens) if i and (t.may("BOHM") or t.only("ZT")))
    if acts is not None and acts < next(finite, len(tokens)):
        return join(cover(source, tokens[:acts]), "do not", cover(source, tokens[acts:]))
    for i, token in enumerate(tokens):
        if token.may("BOHM") and i and token.lower not in ("be", "been", "being"):
            if token.may("H") and not any(t.may("E") for t in tokens[i + 1 : i + 4]):
                break
            rest = cover(source, tokens[i + 1 :])
            return join(cover(source, tokens[: i + 1]), "not", rest)
    for i, token in enumerate(tokens):
        verb = token.only("ZTH") or token.may("H") or (token.may("ZT") and _verb_here(tokens, i))
        if i and verb:
            lemma = verb_lemma(token.lower)
            past = token.lower == "had" or token.may("T")
            do = "did" if past else "does" if token.lower != lemma else "do"
            return join(cover(source, tokens[:i]), do, "not", lemma, cover(source, tokens[i + 1 :]))
    return None


def _verb_here(tokens: Sequence[Token], at: int) -> bool:
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if tokens[at].may("PE") and not tokens[at].may("Z"):
        return False
    suits = after is None or after.may("PDRLA")
    return suits and at > 0 and tokens[at - 1].may("NR") and not tokens[at - 1].may("D")


def agreed(match: Match, plural: bool) -> str:
    """Auxiliary and predicate, or the bare predicate, in the number of a new subject."""
    aux, pred = match.part("aux"), match.part("pred")
    if aux:
        return join(agree_word(aux[0].lower, plural), match.text("pred"))
    at = main_verb(pred)
    verb = agree_word(pred[at].lower, plural) if pred[at].may("VZBHO") else pred[at].text
    rest = cover(match.source, pred[at + 1 :])
    if len(pred) > at + 3 and pred[at + 1].lower in ("and", "or") and pred[at + 2].may("VZ"):
        second = agree_word(pred[at + 2].lower, plural)
        rest = join(pred[at + 1].text, second, cover(match.source, pred[at + 3 :]))
    return join(cover(match.source, pred[:at]), verb, rest)


def agree_word(verb: str, plural: bool) -> str:
    """A present-tense verb in singular or plural; any other form unchanged."""
    table = _PLURAL if plural else _SINGULAR
    if verb in words.BE | words.HAVE | words.DO | words.MODAL:
        return table.get(verb, verb)
    lemma = verb_lemma(verb)
    if plural:
        return lemma if verb == inflect(lemma, "VBZ") else verb
    past = verb in (inflect(lemma, "VBD"), inflect(lemma, "VBN"))
    return inflect(lemma, "VBZ") if verb == lemma and not past else verb


def for_pronoun(
    rest: Sequence[Token], said: Sequence[Token]
) -> tuple[Sequence[Token], Sequence[Token]]:
    """What follows "do" without what the answer's pronoun stands for, and that.

    "do to Bo" + "leave him alone" is "leave Bo alone", "do with a plate" + "wash it" is "wash a
    plate". A single verb takes what something is done with as its object: "do with a letter" +
    "read".
    """
    if len(rest) < 2 or rest[0].lower not in ("to", "with") or rest[1].may("V"):
        return rest, ()
    if len(said) == 1 and (rest[0].lower == "with" or rest[1].may("D")):
        return rest[1:], ()
    at = next((i for i, t in enumerate(said) if i and t.lower in _SAID), 0)
    owner = said[at + 1 : at + 2] and said[at + 1].may("NX")  # "her keys"
    if not at or (said[at].lower == "her" and owner):
        return rest, ()
    ends = (i for i, t in enumerate(rest) if i > 1 and (t.may("SKP") or t.lower in words.WHENS))
    end = next(ends, len(rest))
    if rest[1].may("R") and end == 2:
        again = rest[1].lower == said[at].lower
        return (rest[end:] if again else rest), ()
    return rest[end:], rest[1:end]


_SAID = frozenset("him her them it".split())


def put_name(text: str, name: str) -> str:
    """The text with a name for its first object pronoun: "leave him alone"."""
    return re.sub(r"\b(?:him|her|them|it)\b", lambda _: name, text, count=1)
