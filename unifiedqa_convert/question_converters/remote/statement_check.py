"""Whether a language model's text is the statement of a question and an answer.

A model may explain, refuse, correct a wrong answer, forget it, or invent. What is checked is how
the words of the three texts correspond, inflections aside; the words are English ones. A good
sentence may be refused (it is then asked for again, and at last made by the rules). One that has
the right words in a wrong order is not noticed.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.question import (
    affirmative,
    parse_question,
    split_last,
)
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question

VERSION = "1"
"""Of the checks and of ``cleaned``: another one may give another sentence for the same text."""

_THINKING = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"^```\w*\s*(.*?)\s*```$", re.DOTALL)
_LABEL = re.compile(r"^(?:(?:declarative )?(?:statement|sentence)|answer)\s*:\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_QUESTION = re.compile(r"[?\uff1f][\"'\u201d\u2019)\]*_ ]*$")
_NOT_TEXT = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")

_PRONOUNS = frozenset(
    "i you he she it we they me him us them my your his her its our their this that these those "
    "there who which".split()
)
_OMITTED = (
    frozenset("a an the to".split()) | _PRONOUNS | words.BE | words.DO | words.HAVE
) - frozenset("n't".split())
"""Words of an answer that a statement may lack: "She was a pilot", "to rake the leaves"."""
_ADDED = _OMITTED | frozenset(
    "of in on at by for with from into as and when where while because since so during than".split()
)
"""Words of a statement that may come from nowhere. Not "not", "all", "only", "may", "before": they
would change what is said."""
_NEGATIONS = frozenset(
    "not n't no never nobody none nothing neither nor nowhere false untrue".split()
)
_OF_YES_AND_NO = frozenset("yes no true false case".split())
_ENDINGS = ("'s", "'re", "'ve", "'ll", "'d", "'m", "'")
_INVERTED = words.BE | words.DO | words.HAVE | words.MODAL
_MORE_WORDS = 8
"""A statement may have this many words more than question and answer together."""
_MOST_CHARACTERS = 20_000


def cleaned(text: str) -> str:
    """Without what models put around a sentence: thoughts, a code block, a label, quotes."""
    text = _THINKING.sub("", text[:_MOST_CHARACTERS]).strip()
    before = None
    while text != before:
        before = text
        if fenced := _FENCED.fullmatch(text):
            text = fenced[1]
        text = _LABEL.sub("", text).strip().removeprefix("**").removesuffix("**")
        inner = text[1:-1]
        # "…" said the one and "…" the other: these quotes are not around the whole.
        if len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in inner:
            text = inner.strip()
    return text


def fault(ask: Ask, text: str) -> str | None:
    """What is wrong with a cleaned text as the statement of ``ask``; None if nothing is.

    ``ask.question`` is the question itself, without sentences before it. The fault is a verb phrase
    in English: "has several lines".
    """
    return _fault_of_form(ask, text) or _fault_of_words(ask, text)


def _fault_of_form(ask: Ask, text: str) -> str | None:
    if not any(map(str.isalnum, text)):
        return "is not there"
    if "\n" in text:
        return "has several lines"
    if strange := {it for it in text if unicodedata.category(it) in _NOT_TEXT} - {*"".join(ask)}:
        return f"has the character U+{ord(min(strange)):04X}"
    if _sentences(text) > max(1, _sentences(ask.answer)):
        return "is not one sentence"
    polar = _reply(ask.answer) is not None
    start = parse_question(ask.question, polar).start
    first = text.lower().split(maxsplit=1)[0]
    inverted = first in _INVERTED and not ask.answer.lower().startswith(first)
    if inverted or _QUESTION.search(text) or (start and f"{text.lower()} ".startswith(start)):
        return "is a question"
    return None


def _fault_of_words(ask: Ask, text: str) -> str | None:
    question, answer, made = map(_words, (ask.question, ask.answer, text))
    if len(made) > len(question) + len(answer) + _MORE_WORDS:
        return "is too long"
    reply = _reply(ask.answer)
    if reply is not None:
        answer = answer[1:]
    if wrong := _fault_of_negations(ask, reply, (question, answer, made)):
        return wrong
    known = _known(question) | _known(answer)
    small = _ADDED | _NEGATIONS | (_OF_YES_AND_NO if reply is not None else frozenset())
    for word in made:
        if word not in small and not forms(word) & known:
            return f"has the word \u201c{word}\u201d, which is in neither"
    said = _known(made)
    for word in [it for it in answer if it not in _OMITTED] or answer:
        if not forms(word) & said and word not in _NEGATIONS:
            return f"lacks the answer's word \u201c{word}\u201d"
    asked = [it for it in question if it not in _ADDED | _NEGATIONS | words.WH | words.MODAL]
    kept = sum(bool(forms(word) & said) for word in asked)
    if 3 * kept < len(asked):
        return "does not say what was asked"
    return None


def _fault_of_negations(
    ask: Ask, reply: bool | None, texts: tuple[list[str], list[str], list[str]]
) -> str | None:
    """A statement denies what its question and answer deny together, no more and no less."""
    asked, answered, made = (sum(it in _NEGATIONS for it in one) for one in texts)
    if reply is None:
        return None if made == asked + answered else "does not deny what the two deny"
    # "Isn't it cold?" asks what "Is it cold?" asks: yes affirms that, and no denies it.
    denies = affirmative(ask.question) != ask.question
    affirmed = asked - (denies or parse_question(ask.question, True).denies(True))
    if reply:
        return None if made == affirmed + answered else "does not affirm what is asked"
    return None if made > affirmed else "does not deny what is asked"


def _reply(answer: str) -> bool | None:
    """True for "yes" and "Yes, they do.", False for "no" and "false", None for another answer."""
    kind = Answer(answer).kind if any(map(str.isalnum, answer)) else ""
    if kind == "reply":
        kind = "yes" if answer.lower().startswith("yes") else "no"
    return {"yes": True, "no": False}.get(kind)


def _sentences(text: str) -> int:
    number = 0
    while text:
        text, number = split_last(text)[0], number + 1
    return number


def _words(text: str) -> list[str]:
    """The words in lower case, without marks; "isn't" is "is" and "not", "hen's" is "hen"."""
    found: list[str] = []
    for token in tokenise_question(" ".join(text.split())):
        if not any(map(str.isalnum, token.lower)):
            continue
        word = token.lower.replace("\u2019", "'")
        if word == "cannot" or word.endswith("n't"):
            stem = {"cannot": "can", "can't": "can", "won't": "will", "shan't": "shall"}
            found += [stem.get(word) or word.removesuffix("n't"), "not"]
            continue
        ending = next((it for it in _ENDINGS if word.endswith(it) and word != it), "")
        found.append(word.removesuffix(ending))
    return [it for it in found if it]


def _known(every: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*map(forms, every))


@lru_cache(maxsize=65536)
def forms(word: str) -> frozenset[str]:
    """A word, its lemmas, and those of the parts of a compound: words that share one are the same
    word in another form."""
    parts = {word, *re.split(r"[-'/.\u2044]", word)} - {""}
    found = {lemma for part in parts for every in words.lemmas(part).values() for lemma in every}
    return frozenset(parts | found)
