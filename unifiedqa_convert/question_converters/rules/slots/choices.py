"""Slots for an answer that picks one of several in its question, or repeats the question."""

import re
from collections.abc import Callable, Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.clause import Match, clause, do_form
from unifiedqa_convert.question_converters.rules.gaps import main_verb
from unifiedqa_convert.question_converters.rules.lexicon import verb_lemma
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.rules.tokens import Token


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


CHOICE_SLOTS: dict[str, Callable[[Match], str | None]] = {
    "chosen": _chosen,
    "picked": _picked,
    "reply": _reply,
    "restated": _restated,
}
