"""The embedded question converter: the rules, judged.

The network judges what the rules write. Where it doubts, it compares what they would have written
for another kind of answer or another start of the predicate, and takes the best of these if that is
better by a margin. Rules that are right nearly always (most stems and blanks) are not judged: their
sentences have the share that was right.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from unifiedqa_convert.question_converters.base import Ask, Fact, Sentence
from unifiedqa_convert.question_converters.learned.alignment import read_pair
from unifiedqa_convert.question_converters.learned.network import digest, network, rule_key
from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.converter import (
    OWN,
    VERSION,
    VIA,
    Made,
    attached,
    candidates,
    fallback,
    fits,
    rules_own,
)

FALLBACK = 0.02
"""The confidence in *The answer to “…” is …*: of 13 such sentences for the references, none was as
a person wrote."""
_AUXILIARIES = words.BE | words.DO | words.HAVE | words.MODAL
_MOST_KEPT = 100_000
"""Pairs that are kept: about 30 MB."""


class Judged(NamedTuple):
    """A sentence with its score."""

    sentence: str
    score: float


class JudgedRules:
    """Turns questions and answers into statements, each with its confidence."""

    name = "rules"
    version = VERSION

    def __init__(self) -> None:
        self._kept: dict[Ask, Sentence] = {}

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The network's digest: another network chooses and trusts other sentences."""
        return {"network": digest()}

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` is ``rules-fallback`` if no rule matched."""
        fresh = [ask for ask in dict.fromkeys(asks) if ask not in self._kept]
        if len(self._kept) + len(fresh) > _MOST_KEPT:
            self._kept.clear()
            fresh = list(dict.fromkeys(asks))
        self._kept.update(zip(fresh, _sentences(fresh), strict=True))
        return [self._kept[ask] for ask in asks]


def _sentences(asks: Sequence[Ask]) -> list[Sentence]:
    plain = [attached(ask) for ask in asks]
    made = [rules_own(ask) for ask in plain]
    matched = [
        (ask, own._replace(derived=(*own.derived, OWN)))
        for ask, own in zip(plain, made, strict=True)
        if own is not None
    ]
    chosen = iter(choose(matched))
    return [
        fallback(ask)._replace(confidence=FALLBACK) if own is None else next(chosen)
        for ask, own in zip(plain, made, strict=True)
    ]


def choose(matched: Sequence[tuple[Ask, Made]]) -> list[Sentence]:
    """Per ask and the rules' own sentence, the sentence to say, with its confidence."""
    judge = network()
    told = [judge.known.get(rule_key(own.derived)) for _, own in matched]
    asked = [pair for pair, known in zip(matched, told, strict=True) if known is None]
    judged = iter(_judged(asked))
    return [
        next(judged) if known is None else Sentence(own.sentence, VIA, known)
        for (_, own), known in zip(matched, told, strict=True)
    ]


def _judged(matched: Sequence[tuple[Ask, Made]]) -> list[Sentence]:
    judge = network()
    own = _scores(matched)
    best = [Judged(made.sentence, score) for (_, made), score in zip(matched, own, strict=True)]
    doubted = [n for n, score in enumerate(own) if score < judge.doubt]
    others = [(n, matched[n][0], other) for n in doubted for other in _others(*matched[n])]
    for (n, _, other), score in zip(others, _scores([pair[1:] for pair in others]), strict=True):
        if score > max(best[n].score, own[n] + judge.margin):
            best[n] = Judged(other.sentence, score)
    told = judge.calibrated([judged.score for judged in best])
    return [
        Sentence(judged.sentence, VIA, confidence)
        for judged, confidence in zip(best, told, strict=True)
    ]


def _scores(pairs: Sequence[tuple[Ask, Made]]) -> list[float]:
    read = [read_pair(*ask, made.sentence, made.derived) for ask, made in pairs]
    return network().scores(read)


def _others(ask: Ask, own: Made) -> list[Made]:
    """The distinct other candidates."""
    found = {other.sentence: other for other in reversed(list(candidates(ask)))}
    found.pop(own.sentence, None)
    asks = _asks(own.sentence)
    return [
        other
        for other in reversed(found.values())
        if fits(other.sentence, ask) and (asks or not _asks(other.sentence))
    ]


def _asks(sentence: str) -> bool:
    """True if a sentence starts like a yes/no question."""
    return sentence.partition(" ")[0].lower() in _AUXILIARIES
