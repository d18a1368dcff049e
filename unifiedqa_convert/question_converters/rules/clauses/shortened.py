"""A clause answer as a phrase: "What was Ann doing? She was ironing." → "ironing".

What the answer repeats of the question is removed, so that the rules for short answers apply.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.clause import Match, asked, folds, join
from unifiedqa_convert.question_converters.rules.clauses.subject import (
    DOING,
    JOBS,
    OBJECT_PRONOUNS,
    acts_again,
    before_tail,
    expanded,
    from_token,
    repeats,
    same_subject,
    same_word,
)
from unifiedqa_convert.question_converters.rules.gaps import adjunct_gap, main_verb, object_gap
from unifiedqa_convert.question_converters.rules.lexicon import inflect, verb_lemma
from unifiedqa_convert.question_converters.rules.predicate import is_adverb
from unifiedqa_convert.question_converters.rules.question import Question
from unifiedqa_convert.question_converters.rules.tokens import Token, cover

_WHERE_HOW = frozenset("where when why how".split())
_DENIED = frozenset("cannot not".split())
_CAN = frozenset("can could may might will would should".split())
_TWO = frozenset("relationship relation connection link".split())
OBJECT = "prep:PREP? wh:WH head:HEAD? aux:AUX subj:SUBJ pred:PRED"
SUBJECT = "wh:what|which|who head:HEAD? aux:AUX? pred:PRED"
DESCRIBED = "how would|can|could|might|do subj:SUBJ describe rest:ANY"
IDENTITY = "wh:WH head:HEAD? be:BE subj:SPAN"


def shortened(question: Question, answer: Answer) -> Answer:
    """A clause answer without what it repeats of the question; any other answer unchanged."""
    if not question.tokens or not answer.tokens:
        return answer
    if answer.tokens[0].lower == "that":
        answer = _without_that(question, answer)
    if answer.kind != "sentence":
        answer = _as_sentence(question, answer)
    return _shortened(question, answer) if answer.kind == "sentence" else answer


def _shortened(question: Question, answer: Answer) -> Answer:
    phrase = Answer(answer.text)
    if _is_thing(question, phrase):
        return phrase
    full = expanded(answer)
    low = [t.lower for t in full.tokens[:3]]
    if low[0] == "there" and full.tokens[1].may("B") and low[-1] not in ("no", "not"):
        inside = question.parts("what|who be:BE prep:PREP rest:SPAN")
        return Answer(from_token(full, full.tokens[2])) if inside and len(low) > 2 else answer
    if low[0] == "you" and question.tokens[0].lower == "how":
        return answer  # "you need to …": a step, see ``several``
    described = question.parts(DESCRIBED)
    if described is not None:
        return _described(described["rest"], full) or answer
    parts = question.parts(IDENTITY)
    coloured = parts and parts["head"] and parts["head"][0].lower in ("color", "colour", "shape")
    if parts is not None and (coloured or not any("Y" in t.tags for t in parts["subj"])):
        return _complement(Match(question.core, parts, full)) or answer
    parts = question.parts(OBJECT)
    if parts is not None:
        return _object(Match(question.core, parts, full)) or answer
    parts = question.parts(SUBJECT)
    if parts is not None:
        return _doer(Match(question.core, parts, full)) or answer
    return answer


def _as_sentence(question: Question, answer: Answer) -> Answer:
    """The answer as a sentence, if it starts with the question's subject and a verb."""
    if answer.kind not in ("noun", "adjective", "place") or len(answer.tokens) < 3:
        return answer
    parts = question.parts(OBJECT) or question.parts(IDENTITY) or {}
    subject = parts.get("subj", ())
    size = same_subject(answer, subject)
    verb = size and answer.tokens[size].may("BOHMZT" if len(subject) > 1 else "BOHM")
    pred = parts.get("pred", ())
    again = bool(size and pred) and same_word(pred[main_verb(pred)], answer.tokens[size])
    verb = bool(verb) or (again and answer.tokens[size].may("VZT"))
    verb = verb or _predicate_again(question, answer) or _told_in_past(question, answer)
    if not (verb and not answer.tokens[0].may("R")) and not _says_again(question, answer):
        return answer
    whole = Answer(answer.text)
    whole.kind = "sentence"
    return whole


def _is_thing(question: Question, phrase: Answer) -> bool:
    """True for "A sailor lost at sea." after "Who was …": its full stop makes no sentence."""
    first, second = question.tokens[0], question.tokens[1:2]
    asked = first.lower in ("who", "what") and second and second[0].may("BM")
    return (
        bool(asked)
        and phrase.tokens[0].lower in ("a", "an")
        and phrase.kind == "noun"
        and not _told_in_past(question, phrase)
    )


_LINKING = frozenset("smell look feel taste sound seem".split())
_TELL_OF = frozenset("reason cause problem happened happens happen explanation".split())


def _told_in_past(question: Question, answer: Answer) -> bool:
    """True for "a squirrel chewed through a cable" where an event is asked for, not a thing."""
    asked = {t.lower for t in question.tokens[:6]}
    if question.tokens[0].lower != "why" and not (asked & _TELL_OF and "what" in asked):
        return False
    tokens = answer.tokens
    linked = any(
        a.may("Z") and verb_lemma(a.lower) in _LINKING and b.may("J")
        for a, b in pairwise(tokens[1:])
    )
    if linked and answer.kind == "noun" and question.tokens[0].lower == "why":
        return True  # "soap smells nice"
    sure = (i for i, t in enumerate(tokens) if i and t.may("T") and t.only("ETV"))
    at = next(sure, len(tokens) - 1 if tokens[-1].may("T") else 0)
    before = tokens[:at]
    inner = any(t.may("PSWC") or t.only("GE") for t in before)
    if answer.kind != "noun" or not before or inner:
        return False
    after = tokens[at + 1 : at + 2]
    return before[-1].may("NRX") and not (after and after[0].lower in ("by", "to", "in", "on"))


def _predicate_again(question: Question, answer: Answer) -> bool:
    """True if a noun and the predicate of "Who pred?" follow: "Two boys also left the room"."""
    verbs = {t.lower for t in answer.tokens[1:] if t.may("VZTBOHM")}
    opens = question.tokens[0].lower in ("who", "what", "which")
    if not opens or not any(t.lower in verbs for t in question.tokens[1:]):
        return False
    parts = question.parts(SUBJECT)
    if parts is None or len(parts["pred"]) < 2:
        return False
    chain = [*parts["aux"], *parts["pred"]]
    at = 0 if parts["aux"] else main_verb(parts["pred"])
    if at + 1 >= len(chain):
        return False
    first, second = chain[at : at + 2]
    pairs = enumerate(pairwise(answer.tokens))
    found = next((i for i, (a, b) in pairs if a.lower == first.lower and same_word(second, b)), 0)
    before = answer.tokens[:found]
    return bool(before) and not any(t.may("PSW") for t in before)


def _says_again(question: Question, answer: Answer) -> bool:
    """True if a phrase with a verb has most of a long question's words: "In Oslo it is …"."""
    content = {t.lower[:4] for t in question.tokens if t.may("NVZTEGJX") and not t.may("BOHMWR")}
    said = {t.lower[:4] for t in answer.tokens}
    if answer.kind != "place" or any(t.lower in words.RELATIVES for t in answer.tokens):
        return False
    verb = any(t.may("BHM") or t.lower.endswith(("'s", "n't")) for t in answer.tokens[1:])
    return verb and len(content) > 2 and len(content & said) >= 0.75 * len(content)


def _without_that(question: Question, answer: Answer) -> Answer:
    """A that-clause as the clause; the rules write "that" where it is needed."""
    clause_of = Answer(from_token(answer, answer.tokens[1])) if len(answer.tokens) > 3 else answer
    asks_what = question.tokens[0].lower in ("what", "which")
    tells = any(verb_lemma(t.lower) in words.TELLING_VERBS for t in question.tokens if t.may("VZT"))
    return clause_of if clause_of.kind == "sentence" and asks_what and tells else answer


def _described(whom: Sequence[Token], answer: Answer) -> Answer | None:
    """What someone is: "How would you describe Bo? He was rude" → "rude"."""
    size = same_subject(answer, whom)
    owner = next((i for i, t in enumerate(whom) if t.may("L")), None)
    if not size and owner is not None:
        names = Answer(cover_owner(whom[: owner + 1])).tokens
        size = same_subject(answer, names)
    said = answer.tokens[size:]
    return (
        Answer(from_token(answer, said[1])) if size and len(said) > 1 and said[0].may("B") else None
    )


def cover_owner(tokens: Sequence[Token]) -> str:
    """The owner's name: "the cook's" → "the cook"."""
    return re.sub(r"['\u2019]s?$", "", " ".join(t.text for t in tokens))


def _complement(match: Match) -> Answer | None:
    """What follows "is": "Who is Bo? He is a cook" → "a cook"."""
    answer = match.answer
    subject = before_tail(match.part("subj"))
    size = same_subject(answer, subject)
    said = answer.tokens[size:]
    if not size or len(said) < 2 or not said[0].may("B") or said[1].lower in ("not", "no"):
        return None
    if not answer.tokens[0].may("R") and repeats(
        (*match.part("subj"), *match.part("pred")), answer
    ):
        return None
    if subject[-1].lower in JOBS or said[1].may("GE") or _TWO & {t.lower for t in subject}:
        return None  # a job is a predicate (``job``), "is hiding" is no name of anything
    return Answer(from_token(answer, said[1]))


def _object(match: Match) -> Answer | None:
    """What fills the gap of a question with a subject: "in a barn", "three apples"."""
    answer = match.answer
    subject = match.part("subj")
    size = same_subject(answer, subject)
    if not size or (not answer.tokens[0].may("R") and repeats(asked(match), answer)):
        return None
    said = answer.tokens[size:]
    pred = match.part("pred")
    opener = match.part("wh")[0].lower
    if opener == "how" and pred[0].lower == "compare":
        return None
    headed = bool(match.part("head")) and opener != "how"
    adjunct = opener in _WHERE_HOW and (not match.part("head") or opener != "how")
    counted = opener == "how" and match.part("head") and match.part("head")[0].lower in _COUNTED
    gap = object_gap(pred) if headed or counted or opener not in _WHERE_HOW else adjunct_gap(pred)
    if (
        opener == "how"
        and pred[main_verb(pred)].lower == "feel"
        and said[0].may("B")
        and len(said) > 1
    ):
        felt = Answer(from_token(answer, said[1]))
        described = felt.kind == "adjective" or felt.tokens[-1].may("E") or said[1].only("E")
        return felt if described and not said[1].may("D") else None
    if pred[gap - 1].lower in DOING:
        told = gap > 3 and said[0].may("M") and any(t.may("DLNRX") for t in pred[1 : gap - 2])
        return Answer(from_token(answer, said[1])) if told and len(said) > 1 else None
    if opener == "what" and pred[gap - 1].lower == "for" and (_acts(said) or said[0].may("H")):
        return Answer(_gerund(answer, said))  # "famous for | having a pier"
    aux = [] if folds(match) or match.part("aux")[0].lower in words.DO else match.part("aux")
    chain = [*aux, *pred[:gap]]
    rest = _after_chain(chain, said)
    if rest and not acts_again(rest):
        return Answer(_without_tail(answer, rest, pred[gap:]))
    if (
        not adjunct
        or pred[main_verb(pred)].lower == "feel"
        or any(t.lower in _DENIED or t.lower.endswith("n't") for t in said)
    ):
        return None
    if opener == "where" and said[0].may("B") and len(said) > 2 and said[1].may("P"):
        return Answer(from_token(answer, said[1]))
    if pred[main_verb(pred)].lower in ("know", "tell"):
        return None
    suffers = said[0].may("B") and len(said) > 2 and said[1].only("ET") and said[2].lower == "by"
    acts = opener == "how" and (_acts(said) or suffers)
    return Answer(f"by {_gerund(answer, said)}") if acts else None


_COUNTED = frozenset("many much".split())


def _acts(said: Sequence[Token]) -> bool:
    verb = said[1] if said[0].may("M") and len(said) > 1 else said[0]
    return verb.may("VZT") and not verb.may("BOM") and not verb.only("E")


def _gerund(answer: Answer, said: Sequence[Token]) -> str:
    """The predicate in -ing: "can walk there" → "walking there"."""
    if said[0].lower in _CAN and len(said) > 1:
        said = said[1:]
    if verb_lemma(said[0].lower) in ("need", "have") and len(said) > 2 and said[1].lower == "to":
        said = said[2:]
    verb = inflect(verb_lemma(said[0].lower), "VBG")
    return join(verb, answer.text[said[0].end :].strip())


def _after_chain(chain: Sequence[Token], said: Sequence[Token]) -> Sequence[Token]:
    """What follows the question's verbs and objects in the answer; empty if they differ."""
    at, i = 0, 0
    while i < len(chain):
        token = chain[i]
        if at >= len(said):
            return ()
        if same_word(token, said[at]):
            at, i = at + 1, i + 1
        elif is_adverb(token):
            i += 1
        elif said[at].lower in OBJECT_PRONOUNS and i and not token.may("PSBOHM"):
            at += 1
            i = next((j for j in range(i, len(chain)) if chain[j].may("PS")), len(chain))
        else:
            # "It will take two weeks" + "take | to fix the roof"
            return said[at:] if i and at and _loose(token) and chain[i - 1].may("VZTEGBOH") else ()
    return said[at:]


def _loose(token: Token) -> bool:
    """True if a phrase starts here that an answer may leave out: "go | next", "take | to fix"."""
    return token.may("PS") or token.lower in words.WHENS or token.lower in ("to", "again")


def _without_tail(answer: Answer, rest: Sequence[Token], tail: Sequence[Token]) -> str:
    """The rest without the question's own ending ("… on Sunday")."""
    size = len(tail)
    if size and [t.lower for t in rest[-size:]] == [t.lower for t in tail] and len(rest) > size:
        rest = rest[:-size]
    again = size and len(rest) > 2 and rest[-1].lower in OBJECT_PRONOUNS and rest[-2].may("P")
    if again and rest[-2].lower == tail[0].lower:
        rest = rest[:-2]  # "said nothing about it" + "about bread"
    return answer.text[rest[0].start : rest[-1].end]


def _doer(match: Match) -> Answer | None:
    """Who did it: "It was Tom.", "Tom broke it." → "Tom"."""
    tokens = match.answer.tokens
    if match.part("pred")[main_verb(match.part("pred"))].lower.startswith(("happen", "occur")):
        return None
    named = tokens[0].lower in ("it", "that", "this", "they", "he", "she")
    if named and tokens[1].may("M") and len(tokens) > 3 and tokens[2].lower == "be":
        return Answer(from_token(match.answer, tokens[3]), True)
    if named and tokens[1].may("B") and len(tokens) > 2 and tokens[2].may("DLNXQ"):
        passive = match.part("aux") and match.part("aux")[0].may("B")
        return None if passive else Answer(from_token(match.answer, tokens[2]), True)
    pred = match.part("pred")
    verb = pred[main_verb(pred)]
    for i, token in enumerate(tokens[1:], 1):
        if not token.may("BOHMVZT") or token.may("P"):
            continue
        left = [t.lower for t in tokens[i + 1 :]]
        did = token.lower in ("do", "does", "did") and left in ([], ["it"], ["that"], ["so"])
        again = (
            same_word(verb, token)
            and not any(t.may("BHMS") for t in tokens[:i])
            and i + 2 == len(tokens)
            and tokens[i + 1].lower in OBJECT_PRONOUNS
        )
        if did or again:
            return Answer(cover(match.answer.text, tokens[:i]), True)
    return None
