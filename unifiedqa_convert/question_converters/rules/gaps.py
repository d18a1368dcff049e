"""Where a predicate lacks what the question asks for: an object, a place, a time."""

from collections.abc import Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token

_NO_OBJECT = frozenset("left that to next together again instead alone".split())
_TODAY = frozenset("yesterday today tomorrow tonight now then".split())
_AFTER_DO = frozenset("together next now again instead first tonight tomorrow differently".split())
_BY = frozenset("by on in with at every each".split())
_WHEN_PHRASES = frozenset("before after during until".split())
_WHENEVER = frozenset("next again after before during since until when while on at".split())
_LATER = frozenset("after before since until".split())
_TIMES = _LATER - {"until"}
_ADVERBIAL = frozenset(("day off", "days off", "time off", "do after", "do before"))
_NEVER_FIRST = frozenset("for with to of into about at like".split())
# "Want to go" is one chain of verbs, "use a nose to smell" is not.
_PAUSING = frozenset("stop stand wait pause queue gather line".split())  # "stop | to rest"
_WELL = frozenset("well properly fast quickly correctly".split())
_TAKES_OBJECT = frozenset("use take require".split())


def main_verb(pred: Sequence[Token]) -> int:
    """The position of the predicate's verb, after its adverbs."""
    for i, token in enumerate(pred):
        adverb = token.may("A") and i + 1 < len(pred) and not pred[i + 1].may("DLR")
        if token.may("VZTEGBOH") and not adverb:
            return i
    return 0


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
