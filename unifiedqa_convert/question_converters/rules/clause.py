"""From a question's word order to a statement's: verb forms, negation, position of the answer.

``parts`` are the named elements of a matched pattern: ``aux``, ``subj`` and ``pred``.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, many_act
from unifiedqa_convert.question_converters.rules.lexicon import inflect, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, cover

_DO_FORMS = {"does": "VBZ", "did": "VBD"}
_SINGULAR = {"are": "is", "were": "was", "have": "has", "do": "does"}
_PLURAL = {"is": "are", "was": "were", "has": "have", "does": "do"}
_SINGULAR |= {"don't": "doesn't", "aren't": "isn't", "weren't": "wasn't", "haven't": "hasn't"}
_PLURAL |= {"doesn't": "don't", "isn't": "aren't", "wasn't": "weren't", "hasn't": "haven't"}
_NEGATIVE = frozenset("never none nobody nothing neither not no hardly rarely seldom".split())
_CONTRACTED_BE = frozenset("it's that's there's he's she's they're we're you're i'm".split())
_NO_OBJECT = frozenset("left that to next together again instead alone".split())
_TODAY = frozenset("yesterday today tomorrow tonight now then".split())
_AFTER_DO = frozenset("together next now again instead first tonight tomorrow differently".split())
_BY = frozenset("by on in with at every each".split())
_WHEN_PHRASES = frozenset("before after during until".split())
_WHENEVER = frozenset("next again after before during since until when while on at".split())
_PLURALS = frozenset("i you we they".split())
_LATER = frozenset("after before since until".split())
_TIMES = _LATER - {"until"}
_ADVERBIAL = frozenset(("day off", "days off", "time off", "do after", "do before"))
_NEVER_FIRST = frozenset("for with to of into about at like".split())
# "Want to go" is one chain of verbs, "use a nose to smell" is not.
_PAUSING = frozenset("stop stand wait pause queue gather line".split())  # "stop | to rest"
_WELL = frozenset("well properly fast quickly correctly".split())
_TAKES_OBJECT = frozenset("use take require".split())


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


def main_verb(pred: Sequence[Token]) -> int:
    """The position of the predicate's verb, after its adverbs."""
    for i, token in enumerate(pred):
        adverb = token.may("A") and i + 1 < len(pred) and not pred[i + 1].may("DLR")
        if token.may("VZTEGBOH") and not adverb:
            return i
    return 0


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


def object_gap(pred: Sequence[Token]) -> int:
    """The position of the missing object: after the last verb or preposition that lacks one."""
    found = _stranded_gap(pred)
    if found:
        return found
    at = _last_of_chain(pred, main_verb(pred))
    said = _said(pred, at)
    if said:
        return said
    senses = at + 1 < len(pred) and verb_lemma(pred[at].lower) in words.SENSING_VERBS
    if senses and pred[at + 1].may("G"):
        return at + 1  # "hear | coming from the barn"
    if at + 1 < len(pred) and _object_follows(pred, at):
        return _gap_after_object(pred, at)
    return _before_degree(pred, _past_particle(pred, at + 1))


def _stranded_gap(pred: Sequence[Token]) -> int:
    """The position after "doing", a preposition or a verb in -ing that lacks its object; or 0."""
    for i, token in enumerate(pred):
        if token.lower == "doing" and (i + 1 == len(pred) or pred[i + 1].may("PSA")):
            return i + 1
    if len(pred) > 2 and pred[-1].lower == "do" and pred[-2].lower == "to":
        return len(pred)
    main = _main_end(pred)
    for i in range(main - 1, 0, -1):
        token = pred[i]
        ends = i + 1 == len(pred)
        if f"{pred[i - 1].lower} {token.lower}" in _ADVERBIAL and ends | (token.lower == "off"):
            continue  # "on his day off", "do after"
        if token.may("P") and (ends or token.lower not in _TIMES) and _stranded(pred, i):
            return i + 1
    ends = main == len(pred) > 1 and pred[-1].may("G") and not pred[-1].may("N")
    return len(pred) if ends else 0


def _gap_after_object(pred: Sequence[Token], at: int) -> int:
    """The gap after another object: "help the plants do", "give the bank", "like cake best"."""
    done = next((i for i in range(at, len(pred)) if _to_do(pred, i)), None)
    if done is not None:
        return done + 1
    inner = _caused(pred, at)
    if inner:
        return inner + object_gap(pred[inner:])
    if verb_lemma(pred[at].lower) in words.GIVING_VERBS:
        return _phrase_end(pred, at + 1)
    return _before_degree(pred, adjunct_gap(pred))


def _main_end(pred: Sequence[Token]) -> int:
    """Where a subordinate clause starts: "think about | while he waited"; else the end."""
    for i in range(1, len(pred)):
        clause_follows = pred[i].may("S") and pred[i].lower not in ("that", "so", "though")
        if clause_follows or (pred[i].lower in _LATER and _finite_after(pred, i)):
            return i
    return len(pred)


def _finite_after(pred: Sequence[Token], at: int) -> bool:
    """True if a clause follows: "before he left"."""
    return any(t.may("BOHMT") or t.only("VZ") for t in pred[at + 2 :])


def _said(pred: Sequence[Token], at: int) -> int:
    """The position after "think" in "think | was stealing eggs"; 0 if no verb follows it."""
    if at + 1 >= len(pred) or verb_lemma(pred[at].lower) not in words.TELLING_VERBS:
        return 0
    after = pred[at + 1]
    return at + 1 if after.may("BHM") or after.only("ZT") else 0


def _caused(pred: Sequence[Token], at: int) -> int:
    """The position of the verb in "ask the boy to | bring"; 0 if there is none."""
    if verb_lemma(pred[at].lower) not in words.CAUSING_VERBS:
        return 0
    for i in range(at + 2, len(pred) - 1):
        if pred[i].lower == "to" and pred[i + 1].may("VBOH"):
            return i + 1
    return 0


def _phrase_end(pred: Sequence[Token], at: int) -> int:
    """The end of the noun phrase that starts here: "owe the bank | at his death"."""
    for i in range(at + 1, len(pred)):
        if pred[i].may("PSC") or pred[i].lower in ("to", "first"):
            return i
    return len(pred)


def _past_particle(pred: Sequence[Token], gap: int) -> int:
    """The gap after a particle of the verb: "give up | in order to win"."""
    acts = pred[gap - 1].lower not in ("do", "doing", "done")
    if acts and gap < len(pred) and pred[gap].lower in words.PARTICLES:
        after = pred[gap + 1] if gap + 1 < len(pred) else None
        if after is not None and after.may("PS"):
            return gap + 1
    return gap


def _before_degree(pred: Sequence[Token], gap: int) -> int:
    """The gap before a final "best" or "most": "likes | best"."""
    if gap < 2 or pred[gap - 1].lower not in words.DEGREES:
        return gap
    return gap - 2 if pred[gap - 2].lower == "the" and gap > 2 else gap - 1


def _to_do(pred: Sequence[Token], at: int) -> bool:
    """True if "do" lacks its object here: "help the plants do", "tell a child to do at night"."""
    if pred[at].lower != "do":
        return False
    if at + 1 == len(pred) or pred[at + 1].may("PS") or pred[at + 1].lower in _TIMES:
        return True
    if pred[at + 1].lower in ("right", "just", "shortly") and pred[at + 2 : at + 3]:
        return pred[at + 2].may("PS")
    after = pred[at + 1].lower
    lasts = after in ("all", "every", "each") and at + 3 == len(pred)  # "do all day"
    return lasts or after in _AFTER_DO or after in words.WHENS


def _stranded(pred: Sequence[Token], at: int) -> bool:
    """True if a preposition's noun is missing: "used for by a pilot", "stand for"."""
    if at + 1 == len(pred):
        return True
    after = pred[at + 1]
    if (
        after.may("S")
        or after.lower == ","
        or (after.lower in words.WHENS and after.lower not in ("this", "soon"))
    ):
        return True
    if pred[at].lower == "by" and after.lower in ("at", "in", "on"):
        return True  # "lead by | at noon"
    # "Out of", "up to" are one preposition; "for in", "from at" are not.
    return pred[at].lower in _NEVER_FIRST and after.only("P") and after.lower != "of"


def _last_of_chain(pred: Sequence[Token], at: int) -> int:
    """From the first verb of "want to go", "have been doing", "used to measure" to the last."""
    while at + 1 < len(pred):
        denied_next = pred[at + 1].lower in ("never", "not") and at + 3 < len(pred)
        if denied_next and pred[at + 2].lower == "to" and pred[at + 3].may("VBOH"):
            at += 3
            continue
        if pred[at + 1].lower == "to" and at + 2 < len(pred) and pred[at + 2].may("VBOH"):
            step = 2
            if pred[at].lower in ("do", "done") and pred[at + 1].may("P"):
                break  # "do | to make less noise"
        elif _auxiliary(pred, at):
            step = 1
        else:
            break
        if step == 2 and pred[at].lower == "do":
            break  # "can do | to make less noise"
        lemma = verb_lemma(pred[at].lower)
        well = step == 2 and at + 4 == len(pred) and pred[at + 3].lower in _WELL
        if lemma == "need" and well and pred[at + 2].lower != "do":
            break  # "need | to grow well"
        base = pred[at].lower == lemma and not _to_do(pred, at + 2 if step == 2 else at)
        if step == 2 and ((base and lemma in _TAKES_OBJECT) or _object_follows(pred, at + step)):
            break
        at += step
    return at


def _auxiliary(pred: Sequence[Token], at: int) -> bool:
    after = pred[at + 1]
    return after.lower == "been" or (pred[at].may("B") and after.may("EG") and not after.may("P"))


def _object_follows(pred: Sequence[Token], at: int) -> bool:
    after = pred[at + 1] if at + 1 < len(pred) else None
    if after is None or after.may("PSC") or after.lower in _NO_OBJECT | _TODAY:
        return False
    if after.lower in words.DEGREES and (at + 2 == len(pred) or not pred[at + 2].may("NJ")):
        return False
    if after.only("A"):
        return at + 2 < len(pred) and pred[at + 2].may("DRL")
    return after.may("DRLNJQX")


def _aims(pred: Sequence[Token], at: int) -> bool:
    return pred[at + 1].lower == "order" or [t.lower for t in pred[at + 2 : at + 3]] == ["way"]


def adjunct_gap(pred: Sequence[Token], reason: bool = False) -> int:
    """The position of a place, time or means: the end, or before a subordinate clause or time.

    A ``reason`` follows a time: "late for school before noon | because it rained".
    """
    for i in range(1, len(pred) - 1):
        if pred[i].may("P") and pred[i + 1].lower == ",":
            return i + 1
    at = main_verb(pred) if pred else 0
    verb = verb_lemma(pred[at].lower) if pred else ""
    motion = verb in words.MOTION_VERBS
    if motion and pred[at].lower == "going" and at + 2 < len(pred) and pred[at + 1].lower == "to":
        motion = not _verb_at(pred, at + 2)  # "is going to buy" is no motion
    been = next((i for i in range(min(2, len(pred))) if pred[i].lower in ("be", "been")), None)
    being = been is not None
    at = at if been is None else been
    if (motion or being) and at + 1 < len(pred) and pred[at + 1].lower in _WHENEVER:
        late = (t.may("QG") or t.lower.rstrip("s") in words.TIMES for t in pred[at + 2 : at + 5])
        if pred[at + 1].lower != "on" or any(late):  # not "go on the air"
            return at + 1
    for i in range(1, len(pred) - 1):
        if pred[i].lower in ("in", "on") and _aims(pred, i):
            return i  # "in order to", "on the way"
    for i in range(1, len(pred)):
        infinitive = (
            (motion or verb in _PAUSING) and pred[i].lower == "to" and _verb_at(pred, i + 1)
        )
        clause_follows = pred[i].may("S") and pred[i].lower != "that" and i + 1 < len(pred)
        degree = pred[i].lower == "so" and pred[i + 1 : i + 2] and pred[i + 1].lower != "that"
        degree = degree and i + 1 < len(pred) and pred[i + 1].may("JAD")
        early = i > 1 or (verb not in words.LOOKING_VERBS and at == 0)
        later = early and not reason and pred[i].lower in _WHEN_PHRASES and i + 1 < len(pred)
        if (clause_follows and not degree) or infinitive or later:
            start = i - 1 if pred[i - 1].lower in ("even", ",") and i > 1 else i
            return start - 1 if pred[start - 1].lower == "," and start > 1 else start
    return len(pred)


def _verb_at(pred: Sequence[Token], at: int) -> bool:
    """True if an infinitive starts here: "go to buy milk", not "go to school"."""
    if at >= len(pred) or not pred[at].may("V"):
        return False
    return not pred[at].may("N") or (at + 1 < len(pred) and pred[at + 1].lower not in _BY)


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
