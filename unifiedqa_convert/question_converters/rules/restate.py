"""Answers that are clauses: "What was Ann doing? She was ironing." → "Ann was ironing."

Such an answer repeats the question's subject, often as a pronoun, and some of its verbs. What it
repeats is either removed, so that the rules for short answers apply ("ironing"), or its predicate
takes the place of the question's.
"""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    adjunct_gap,
    agree_word,
    clause,
    folds,
    join,
    main_verb,
    object_gap,
)
from unifiedqa_convert.question_converters.rules.lexicon import inflect, noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.predicate import is_adverb
from unifiedqa_convert.question_converters.rules.question import Question
from unifiedqa_convert.question_converters.rules.tokens import Token, cover, is_name

_SHORT_VERB = re.compile(
    r"(he|she|it|they|we|you|i|that|there)['\u2019](s|re|ve|ll|m|d)\b", re.IGNORECASE
)
_FULL_VERB = {"s": "is", "re": "are", "ve": "have", "ll": "will", "m": "am", "d": "would"}
_THIRD = frozenset("he she it they".split())
_SPEAKERS = frozenset("i you we one".split())
_OBJECTS = frozenset("it them him her there this that".split())
_DOING = frozenset("do doing done".split())
_WHERE_HOW = frozenset("where when why how".split())
_CAN = frozenset("can could may might will would should".split())
_JOBS = frozenset("job profession occupation trade career".split())
_TWO = frozenset("relationship relation connection".split())
_ABSTRACT = ("ness", "tion", "ment", "ship", "ity", "ism", "problem", "reason", "plan")
_LATER = frozenset("after before since until during".split())

OBJECT = "prep:PREP? wh:WH head:HEAD? aux:AUX subj:SUBJ pred:PRED"
SUBJECT = "wh:what|which|who head:HEAD? aux:AUX? pred:PRED"
DESCRIBED = "how would|can|could|might|do subj:SUBJ describe rest:ANY"
IDENTITY = "wh:WH head:HEAD? be:BE subj:SPAN"


def expanded(answer: Answer) -> Answer:
    """The answer with its first verb in full: "he's a cook" → "he is a cook"."""
    m = _SHORT_VERB.match(answer.text)
    if m is None:
        return answer
    rest = answer.text[m.end() :]
    participle = re.match(r" (?:been|had|got)\b", rest)
    short = m[2].lower()
    verb = "has" if short == "s" and participle else _FULL_VERB[short]
    return Answer(f"{m[1]} {verb}{rest}")


def same_subject(answer: Answer, subject: Sequence[Token]) -> int:
    """The number of the answer's words that name the question's subject; 0 if they don't."""
    first = answer.tokens[0]
    if not subject:
        return 0
    if first.may("R") and len(answer.tokens) > 1:
        verb = next((t for t in answer.tokens[1:] if not is_adverb(t)), answer.tokens[1])
        return int(verb.may("BOHMVZT") and _stands_for(first.lower, subject))
    asked = _undetermined(subject)
    skipped = len(answer.tokens) - len(_undetermined(answer.tokens))
    size = skipped + len(asked)
    said = [t.lower for t in answer.tokens[skipped:size]]
    return size if said == [t.lower for t in asked] and size < len(answer.tokens) else 0


def _undetermined(tokens: Sequence[Token]) -> Sequence[Token]:
    determined = len(tokens) > 1 and tokens[0].lower in ("a", "an", "the")
    return tokens[1:] if determined else tokens


def _stands_for(pronoun: str, subject: Sequence[Token]) -> bool:
    """True if a pronoun may stand for the question's subject."""
    last = _head_of(subject)
    if len(subject) == 1 and last.may("R"):
        both = {pronoun, last.lower}
        return len(both) == 1 or both <= _SPEAKERS or ("they" in both and not both & _SPEAKERS)
    if pronoun not in _THIRD:
        return False
    if pronoun == "it":
        person = last.lower in words.PERSONS or (is_name(last) and len(subject) == 1)
        return not person and noun_number(last.lower) != "plural"
    if pronoun in ("he", "she"):
        owned = any(t.may("L") for t in subject[:-1]) and last.lower not in _JOBS
        return last.lower in words.PERSONS or (
            noun_number(last.lower) != "plural" and not owned and not last.lower.endswith(_ABSTRACT)
        )
    return True


def _head_of(subject: Sequence[Token]) -> Token:
    """The head of a noun phrase: the last word before a preposition or clause."""
    for i, token in enumerate(subject[1:], 1):
        if token.may("PSKW") or token.lower in words.RELATIVES:
            return subject[i - 1]
    return subject[-1]


def shortened(question: Question, answer: Answer) -> Answer:
    """A clause answer without what it repeats of the question; any other answer unchanged."""
    if answer.tokens and answer.tokens[0].lower == "that" and question.tokens:
        answer = _without_that(question, answer)
    if answer.kind != "sentence" and question.tokens:
        answer = _as_sentence(question, answer)
    if answer.kind != "sentence" or not question.tokens:
        return answer
    full = expanded(answer)
    low = [t.lower for t in full.tokens[:3]]
    if low[0] == "there" and full.tokens[1].may("B") and low[-1] not in ("no", "not"):
        inside = question.parts("what|who be:BE prep:PREP rest:SPAN")
        return Answer(_from(full, full.tokens[2])) if inside and len(low) > 2 else answer
    if low[0] == "you" and question.tokens[0].lower == "how":
        return answer  # "you need to …": a step, see ``several``
    described = question.parts(DESCRIBED)
    if described is not None:
        return _described(described["rest"], full) or answer
    parts = question.parts(IDENTITY)
    if parts is not None and not any("Y" in token.tags for token in parts["subj"]):
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
    if answer.kind not in ("noun", "adjective", "place") or len(answer.tokens) < 4:
        return answer
    parts = question.parts(OBJECT) or question.parts(IDENTITY) or {}
    subject = parts.get("subj", ())
    size = same_subject(answer, subject)
    verb = size and answer.tokens[size].may("BOHMZT" if len(subject) > 1 else "BOHM")
    if not (verb and not answer.tokens[0].may("R")) and not _says_again(question, answer):
        return answer
    whole = Answer(answer.text)
    whole.kind = "sentence"
    return whole


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
    clause_of = Answer(_from(answer, answer.tokens[1])) if len(answer.tokens) > 3 else answer
    asks_what = question.tokens[0].lower in ("what", "which")
    tells = any(verb_lemma(t.lower) in words.TELLING_VERBS for t in question.tokens if t.may("VZT"))
    return clause_of if clause_of.kind == "sentence" and asks_what and tells else answer


def _described(whom: Sequence[Token], answer: Answer) -> Answer | None:
    """What someone is: "How would you describe Bo? He was rude" → "rude"."""
    size = same_subject(answer, whom)
    said = answer.tokens[size:]
    return Answer(_from(answer, said[1])) if size and len(said) > 1 and said[0].may("B") else None


def _complement(match: Match) -> Answer | None:
    """What follows "is": "Who is Bo? He is a cook" → "a cook"."""
    answer = match.answer
    subject = [t for t in _before_tail(match.part("subj"))]
    size = same_subject(answer, subject)
    said = answer.tokens[size:]
    if not size or len(said) < 2 or not said[0].may("B") or said[1].lower in ("not", "no"):
        return None
    if not answer.tokens[0].may("R") and _repeats(match, answer):
        return None
    if subject[-1].lower in _JOBS or said[1].may("GE") or _TWO & {t.lower for t in subject}:
        return None  # a job is a predicate (``job``), "is hiding" is no name of anything
    return Answer(_from(answer, said[1]))


def _from(answer: Answer, token: Token) -> str:
    return answer.text[token.start :]


def _before_tail(tokens: Sequence[Token]) -> Sequence[Token]:
    """A subject without a subordinate clause after it: "Jonah when the phone rang"."""
    for i, token in enumerate(tokens[1:], 1):
        if token.may("S") or token.lower in _LATER:
            return tokens[:i]
    return tokens


def _repeats(match: Match, answer: Answer) -> bool:
    """True if the answer has most of the question's content, so that it is a statement."""
    asked = [t for name in ("subj", "pred") for t in match.part(name)]
    content = {
        t.lower[:4]
        for t in asked
        if t.may("NVZTEGJX") and not t.may("BOHMWR") and t.lower not in words.ADVERBS
    }
    said = {t.lower[:4] for t in answer.tokens}
    return bool(content) and len(content & said) >= 0.75 * len(content)


def _object(match: Match) -> Answer | None:
    """What fills the gap of a question with a subject: "in a barn", "three apples"."""
    answer = match.answer
    subject = match.part("subj")
    size = same_subject(answer, subject)
    if not size or (not answer.tokens[0].may("R") and _repeats(match, answer)):
        return None
    said = answer.tokens[size:]
    pred = match.part("pred")
    asked = match.part("wh")[0].lower
    headed = bool(match.part("head")) and asked != "how"
    adjunct = asked in _WHERE_HOW and (not match.part("head") or asked != "how")
    counted = asked == "how" and match.part("head") and match.part("head")[0].lower in _COUNTED
    gap = object_gap(pred) if headed or counted or asked not in _WHERE_HOW else adjunct_gap(pred)
    if asked == "how" and pred[0].lower == "feel" and said[0].may("B") and len(said) > 1:
        felt = Answer(_from(answer, said[1]))
        described = felt.kind == "adjective" or felt.tokens[-1].may("E") or said[1].only("E")
        return felt if described and not said[1].may("D") else None
    if pred[gap - 1].lower in _DOING:
        told = gap > 3 and said[0].may("M") and any(t.may("DLNRX") for t in pred[1 : gap - 2])
        return Answer(_from(answer, said[1])) if told and len(said) > 1 else None
    aux = [] if folds(match) or match.part("aux")[0].lower in words.DO else match.part("aux")
    chain = [*aux, *pred[:gap]]
    rest = _after_chain(chain, said)
    if rest and not _acts_again(rest):
        return Answer(_without_tail(answer, rest, pred[gap:]))
    if (
        not adjunct
        or pred[main_verb(pred)].lower == "feel"
        or any(t.lower == "not" or t.lower.endswith("n't") for t in said)
    ):
        return None
    if asked == "where" and said[0].may("B") and len(said) > 2 and said[1].may("P"):
        return Answer(_from(answer, said[1]))
    return Answer(f"by {_gerund(answer, said)}") if asked == "how" and _acts(said) else None


_COUNTED = frozenset("many much".split())


def _acts_again(rest: Sequence[Token]) -> bool:
    """True if a second verb follows: "ate an egg and drank milk"."""
    pairs = zip(rest, rest[1:], strict=False)
    return any(a.lower in ("and", "but") and b.may("T") and not b.may("N") for a, b in pairs)


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
        if _same(token, said[at]):
            at, i = at + 1, i + 1
        elif is_adverb(token):
            i += 1
        elif said[at].lower in _OBJECTS and i and not token.may("PSBOHM"):
            at += 1
            i = next((j for j in range(i, len(chain)) if chain[j].may("PS")), len(chain))
        else:
            return ()
    return said[at:]


def _same(asked: Token, said: Token) -> bool:
    if asked.lower == said.lower:
        return True
    verbs = asked.may("VZTEGBOH") and said.may("VZTEGBOH")
    return verbs and verb_lemma(asked.lower) == verb_lemma(said.lower)


def _without_tail(answer: Answer, rest: Sequence[Token], tail: Sequence[Token]) -> str:
    """The rest without the question's own ending ("… on Sunday")."""
    size = len(tail)
    if size and [t.lower for t in rest[-size:]] == [t.lower for t in tail] and len(rest) > size:
        rest = rest[:-size]
    again = size and len(rest) > 2 and rest[-1].lower in _OBJECTS and rest[-2].may("P")
    if again and rest[-2].lower == tail[0].lower:
        rest = rest[:-2]  # "said nothing about it" + "about bread"
    return answer.text[rest[0].start : rest[-1].end]


def _doer(match: Match) -> Answer | None:
    """Who did it: "It was Tom.", "Tom broke it." → "Tom"."""
    tokens = match.answer.tokens
    named = tokens[0].lower in ("it", "that", "this", "they", "he", "she")
    if named and tokens[1].may("B") and len(tokens) > 2 and tokens[2].may("DLNXQ"):
        passive = match.part("aux") and match.part("aux")[0].may("B")
        return None if passive else Answer(_from(match.answer, tokens[2]), True)
    pred = match.part("pred")
    verb = pred[main_verb(pred)]
    for i, token in enumerate(tokens[1:], 1):
        if not token.may("BOHMVZT") or token.may("P"):
            continue
        did = token.lower in ("do", "does", "did") and i + 1 == len(tokens)
        again = _same(verb, token) and i + 2 == len(tokens) and tokens[i + 1].lower in _OBJECTS
        if did or again:
            return Answer(cover(match.answer.text, tokens[:i]), True)
    return None


# Slots: statements made of the answer's own predicate.


def own(match: Match) -> str | None:
    """The question's subject with the answer's predicate in place of "do": "He ran away"."""
    answer = expanded(match.answer)
    subject, pred = match.part("subj"), match.part("pred")
    size = same_subject(answer, subject)
    gap = object_gap(pred)
    said = answer.tokens[size:]
    both = size and _same(pred[gap - 1], said[0]) and _acts_again(said)
    if not size or (pred[gap - 1].lower not in _DOING and not both):
        return None
    after = pred[gap:]
    if gap > 1 and said[0].may("M") and len(said) > 1 and not _same(pred[0], said[1]):
        return None  # "want to do" + "will leave": "will want to leave"
    if after and (after[0].lower == "differently" or _again(after, said)):
        after = after[1:] if after[0].lower == "differently" else ()
    if said[0].may("B") and [t.lower for t in after] == ["for", "a", "living"]:
        after = ()
    return join(match.text("subj"), _agreed(match, answer, size), cover(match.source, after))


def _again(after: Sequence[Token], said: Sequence[Token]) -> bool:
    """True if the answer repeats the nouns at the question's end."""
    nouns = {t.lower for t in after if t.may("NXQ") and not t.may("PAS")}
    return bool(nouns) and nouns <= {t.lower for t in said}


def _agreed(match: Match, answer: Answer, size: int) -> str:
    """The answer's predicate, its first verb in the number of the question's subject."""
    said = answer.tokens[size:]
    first, rest = said[0], answer.text[said[0].end :].strip()
    if answer.tokens[0].lower == "they" and first.may("VBHO") and not first.may("TM"):
        many = _many(match)
        return join(agree_word(first.lower, many), rest)
    return _from(answer, first)


def _many(match: Match) -> bool:
    """True if the question's auxiliary, or else its subject, is plural."""
    aux = match.text("aux").lower() or match.text("be").lower()
    if aux in ("do", "are", "were", "have"):
        return True
    if aux in ("does", "is", "was", "has"):
        return False
    return Answer(match.text("subj") or match.text("who")).plural


def itself(match: Match) -> str | None:
    """An answer that is a statement of its own: its subject is the question's, or "there is no".

    The question's subject replaces a pronoun before a "not".
    """
    answer = expanded(match.answer)
    tokens = answer.tokens
    lead = " ".join(t.lower for t in tokens[:3])
    if lead.startswith(_ALONE) or (tokens[0].lower in _NOBODY):
        return match.answer.text
    subject = match.part("subj")
    size = same_subject(answer, _before_tail(subject) if not match.part("pred") else subject)
    if not size:
        return None
    denies = any(t.lower in ("not", "no", "never") or "n't" in t.lower for t in tokens[size:])
    if not tokens[0].may("R"):
        pred = match.part("pred")
        acts = pred and pred[object_gap(pred) - 1].lower in _DOING
        return match.answer.text if (denies or _repeats(match, answer)) and not acts else None
    kind = match.part("head") and match.part("head")[0].lower in words.KINDS
    if (not denies and not kind) or match.text("pred") in ("mean", "say"):
        return None
    return join(match.text("subj"), _agreed(match, answer, size))


_ALONE = ("there is no", "there are no", "it depends", "i have no", "there was no", "it varies")
_NOBODY = frozenset("nobody nothing noone none neither".split())


def answered(match: Match) -> str | None:
    """The answer to a yes/no question, with the question's subject for a pronoun."""
    answer = expanded(match.answer)
    subject = match.part("subj")
    size = same_subject(answer, subject)
    if size and answer.tokens[0].may("R") and answer.tokens[0].lower not in _SPEAKERS:
        return join(match.text("subj"), _agreed(match, answer, size))
    return match.answer.text


def doer(match: Match) -> str | None:
    """Who did it and more: "Lily found it under the bed" with the thing for its pronoun."""
    answer, pred = match.answer, match.part("pred")
    at = main_verb(pred)
    for i, token in enumerate(answer.tokens[1:-2], 1):
        thing = answer.tokens[i + 1].lower in _OBJECTS and pred[at + 1 :]
        if thing and _same(pred[at], token) and token.may("VZT"):
            who = cover(answer.text, answer.tokens[: i + 1])
            rest = _from(answer, answer.tokens[i + 2])
            return join(who, cover(match.source, pred[at + 1 :]), rest)
    return None


def replied(match: Match) -> str | None:
    """A clause after "yes," or "no," with the question's subject; a phrase after "yes,"."""
    low, tokens = match.answer.text.lower(), match.answer.tokens
    said = Answer(match.answer.text[tokens[2].start :], True)
    subject, pred = match.part("subj"), match.part("pred")
    if not subject:
        return None
    last = said.tokens[-1]
    if last.may("BOHM") and len(said.tokens) > 1 and low.startswith("yes") and pred:
        someone = Match(match.source, {**match.parts, "subj": ()}, said)
        return join(said.text[: last.start].strip(), clause(someone))  # "Yes, the cook has"
    if said.kind == "sentence" or any(t.may("BOHM") for t in said.tokens):
        return answered(Match(match.source, match.parts, said))
    if not low.startswith("yes"):
        return None
    any_at = next((i for i, t in enumerate(pred) if t.lower in _ANYTHING), None)
    if any_at is not None:
        lead = Match(match.source, {**match.parts, "pred": pred[:any_at]}, said)
        return join(clause(lead), said.text, cover(match.source, pred[any_at + 1 :]))
    return join(clause(match), said.text) if said.kind in ("place", "to", "sentence") else None


_ANYTHING = frozenset("anything anyone anybody any somebody something someone".split())


def existing(match: Match) -> str | None:
    """ "Is there anything that Bo fears? Yes, wasps." → "Bo fears wasps."."""
    tokens = match.answer.tokens
    if not match.answer.text.lower().startswith("yes"):
        return None
    said = match.answer.text[tokens[2].start :]
    rest = match.part("rest")
    if any(t.may("PC") for t in rest[:1]) or Answer(said).kind == "sentence":
        return None
    gap = object_gap(rest[1:]) + 1 if len(rest) > 1 else len(rest)
    gap = len(rest) if rest[-1].may("P") else gap
    return join(cover(match.source, rest[:gap]), said, cover(match.source, rest[gap:]))


def happened(match: Match) -> str | None:
    """What happens to someone, with their name and the question's tail."""
    answer, who, tail = expanded(match.answer), match.part("who"), match.text("tail")
    at = next((i for i in range(1, len(who)) if _time_follows(who, i)), len(who))
    size = same_subject(answer, who[:at])
    if not size:
        return None
    name, time = cover(match.source, who[:at]), cover(match.source, who[at:])
    return join(name, _agreed(match, answer, size), time, tail)


def _time_follows(tokens: Sequence[Token], at: int) -> bool:
    """True if a time or a part of a story starts here: "Jack | at the end of the story"."""
    if tokens[at].lower not in ("at", "in", "on", "by"):
        return tokens[at].lower in ("last", "yesterday", "next")
    return any(t.lower in words.TIMES or t.may("Q") for t in tokens[at + 1 : at + 4])


def told(match: Match) -> str | None:
    """What is said about something, with its name for the pronoun: "says that Bo is ill"."""
    pred, answer = match.part("pred"), expanded(match.answer)
    gap = object_gap(pred)
    about = next((i for i in range(1, len(pred)) if pred[i].lower in ("about", "of")), 0)
    verb_at = (about or gap) - 1
    while verb_at > 0 and is_adverb(pred[verb_at]):
        verb_at -= 1
    if verb_lemma(pred[verb_at].lower) not in words.TELLING_VERBS:
        return None
    if about:
        who = pred[about + 1 :]
        person = who and (who[-1].lower in words.PERSONS or is_name(who[-1]))
        gendered = answer.tokens[0].lower in ("he", "she")
        size = same_subject(answer, who) if person or not gendered else 0
        lead = clause(Match(match.source, {**match.parts, "pred": pred[:about]}, answer))
        if size and answer.tokens[0].may("R"):
            return join(lead, "that", cover(match.source, who), _agreed(match, answer, size))
        return f"what {clause(match)} is that {match.answer.text}"
    tail = pred[gap:]
    if tail and (tail[0].may("S") or tail[0].lower in _LATER):
        lead = clause(Match(match.source, {**match.parts, "pred": pred[:gap]}, answer))
        return f"{cover(match.source, tail)}, {lead} that {match.answer.text}"
    return None


def job(match: Match) -> str | None:
    """Someone's job as what they are: "What is Bo's job? He is a cook." → "Bo is a cook."."""
    whose, be = match.part("subj"), match.text("be")
    if len(whose) < 2 or whose[-1].lower not in _JOBS or not whose[-2].may("L"):
        return None
    answer = expanded(match.answer)
    if answer.tokens[0].lower not in ("he", "she", "they") or not answer.tokens[1].may("B"):
        return None
    name = cover(match.source, whose[:-1])
    name = re.sub(r"['\u2019]s?$", "", name)
    return join(name, be, _from(answer, answer.tokens[2]))


def related(match: Match) -> str | None:
    """Two as what they are to each other: "They are cousins" → "Ivo and Ann are cousins"."""
    answer = expanded(match.answer)
    they = answer.tokens[0].lower == "they" and answer.tokens[1].may("B") and answer.tokens[2:]
    return join(match.text("two"), _from(answer, answer.tokens[1])) if they else None


def felt(match: Match) -> str | None:
    """What someone feels about someone else, named: "She likes him" → "Ann likes her boss"."""
    answer = expanded(match.answer)
    size = same_subject(answer, match.part("subj"))
    if not size or answer.tokens[-1].lower not in _OBJECTS:
        return None
    said = _agreed(match, answer, size)
    return join(match.text("subj"), said.rpartition(" ")[0], match.text("whom"))


def indirect(match: Match) -> str:
    """The question as a clause: "why the mayor resigned", "how old Bo is"."""
    lead = join(match.text("prep").lower(), match.text("wh"), match.text("head"))
    if match.part("pred"):
        return join(lead, clause(match))
    return join(lead, match.text("subj"), match.text("be"))


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
    surely = not verb.may("NJ") or verb_lemma(verb.lower) in words.LIGHT_VERBS
    return after.may("DRLQ") or (after.may(_COMPLEMENT) and (surely or not after.may("VZ")))


def steps(match: Match) -> str | None:
    """An answer that says how to reach a goal: an instruction, or "you can …"; else None."""
    goal, answer = match.part("goal"), match.answer
    if any(t.may("K") and t.lower not in ("'", '"', "-") for t in goal) or goal[-1].may("PDC"):
        stranded = goal[-1].only("P") and not any(t.may("K") for t in goal)
        if not stranded:
            return None
    first = answer.tokens[0].lower
    return answer.text if imperative(answer.tokens) or first in ("you", "use", "by") else None


def several(match: Match) -> str | None:
    """The same, for more than one step; a single one is said with "by"."""
    answer = match.answer
    made = steps(match)
    more = any(t.lower in (",", "and", "then", ".", ";", "or") for t in answer.tokens)
    return made if made and (more or answer.tokens[0].lower == "you") else None


def aim(match: Match) -> str | None:
    """A goal that is itself an instruction, after "to": "sharpen a pencil"."""
    return f"to {match.text('goal')}" if imperative(match.part("goal")) else None


RESTATED: dict[str, Callable[[Match], str | None]] = {
    "own": own,
    "itself": itself,
    "replied": answered,
    "happened": happened,
    "doer": doer,
    "answering": replied,
    "existing": existing,
    "told": told,
    "job": job,
    "related": related,
    "felt": felt,
    "indirect": indirect,
    "steps": steps,
    "several": several,
    "aim": aim,
}
