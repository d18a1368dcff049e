"""The embedded question converter with a confidence in each of its sentences.

The rules make the sentence; the network tells the probability that a careful person would have
written it so. A pair that comes again is looked up.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources

from unifiedqa_convert.question_converters.base import Ask, Fact, Sentence
from unifiedqa_convert.question_converters.learned.alignment import Pair, read_pair
from unifiedqa_convert.question_converters.learned.network import FILE, network
from unifiedqa_convert.question_converters.rules.converter import Rules

FALLBACK = 0.02
"""The confidence in *The answer to “…” is …*: of 25 such references, a person wrote none so."""
_MOST_KEPT = 100_000
"""Pairs that are kept: about 30 MB."""


class JudgedRules:
    """The rules, each sentence with its confidence."""

    name = Rules.name
    version = Rules.version

    def __init__(self) -> None:
        self._rules = Rules()
        self._kept: dict[Ask, Sentence] = {}

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The network's digest: another network tells other confidences."""
        return {"confidence": _digest()}

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` as of the rules."""
        fresh = [ask for ask in dict.fromkeys(asks) if ask not in self._kept]
        if len(self._kept) + len(fresh) > _MOST_KEPT:
            self._kept.clear()
            fresh = list(dict.fromkeys(asks))
        self._kept.update(zip(fresh, self._judged(fresh), strict=True))
        return [self._kept[ask] for ask in asks]

    def _judged(self, asks: Sequence[Ask]) -> list[Sentence]:
        made = self._rules.derived(asks)
        pairs: list[Pair] = []
        places: list[int] = []
        for place, (ask, (_, derived)) in enumerate(zip(asks, made, strict=True)):
            if derived is not None:
                pairs.append(read_pair(*ask, made[place][0].text, derived))
                places.append(place)
        found = dict(zip(places, network().confidences(pairs), strict=True))
        return [
            sentence._replace(confidence=found.get(place, FALLBACK))
            for place, (sentence, _) in enumerate(made)
        ]


@cache
def _digest() -> str:
    folder = resources.files("unifiedqa_convert.question_converters.learned")
    return sha256(folder.joinpath(FILE).read_bytes()).hexdigest()[:12]
