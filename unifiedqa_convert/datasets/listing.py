"""Which files of a listing hold a split, by their names: of a repository's, or of a folder's.

``data/train-00000-of-00002.parquet``, ``main/validation/0000.parquet``, ``dev.jsonl``,
``piqa_train.parquet``: the split stands in the file's name, or else in its folder's.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from unifiedqa_convert.errors import SourceError

_TEXTS = (".jsonl", ".ndjson", ".jsonlines", ".json", ".csv", ".tsv")
DATA = (".parquet", ".arrow", ".feather", *_TEXTS, *(f"{end}.gz" for end in _TEXTS))
"""Endings of data files, the preferred ones first; other files are never taken from a listing."""
TAKEN = (*DATA, ".txt", ".lst", ".xml", ".txt.gz", ".xml.gz")
"""Endings of files that are ever downloaded: data, labels; never code."""
SPLIT_ALIASES = {"dev": "validation", "val": "validation", "valid": "validation"}
METADATA = {"state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"}
"""Files that ``datasets`` writes beside the data."""
_PART = re.compile(
    r"((?P<start>.+?)-(?=\d{5}\.|\d+-of-))?(?P<number>\d{4,5})(-of-(?P<of>\d{4,5}))?(?P<end>(\.\w+)+)"
)
"""The name of one of several files: ``train-00000-of-00002.parquet``, ``0000.parquet``."""
_COMMON = {"data", "default", "plain_text"}
"""Folders of a repository that are no configuration's own."""


class Wanted(NamedTuple):
    """A split to be found in a listing."""

    split: str
    """The name by which the files are called."""
    others: tuple[str, ...] = ()
    """The names of the dataset's other splits, to which a file may belong instead."""
    config: str | None = None
    """The hub's name of the configuration: where several folders have the split, this one's."""


def canonical_split(name: str) -> str:
    """The split's canonical name: dev, val and valid are aliases of validation."""
    return SPLIT_ALIASES.get(name, name)


def files_of(wanted: Wanted, paths: Iterable[str]) -> tuple[str, ...]:
    """The data files of the split, all parts in order; none if there are none.

    SourceError, with all names, if several files could be it or a part is missing.
    """
    found = [path for path in paths if is_data_file(path) and _is_of(wanted, path)]
    if wanted.config is not None:
        own = [path for path in found if wanted.config in path.split("/")[:-1]]
        found = own or [path for path in found if not _is_of_configuration(wanted, path)]
    groups: dict[str, list[str]] = {}
    for path in sorted(found):
        groups.setdefault(_without_part(path), []).append(path)
    if len(groups) > 1:
        groups = _preferred(groups)
    if len(groups) > 1:
        listed = ", ".join(sorted(found)[:8]) + (" …" if len(found) > 8 else "")
        raise SourceError(f"{wanted.split} could be any of {listed}")
    parts = tuple(next(iter(groups.values()), ()))
    _refuse_incomplete(parts)
    return parts


def is_data_file(path: str) -> bool:
    """True if the file's name is one of data; ``cache-….arrow`` is what ``map`` left."""
    name = path.rpartition("/")[2]
    left_over = name.startswith("cache-") and name.endswith(".arrow")
    return path.lower().endswith(DATA) and name not in METADATA and not left_over


def words_of(path: str) -> set[str]:
    """The words of the file's name, without the number of a part and the endings."""
    name = _without_part(path).rpartition("/")[2]
    return set(_words(name.partition(".")[0]))


def _is_of_configuration(wanted: Wanted, path: str) -> bool:
    """True if a folder on the way is another configuration's: no common one, no split's."""
    names = (wanted.split, *wanted.others)
    return any(
        folder not in _COMMON and not any(_length_in(split, folder) for split in names)
        for folder in path.split("/")[:-1]
    )


def _is_of(wanted: Wanted, path: str) -> bool:
    """True if the file's name, or else its folder's, names the split and no other one of it."""
    *folders, name = path.split("/")
    names = (wanted.split, *wanted.others)
    for text in (name, *folders[-1:]):
        found = {split: length for split in names if (length := _length_in(split, text))}
        if found:
            return max(found, key=lambda split: found[split]) == wanted.split
    return False


def _length_in(split: str, text: str) -> int:
    """The number of words of the split's name if the text holds them in order, else 0."""
    words = [canonical_split(word) for word in _words(text)]
    own = [canonical_split(word) for word in _words(split)]
    starts = range(len(words) - len(own) + 1)
    return len(own) if any(words[i : i + len(own)] == own for i in starts) else 0


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", text.lower())


def _without_part(path: str) -> str:
    """The path without the number of a part: the same for all files of a split."""
    folder, _, name = path.rpartition("/")
    part = _PART.fullmatch(name)
    return f"{folder}/{part['start'] or ''}{part['end']}" if part else path


def _preferred(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of copies that differ only in their format, the one whose format stands first in DATA."""

    def rank(key: str) -> int:
        return next(place for place, end in enumerate(DATA) if key.lower().endswith(end))

    kept: dict[str, str] = {}
    for key in sorted(groups, key=rank):
        kept.setdefault(re.sub(r"(\.\w+)+$", "", key), key)
    return {key: groups[key] for key in kept.values()}


def _refuse_incomplete(parts: tuple[str, ...]) -> None:
    """SourceError if a part is missing, or the folder says that it holds a part of the rows only.

    The hub converts a large dataset in part, into folders such as ``partial-train``.
    """
    if any(folder.startswith("partial-") for path in parts for folder in path.split("/")):
        raise SourceError(f"{parts[0]}: the hub converted only a part of this split")
    for place, path in enumerate(parts):
        part = _PART.fullmatch(path.rpartition("/")[2])
        if part and (int(part["number"]) != place or int(part["of"] or len(parts)) != len(parts)):
            raise SourceError(f"{path}: other parts of this split are missing")
