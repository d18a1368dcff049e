"""Rows that ask the same, in one split or in two, and where the golds are: counted and told.

Two rows ask the same if their question, context and choices are equal, whatever the order of the
choices; white space and case are ignored. Each row leaves two numbers of 8 bytes: what it asks, and
its gold. They are kept in a hidden file beside the output, for the dataset's other splits.
"""

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from operator import mul
from pathlib import Path
from string import ascii_lowercase
from typing import Any, NamedTuple
from zlib import adler32, crc32

from unifiedqa_convert.conversion.output_folder import MANIFEST, OutputFolder
from unifiedqa_convert.schema import Converted, Example, FreeText, MultipleChoice, YesNo, collapse

_AT_ONCE = 500_000
"""Rows whose hashes are compared at once, which bounds the memory."""
_MASK, _FACTOR = 2**64 - 1, 0x9E3779B97F4A7C15


def row_hashes(converted: Sequence[Converted], irregular: Sequence[int]) -> bytes:
    """Of each example the hash of what it asks, and that of its gold, 0 if it has no label.

    Checksums of a whole chunk's texts at once: a hash object per row would take a tenth of the
    conversion's time. The sum of the choices' squared checksums does not depend on their order.
    ``irregular`` are the places of examples whose white space may not be collapsed.
    """
    examples = [item.example for item in converted]
    heads = [
        e.question if not e.cue and e.context is None and type(e) is not FreeText else _head(e)
        for e in examples
    ]
    choices = [e.choices if type(e) is MultipleChoice else () for e in examples]
    for place in irregular:
        heads[place] = collapse(heads[place])
        choices[place] = tuple(map(collapse, choices[place]))
    texts = _folded(heads)
    sums = list(map(crc32, _folded([*chain.from_iterable(choices)])))
    ends = [0, *accumulate(map(len, choices))]
    squares = [0, *accumulate(map(mul, sums, sums))]
    asked = [
        ((crc << 32 | adler) + (squares[j] - squares[i]) * _FACTOR) & _MASK
        for crc, adler, (i, j) in zip(
            map(crc32, texts), map(adler32, texts), pairwise(ends), strict=True
        )
    ]
    golds = [
        sums[start + e.golds[0]] + 1
        if type(e) is MultipleChoice and e.golds and len(e.golds) == 1
        else _gold(e, sums, start)
        for e, start in zip(examples, ends, strict=False)
    ]
    return array("Q", chain.from_iterable(zip(asked, golds, strict=True))).tobytes()


def _head(example: Example) -> str:
    """Question and context; with a free answer, which is one of many, that too."""
    text = example.question_text
    if example.context is not None:
        text = f"{text} | {example.context}"
    if isinstance(example, FreeText):
        text = f"{text} | {' | '.join(sorted(example.answers or ()))}"
    return text


def _gold(example: Example, sums: Sequence[int], start: int) -> int:
    """Of choices the golds' checksums, of yes and no 1 or 2, 0 for no label."""
    if isinstance(example, MultipleChoice):
        golds = example.golds
        return sum([sums[start + gold] for gold in golds]) + 1 if golds else 0
    if isinstance(example, YesNo):
        return 0 if example.answer is None else 1 + example.answer
    return 0 if isinstance(example, FreeText) and example.answers is None else 1


def _folded(texts: Sequence[str]) -> list[bytes]:
    """The texts without their case; they have no line ends."""
    return "\n".join(texts).casefold().encode("utf-8").split(b"\n") if texts else []


class Others(NamedTuple):
    """The dataset's other splits that lie beside an output."""

    hashes: dict[str, list[Path]]
    """By split."""
    unknown: list[str]
    """Splits whose hashes are missing, or are not those of their output."""


def count_repeated(hashes: Path, others: Others) -> dict[str, Any]:
    """The manifest's ``repeated``, from the hashes of the output and those of other splits.

    ``contradictory``: rows that ask what another one asks and have another gold; ``equal``: rows
    that repeat an earlier one, gold included; ``other_splits``: rows that another split asks too;
    ``not_compared``: splits of which that is not known.
    """
    asked, golds = _read(hashes)
    theirs = {split: [_read(path)[0] for path in paths] for split, paths in others.hashes.items()}
    parts = 1 + len(asked) // _AT_ONCE
    equal = contradictory = 0
    shared: Counter[str] = Counter()
    for part in range(parts):
        mine = Counter(_part(asked, part, parts))
        twice = {key for key, number in mine.items() if number > 1}
        groups: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for key, gold in zip(asked, golds, strict=True) if twice else ():
            if key in twice:
                groups[key][gold] += 1
        for group in groups.values():
            labelled = [number for gold, number in group.items() if gold]
            if len(labelled) > 1:
                contradictory += sum(labelled)
            else:
                equal += group.total() - len(group)
        for split, found in theirs.items():
            there = set(chain.from_iterable(_part(keys, part, parts) for keys in found))
            shared[split] += sum(number for key, number in mine.items() if key in there)
    counts = {"equal": equal, "contradictory": contradictory, "other_splits": dict(+shared)}
    return {**counts, "not_compared": others.unknown}


def _read(path: Path) -> tuple["array[int]", "array[int]"]:
    pairs = array("Q", path.read_bytes())
    return pairs[::2], pairs[1::2]


def _part(keys: Iterable[int], part: int, parts: int) -> Iterable[int]:
    return keys if parts == 1 else (key for key in keys if key % parts == part)


def other_splits(place: OutputFolder, split: str, sample: bool) -> Others:
    """The other splits' hashes, and the splits that have none."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    unknown = set()
    for manifest_file in sorted(place.final.parent.glob(f"*/{MANIFEST}")):
        path = OutputFolder(manifest_file.parent).row_hashes
        try:
            manifest = json.loads(manifest_file.read_bytes())
            other, whole = manifest["split"], sum(manifest["counts"]["examples"].values())
            if other == split or manifest["sample"] is not sample:
                continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not an output, or a damaged one, which `uqa check` finds
        if path.is_file() and path.stat().st_size == 16 * whole:
            found[other].append(path)
        else:
            unknown.add(other)
    return Others(dict(found), sorted(unknown))


def repeated_words(repeated: Mapping[str, Any] | None) -> Iterator[str]:
    """What is to be said of the rows that ask the same; nothing of an older manifest's."""
    if repeated is None:
        return
    if number := repeated["contradictory"]:
        yield f"{number:,} rows ask the same as another one and have another gold"
    if number := repeated["equal"]:
        yield f"{number:,} rows are equal to an earlier one"
    for split, number in repeated["other_splits"].items():
        yield f"{number:,} rows are in split {split} too"
    for split in repeated.get("not_compared", ()):
        yield (
            f"not compared with the rows of split {split}, whose hidden .row-hashes is missing or "
            "another output's: convert that split again with --overwrite"
        )


def gold_words(golds: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Where the golds are, and whether all are at one place, or none is at one.

    ``golds`` are the manifest's: by the number of choices, by place.
    """
    for names, counts in _gold_counts(golds):
        total = sum(counts.values())
        line = ", ".join(f"{counts[name]:,} {name}" for name in names)
        never = [name for name in names if not counts[name]]
        if total > 1 and len(never) == len(names) - 1:
            (only,) = set(names) - set(never)
            line += f": all of them are {only}"
        elif total > 1 and never:
            line += f": none is {' or '.join(never)}"
        yield f"golds: {line}"


def _gold_counts(
    golds: Mapping[str, Mapping[str, int]],
) -> Iterator[tuple[list[str], Counter[str]]]:
    """The names of the places, and the golds at each: of choices, and of yes and no."""
    letters: Counter[str] = Counter()
    for size, places in golds.items():
        if size != YES_NO:
            letters.update({f"({place})": number for place, number in places.items()})
    if sizes := [int(size) for size in golds if size != YES_NO]:
        yield [f"({letter})" for letter in ascii_lowercase[: max(sizes)]], letters
    if YES_NO in golds:
        yield ["yes", "no"], Counter(golds[YES_NO])


YES_NO = "yes_no"


def gold_counts(examples: Iterable[Example]) -> Counter[str]:
    """The counts ``golds/<number of choices>/<letter>`` and ``golds/yes_no/<answer>``."""
    every = list(examples)
    found: Counter[str] = Counter()
    placed = Counter([(len(e.choices), e.golds) for e in every if type(e) is MultipleChoice])
    for (size, golds), number in placed.items():
        for gold in golds or ():
            found[f"golds/{size}/{ascii_lowercase[gold]}"] += number
    for answer, number in Counter([e.answer for e in every if type(e) is YesNo]).items():
        if answer is not None:
            found[f"golds/{YES_NO}/{'yes' if answer else 'no'}"] += number
    return found
