"""Rows that ask the same, in one split or in two, and where the golds are: counted and told.

Two rows ask the same if their question, context and choices are equal as they are written, in any
order of the choices; white space and case are ignored. Each row leaves two numbers of 8 bytes: what
it asks, and its gold. They are kept in a hidden file beside the output, for the dataset's other
splits; the manifest has the sha256 of that file.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from operator import attrgetter, methodcaller
from pathlib import Path
from string import ascii_lowercase
from typing import Any, NamedTuple
from unicodedata import normalize
from zlib import crc32

from unifiedqa_convert.conversion.output_folder import MANIFEST, OutputFolder
from unifiedqa_convert.documents import read_json
from unifiedqa_convert.records.arrow import as_rows, column
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, YesNo, collapse
from unifiedqa_convert.storage import sha256_of

_AT_ONCE = 500_000
"""Rows whose hashes are compared at once, which bounds the memory."""

# Neither stands in a text whose white space is collapsed: both are white space.
_CHOICE, _PART = "\x1f", "\x1e"


def row_hashes(
    heads: Sequence[str], choices: Sequence[Sequence[str]], golds: Sequence[str | None]
) -> "array[int]":
    """Of each row the hash of what it asks, and that of its gold, 0 if it has no label.

    White space must be collapsed in all texts. What a row asks is 64 bits of the digest of its head
    and its sorted choices: among a million rows, two different ones have the same once in 37
    million times. Lists are folded whole, which is twice as fast as a call per text.
    """
    if not heads:
        return array("Q")
    text = "\n".join(map(_CHOICE.join, choices))
    if (folded := _fold(text)) != text:
        choices = [listed.split(_CHOICE) for listed in folded.split("\n")]
    rows = [
        f"{head}{_CHOICE}{_CHOICE.join(sorted(listed))}"
        for head, listed in zip(heads, choices, strict=True)
    ]
    digests = b"".join(map(methodcaller("digest"), map(blake2b, _folded(rows))))
    labelled = [gold for gold in golds if gold is not None]
    labels = [1 + crc for crc in map(crc32, _folded(labelled))]
    if len(labelled) < len(golds):
        known = iter(labels)
        labels = [0 if gold is None else next(known) for gold in golds]
    pairs = array("Q", bytes(16 * len(rows)))
    pairs[::2], pairs[1::2] = array("Q", digests)[::8], array("Q", labels)
    return pairs


def _folded(texts: Sequence[str]) -> list[bytes]:
    """Each text as it is compared; they have no line ends."""
    return _fold("\n".join(texts)).encode("utf-8", "surrogatepass").split(b"\n")


def _fold(text: str) -> str:
    """Without case; an accent is one character with its letter, where there is such a character."""
    return text.casefold() if text.isascii() else normalize("NFC", text.casefold())


def asked_by(
    converted: Sequence[Converted], irregular: Sequence[int], profile: Profile
) -> "array[int]":
    """The hashes of the examples of a chunk, as they will be written.

    ``irregular`` are the places of those whose texts may not be written as they are.
    """
    examples = [item.example for item in converted]
    heads = [
        e.question
        if not e.cue and e.context is None
        else asked_head(e.question_text, e.context or "")
        for e in examples
    ]
    choices: list[Sequence[str]] = [
        e.choices if type(e) is MultipleChoice else () for e in examples
    ]
    golds = [item.question.output for item in converted]
    for place, e in enumerate(examples):
        if type(e) is MultipleChoice and e.golds and len(e.golds) > 1:
            golds[place] = in_any_order([e.choices[gold] for gold in e.golds])
    if irregular:
        written = as_rows([converted[place] for place in irregular], "question", profile)
        columns = [column(written, name) for name in ASKED]
        for place, *cells in zip(irregular, *columns, strict=True):
            heads[place], choices[place], golds[place] = asked_texts(*cells)
    return row_hashes(heads, choices, golds)


ASKED = ("kind", "question", "context", "choices", "golds")
"""The columns of a question record that say what it asks."""


def asked_texts(
    kind: str,
    question: str,
    context: str | None,
    choices: Sequence[str],
    golds: Sequence[int] | None,
) -> tuple[str, Sequence[str], str | None]:
    """What ``row_hashes`` takes of a question record: its head, its choices, its gold."""
    head = asked_head(collapse(question), collapse(context or ""))
    if kind == FreeText.kind:  # an answer is one of many, so it is part of the question
        return asked_head(head, in_any_order(choices)), (), None if golds is None else ""
    gold = in_any_order([choices[gold] for gold in golds]) if golds else None
    return head, () if kind == YesNo.kind else [*map(collapse, choices)], gold


def asked_head(first: str, second: str) -> str:
    """Two texts whose white space is collapsed, so that they can be told apart."""
    return f"{first}{_PART}{second}" if second else first


def in_any_order(texts: Iterable[str]) -> str:
    """One text for all orders of these; white space and case are ignored."""
    return _CHOICE.join(sorted(_fold(collapse(text)) for text in texts))


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
    contradictory, equal = repeats_in(asked, golds)
    theirs = {split: [_read(path)[0] for path in paths] for split, paths in others.hashes.items()}
    parts = _parts(asked)
    shared: Counter[str] = Counter()
    for part in range(parts if theirs else 0):
        mine = Counter(_part(asked, part, parts))
        for split, found in theirs.items():
            there = set(chain.from_iterable(_part(keys, part, parts) for keys in found))
            shared[split] += sum(number for key, number in mine.items() if key in there)
    counts = {"equal": equal, "contradictory": contradictory, "other_splits": dict(+shared)}
    return {**counts, "not_compared": others.unknown}


def repeats_in(asked: "array[int]", golds: "array[int]") -> tuple[int, int]:
    """How many rows of one split have another gold than one that asks the same, and how many
    repeat an earlier one.
    """
    contradictory = equal = 0
    for places in groups_of(asked):
        group = Counter([golds[place] for place in places])
        labelled = [number for gold, number in group.items() if gold]
        if len(labelled) > 1:
            contradictory += sum(labelled)
        else:
            equal += group.total() - len(group)
    return contradictory, equal


def groups_of(asked: "array[int]") -> Iterator[list[int]]:
    """The places of rows that ask the same, for each question that is asked more than once."""
    parts = _parts(asked)
    for part in range(parts):
        keys = array("Q", _part(asked, part, parts))
        if len(set(keys)) == len(keys):  # as in most splits; a third of the time of counting them
            continue
        twice = {key for key, number in Counter(keys).items() if number > 1}
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for place, key in enumerate(asked):
            if key in twice:
                groups[key].append(place)
        yield from groups.values()


def _parts(asked: "array[int]") -> int:
    return 1 + len(asked) // _AT_ONCE


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
            manifest = read_json(manifest_file)
            other, digest = manifest["split"], manifest.get("row_hashes")
            if other == split or manifest["sample"] is not sample:
                continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not an output, or a damaged one, which `uqa check` finds
        if path.is_file() and sha256_of(path) == digest:
            found[other].append(path)
        else:
            unknown.add(other)
    return Others(dict(found), sorted(unknown))


def repeated_words(repeated: Mapping[str, Any] | None) -> Iterator[str]:
    """What is to be said of the rows that ask the same; nothing of an older manifest's."""
    if repeated is None:
        return
    if number := repeated["contradictory"]:
        yield f"{number:,} rows ask the same as another one and have another gold"  # at least two
    if number := repeated["equal"]:
        yield f"{_rows(number)} equal to an earlier one"
    for split, number in repeated["other_splits"].items():
        yield f"{_rows(number)} in split {split} too"
    for split in repeated.get("not_compared", ()):
        yield (
            f"not compared with the rows of split {split}, whose hidden .row-hashes is missing or "
            "another output's: convert that split again with --overwrite"
        )


def _rows(number: int) -> str:
    return f"{number:,} rows are" if number > 1 else "1 row is"


def gold_words(golds: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Where the golds are, and whether all are at one place, or none is at one.

    ``golds`` are the manifest's: by the number of choices, by place.
    """
    for names, counts in _gold_counts(golds):
        line = ", ".join(f"{counts[name]:,} {name}" for name in names)
        told = _one_sided(names, counts)
        yield f"golds: {line}{f': {told}' if told else ''}"


def one_sided_golds(golds: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """That all golds are at one place, or none at one; nothing of fewer golds than places."""
    for names, counts in _gold_counts(golds):
        told = _one_sided(names, counts)
        if told and sum(counts.values()) > len(names):
            yield f"golds: {told}"


def _one_sided(names: Sequence[str], counts: Mapping[str, int]) -> str:
    total, never = sum(counts.values()), [name for name in names if not counts[name]]
    if total < 2 or not never:
        return ""
    if len(never) == len(names) - 1:
        (only,) = set(names) - set(never)
        return f"all of them are {only}"
    return f"none is {' or '.join(never)}"


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
    chosen = [e for e in every if type(e) is MultipleChoice]
    sizes = map(len, map(attrgetter("choices"), chosen))
    placed = Counter(zip(sizes, map(attrgetter("golds"), chosen), strict=True))
    for (size, golds), number in placed.items():
        for gold in golds or ():
            found[f"golds/{size}/{ascii_lowercase[gold]}"] += number
    if len(chosen) == len(every):
        return found
    for answer, number in Counter([e.answer for e in every if type(e) is YesNo]).items():
        if answer is not None:
            found[f"golds/{YES_NO}/{'yes' if answer else 'no'}"] += number
    return found
