"""Distractors for the rows of a knowledge base, drawn from the values of its other rows.

A first pass over the file fills a pool. Its memory is bounded: per group the distinct values with
the smallest hashes, which don't depend on the order of the rows, and eight bytes per candidate.
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
"""Distinct values kept per group; with three draws a row, each is drawn about a hundred times."""


def draw_distractors(
    adapter: Adapter, split: str, first_pass: Iterable[NumberedRow], rows: Iterable[NumberedRow]
) -> Iterator[NumberedRow]:
    """The rows, each with its draws from the pool, which ``first_pass`` fills."""
    filled = _Filled(candidate for item in first_pass for candidate in _candidates(item))
    for item in rows:
        if not isinstance(item.row, Row) or item.row.pool is None or not isinstance(item.raw, dict):
            yield item
            continue
        name = f"{adapter.name}/{split}/{item.number}"
        pool, candidates = item.row.pool, item.row.offers()
        draws = [filled.draw(f"{name}/{n}", one, pool) for n, one in enumerate(candidates)]
        row = item.row.model_copy(update={pool.field: draws})
        yield NumberedRow(item.number, {**item.raw, pool.field: draws}, row)


def _candidates(item: NumberedRow) -> tuple[DistractorCandidate, ...]:
    return item.row.offers() if isinstance(item.row, Row) else ()


class _Filled:
    """The pool after the first pass."""

    def __init__(self, candidates: Iterable[DistractorCandidate]) -> None:
        groups: dict[str, _Smallest] = {}
        owned = array("Q")
        for one in candidates:
            owned.append(_owned(one.among, one.own, one.value))
            groups.setdefault(one.among, _Smallest()).add(one.value)
        self._owned = array("Q", sorted(owned))
        self._values = {among: group.values() for among, group in groups.items()}

    def draw(self, name: str, candidate: DistractorCandidate, pool: DistractorPool) -> list[str]:
        """Distinct values of other rows, by a hash of ``name``: the same on every machine."""
        values = self._values.get(candidate.among, [])
        found: list[str] = []
        tried: set[int] = set()
        for step in count():
            if len(found) == pool.draws or len(tried) == len(values) or step > 50 * pool.draws:
                return found
            place = _hash(f"{name}/{step}") % len(values)
            if place not in tried and not self._owns(candidate, values[place]):
                found.append(values[place])
            tried.add(place)
        raise AssertionError("count() has no end")

    def _owns(self, candidate: DistractorCandidate, value: str) -> bool:
        key = _owned(candidate.among, candidate.own, value)
        place = bisect_left(self._owned, key)
        return place < len(self._owned) and self._owned[place] == key


class _Smallest:
    """The ``KEPT`` distinct values with the smallest hashes."""

    def __init__(self) -> None:
        self._kept: set[str] = set()
        self._largest: list[tuple[int, str]] = []  # a heap of negated hashes

    def add(self, value: str) -> None:
        """Keep the value if its hash is small enough so far."""
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
