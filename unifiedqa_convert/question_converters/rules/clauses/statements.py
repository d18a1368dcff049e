"""Statements made of a clause answer's own predicate: slots.

"What did the fox do at dawn? It ran away." → "The fox ran away at dawn."
"""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    agree_word,
    asked,
    clause,
    denied,
    for_pronoun,
    join,
    put_name,
)
from unifiedqa_convert.question_converters.rules.clauses.subject import (
    DOING,
    JOBS,
    LATER,
    OBJECT_PRONOUNS,
    SPEAKERS,
    acts_again,
    before_tail,
    expanded,
    from_token,
    repeats,
    same_subject,
    same_word,
)
from unifiedqa_convert.question_converters.rules.gaps import adjunct_gap, main_verb, object_gap
from unifiedqa_convert.question_converters.rules.lexicon import noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.predicate import is_adverb
from unifiedqa_convert.question_converters.rules.tokens import Token, cover


def own(match: Match) -> str | None:
    """The question's subject with the answer's predicate in place of "do": "He ran away"."""
    answer = expanded(match.answer)
    subject, pred = match.part("subj"), match.part("pred")
    size = same_subject(answer, subject)
    gap = object_gap(pred)
    said = answer.tokens[size:]
    both = size and same_word(pred[gap - 1], said[0]) and acts_again(said)
    if not size or (pred[gap - 1].lower not in DOING and not both):
        return None
    if _speaks_of_itself(answer, subject):
        return match.answer.text
    after = pred[gap:]
    if gap > 1 and said[0].may("M") and len(said) > 1 and not same_word(pred[0], said[1]):
        return None  # "want to do" + "will leave": "will want to leave"
    if after and (after[0].lower == "differently" or _again(after, said)):
        after = after[1:] if after[0].lower == "differently" else ()
    if said[0].may("B") and [t.lower for t in after] == ["for", "a", "living"]:
        after = ()
    after, named_one = for_pronoun(after, said)
    text = _agreed(match, answer, size)
    modal = match.part("aux") and match.part("aux")[0].may("M")
    if modal and gap > 1 and said[0].may("Z") and same_word(pred[0], said[0]):
        text = join(match.text("aux"), pred[0].text, answer.text[said[0].end :].strip())
    if named_one:
        text = put_name(text, cover(match.source, named_one))
    rest = cover(match.source, after)
    if len(after) > 1 and after[0].lower == "that" and after[1].may("TZ"):
        rest = f", which {cover(match.source, after[1:])}"
    return join(match.text("subj"), text, rest).replace(" , which", ", which")


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
    return from_token(answer, first)


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
    how = match.part("wh") and match.part("wh")[0].lower == "how" and not match.part("head")
    if (lead.startswith(_ALONE) and not (how and lead.startswith("there"))) or (
        tokens[0].lower in _NOBODY
    ):
        return match.answer.text
    subject = match.part("subj")
    size = same_subject(answer, before_tail(subject) if not match.part("pred") else subject)
    if not size:
        return None
    if _speaks_of_itself(answer, subject) or (match.part("head") and _is_quality(match)):
        return match.answer.text
    denies = any(t.lower in ("not", "no", "never") or "n't" in t.lower for t in tokens[size:])
    asked_verb = match.part("pred")[:1] and match.part("pred")[main_verb(match.part("pred"))]
    if asked_verb and verb_lemma(asked_verb.lower) in _TOLD | _OPINES:
        denies = False  # "promise … that he will not"
    if how and any(t.lower in words.ALIKE for t in asked(match)):
        return None  # "different … in that it is not sour"
    if not tokens[0].may("R"):
        pred = match.part("pred")
        acts = pred and pred[object_gap(pred) - 1].lower in DOING
        return match.answer.text if (denies or repeats(asked(match), answer)) and not acts else None
    kind = match.part("head") and match.part("head")[0].lower in words.KINDS | _EFFECTS
    if (not denies and not kind) or match.text("pred") in ("mean", "say"):
        return None
    pred = match.part("pred")
    plays = kind and len(pred) > 2 and pred[0].lower in ("play", "have") and pred[1].may("P")
    where = cover(match.source, pred[1:]) if plays and pred[1].lower == "in" else ""
    return join(match.text("subj"), _agreed(match, answer, size), where)


def _speaks_of_itself(answer: Answer, subject: Sequence[Token]) -> bool:
    """True for "I am a machine" in answer to "What do you do?"."""
    first = answer.tokens[0].lower
    return first in ("i", "we") and subject[-1].lower == "you"


_EFFECTS = frozenset("role effect impact influence function".split())


def _is_quality(match: Match) -> bool:
    """True if what follows be is no subject: "what kind of map is | useful here"."""
    first, *others = match.part("subj")
    bare = first.may("J") and bool(others) and others[0].may("P")
    return bare and not match.part("pred")


_ALONE = ("there is no", "there are no", "it depends", "i have no", "there was no", "it varies")
_NOBODY = frozenset("nobody nothing noone none neither".split())


def answered(match: Match) -> str | None:
    """The answer to a yes/no question, with the question's subject for a pronoun."""
    answer = expanded(match.answer)
    subject = match.part("subj")
    size = same_subject(answer, subject)
    if size and answer.tokens[0].may("R") and answer.tokens[0].lower not in SPEAKERS:
        return join(match.text("subj"), _agreed(match, answer, size))
    return match.answer.text


def doer(match: Match) -> str | None:
    """Who did it and more: "Lily found it under the bed" with the thing for its pronoun."""
    answer, pred = match.answer, match.part("pred")
    at = main_verb(pred)
    for i, token in enumerate(answer.tokens[1:-2], 1):
        thing = answer.tokens[i + 1].lower in OBJECT_PRONOUNS and pred[at + 1 :]
        if thing and same_word(pred[at], token) and token.may("VZT"):
            who = cover(answer.text, answer.tokens[: i + 1])
            rest = from_token(answer, answer.tokens[i + 2])
            again = [t for t in answer.tokens[i + 2 :] if not t.may("P")]
            if len(again) == 1 and again[0].lower in OBJECT_PRONOUNS:
                rest = ""  # "gave it to him"
            return join(who, cover(match.source, pred[at + 1 :]), rest)
    return None


def same(match: Match) -> str | None:
    """The answer to "Who pred?", if it has that predicate; with what it leaves out of it."""
    answer, pred = match.answer, match.part("pred")
    at = main_verb(pred)
    whole = join(match.text("aux"), match.text("pred")).lower()
    if len(pred) > 1 and answer.text.lower().endswith(f" {whole}"):
        return answer.text
    found = next((i for i, t in enumerate(answer.tokens) if i and same_word(pred[at], t)), 0)
    before = answer.tokens[:found]
    if not before or any(t.may("SW") for t in before) or not pred[at].may("VZTHEBG"):
        return None
    after, rest = answer.tokens[found + 1 :], pred[at + 1 :]
    content = {t.lower for t in rest if t.may("NVXJEGQ")}
    said = {t.lower for t in after}
    if not content or content & said:
        return answer.text
    if after and not after[0].may("S"):
        return None
    return join(
        cover(answer.text, answer.tokens[: found + 1]),
        cover(match.source, rest),
        cover(answer.text, after),
    )


def true_of(match: Match) -> str | None:
    """A true statement about something, with its name for the pronoun."""
    answer = expanded(match.answer)
    subject = match.part("subj")
    size = same_subject(answer, subject) if answer.tokens[0].may("R") else 0
    return join(match.text("subj"), _agreed(match, answer, size)) if size else answer.text


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
    reasoned = said.tokens[0].lower in ("because", "since")
    says = said.kind == "sentence" or any(t.may("BOHM") for t in said.tokens)
    excuse = said.tokens[0].lower in ("it", "they") and said.tokens[1:2] and said.tokens[1].may("B")
    if excuse and says and low.startswith("no") and not same_subject(said, subject):
        return join(denied(match), "because", said.text)
    if says and not reasoned:
        return answered(Match(match.source, match.parts, said))
    if low.startswith("no") and said.tokens[0].lower in ("because", "since"):
        return join(denied(match), said.text)
    if not low.startswith("yes"):
        return None
    any_at = next((i for i, t in enumerate(pred) if t.lower in _ANYTHING), None)
    if any_at is not None:
        lead = Match(match.source, {**match.parts, "pred": pred[:any_at]}, said)
        return join(clause(lead), said.text, cover(match.source, pred[any_at + 1 :]))
    if said.kind == "place" and not said.tokens[0].may("S"):
        return clause(match, said.text, adjunct_gap(pred))
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
    said = [t.lower for t in answer.tokens[:2]]
    if not size and at > 1 and said == ["the", who[at - 1].lower]:
        size = 2  # "a candle flame": "the flame"
    if not size:
        return None
    name, time = cover(match.source, who[:at]), cover(match.source, who[at:])
    return join(name, _agreed(match, answer, size), time, tail)


def _time_follows(tokens: Sequence[Token], at: int) -> bool:
    """True if a time or a part of a story starts here: "Jack | at the end of the story"."""
    if tokens[at].lower not in ("at", "in", "on", "by", "over", "with"):
        return tokens[at].lower in ("last", "yesterday", "next", "during")
    if tokens[at].lower == "in" and tokens[-1].lower in _CONDITIONS:
        return len(tokens) < at + 4
    return any(t.lower in words.TIMES or t.may("Q") for t in tokens[at + 1 : at + 4])


_OPINES = frozenset("say think claim imply suggest believe complain argue admit explain".split())
_AGENTS = ("er", "or", "ist", "ian", "ess", "man")  # "the hiker", "the dentist"
_TOLD = frozenset("promise tell warn inform remind assure teach".split())

_CONDITIONS = frozenset("weather heat cold rain sunlight light water darkness air".split())


def befell(match: Match) -> str:
    """What happens to someone, said with a verb: "grows soft" → "The wax grows soft in summer"."""
    who = match.part("who")
    later = (i for i in range(1, len(who)) if _time_follows(who, i) or who[i].lower in _AS)
    at = next(later, len(who))
    name, time = cover(match.source, who[:at]), cover(match.source, who[at:])
    return join(name, match.answer.text, time)


_AS = frozenset("as when if while".split())


def told(match: Match) -> str | None:
    """What is said about something, with its name for the pronoun: "says that Bo is ill"."""
    pred, answer = match.part("pred"), expanded(match.answer)
    gap = object_gap(pred)
    about = next((i for i in range(1, len(pred)) if pred[i].lower in ("about", "of")), 0)
    verb_at = (about or gap) - 1
    while verb_at > 0 and (is_adverb(pred[verb_at]) or pred[verb_at].lower in ("us", "me")):
        verb_at -= 1  # "tell us about"
    at = main_verb(pred)
    if verb_lemma(pred[at].lower) in _TOLD and gap == len(pred) > at + 1 and not about:
        return join(clause(match), "that", match.answer.text)  # "promise Ann | that …"
    if verb_lemma(pred[verb_at].lower) not in words.TELLING_VERBS:
        return None
    if about:
        who = pred[about + 1 :]
        person = who and (who[-1].lower in words.PERSONS or who[-1].text[:1].isupper())
        person = person or (who and who[0].may("D") and who[-1].lower.endswith(_AGENTS))
        gendered = answer.tokens[0].lower in ("he", "she")
        size = same_subject(answer, who) if person or not gendered else 0
        lead = clause(Match(match.source, {**match.parts, "pred": pred[:about]}, answer))
        if size and answer.tokens[0].may("R"):
            named = Match(match.source, {"who": who}, answer)
            return join(lead, "that", cover(match.source, who), _agreed(named, answer, size))
        return f"what {clause(match)} is that {match.answer.text}"
    tail = pred[gap:]
    if tail and tail[0].lower != "that" and (tail[0].may("S") or tail[0].lower in LATER):
        lead = clause(Match(match.source, {**match.parts, "pred": pred[:gap]}, answer))
        that = "" if match.answer.text[0] in '"\u201c' else "that"
        return f"{cover(match.source, tail)}, {join(lead, that, match.answer.text)}"
    return None


def job(match: Match) -> str | None:
    """Someone's job as what they are: "What is Bo's job? He is a cook." → "Bo is a cook."."""
    whose, be = match.part("subj"), match.text("be")
    if len(whose) < 2 or whose[-1].lower not in JOBS or not whose[-2].may("L"):
        return None
    answer = expanded(match.answer)
    if answer.tokens[0].lower not in ("he", "she", "they") or not answer.tokens[1].may("B"):
        return None
    name = cover(match.source, whose[:-1])
    name = re.sub(r"['\u2019]s?$", "", name)
    return join(name, be, from_token(answer, answer.tokens[2]))


def related(match: Match) -> str | None:
    """Two as what they are to each other: "They are cousins" → "Ivo and Ann are cousins"."""
    answer = expanded(match.answer)
    they = answer.tokens[0].lower == "they" and answer.tokens[1].may("B") and answer.tokens[2:]
    return join(match.text("two"), from_token(answer, answer.tokens[1])) if they else None


def felt(match: Match) -> str | None:
    """What someone feels about someone else, named: "She likes him" → "Ann likes her boss"."""
    answer = expanded(match.answer)
    size = same_subject(answer, match.part("subj"))
    said = _agreed(match, answer, size) if size else ""
    if size and match.text("whom").lower() in said.lower():
        return join(match.text("subj"), said)
    if not size or answer.tokens[-1].lower not in OBJECT_PRONOUNS:
        return None
    return join(match.text("subj"), said.rpartition(" ")[0], match.text("whom"))


def indirect(match: Match) -> str:
    """The question as a clause: "why the mayor resigned", "how old Bo is"."""
    lead = join(match.text("prep").lower(), match.text("wh"), match.text("head"))
    if match.part("pred"):
        return join(lead, clause(match))
    subject = match.part("subj")
    if subject and subject[0].only("P"):  # "what was in the chest"
        return join(lead, match.text("be"), match.text("subj"))
    named = before_tail(subject)
    tail = cover(match.source, subject[len(named) :])
    return join(lead, cover(match.source, named), match.text("be"), tail)


def occurring(match: Match) -> str | None:
    """A noun and its verb without more, as what happens: "food runs low"; None for a noun."""
    tokens = match.answer.tokens
    if len(tokens) < 2 or tokens[0].may("D") or not tokens[-1].may("JAP"):
        return None
    noun, verb = tokens[-3:-1] if len(tokens) > 2 else (tokens[0], tokens[0])
    agrees = verb.may("V" if noun_number(noun.lower) == "plural" else "Z")
    return match.answer.text if noun.may("N") and agrees else None


def resembling(match: Match) -> str | None:
    """ "Like" a person that someone feels as: "like a bad host"; None for any other answer."""
    tokens = match.answer.tokens
    someone = tokens[0].lower in ("someone", "somebody") and tokens[1:] and tokens[1].may("SW")
    felt = any(t.lower in _FELT for t in tokens[1:])
    described = tokens[0].lower in ("a", "an") and match.answer.kind == "noun" and not felt
    return f"like {match.answer.text}" if someone or described else None


# Things that are felt: "a sense of pride", "a sharp pain", "a little tired".
_FELT = frozenset(
    "sense need urge loss desire pain feeling relief chill rush surge bond thrill pang longing "
    "bit little lot touch hint wave burst mix mixture deep strong great range weight".split()
)


def state(match: Match) -> str | None:
    """What follows is or are, if that is a state: "are sick of it" → "sick of it"; else None."""
    first, *said = match.answer.tokens
    if (
        first.lower not in ("is", "are", "be")
        or not said
        or not said[-1 if len(said) < 3 else 0].may("JE")
    ):
        return None
    return None if said[0].may("DGLR") else match.answer.text[said[0].start :]


def added(match: Match) -> str | None:
    """What is added to a noun between commas; None for names to choose from."""
    offered = any(t.lower == "or" for t in match.part("aside"))
    return None if offered else match.text("aside")


RESTATED: dict[str, Callable[[Match], str | None]] = {
    "own": own,
    "itself": itself,
    "replied": answered,
    "happened": happened,
    "befell": befell,
    "doer": doer,
    "same": same,
    "truth": true_of,
    "answering": replied,
    "existing": existing,
    "told": told,
    "added": added,
    "state": state,
    "resembling": resembling,
    "occurring": occurring,
    "job": job,
    "related": related,
    "felt": felt,
    "indirect": indirect,
}
