"""A question, its answer and a statement made of them → what the network reads.

Each word of the statement is described by itself (word, ending, possible parts of speech), by where
it comes from (the answer, the question, neither) and, where it does not continue the words before
it, by the words that it was next to in its source. Each word of the question is described by
itself and by whether the statement kept it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import lemmas, noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.rules.tokens import Token

MOST = 48
"""Words of a statement or question that are read; a longer one is cut in its middle."""
_EDGE = ""  # the word before the first and after the last one
_FAR = 6
_GRAMMAR = frozenset("DRPSCWBOHMAQLK")
"""Parts of speech whose words are few; those of the others are endless."""

_SHAPE = re.compile(r"[A-Z]")


class Origin(NamedTuple):
    """Where a word of a statement comes from: q, Q, a, A or n, and the position there.

    A capital letter: in another form ("ate" of "eat"); n: neither question nor answer.
    """

    source: str
    at: int


NEW = Origin("n", -1)


def cut(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens, without those in the middle if they are more than MOST."""
    if len(tokens) <= MOST:
        return tokens
    return (*tokens[: MOST // 2], *tokens[-MOST // 2 :])


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """The word's verb lemma, so that "ate" and "eats" compare equal."""
    return word if word in words.BE or not lemmas(word) else verb_lemma(word)


def align(
    said: Sequence[Token], question: Sequence[Token], answer: Sequence[Token]
) -> list[Origin]:
    """The origin of each word of the statement: first the answer's words, then the question's."""
    found = [NEW] * len(said)
    lows = [t.lower for t in said]
    _place_answer(found, lows, [t.lower for t in answer])
    asked = [t.lower for t in question]
    free = dict.fromkeys(range(len(asked)))
    places: dict[str, list[int]] = {}
    for place, word in enumerate(asked):
        places.setdefault(word, []).append(place)
    last = -1
    at: int | None
    for n, word in enumerate(lows):
        if found[n].source != "n":
            continue
        at = _nearest(places.get(word, ()), free, last)
        if at is not None:
            found[n] = Origin("q", at)
            del free[at]
            last = at
    stems: dict[str, list[int]] | None = None
    for n, word in enumerate(lows):
        if found[n].source == "n" and word[:1].isalpha():
            if stems is None:
                stems = {}
                for place in free:
                    stems.setdefault(_stem(asked[place]), []).append(place)
            before = found[n - 1].at if n and found[n - 1].source in "qQ" else -1
            at = _nearest(stems.get(_stem(word), ()), free, before)
            if at is not None:
                found[n] = Origin("Q", at)
                del free[at]
    return found


def _place_answer(found: list[Origin], said: Sequence[str], answer: Sequence[str]) -> None:
    """Marks the longest run of the answer's words in the statement, and its inflected verb."""
    size, start, begin = _longest_run(said, answer)
    for k in range(size):
        found[start + k] = Origin("a", begin + k)
    at, n = begin - 1, start - 1
    if size and at >= 0 and n >= 0 and _stem(said[n]) == _stem(answer[at]):
        found[n] = Origin("A", at)
    if not size and len(answer) == 1:
        for n, word in enumerate(said):
            if _stem(word) == _stem(answer[0]):
                found[n] = Origin("A", 0)
                return


def _longest_run(said: Sequence[str], answer: Sequence[str]) -> tuple[int, int, int]:
    """(words, first in the statement, first in the answer) of the longest run in both."""
    best = (0, 0, 0)
    for first in range(len(answer)):
        if len(answer) - first <= best[0]:
            break
        for n, word in enumerate(said):
            if word == answer[first]:
                size = 1
                both = zip(said[n + 1 :], answer[first + 1 :], strict=False)
                for one, other in both:
                    if one != other:
                        break
                    size += 1
                if size > best[0]:
                    best = (size, n, first)
    return best


def _nearest(places: Sequence[int], free: Mapping[int, None], last: int) -> int | None:
    """The unused position that continues after the last one, else the first later, else any."""
    least, chosen = 0, None
    for at in places:
        if at in free:
            away = at - last - 1
            cost = away if away >= 0 else 100 - away
            if chosen is None or cost < least:
                least, chosen = cost, at
    return chosen


@lru_cache(maxsize=65536)
def described(lower: str, tags: str) -> tuple[str, ...]:
    """A word by itself: its text, its ending, its parts of speech, its number."""
    return (
        f"w{lower}",
        f"s{lower[-3:]}",
        f"t{tags}",
        f"u{tags[:1]}{noun_number(lower)[:1]}",
        f"c{words.noun_class(lower)}" if "N" in tags else "c",
    )


@lru_cache(maxsize=65536)
def described_given(lower: str, tags: str) -> tuple[str, ...]:
    """A word of the answer by itself: the text only of one that says nothing about the world.

    Otherwise the confidence would know which answers are golds.
    """
    return described(lower, tags) if _grammatical(tags) else described(lower, tags)[1:]


def _grammatical(tags: str) -> bool:
    return any(letter in _GRAMMAR for letter in tags)


def said_features(
    said: Sequence[Token],
    origins: Sequence[Origin],
    question: Sequence[Token],
    answer: Sequence[Token],
) -> Iterator[tuple[str, ...]]:
    """Per word of the statement, its features."""
    given = [t.lower if _grammatical(t.tags) else "" for t in answer]
    lows = {"q": [t.lower for t in question], "a": given}
    tags = {"q": [t.tags for t in question], "a": [t.tags for t in answer]}
    before = Origin("n", -1)
    last_q = -1
    for n, (token, origin) in enumerate(zip(said, origins, strict=True)):
        source = origin.source.lower()
        upper = "1" if token.text[:1].isupper() and n else "0"
        if source == before.source.lower() and source != "n" and origin.at == before.at + 1:
            joint: tuple[str, ...] = (f"j{origin.source}=",)
        else:
            jump = origin.at - last_q - 1 if source == "q" else 0
            jump = max(-_FAR, min(_FAR, jump))
            joint = (f"j{before.source}{origin.source}{jump}",)
            old = before.source.lower()
            if old != "n":
                at = before.at + 1
                here = lows[old]
                joint += (f"r{old}{here[at] if at < len(here) else _EDGE}",)
                joint += (f"x{old}{tags[old][at] if at < len(here) else _EDGE}",)
            if source != "n":
                at = origin.at - 1
                joint += (f"l{source}{lows[source][at] if at >= 0 else _EDGE}",)
                joint += (f"y{source}{tags[source][at] if at >= 0 else _EDGE}",)
        own = described_given if source == "a" else described
        yield (*own(token.lower, token.tags), f"o{origin.source}{upper}", *joint)
        if source == "q":
            last_q = origin.at
        before = origin


def asked_features(
    question: Sequence[Token], origins: Sequence[Origin]
) -> Iterator[tuple[str, ...]]:
    """Per word of the question, its features."""
    kept = {o.at: n for n, o in enumerate(origins) if o.source in "qQ"}
    for at, token in enumerate(question):
        place = kept.get(at)
        upper = "1" if token.text[:1].isupper() and at else "0"
        if place is None:
            state = "kx"
        else:
            following = kept.get(at + 1)
            goes = "e" if following is None else "=" if following == place + 1 else "j"
            state = f"k{origins[place].source}{goes}"
        yield (*described(token.lower, token.tags), f"{state}{upper}")


class Pair(NamedTuple):
    """What the network reads: feature names of the statement's and the question's words."""

    said: list[tuple[str, ...]]
    asked: list[tuple[str, ...]]
    derived: tuple[str, ...]


def read_pair(question: str, answer: str, statement: str, derived: tuple[str, ...]) -> Pair:
    """The features of a statement; ``derived``: of how it was made."""
    asked = cut(tokenise_question(question))
    given = cut(tokenise_question(answer.rstrip(" .!?")))
    said = cut(tokenise_question(statement.rstrip(" .")))
    origins = align(said, asked, given)
    return Pair(
        list(said_features(said, origins, asked, given)),
        list(asked_features(asked, origins)),
        (*derived, *_counts([t.lower for t in said], origins, asked, given)),
    )


def _counts(
    said: Sequence[str], origins: Sequence[Origin], asked: Sequence[Token], given: Sequence[Token]
) -> tuple[str, ...]:
    """Features of the whole: how many words were lost, added and moved."""
    kept = [o.at for o in origins if o.source in "qQ"]
    lost = len(asked) - len(kept)
    jumps = sum(b != a + 1 for a, b in pairwise(kept))
    back = sum(b < a for a, b in pairwise(kept))
    first = next((n for n, o in enumerate(origins) if o.source in "aA"), None)
    if first is None:
        where = "none"
    else:
        last = max(n for n, o in enumerate(origins) if o.source in "aA")
        where = "first" if not first else "last" if last == len(origins) - 1 else "inside"
    content = [t.lower for t in given if t.may("NVZTEGJX") and not t.may("BOHMW")]
    asked_words = {t.lower for t in asked}
    again = sum(word in asked_words for word in content)
    pairs = list(pairwise(said))
    return (
        f"#again{min(again, 4)}.{min(len(content), 5)}",
        f"#twice{min(len(pairs) - len(set(pairs)), 4)}",
        f"#lost{min(lost, 8)}",
        f"#new{min(sum(o.source == 'n' for o in origins), 6)}",
        f"#jumps{min(jumps, 5)}.{min(back, 2)}",
        f"#where{where}",
        f"#size{min(len(given), 10)}",
        f"#asked{min(len(asked) // 3, 10)}",
        f"#given{'.'.join(t.tags[:1] for t in given[:3])}",
        f"#ends{given[-1].tags if given else ''}",
    )
