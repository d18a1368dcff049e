"""What a rule's template may say: the words in square brackets.

A template is plain text with slots. ``[name]`` is what the pattern's ``name:`` kept; the computed
slots are the functions below, and ``[clause<place]`` is a clause with a filler in its gap.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.rules_answer import (
    Answer,
    core_head,
    merged,
    verb_lemma_or_noun,
)
from unifiedqa_convert.declare.rules_clause import (
    Match,
    adjunct_gap,
    affirmed,
    agree_word,
    agreed,
    clause,
    denied,
    do_form,
    folds,
    join,
    main_verb,
    negated,
    object_gap,
)
from unifiedqa_convert.declare.rules_lemma import inflect, verb_lemma
from unifiedqa_convert.declare.rules_tokens import Token, cover, is_name, tokenise

_SLOT = re.compile(r"\[([a-z]+)(?:<([a-z]+))?\]")


def render(template: str, match: Match) -> str | None:
    """The template's sentence, None if one of its slots can't be filled."""
    made: list[str] = []
    for words_before, name, filler in _pieces(template):
        made.append(words_before)
        text = _filled(match, filler) if filler else _slot(match, name)
        if text is None:
            return None
        made.append(text)
    return "".join(made)


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, str, str], ...]:
    """(text before it, slot, filler) of each slot, and one empty slot for what stands last."""
    parts = _SLOT.split(template)
    slots = zip(parts[0:-1:3], parts[1::3], parts[2::3], strict=True)
    return (*((text, name, filler or "") for text, name, filler in slots), (parts[-1], "", ""))


def check(template: str) -> set[str]:
    """The names in a template that are neither slots nor fillers: the pattern must keep them."""
    found = set()
    for name, filler in _SLOT.findall(template):
        if filler and (name != "clause" or filler not in FILLERS):
            raise ValueError(f"no such filler: [{name}<{filler}]")
        if not filler and name not in SLOTS:
            found.add(name)
    return found


def _slot(match: Match, name: str) -> str | None:
    return SLOTS[name](match) if name in SLOTS else match.text(name) if name else ""


def _filled(match: Match, name: str) -> str:
    """A clause with the answer in its gap, a "do" that stands for the answer's verb replaced."""
    pred = match.part("pred")
    if name == "object":
        return _with_object(match, pred)
    gap = adjunct_gap(pred)
    last = pred[gap - 1] if gap else None
    filler = FILLERS[name](match)
    if name in ("place", "time") and last is not None and last.lower in _PLACING:
        filler = _without_preposition(match.answer, last.lower)
    return clause(match, filler, gap)


def _with_object(match: Match, pred: Sequence[Token]) -> str:
    gap = object_gap(pred)
    answer = match.answer
    stands_for = pred[gap - 1].lower == "do" and (answer.kind == "to" or _verbal(answer))
    finite = answer.kind in ("verb-s", "verb-ed", "adjective") or answer.tokens[0].may("T")
    if finite and pred[gap - 1].lower == "do":
        stands_for = True
    if not stands_for:
        last = pred[gap - 1]
        if last.only("P") and answer.tokens[0].lower == last.lower:
            gap -= 1
        return clause(match, FILLERS["object"](match), gap)
    tag = do_form(match) if gap - 1 == main_verb(pred) else None
    if answer.kind == "adjective":
        answer = Answer(f"be {answer.text}")
    verb = answer.as_form(tag) if tag else answer.as_base()
    short = Match(match.source, {**match.parts, "pred": pred[: gap - 1]}, answer)
    after = Match(match.source, {"rest": pred[gap:]}, answer).text("rest")
    lead = clause(short)
    if do_form(match) and gap - 1 == main_verb(pred):
        lead = join(match.text("subj"), short.text("pred"))
    return join(lead, verb, after)


_PLACING = frozenset("in at on to from into onto near under inside around through over".split())


def _without_preposition(answer: Answer, preposition: str) -> str:
    first = answer.tokens[0]
    if first.lower == preposition:
        return answer.text[first.end :].strip()
    return answer.phrase("the")


def _named(match: Match) -> str:
    head = match.part("head")
    return merged(list(head), match.source, match.answer) if head else match.answer.phrase()


def _object(match: Match) -> str:
    answer = match.answer
    if answer.kind == "sentence":
        return join(f"the {_one(match)}" if match.part("head") else "", "that", answer.text)
    return join(match.text("about").lower(), _named(match))


def _one(match: Match) -> str:
    """The noun asked about, in the singular and without what stands before it."""
    head = list(match.part("head"))
    while len(head) > 1 and (head[0].may("DQP") or head[0].lower in ("following", "other")):
        head = head[1:]
    noun = core_head(head)
    return join(cover(match.source, head[: head.index(noun)]), verb_lemma_or_noun(noun.lower))


def _prepped(match: Match) -> str:
    preposition = match.text("prep").lower()
    first = match.answer.tokens[0]
    if first.lower == preposition or match.answer.kind == "place" or first.lower.endswith("ly"):
        return match.answer.text
    return join(preposition, _named(match))


def _place(match: Match) -> str:
    answer = match.answer
    if answer.kind in ("place", "sentence", "to", "verb", "verb-s") or answer.head is None:
        return answer.text
    first = answer.tokens[0]
    if len(answer.tokens) == 1 and first.may("A") and first.may("J"):
        return answer.text
    if first.only("A") or answer.kind == "adjective" or (first.may("E") and not first.may("N")):
        return answer.text
    pred = match.part("pred")
    verb = agree_word(pred[main_verb(pred)].lower, True) if pred else ""
    head = answer.head.lower
    if verb in words.MOTION_VERBS and "located" not in match.text("pred"):
        preposition = "to"
    elif head in words.AT_PLACES:
        preposition = "at"
    else:
        preposition = "on" if head in words.ON_PLACES else "in"
    return f"{preposition} {answer.phrase()}"


def _time(match: Match) -> str:
    answer = match.answer
    first = answer.tokens[0]
    if answer.kind == "sentence":
        return f"when {answer.text}"
    if answer.tokens[-1].lower in ("ago", "later", "earlier"):
        return answer.text
    if answer.kind == "place" or first.only("AS") or first.lower in ("every", "each", "once"):
        return answer.text
    if first.may("Q") and len(answer.tokens) == 1:
        return f"in {answer.text}"
    if first.lower in ("night", "noon", "midnight", "dawn", "dusk", "birth"):
        return f"at {answer.text}"
    return f"during {answer.phrase('the')}"


def _reason(match: Match) -> str:
    answer = match.answer
    first = answer.tokens[0]
    if answer.kind in ("place", "to") or first.lower in ("because", "due", "so", "since"):
        return answer.text
    if answer.kind == "sentence":
        return f"because {answer.text}"
    if answer.kind == "verb":
        return f"to {answer.text}"
    if answer.kind in ("verb-s", "verb-ed") or (answer.kind == "adjective" and first.may("T")):
        return f"because {_pronoun(match)} {answer.text}"
    return f"because of {answer.phrase('the')}"


def _pronoun(match: Match) -> str:
    aux, subject = match.part("aux"), match.part("subj")
    plural = aux and aux[0].lower in ("do", "are", "were", "have")
    if subject and subject[0].lower in words.SUBJECT_PRONOUNS:
        return subject[0].lower
    return "they" if plural or (subject and is_name(subject[-1])) else "it"


def _manner(match: Match) -> str:
    answer = match.answer
    first = answer.tokens[0]
    if answer.kind in ("place", "to") or first.only("A") or first.lower.endswith("ly"):
        return answer.text
    if answer.kind == "sentence":
        return _by_doing(answer) or f"in that {answer.text}"
    if first.may("RD") and len(answer.tokens) > 2 and _verb_in(answer):
        return f"in that {answer.text}"
    if answer.kind == "verb":
        return f"by {answer.as_form('VBG')}"
    if answer.kind == "verb-s":
        return f"because {_pronoun(match)} {answer.text}"
    said = answer.phrase()
    return f"{'with' if said.startswith(('a ', 'an ')) else 'by'} {said}"


def _by_doing(answer: Answer) -> str | None:
    """What "they provide shelter" or "it will turn" does, as "by providing shelter"."""
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


def _done(match: Match) -> str | None:
    """What was done, from an answer that says it in a whole sentence: "she will go home"."""
    pred, tokens = match.part("pred"), match.answer.tokens
    gap = object_gap(pred)
    modal = next((i for i, t in enumerate(tokens) if t.may("M")), 0)
    if pred[gap - 1].lower != "do" or not 0 < modal < len(tokens) - 1:
        return None
    subject = [t.lower for t in tokens[:modal]]
    if subject != [t.lower for t in match.part("subj")] and not tokens[0].may("R"):
        return None
    verb = Answer(match.answer.text[tokens[modal + 1].start :])
    return _with_object(Match(match.source, match.parts, verb), pred)


def _doing(match: Match) -> str | None:
    """The clause as it stands, unless its verb takes a whole sentence ("said that …")."""
    pred = match.part("pred")
    verb = verb_lemma(pred[object_gap(pred) - 1].lower)
    return None if verb in words.TELLING_VERBS else clause(match)


def _takes(match: Match) -> str:
    """ "Take" as the auxiliary has it: takes, took, will take."""
    tag = do_form(match)
    aux = match.text("aux")
    return inflect("take", tag) if tag else "take" if folds(match) else join(aux, "take")


def _become(match: Match) -> str | None:
    """What becomes of someone, from a sentence that says it: "she will win"."""
    tokens = match.answer.tokens
    if len(tokens) < 3 or not tokens[0].may("R") or not tokens[1].may("M"):
        return None
    return join(match.text("who"), match.answer.text[tokens[1].start :])


def _subject(match: Match) -> str:
    """The answer where a subject stands: a verb phrase becomes a gerund."""
    if match.answer.kind == "verb":
        return match.answer.as_form("VBG")
    return _named(match)


def _answer_that(match: Match) -> str:
    """The answer after "is": a verb phrase becomes an infinitive, a sentence a that-clause."""
    answer = match.answer
    if answer.kind == "sentence":
        return f"that {answer.text}"
    return f"to {answer.text}" if answer.kind == "verb" else answer.phrase()


def _situ(match: Match) -> str:
    """The answer in the place where "what" stands, with an article if none stands before it."""
    left = match.part("left")
    before = left[-1] if left else None
    if match.part("head"):
        said = _named(match)
        determined = before is not None and before.may("DL")
        if not determined and match.answer.kind == "adjective":
            return Answer(said).phrase()
        return re.sub(r"^(?:the|an?) ", "", said) if determined else said
    modifier = before is not None and (
        before.may("DLJA") or (before.may("NX") and not before.may("VZTEP"))
    )
    called = before is not None and before.lower in ("called", "termed", "named", "as", "to")
    return match.answer.text if modifier or called else match.answer.phrase()


def _agreeing(match: Match) -> str:
    if match.answer.kind == "sentence":
        return agreed(match, False)
    said = Answer(_named(match)) if match.part("head") else match.answer
    return agreed(match, said.plural)


def _be(match: Match) -> str:
    return agree_word(match.text("be").lower(), match.answer.plural)


def _are(match: Match) -> str:
    return "are" if Answer(match.text("subj")).plural else "is"


def _verbal(answer: Answer) -> bool:
    """Whether the answer can stand for a "do": "does what?", "repeat"."""
    first = answer.tokens[0]
    return (
        answer.kind.startswith("verb")
        or (first.may("V") and not first.may("DP"))
        or (len(answer.tokens) == 1 and first.may("X") and not first.lower.endswith("s"))
    )


def _like(match: Match) -> str:
    """The answer's verb in the form of the "do" that stands for it in "does what"."""
    form = {"does": "VBZ", "did": "VBD", "doing": "VBG"}.get(match.text("do").lower())
    finite = form == "VBZ" and match.answer.tokens[0].may("Z")
    if not finite and not _verbal(match.answer):
        kind_ing = form == "VBG" and match.answer.tokens[0].may("VG")
        if not kind_ing:
            return join(match.text("do"), match.answer.text)
    if form == "VBZ" and match.answer.tokens[0].may("Z"):
        return match.answer.text
    return match.answer.as_form(form) if form else match.answer.as_base()


def _denial(match: Match) -> str | None:
    return negated(match.source, list(match.part("stem")))


def _chosen(match: Match) -> str | None:
    """The answer, if it is one of the two things the question offers."""
    offered = {match.text("one").lower(), match.text("two").lower()}
    return match.answer.text if match.answer.text.lower() in offered else None


def _picked(match: Match) -> str | None:
    """The clause with the answer for the two things it offers ("faster or slower")."""
    said, answer = clause(match), match.answer.text
    many = len(answer.split())
    other = r"\S+" + r" \S+" * (many - 1)
    this = re.escape(answer)
    before = re.search(rf"\b{this},? or (?:{other}|.*$)", said, re.IGNORECASE)
    after = re.search(rf"(?<!\S){other},? or {this}(?!\w)", said, re.IGNORECASE)
    found = before or after
    return f"{said[: found.start()]}{answer}{said[found.end() :]}" if found else None


def _reply(match: Match) -> str:
    """What follows the yes or the no."""
    return match.answer.text[match.answer.tokens[2].start :]


def _told(match: Match) -> str | None:
    """The answer, if it says again most of what was asked, and so stands by itself."""
    content = [t for t in tokenise(match.source) if t.may("NVZTEGJX") and not t.may("BOHMW")]
    asked = {t.lower[:5] for t in content}
    again = asked & {t.lower[:5] for t in match.answer.tokens}
    return match.answer.text if len(asked) > 1 and len(again) >= 0.85 * len(asked) else None


Build = Callable[[Match], str | None]
SLOTS: dict[str, Build] = {
    "raw": lambda match: match.answer.text,
    "answer": lambda match: match.answer.phrase(),
    "named": _named,
    "complement": _answer_that,
    "clause": clause,
    "denied": denied,
    "negated": _denial,
    "agreeing": _agreeing,
    "agreed": _be,
    "situ": _situ,
    "like": _like,
    "place": _place,
    "reason": _reason,
    "stripped": lambda match: re.sub(r"^as\s+", "", match.answer.text),
    "base": lambda match: match.answer.as_base(),
    "chosen": _chosen,
    "affirmed": lambda match: affirmed(match.source, list(match.part("stem"))),
    "done": _done,
    "become": _become,
    "takes": _takes,
    "picked": _picked,
    "reply": _reply,
    "told": _told,
    "subject": _subject,
    "doing": _doing,
    "one": _one,
    "are": _are,
}
FILLERS: dict[str, Callable[[Match], str]] = {
    "object": _object,
    "prepped": _prepped,
    "place": _place,
    "time": _time,
    "reason": _reason,
    "manner": _manner,
    "raw": lambda match: match.answer.text,
}
