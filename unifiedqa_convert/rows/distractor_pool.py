"""The first pass over a knowledge base: what each row may draw its distractors from.

Memory is bounded: per group the distinct values with the smallest hashes are kept, the same ones
in whatever order the rows come, and eight bytes for each thing that a row owns.
"""

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import count

from unifiedqa_convert.rows.shapes import NumberedRow
from unifiedqa_convert.schema import Adapter, DistractorCandidate, DistractorPool, Row

KEPT = 20_000
"""Distinct values kept per group; with three draws a row, each is drawn some hundred times."""


def draw_distractors(
    adapter: Adapter, split: str, first_pass: Iterable[NumberedRow], rows: Iterable[NumberedRow]
) -> Iterator[NumberedRow]:
    """The rows, each with what its offers drew from the pool that the first pass filled."""
    filled = _Filled(offer for item in first_pass for offer in _offers(item))
    for item in rows:
        if not isinstance(item.row, Row) or item.row.pool is None or not isinstance(item.raw, dict):
            yield item
            continue
        name = f"{adapter.name}/{split}/{item.number}"
        pool, offers = item.row.pool, item.row.offers()
        draws = [filled.draw(f"{name}/{n}", offer, pool) for n, offer in enumerate(offers)]
        row = item.row.model_copy(update={pool.field: draws})
        yield NumberedRow(item.number, {**item.raw, pool.field: draws}, row)


def _offers(item: NumberedRow) -> tuple[DistractorCandidate, ...]:
    return item.row.offers() if isinstance(item.row, Row) else ()


class _Filled:
    """The pool after the first pass."""

    def __init__(self, offers: Iterable[DistractorCandidate]) -> None:
        groups: dict[str, _Smallest] = {}
        owned = array("Q")
        for offer in offers:
            owned.append(_owned(offer.among, offer.own, offer.value))
            groups.setdefault(offer.among, _Smallest()).add(offer.value)
        self._owned = array("Q", sorted(owned))
        self._values = {among: group.values() for among, group in groups.items()}

    def draw(self, name: str, offer: DistractorCandidate, pool: DistractorPool) -> list[str]:
        """Distinct values of other rows, by a hash of ``name``: the same on every machine."""
        values = self._values.get(offer.among, [])
        found: list[str] = []
        tried: set[int] = set()
        for step in count():
            if len(found) == pool.draws or len(tried) == len(values) or step > 50 * pool.draws:
                return found
            place = _hash(f"{name}/{step}") % len(values)
            if place not in tried and not self._owns(offer, values[place]):
                found.append(values[place])
            tried.add(place)
        raise AssertionError("count() has no end")

    def _owns(self, offer: DistractorCandidate, value: str) -> bool:
        key = _owned(offer.among, offer.own, value)
        place = bisect_left(self._owned, key)
        return place < len(self._owned) and self._owned[place] == key


class _Smallest:
    """The ``KEPT`` distinct values with the smallest hashes."""

    def __init__(self) -> None:
        self._kept: set[str] = set()
        self._largest: list[tuple[int, str]] = []  # a heap of negated hashes

    def add(self, value: str) -> None:
        """Keep the value if it belongs to them so far."""
        if value in self._kept:
            return
        entry = (-_hash(value), value)
        if len(self._kept) < KEPT:
            heapq.heappush(self._largest, entry)
        else:
            dropped = heapq.heappushpop(self._largest, entry)
            self._kept.discard(dropped[1])
            if dropped is entry:
                return
        self._kept.add(value)

    def values(self) -> list[str]:
        """In the order of their hashes."""
        return [value for _, value in sorted(self._largest, reverse=True)]


def _owned(among: str, own: str, value: str) -> int:
    return _hash(f"{among}\0{own}\0{value}")


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
