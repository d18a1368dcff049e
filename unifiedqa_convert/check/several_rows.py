"""What only several rows together show: the same row again, another gold, golds at one place."""

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

from unifiedqa_convert.check.findings import Findings, Unit
from unifiedqa_convert.conversion.repeats import groups_of, row_hashes

ENOUGH, SKEWED, EXPECTED = 12, 0.9, 5
"""The trap gold-position: at least 12 golds, of which 90 % have the same position. The trap
gold-never: a position without gold where chance would give 5."""
_AT_ONCE = 1_000
"""Rows that are hashed together."""


class Seen:
    """The place of each text's first occurrence; stores digests, so memory is bounded per text."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}

    def first(self, text: str, place: int) -> int | None:
        """The place of the text's first occurrence; None if this is the first, which is stored."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if digest in self._places:
            return self._places[digest]
        self._places[digest] = place
        return None


class Golds:
    """Counts the golds' positions."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._expected: Counter[int] = Counter()
        """For each number of choices, the rows that have so many."""

    def add(self, position: int, choices: int) -> None:
        """Count one row's gold."""
        self._counts[position] += 1
        self._expected[choices] += 1

    def traps(self) -> Iterator[tuple[str, str]]:
        """Whether almost all golds have one position, and which positions none has."""
        golds, most = self._counts.total(), max(self._counts.values(), default=0)
        if golds >= ENOUGH and most >= SKEWED * golds:
            (place, _), *_ = self._counts.most_common(1)
            where = f"({ascii_lowercase[place]}) in {most / golds:.0%} of {golds} rows"
            yield "gold-position", where
        elif golds >= ENOUGH:
            yield from (
                ("gold-never", f"({ascii_lowercase[n]}) in {golds} rows") for n in self._never()
            )

    def _never(self) -> Iterator[int]:
        for place in range(max(self._expected, default=0)):
            chance = sum(rows / size for size, rows in self._expected.items() if size > place)
            if chance >= EXPECTED and not self._counts[place]:
                yield place


class _File(NamedTuple):
    """A file of rows, and its first row's place among all."""

    start: int
    path: Path
    unit: Unit
    split: str


class Asked:
    """Finds rows that ask the same: question, context and choices, in any order.

    White space and case are ignored. 24 bytes a row are stored, and 50 MB are needed at the end.
    """

    def __init__(self) -> None:
        self._files: list[_File] = []
        self._asked, self._golds, self._numbers = array("Q"), array("Q"), array("q")
        self._waiting: list[tuple[str, Sequence[str], str | None]] = []

    def begin(self, path: Path, unit: Unit, split: str) -> None:
        """The rows that follow are those of this file."""
        self._hash()
        self._files.append(_File(len(self._asked), path, unit, split))

    def add(
        self, texts: tuple[str, Sequence[str], str | None], number: int, *, told: bool = False
    ) -> None:
        """Store a row: its head, its choices and its gold, white space collapsed.

        ``told`` if a finding says already that it is equal to another row.
        """
        self._waiting.append(texts)
        self._numbers.append(~number if told else number)
        if len(self._waiting) == _AT_ONCE:
            self._hash()

    def _hash(self) -> None:
        if self._waiting:
            pairs = row_hashes(*map(list, zip(*self._waiting, strict=True)))
            self._asked.extend(pairs[::2])
            self._golds.extend(pairs[1::2])
            self._waiting.clear()

    def hashes(self, start: int = 0) -> "array[int]":
        """What the rows from ``start`` on ask, and their golds, as ``row_hashes`` gives them."""
        self._hash()
        pairs = array("Q", bytes(16 * (len(self._asked) - start)))
        pairs[::2], pairs[1::2] = self._asked[start:], self._golds[start:]
        return pairs

    def __len__(self) -> int:
        self._hash()
        return len(self._asked)

    def report(self, found: Findings) -> None:
        """Add a finding for each group of rows with different golds, and for each row again."""
        self._hash()
        for places in groups_of(self._asked):
            self._contradiction(places, found)
            splits: defaultdict[str, list[int]] = defaultdict(list)
            for place in places:
                splits[self._file(place).split].append(place)
            for its in splits.values():
                self._equal(its, found)
            first, *others = splits.values()
            for place in (place for its in others for place in its):
                self._add("in-two-splits", place, self._words(first[0]), found)

    def _contradiction(self, places: list[int], found: Findings) -> None:
        labelled = [place for place in places if self._golds[place]]
        if len({self._golds[place] for place in labelled}) > 1:
            first = self._file(labelled[0]).path
            named = ", ".join(
                str(self._number(place)) if self._file(place).path == first else self._words(place)
                for place in labelled[:10]
            )
            more = ", …" if len(labelled) > 10 else ""
            self._add("contradictory-rows", labelled[0], named + more, found)

    def _equal(self, places: list[int], found: Findings) -> None:
        """Rows of one split with one gold; if they have several, that is told already."""
        first: dict[int, int] = {}
        if len({self._golds[place] for place in places} - {0}) > 1:
            return
        for place in places:
            earlier = first.setdefault(self._golds[place], place)
            if earlier != place and self._numbers[place] >= 0:
                self._add("equal-row", place, self._words(earlier), found)

    def _add(self, trap: str, place: int, detail: str, found: Findings) -> None:
        file = self._file(place)
        found.add(trap, file.path, self._number(place), detail, file.unit)

    def _file(self, place: int) -> _File:
        return self._files[bisect_right(self._files, place, key=lambda file: file.start) - 1]

    def _number(self, place: int) -> int:
        number = self._numbers[place]
        return number if number >= 0 else ~number

    def _words(self, place: int) -> str:
        """``train/data-00000.tsv line 3``."""
        file = self._file(place)
        return f"{file.split}/{file.path.name} {file.unit} {self._number(place)}".removeprefix("/")
