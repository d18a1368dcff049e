"""Fillers of a clause's gap: the names after the ``<`` in ``[clause<place]``."""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import FINAL, Answer, a_or_an
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    adjunct_gap,
    agree_word,
    clause,
    do_form,
    for_pronoun,
    join,
    main_verb,
    object_gap,
    put_name,
)
from unifiedqa_convert.question_converters.rules.head import (
    core_head,
    merged,
    noun_lemma,
    repeats_noun,
)
from unifiedqa_convert.question_converters.rules.lexicon import (
    inflect,
    noun_number,
    placed,
    verb_lemma,
)
from unifiedqa_convert.question_converters.rules.tokens import Token, cover, is_name


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


def filled(match: Match, name: str) -> str:
    """A clause with the answer in its gap; replaces a "do" that stands for the answer's verb."""
    pred = match.part("pred")
    if name == "object":
        return with_object(match, pred)
    filler = FILLERS[name](match)
    because = name == "reason" or filler.startswith("because ")
    gap = object_gap(pred) if name == "owned" else adjunct_gap(pred, because)
    last = pred[gap - 1] if gap else None
    after_verb = main_verb(pred) + 1
    phrase = pred[after_verb : after_verb + 2]
    at_a = len(phrase) == 2 and phrase[0].lower == "at" and phrase[1].may("D")
    if name == "place" and match.answer.kind == "place" and at_a:
        gap = after_verb  # "hide | at a party" + "behind a curtain"
    if name == "time" and len(pred) > 2 and pred[-2].lower in ("on", "every", "each"):
        weekly = pred[-1].lower.rstrip("s") in words.DAYS or pred[-1].lower in ("day", "night")
        gap = len(pred) - 2 if weekly else gap  # "closes | on Sundays"
    if name == "place" and match.answer.tokens[0].lower in words.ORDINALS:
        gap = after_verb  # "rank | among the lakes"
        filler = match.answer.text if len(match.answer.tokens) == 1 else filler
    if name == "times":
        gap = _times_gap(pred, after_verb)
    if name == "along" and phrase[1:] and phrase[0].may("P"):
        has_to = phrase[0].lower == "to" and phrase[1].may("V")
        gap = after_verb + 2 if has_to else after_verb
    if name in ("place", "time") and last is not None and last.lower in _PLACING:
        filler = _without_preposition(match.answer, last.lower)
    return clause(match, filler, gap)


def _times_gap(pred: Sequence[Token], at: int) -> int:
    """After the verb, its infinitive and its object: "try to call a doctor | before noon"."""
    while at + 1 < len(pred) and pred[at].lower == "to" and pred[at + 1].may("VBO"):
        at += 2
    return next((i for i in range(at, len(pred)) if pred[i].may("PS")), len(pred))


def with_object(match: Match, pred: Sequence[Token]) -> str:
    """The clause with the answer as its object, or in place of a "do" that stands for its verb."""
    if [t.lower for t in pred[-2:]] == ["to", "happen"] and _infinitive_inside(match.answer):
        pred = pred[:-2]  # "want to happen" + "the dog to run away"
        match = _with_pred(match, pred)
    gap = object_gap(pred)
    answer = unrepeated(match.answer, pred)
    if answer is not match.answer:
        match = Match(match.source, match.parts, answer)
    already = answer.tokens[0].may("G")
    if pred[gap - 1].lower == "doing" and (already or (verbal(answer) and answer.tokens[1:])):
        filler = answer.text if already else answer.as_form("VBG")
        after, named_one = for_pronoun(pred[gap:], answer.tokens)
        if named_one:
            filler = put_name(filler, cover(match.source, named_one))
        return clause(_with_pred(match, [*pred[: gap - 1], *after]), filler, gap - 1)
    if _wanted(pred, gap, answer):
        short = [*pred[: gap - 2], *pred[gap:]]  # "want a long rest next"
        return clause(_with_pred(match, short), answer.text, gap - 2)
    does = pred[gap - 1].lower == "do"
    finite = answer.kind in ("to", "verb-s", "verb-ed", "adjective") or answer.tokens[0].may("T")
    if does and (finite or verbal(answer)):
        return _in_place_of_do(match, pred, gap)
    if _superfluous(pred, gap, answer):
        match = _with_pred(match, [*pred[: gap - 1], *pred[gap:]])
        gap -= 1
    if answer.kind == "sentence" or answer.tokens[0].lower == "that":
        gap = _past_phrases(pred, gap)
        if gap < len(pred) and pred[gap].may("BHMT") and pred[-1].lower in _HAPPENS:
            match, pred = _with_pred(match, pred[:gap]), pred[:gap]  # "think | will happen"
    return _with_relative(match, pred, gap) or clause(match, FILLERS["object"](match), gap)


_WANT_TO_DO = (["want", "to", "do"], ["need", "to", "do"])
_HAPPENS = frozenset("happen happened wrong true".split())


def _with_relative(match: Match, pred: Sequence[Token], gap: int) -> str | None:
    """The clause whose object has a relative clause in its number: "air sacs that make"."""
    relative = gap + 1 < len(pred) and pred[gap].lower in ("that", "which")
    if not relative or not pred[gap + 1].may("ZBH"):
        return None
    agreeing = agree_word(pred[gap + 1].lower, Answer(named(match)).plural)
    rest = join(pred[gap].text, agreeing, cover(match.source, pred[gap + 2 :]))
    return join(clause(_with_pred(match, pred[:gap])), FILLERS["object"](match), rest)


def _superfluous(pred: Sequence[Token], gap: int, answer: Answer) -> bool:
    """True if the preposition before the gap is not said before this answer."""
    last = pred[gap - 1]
    starts_with_it = answer.tokens[0].lower == last.lower
    purpose = last.lower == "for" and answer.kind == "to"
    clause_of = answer.tokens[0].lower == "that" and len(answer.tokens) > 3
    feels = answer.kind == "sentence" and last.lower in ("about", "of") and gap > 1
    clause_of = clause_of or (feels and pred[gap - 2].may("JE"))
    more = last.lower == "of" and pred[gap - 2].lower in ("more", "less", "fewer", "most")
    more = more and gap < len(pred) and pred[gap].lower == "than"
    return last.may("P") and (starts_with_it or purpose or clause_of or more)


def _wanted(pred: Sequence[Token], gap: int, answer: Answer) -> bool:
    """True if a noun answers what someone wants to do: "a long rest"."""
    wants = gap > 2 and [t.lower for t in pred[gap - 3 : gap]] in _WANT_TO_DO
    return wants and answer.kind == "noun" and answer.tokens[0].may("D")


def _in_place_of_do(match: Match, pred: Sequence[Token], gap: int) -> str:
    """The clause with the answer's verb for its "do", in the form that the "do" has."""
    answer = match.answer
    perfect = len(answer.tokens) > 2 and answer.tokens[0].may("M") and answer.tokens[1].may("H")
    if perfect and gap > 1:  # "need to do" + "should have asked"
        return join(match.text("subj"), answer.text, cover(match.source, pred[gap:]))
    tag = do_form(match) if gap - 1 == main_verb(pred) else None
    if answer.kind == "adjective" and not _did(match, answer):
        answer = Answer(f"be {answer.text}")
    verb = answer.as_form(tag) if tag else answer.as_base()
    short = Match(match.source, {**match.parts, "pred": pred[: gap - 1]}, answer)
    rest, named_one = for_pronoun(pred[gap:], answer.tokens)
    if named_one:
        verb = put_name(verb, cover(match.source, named_one))
    after = Match(match.source, {"rest": rest}, answer).text("rest")
    lead = clause(short)
    if do_form(match) and gap - 1 == main_verb(pred):
        lead = join(match.text("subj"), short.text("pred"))
    return join(lead, verb, after)


def _past_phrases(pred: Sequence[Token], gap: int) -> int:
    """A that-clause follows a verb's phrases: "told by the cook | that …"."""
    phrase = gap < len(pred) and pred[gap].only("P") and not any(t.may("S") for t in pred[gap:])
    return len(pred) if phrase else gap


def _infinitive_inside(answer: Answer) -> bool:
    pairs = zip(answer.tokens[1:], answer.tokens[2:], strict=False)
    return any(a.lower == "to" and b.may("VBOH") for a, b in pairs)


def _with_pred(match: Match, pred: Sequence[Token]) -> Match:
    return Match(match.source, {**match.parts, "pred": pred}, match.answer)


def _did(match: Match, answer: Answer) -> bool:
    """True if the answer to "did" is a past form and a participle: "stood up her friend"."""
    first, *others = answer.tokens
    return do_form(match) == "VBD" and first.may("T") and len(others) > 1


def unrepeated(answer: Answer, pred: Sequence[Token]) -> Answer:
    """The answer without a repeated "need to" or "want to", and a modal before it."""
    tokens = answer.tokens
    at = 1 if tokens[0].may("M") else 0
    if len(tokens) < at + 3 or tokens[at + 1].lower != "to" or answer.kind == "sentence":
        return answer
    verb = verb_lemma(pred[main_verb(pred)].lower) if pred else ""
    same = verb in ("need", "want") and verb_lemma(tokens[at].lower) == verb
    return Answer(answer.text[tokens[at + 2].start :]) if same else answer


_PLACING = frozenset(
    "in at on to from into onto near under inside around through over of off behind between beside "
    "toward towards along above below by".split()
)


def _without_preposition(answer: Answer, preposition: str) -> str:
    first = answer.tokens[0]
    if first.lower == preposition:
        return answer.text[first.end :].strip()
    return answer.phrase("the")


def named(match: Match) -> str:
    """The answer, with the noun of the question if it has one."""
    head = match.part("head")
    return merged(list(head), match.source, match.answer) if head else match.answer.phrase()


def _object(match: Match) -> str:
    answer = match.answer
    if (
        answer.kind == "to"
        and match.part("head")
        and core_head(list(match.part("head"))).lower in words.ADVISED
    ):
        return f"the {one_of(match)} {answer.text}"
    if answer.kind == "sentence":
        return join(f"the {one_of(match)}" if match.part("head") else "", "that", answer.text)
    pred, first = match.part("pred"), answer.tokens[0]
    doing = len(answer.tokens) == 1 and first.may("G") and not match.part("head") and bool(pred)
    if doing and (pred[-1].lower == "for" or verb_lemma(pred[0].lower) in ("enjoy", "stop")):
        return answer.text
    return join(match.text("about").lower(), named(match))


def one_of(match: Match) -> str:
    """The noun of the question, in the singular and without determiners before it."""
    head = list(match.part("head"))
    while len(head) > 1 and (head[0].may("DQP") or head[0].lower in ("following", "other")):
        head = head[1:]
    noun = core_head(head)
    return join(cover(match.source, head[: head.index(noun)]), noun_lemma(noun.lower))


def _prepped(match: Match) -> str:
    preposition = match.text("prep").lower()
    first = match.answer.tokens[0]
    purpose = preposition == "for" and match.answer.kind == "to"
    if preposition == "from" and first.lower in ("among", "under", "behind", "within", "inside"):
        return join(preposition, match.answer.text)
    complete = first.lower == preposition or match.answer.kind == "place" or purpose
    repeated = first.lower in ("every", "each") and preposition in ("on", "in", "at")
    if complete or repeated or (first.lower.endswith("ly") and not first.may("J")):
        return match.answer.text
    return join(preposition, named(match))


def _place(match: Match) -> str:
    answer, left = match.answer, match.part("left")
    if answer.tokens[0].lower in words.WAYS and answer.tokens[1:2] and answer.tokens[1].may("P"):
        return answer.text  # "back to the farm"
    if answer.tokens[0].lower in ("right", "just", "next", "directly") and answer.tokens[1:]:
        return answer.text  # "next door"
    if answer.tokens[0].may("Q") and any(t.lower in words.UNITS for t in answer.tokens[1:3]):
        return answer.text  # "two miles north"
    if left and left[-1].lower in _PLACING and answer.head is not None:
        return _without_preposition(answer, left[-1].lower)
    if answer.kind in ("place", "sentence", "to", "verb", "verb-s") or answer.head is None:
        return answer.text
    first = answer.tokens[0]
    if len(answer.tokens) == 1 and first.may("A") and first.may("J"):
        return answer.text
    if first.only("A") or answer.kind == "adjective" or (first.may("E") and not first.may("N")):
        return answer.text
    pred = match.part("pred")
    if answer.kind == "verb-ing" and pred and pred[-1].lower == "be":
        return answer.text
    verb = verb_lemma(pred[main_verb(pred)].lower) if pred else ""
    head = answer.head.lower
    if verb in words.MOTION_VERBS and "located" not in match.text("pred"):
        preposition = "to"
    elif head in words.AT_PLACES:
        preposition = "at"
    else:
        preposition = "on" if head in words.ON_PLACES else placed(head)[0]
    article = placed(head)[1] if len(answer.tokens) == 1 else "a"
    thing = answer.kind == "verb-ing" and len(answer.tokens) == 2 and head in words.COUNT_NOUNS
    if thing:
        return f"{preposition} {a_or_an(answer.text)} {answer.phrase()}"
    return f"{preposition} {answer.phrase(article) if article else answer.text}"


_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_DAY = re.compile(
    rf"(?:{_WEEKDAY},? )?(?:(?:the )?{_NUMBER} (?:of )?{_MONTH}|{_MONTH} (?:the )?{_NUMBER})"
    rf"(?:,? \d{{4}})?|{_WEEKDAY}(?: (?:morning|afternoon|evening|night))?"
)
_OF_A_YEAR = re.compile(rf"{_MONTH}(?:,? \d{{4}})?")
_CLOCK = re.compile(r"\d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\b\.?| o'clock)?.*", re.IGNORECASE)
_NIGHTS = frozenset("night noon midnight dawn dusk birth sunrise sunset christmas easter".split())
_NEARLY = frozenset("about around almost exactly just shortly soon right until till".split())


def _time(match: Match) -> str:
    answer = match.answer
    date = answer.given.rstrip(FINAL)  # with its capitals
    if _DAY.fullmatch(date):
        return f"on {date}"
    if _OF_A_YEAR.fullmatch(date):
        return f"in {date}"
    first, last = answer.tokens[0], answer.tokens[-1]
    low = [t.lower for t in answer.tokens]
    if any(t.may("S") or t.lower in _AROUND for t in answer.tokens[:5]):
        return answer.text
    if answer.kind == "sentence":
        return f"when {answer.text}"
    if last.lower in ("ago", "later", "earlier") or low[0] in words.WHENS:
        return answer.text
    if answer.kind == "place" or first.only("AS") or first.lower.endswith("ly"):
        return answer.text
    return f"{_preposition_of_time(answer)} {_dated(answer)}"


_AROUND = frozenset("before after until till when while since once ago".split())


def _dated(answer: Answer) -> str:
    """The answer with an article unless it is a date or names a time without one."""
    low = [t.lower for t in answer.tokens]
    if low[-1] in ("century", "decade") and not answer.tokens[0].may("DRLS"):
        return f"the {answer.text}"
    dated = any(t.may("Q") or t.lower in words.MONTHS | words.DAYS for t in answer.tokens)
    return answer.text if dated or low[0] in _NIGHTS else answer.phrase("the")


def _preposition_of_time(answer: Answer) -> str:
    """ "on" for a day, "at" for a time of day, "in" for a month or year, else "during"."""
    low = [t.lower for t in answer.tokens]
    number = low[0].isdigit() or (low[0][:1].isdigit() and ":" in low)
    clock = number and (":" in low or low[-1] in ("o'clock", "am", "pm", "a.m", "p.m", "noon"))
    if clock or low[0] in _NIGHTS or (number and len(low) == 1 and len(low[0]) < 3):
        return "at"
    if any(word in words.DAYS for word in low) or low[-1] in ("day", "eve", "birthday"):
        return "on"
    month = next((i for i, word in enumerate(low) if word in words.MONTHS), None)
    if month is not None and (month or any(w[:1].isdigit() and len(w) < 5 for w in low[1:2])):
        years = len(low) == month + 2 == 2 and len(low[1]) == 4
        return "in" if years or low[0] in ("early", "late", "mid") else "on"
    if month is not None or answer.tokens[0].may("Q"):
        return "in"
    decade = low[-1][:1].isdigit() or low[-1] in ("century", "1900s")
    if low[:2] in (["the", "end"], ["the", "beginning"], ["the", "age"], ["the", "same"]):
        return "at"
    return "in" if decade else "during"


def _manner(match: Match) -> str:
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


def _sided(match: Match) -> str:
    """ "Before" or "after", which the event of the question follows."""
    answer, event = match.answer, match.text("event")
    alone = answer.tokens[-1].lower in ("before", "after", "during")
    return join(answer.text, event) if alone else answer.text


def owner(match: Match) -> str:
    """The answer as an owner: "Lena" → "Lena's"."""
    text = match.answer.text
    if match.answer.tokens[-1].may("L") or match.answer.tokens[0].lower in _MINE:
        return text
    head = match.part("head")
    if head and repeats_noun(list(head), match.answer):
        return text
    text = match.answer.phrase("the")
    return f"{text}'" if text.endswith("s") and match.answer.plural else f"{text}'s"


_MINE = frozenset("mine yours his hers ours theirs nobody's".split())


def whose(match: Match) -> str:
    """The owner and the noun of the question, which the answer may repeat."""
    head = match.part("head")
    noun = "" if head and repeats_noun(list(head), match.answer) else match.text("head")
    return join(owner(match), noun)


def _owned(match: Match) -> str:
    return join(match.text("prep").lower(), whose(match))


def verbal(answer: Answer) -> bool:
    """True if the answer can replace a "do": "does what?", "repeat"."""
    first = answer.tokens[0]
    return (
        answer.kind.startswith("verb")
        or (first.may("V") and not first.may("DP"))
        or (first.lower == "not" and len(answer.tokens) > 1 and answer.tokens[1].may("VB"))
        or (len(answer.tokens) == 1 and first.may("X") and not first.lower.endswith("s"))
    )


FILLERS: dict[str, Callable[[Match], str]] = {
    "object": _object,
    "prepped": _prepped,
    "place": _place,
    "time": _time,
    "reason": reason,
    "manner": _manner,
    "owned": _owned,
    "under": _owned,
    "raw": lambda match: match.answer.text,
    "grounds": lambda match: join(
        "on the grounds", "that" if match.answer.kind == "sentence" else "of", match.answer.text
    ),
    "along": lambda match: match.answer.text,  # between the verb and a phrase, see ``filled``
    "lasting": lambda match: join(
        "" if match.answer.tokens[0].may("PSA") else "for", match.answer.text
    ),
    "sided": _sided,
    "times": named,
}
