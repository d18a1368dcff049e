"""How often a run of ``--objective text`` sees the records of each of its datasets.

``size``: each record once an epoch. With a limit, a dataset has at most so many there: T5's
examples-proportional mixing (Raffel et al. 2020, section 3.5.2). ``equal``: as many records of each
dataset, whatever its size; an epoch has as many of each as the largest dataset has. That is
UnifiedQA's mixture, one rate for each task (allenai/unifiedqa, tasks.py), which draws at random:
here the shares are exact.

Each dataset is an endless sequence of shuffled passes over its records, and an epoch takes the next
ones of it: those of one dataset are seen equally often, up to one time.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unifiedqa_convert.errors import UsageError
from vera_model.config import Mix
from vera_model.data.problems import Ints

_SHUFFLED = 1024  # records at least that are shuffled at once


class Mixture:
    """The datasets of n records, and how many records of each an epoch has."""

    def __init__(
        self,
        tasks: Sequence[str],
        mix: Mix = "size",
        limit: int | None = None,
        together: Sequence[str] = (),
    ) -> None:
        """``tasks``: each record's dataset, (n,). ``together``: names of datasets that count as
        one, joined by ``+``; UsageError for one that has no record.
        """
        joined = {name: group for group in together for name in group.split("+")}
        if unknown := joined.keys() - set(tasks):
            raise UsageError(
                f"--mix-together: no record to train on is of {', '.join(sorted(unknown))}, but of "
                f"{', '.join(sorted(set(tasks)))}: correct the names"
            )
        own = np.array([joined.get(task, task) for task in tasks], object)
        found, of = np.unique(own, return_inverse=True)
        self.names: list[str] = found.tolist()
        """The k datasets, sorted; of those together, their names joined."""
        self.mix, self.limit = mix, limit
        self.records: Ints = np.bincount(of, minlength=len(found)).astype(np.int64)
        """Records of each, (k,)."""
        largest = int(self.records.max(initial=0))
        shares = np.full_like(self.records, largest) if mix == "equal" else self.records
        self.per_epoch: Ints = np.minimum(shares, largest if limit is None else limit)
        """Records of each in an epoch, (k,)."""
        self._places = [np.flatnonzero(of == number) for number in range(len(found))]
        self._of = of

    @property
    def is_plain(self) -> bool:
        """Whether an epoch is every record once, in any order."""
        return self.mix == "size" and self.limit is None

    @property
    def rates(self) -> NDArray[np.float64]:
        """The share of each dataset in the records that are seen, (k,)."""
        rates: NDArray[np.float64] = self.per_epoch / max(int(self.per_epoch.sum()), 1)
        return rates

    def draw(self, seed: int, epoch: int, generator: np.random.Generator) -> tuple[Ints, Ints]:
        """The records of an epoch by number, and the number of each one's dataset.

        They are in an order in which any run of consecutive ones has each dataset's share of them,
        up to one record. ``generator`` draws which dataset is first.
        """
        counts = self.per_epoch
        places = [self._next(number, seed, epoch) for number in range(len(counts))]
        starts = generator.random(len(counts))
        along = [(np.arange(n) + start) / n for n, start in zip(counts, starts, strict=True)]
        order = np.argsort(np.concatenate(along), kind="stable")
        of = np.repeat(np.arange(len(counts)), counts)
        return np.concatenate(places)[order], of[order]

    def count(self, places: Ints) -> Ints:
        """How many of these records each dataset has, (k,)."""
        return np.bincount(self._of[places], minlength=len(self.names)).astype(np.int64)

    def describe(self, seen: Ints) -> dict[str, Any]:
        """For metrics.json; ``seen``: how many records of each were trained on, repeats counted."""
        columns = (self.names, self.records, self.rates, self.per_epoch, seen)
        return {
            "mix": self.mix,
            "limit": self.limit,
            "records_per_epoch": int(self.per_epoch.sum()),
            "datasets": {
                name: {
                    "records": int(records),
                    "rate": float(rate),
                    "per_epoch": int(per_epoch),
                    "seen": int(trained),
                }
                for name, records, rate, per_epoch, trained in zip(*columns, strict=True)
            },
        }

    def _next(self, number: int, seed: int, epoch: int) -> Ints:
        """The part of a dataset's endless sequence that is this epoch's."""
        own, count = self._places[number], int(self.per_epoch[number])
        passes = -(-_SHUFFLED // len(own))
        size = passes * len(own)
        first = epoch * count
        blocks = [
            np.random.default_rng([seed, number, block])
            .permuted(np.tile(own, (passes, 1)), axis=1)
            .ravel()
            for block in range(first // size, -(-(first + count) // size))
        ]
        start = first % size
        drawn: Ints = np.concatenate(blocks)[start : start + count]
        return drawn
