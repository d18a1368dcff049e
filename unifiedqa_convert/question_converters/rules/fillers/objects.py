"""The answer as an object, a preposition's object or an owner."""

from collections.abc import Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, verbal
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
    agree_word,
    clause,
    do_form,
    for_pronoun,
    join,
    put_name,
)
from unifiedqa_convert.question_converters.rules.fillers.head import (
    core_head,
    merged,
    noun_lemma,
    repeats_noun,
)
from unifiedqa_convert.question_converters.rules.gaps import main_verb, object_gap
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, cover


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
    return _with_relative(match, pred, gap) or clause(match, as_object(match), gap)


_WANT_TO_DO = (["want", "to", "do"], ["need", "to", "do"])
_HAPPENS = frozenset("happen happened wrong true".split())


def _with_relative(match: Match, pred: Sequence[Token], gap: int) -> str | None:
    """The clause whose object has a relative clause in its number: "air sacs that make"."""
    relative = gap + 1 < len(pred) and pred[gap].lower in ("that", "which")
    if not relative or not pred[gap + 1].may("ZBH"):
        return None
    agreeing = agree_word(pred[gap + 1].lower, Answer(named(match)).plural)
    rest = join(pred[gap].text, agreeing, cover(match.source, pred[gap + 2 :]))
    return join(clause(_with_pred(match, pred[:gap])), as_object(match), rest)


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


def named(match: Match) -> str:
    """The answer, with the noun of the question if it has one."""
    head = match.part("head")
    return merged(list(head), match.source, match.answer) if head else match.answer.phrase()


def as_object(match: Match) -> str:
    """The answer as the object of a verb: a noun with an article, "that" and a sentence."""
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


def with_preposition(match: Match) -> str:
    """The answer after the question's preposition, unless it has one itself."""
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


def owned(match: Match) -> str:
    """The owner and what is owned, after the question's preposition: "under Lena's bed"."""
    return join(match.text("prep").lower(), whose(match))
