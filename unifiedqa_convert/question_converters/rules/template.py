"""The template language of the rules: names in square brackets.

A template is plain text with slots. ``[name]`` is the text of the pattern's ``name:``; the computed
slots are the functions below; ``[clause<place]`` is a clause with a filler in its gap.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer, a_or_an
from unifiedqa_convert.question_converters.rules.clause import (
    Match,
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
    put_name,
    without_ever,
)
from unifiedqa_convert.question_converters.rules.clauses.standing import STANDING
from unifiedqa_convert.question_converters.rules.clauses.statements import RESTATED
from unifiedqa_convert.question_converters.rules.fillers import (
    FILLERS,
    filled,
    named,
    one_of,
    owner,
    verbal,
    whose,
    with_object,
)
from unifiedqa_convert.question_converters.rules.lexicon import inflect, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name, tokenise_question

_SLOT = re.compile(r"\[([a-z]+)(?:<([a-z]+))?\]")


def fill_template(template: str, match: Match) -> str | None:
    """The template's sentence; None if one of its slots can't be filled."""
    made: list[str] = []
    for words_before, name, filler in _pieces(template):
        made.append(words_before)
        text = filled(match, filler) if filler else _slot(match, name)
        if text is None:
            return None
        made.append(text)
    return "".join(made)


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, str, str], ...]:
    """(text before the slot, slot, filler), with an empty slot for the text at the end."""
    parts = _SLOT.split(template)
    slots = zip(parts[0:-1:3], parts[1::3], parts[2::3], strict=True)
    return (*((text, name, filler or "") for text, name, filler in slots), (parts[-1], "", ""))


def unknown_names(template: str) -> set[str]:
    """The names in a template that are no computed slots: the pattern must define them."""
    found = set()
    for name, filler in _SLOT.findall(template):
        if filler and (name != "clause" or filler not in FILLERS):
            raise ValueError(f"unknown filler [{name}<{filler}]")
        if not filler and name not in SLOTS:
            found.add(name)
    return found


def _slot(match: Match, name: str) -> str | None:
    return SLOTS[name](match) if name in SLOTS else match.text(name) if name else ""


def _done(match: Match) -> str | None:
    """The clause with the verb of an answer that is a whole sentence: "she will go home"."""
    pred, tokens = match.part("pred"), match.answer.tokens
    gap = object_gap(pred)
    modal = next((i for i, t in enumerate(tokens) if t.may("M")), 0)
    if pred[gap - 1].lower != "do":
        return None
    if tokens[0].may("V") and not tokens[0].may("DR") and tokens[1].may("DRLPW"):
        return with_object(match, pred)  # "show they had it": show is not a subject
    if not 0 < modal < len(tokens) - 1:
        return None
    subject = [t.lower for t in match.part("subj")]
    same_subject = [t.lower for t in tokens[:modal]] in (subject, ["the", *subject])
    if not same_subject and not tokens[0].may("R"):
        return None
    verb = Answer(match.answer.text[tokens[modal + 1].start :])
    return with_object(Match(match.source, match.parts, verb), pred)


def _doing(match: Match) -> str | None:
    """The clause without an object, unless its verb takes a whole sentence ("said that …")."""
    pred = match.part("pred")
    verb = verb_lemma(pred[object_gap(pred) - 1].lower)
    return None if verb in words.TELLING_VERBS else clause(match)


def _takes(match: Match) -> str:
    """ "Take" in the form of the auxiliary: takes, took, will take."""
    tag = do_form(match)
    aux = match.text("aux")
    return inflect("take", tag) if tag else "take" if folds(match) else join(aux, "take")


def _counted(match: Match) -> str:
    """Be, in the number of the answer: "there was one room"."""
    be = match.text("be").lower()
    return agree_word(be, False) if match.answer.text.lower() in ("one", "1") else be


def _thought(match: Match) -> str:
    """Be for what is thought of something, in the tense of the question."""
    past = match.text("aux").lower() == "did"
    many = Answer(match.text("thing")).plural
    return ("were" if many else "was") if past else "are" if many else "is"


def _treated(match: Match) -> str | None:
    """How something is done: "were paid by the town"; None if nothing is done to it."""
    pred = match.part("pred")
    done = pred[main_verb(pred)].only("ETY")
    return filled(match, "manner") if done else None


_UNIT = re.compile(
    r".*\d.*(?:feet|foot|meters|metres|inches|centimeters|centimetres|yards| k?m| cm|miles|"
    r"kilometers|kilometres)|[\d.,]+ (?:k|c|m)?m"
)
_TALL = frozenset("tall long high deep wide thick".split())


def _measured(match: Match) -> str:
    """A measure, with its adjective after a unit of length: "62 feet tall"."""
    measure, text = match.text("measure").lower(), match.answer.text
    return f"{text} {measure}" if measure in _TALL and _UNIT.fullmatch(text) else text


_LASTS = re.compile(
    r"(?:second|minute|hour|day|night|week|weekend|month|year|decade|while|summer)s?"
)
_SPANS = frozenset("last take spend run".split())


def _spent(match: Match) -> str | None:
    """The answer to "how long" as a time: "for a week"; None if it is none."""
    answer = match.answer
    if not any(_LASTS.fullmatch(t.lower) for t in answer.tokens):
        return None
    pred = match.part("pred")
    bare = answer.tokens[0].may("PS") or (pred and verb_lemma(pred[0].lower) in _SPANS)
    return answer.text if bare else f"for {answer.text}"


def _same_modal(match: Match) -> str | None:
    """A clause that says what may happen, with the question's own modal: "might get fired"."""
    modal = match.text("aux").lower()
    return match.answer.text if any(t.lower == modal for t in match.answer.tokens[:6]) else None


def _noun(answer: Answer) -> str:
    first = answer.tokens[0]
    named = first.may("DRLQ") or first.text[:1].isupper()
    return answer.text if named else f"{a_or_an(answer.text)} {answer.text}"


def _whole(match: Match) -> str | None:
    """The answer, unless it starts like a place or a time: "in a cool, dry place"."""
    return None if match.answer.tokens[0].may("PS") else match.answer.text


def _acts(match: Match) -> str | None:
    """A single verb as what happens: "rusts"; None for a noun."""
    only = match.answer.tokens[0]
    if len(match.answer.tokens) > 1:
        return None
    if only.may("T") and not only.may("EN"):
        return only.text
    if only.only("ET") and only.may("E"):
        return join("are" if Answer(match.text("who")).plural else "is", only.text)
    if only.may("V") and verb_lemma(only.lower) in words.MOSTLY_VERBS:
        return agree_word(only.lower, Answer(match.text("who")).plural)
    return only.text if only.may("Z") else None


def _happening(match: Match) -> str:
    """The answer and the question's tail, which goes before an answer of several sentences."""
    answer, rest = match.answer.text, match.text("rest")
    repeated = rest and rest.lower() in answer.lower()
    if repeated or ". " in answer:
        return answer if repeated or not rest else f"{rest}, {answer}"
    return join(answer, rest)


def _name_of(match: Match) -> str:
    """What someone or something of a kind is called: "a bakery"; a term as it is."""
    described = match.part("subj")[0].lower in ("a", "an", "someone", "something", "somebody")
    known = match.answer.kind == "noun" and not match.answer.plural
    return match.answer.phrase() if described and known else match.answer.text


def _kindred(match: Match) -> str:
    """The answer to "what kind of animal": "a marsupial", "a shy person", "a useful tool"."""
    answer = match.answer
    if answer.kind != "adjective" or answer.tokens[-1].may("N"):
        return Answer(answer.text).phrase() if answer.kind == "noun" else _noun(answer)
    return Answer(f"{answer.text} {match.text('head')}").phrase()


def _being(match: Match) -> str:
    """Be in the tense and number of a "do"."""
    return {"does": "is", "do": "are"}.get(match.text("do").lower(), "was")


def _worker(match: Match) -> str | None:
    """The one whose job is asked for: "Ann's job" → "Ann"."""
    whose, tail = match.part("whose"), re.compile(r"['\u2019]s?$")
    return tail.sub("", match.text("whose")) if whose and whose[-1].may("L") else None


def _was(match: Match) -> str:
    """Is or was, as the clause in the question tells."""
    rest = match.part("rest")
    after_who = [t for before, t in pairwise(rest) if before.lower in words.RELATIVES]
    past = any(t.may("T") or t.lower in ("was", "were", "did", "had") for t in after_who)
    many = Answer(match.text("rest")).plural
    return ("were" if many else "was") if past else "are" if many else "is"


def _since(match: Match) -> str:
    """Is or was, in the tense of the question's verb: "what caused it | was that …"."""
    aux, pred = match.part("aux"), match.part("pred")
    verb = aux[0] if aux else pred[main_verb(pred)]
    past = verb.lower in ("did", "was", "were", "had") or (not aux and verb.may("T"))
    return "was" if past else "is"


def _subject(match: Match) -> str:
    """The answer as a subject: a verb phrase becomes a gerund."""
    who = match.source[:3].lower() == "who"
    if match.answer.kind == "verb" and not who:
        return match.answer.as_form("VBG")
    return named(match)


def _answer_that(match: Match) -> str:
    """The answer after "is": a verb phrase becomes an infinitive, a sentence a that-clause."""
    answer = match.answer
    if answer.kind == "sentence":
        return f"that {answer.text}"
    if answer.kind == "noun" and match.part("rest") and _names_job(match.part("rest")):
        return answer.text
    aims = any(t.lower in words.AIMS for t in match.part("rest"))
    aims = aims and len(answer.tokens) > 1
    aims = aims or (bool(match.part("rest")) and match.part("rest")[-1].lower == "do")
    aims = aims and verbal(answer) and answer.kind == "noun"
    way = any(t.lower in ("way", "ways", "method", "step") for t in match.part("rest"))
    told = way and answer.given[:1].isupper() and answer.given[-1] == "." and len(answer.tokens) > 1
    aims = aims or (told and answer.tokens[0].may("V") and not answer.tokens[0].may("DPG"))
    return f"to {answer.text}" if answer.kind == "verb" or aims else answer.phrase()


def _names_job(rest: Sequence[Token]) -> bool:
    """True for "the occupation of …", which is named without an article: "carpenter"."""
    at = next((i for i, t in enumerate(rest) if t.lower == "of"), 0)
    return rest[at - 1].lower in ("occupation", "profession", "nickname", "nationality")


def _situ(match: Match) -> str:
    """The answer at the position of "what", with an article if none precedes it."""
    left = match.part("left")
    before = left[-1] if left else None
    if match.part("head"):
        phrase = named(match)
        determined = before is not None and before.may("DL")
        if not determined and match.answer.kind == "adjective":
            return Answer(phrase).phrase()
        return re.sub(r"^(?:the|an?) ", "", phrase) if determined else phrase
    modifier = before is not None and (
        before.may("DLJ") or (before.may("NX") and not before.may("VZTEP"))
    )
    called = before is not None and before.lower in (*_NAMES_IT, "as", "to", "so", "very")
    return match.answer.text if modifier or called else match.answer.phrase()


_NAMES_IT = ("called", "termed", "named")


def _agreeing(match: Match) -> str:
    if match.answer.kind == "sentence":
        return agreed(match, False)
    subject = Answer(named(match)) if match.part("head") else match.answer
    return agreed(match, subject.plural)


def _be(match: Match) -> str:
    measured = match.answer.tokens[0].may("Q") and match.text("article") in ("a", "an")
    plural = match.answer.plural and not measured
    return agree_word(match.text("be").lower(), plural)


def _are(match: Match) -> str:
    return "are" if Answer(match.text("subj")).plural else "is"


def _like(match: Match) -> str:
    """The answer's verb in the form of the "do" that it replaces: "does what"."""
    form = {"does": "VBZ", "did": "VBD", "doing": "VBG"}.get(match.text("do").lower())
    finite = form == "VBZ" and match.answer.tokens[0].may("Z")
    if not finite and not verbal(match.answer):
        kind_ing = form == "VBG" and match.answer.tokens[0].may("VG")
        if not kind_ing:
            return join(match.text("do"), match.answer.text)
    if form == "VBZ" and match.answer.tokens[0].may("Z"):
        return match.answer.text
    return match.answer.as_form(form) if form else match.answer.as_base()


def _handled(match: Match) -> str:
    """What is done to something, with its name for the pronoun: "pushes the leaves together"."""
    whom = match.text("right")
    named_one = re.search(r" (?:it|them|him|her)(?= )", match.answer.text)
    if named_one and match.part("right")[0].may("DNL"):
        return put_name(_like(match), whom)
    return join(_like(match), whom)


def _linked(match: Match) -> str:
    """A verb like feel or look, in the form of its "do", or with its auxiliary."""
    verb, tag = match.text("verb"), do_form(match)
    return (
        inflect(verb.lower(), tag)
        if tag
        else verb
        if folds(match)
        else join(match.text("aux"), verb)
    )


def _that(match: Match) -> str | None:
    """A sentence as a that-clause; None if it is no sentence: "glad she came"."""
    return None if match.answer.tokens[0].may("JE") else f"that {match.answer.text}"


def _predicate(match: Match) -> str:
    """The answer's predicate, after the auxiliary if that is a modal and the verb is in -s."""
    first = match.answer.tokens[0]
    modal = any(token.may("M") for token in match.part("aux"))
    alone = modal and first.may("Z") and not first.may("BHM")
    return join(match.text("aux"), match.answer.as_base()) if alone else match.answer.text


def _stripped(match: Match) -> str:
    """The answer after "as", without its own "as"; a predicate becomes "someone who …"."""
    answer, whom = match.answer, match.part("rest")
    did = answer.kind == "verb-ed" and len(answer.tokens) > 2 and answer.tokens[1].lower != "that"
    if (did or answer.kind == "verb-s") and whom and is_name(whom[-1]):
        verb, _, rest = answer.text.partition(" ")
        return f"someone who {agree_word(verb, False) if verb in words.BE else verb} {rest}"
    return re.sub(r"^(?:as|like(?= (?:an?|someone|somebody) ))\s+", "", answer.text)


def _denial(match: Match) -> str | None:
    return negated(match.source, list(match.part("stem")))


def _chosen(match: Match) -> str | None:
    """The answer, if it is one of the two choices in the question; else None."""
    offered = {match.text("one").lower(), match.text("two").lower()}
    return match.answer.text if match.answer.text.lower() in offered else None


def _picked(match: Match) -> str | None:
    """The clause with the answer in place of the choices in it ("faster or slower")."""
    text, answer = clause(match), match.answer.text
    articles = ("", "a ", "an ", "the ")
    tries = articles if not match.answer.tokens[0].may("DP") else ("",)
    return next(filter(None, (_pick(match, text, article + answer) for article in tries)), None)


def _pick(match: Match, text: str, answer: str) -> str | None:
    word = r"[^\s,]+"
    other = word + rf" {word}" * (len(answer.split()) - 1)
    this = re.escape(answer)
    last = rf"{word}|{other}" if match.answer.tokens[0].may("P") else other
    before = re.search(
        rf"(?:(?<!\S){other}, )*\b{this}(?:, {other})*,? or (?:{other}(?!\w)|.*$)",
        text,
        re.IGNORECASE,
    )
    after = re.search(
        rf"(?<!\S)(?:{other}, )*(?:{last}),? or {this}(?:,? or {other})?(?!\w)",
        text,
        re.IGNORECASE,
    )
    found = before or after
    if found is None:
        return None
    tag, first = do_form(match), match.answer.tokens[0]
    verb = verb_lemma(found[0].partition(" ")[0].strip(","))
    acts = (
        tag and first.may("V") and verb == match.part("pred")[main_verb(match.part("pred"))].lower
    )
    chosen = match.answer.as_form(tag) if acts and tag else answer
    return f"{text[: found.start()]}{chosen}{text[found.end() :]}"


def _reply(match: Match) -> str:
    """The answer after its "yes," or "no,"."""
    return match.answer.text[match.answer.tokens[2].start :]


def _restated(match: Match) -> str | None:
    """The answer, if it repeats most of the question's words, so that it is a statement itself."""
    content = [
        t
        for t in _after_head(tokenise_question(match.source))
        if t.may("NVZTEGJX") and not t.may("BOHMW") and t.lower not in words.ADVERBS
    ]
    words_asked = {t.lower[:4] for t in content}
    repeated = words_asked & {t.lower[:4] for t in match.answer.tokens}
    enough = len(words_asked) > 1 and len(repeated) >= 0.85 * len(words_asked)
    return match.answer.text if enough or _ends_alike(match) else None


def _ends_alike(match: Match) -> bool:
    """True if the answer ends like the question: "Which of them is older? Mark is older."."""
    asked = tokenise_question(match.source)
    aux = next((i for i, t in enumerate(asked) if i and t.may("BOHM")), len(asked))
    tail = [t.lower for t in asked[aux:]]
    said = [t.lower for t in match.answer.tokens[-len(tail) :]] if tail else []
    return len(tail) > 1 and said == tail and len(match.answer.tokens) > len(tail)


def _after_head(tokens: Sequence[Token]) -> Sequence[Token]:
    """A question's words without the noun that the answer replaces: "what color | is the sky"."""
    if not tokens or tokens[0].lower not in ("what", "which", "how"):
        return tokens
    start = next((i for i, t in enumerate(tokens) if t.may("BOHM") or (i > 1 and t.only("ZT"))), 0)
    return tokens[start:] if start > 1 else tokens


Build = Callable[[Match], str | None]
SLOTS: dict[str, Build] = {
    "raw": lambda match: match.answer.text,
    "answer": lambda match: match.answer.phrase(),
    "named": named,
    "complement": _answer_that,
    "clause": clause,
    "affirming": lambda match: clause(without_ever(match)),
    "denied": denied,
    "negated": _denial,
    "agreeing": _agreeing,
    "agreed": _be,
    "situ": _situ,
    "like": _like,
    "treated": _treated,
    "place": FILLERS["place"],
    "prepped": FILLERS["prepped"],
    "reason": FILLERS["reason"],
    "stripped": _stripped,
    "linked": _linked,
    "that": _that,
    "predicate": _predicate,
    "base": lambda match: match.answer.as_base(),
    "chosen": _chosen,
    "affirmed": lambda match: affirmed(match.source, list(match.part("stem"))),
    "done": _done,
    "takes": _takes,
    "picked": _picked,
    "reply": _reply,
    "restated": _restated,
    "subject": _subject,
    "doing": _doing,
    "one": one_of,
    "are": _are,
    "measured": _measured,
    "spent": _spent,
    "possible": _same_modal,
    "worker": _worker,
    "acts": _acts,
    "whole": _whole,
    "being": _being,
    "happening": _happening,
    "term": _name_of,
    "kindred": _kindred,
    "was": _was,
    "since": _since,
    "handled": _handled,
    "thinks": _thought,
    "counted": _counted,
    "time": FILLERS["time"],
    "owner": owner,
    "whose": whose,
    **RESTATED,
    **STANDING,
}
