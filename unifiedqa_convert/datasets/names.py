"""Names that people type → datasets: names of papers and tools, ids of the hub, near misses.

A dataset's own name always wins. After it come the names that adapters state (``aliases``, and
``unclear`` for those with a second meaning), then the ids of their sources on the hub:
``owner/name``, ``owner/name:config`` and ``name:config``. Case does not matter, ``-`` or a space
stands for ``_``, and no other character takes part: what looks like a name but is none stays
unknown.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.schema import Adapter

_NAME = "[A-Za-z0-9_]+(?:[ -][A-Za-z0-9_]+)*"
_PART = "[A-Za-z0-9_.-]+"
_TYPED = re.compile(f"(?:{_NAME}|{_PART}/{_PART})(?::{_PART})?")


class Meanings(NamedTuple):
    """What a name may mean."""

    datasets: tuple[str, ...]
    """Datasets, by their own names."""
    elsewhere: tuple[str, ...]
    """What else, in words."""


def plain(name: str) -> str:
    """The name in lower case with ``_``; unchanged if it can't be a dataset's name or hub id."""
    return re.sub("[ -]", "_", name.lower()) if _TYPED.fullmatch(name) else name


def hub_ids(adapter: Adapter) -> Iterator[str]:
    """The plain ids under which the hub has the dataset's source."""
    for repository in adapter.source.repositories:
        if repository.host == "hub":
            yield plain(repository.name)
            if repository.config is not None:
                full = plain(f"{repository.name}:{repository.config}")
                yield from (full, full.partition("/")[2])


def meanings(name: str, adapters: Mapping[str, Adapter]) -> Meanings:
    """Everything that the name may mean; nothing if it is unknown."""
    key = plain(name)
    if key in adapters:
        return Meanings((key,), ())
    every = adapters.values()
    datasets = [it.name for it in every if key in it.aliases or key in it.unclear]
    others = [it.unclear[key] for it in every if key in it.unclear]
    if not datasets:
        datasets = [it.name for it in every if key in hub_ids(it)]
    datasets += [other for other in others if other in adapters]
    elsewhere = tuple(other for other in others if other not in adapters)
    return Meanings(tuple(dict.fromkeys(datasets)), elsewhere)


def taken_for(name: str, adapters: Mapping[str, Adapter]) -> str | None:
    """The dataset that the name means, None if it is unknown; UsageError if there are several."""
    datasets, elsewhere = meanings(name, adapters)
    if len(datasets) + len(elsewhere) > 1:
        advice = f"type {_or(datasets)} if you mean {'one of them' if datasets[1:] else 'that'}"
        raise UsageError(
            f"{name!r} can mean {_or((*datasets, *elsewhere))}: "
            + (advice if elsewhere else "type the one you mean")
        )
    return datasets[0] if datasets else None


def near(name: str, adapters: Mapping[str, Adapter]) -> list[str]:
    """Up to three datasets with a similar name or alias.

    Those that begin as ``name`` does go first: Vera's before others, the largest before smaller.
    """

    def rank(known: str) -> tuple[bool, int, str]:
        adapter = adapters[known]
        sizes = [split.rows or 0 for split in adapter.source.splits.values()]
        return adapter.partition == "none", -max(sizes, default=0), known

    words = {alias: it.name for it in adapters.values() for alias in (*it.aliases, *it.unclear)}
    words |= {known: known for known in adapters}
    # Of an unknown id of the hub: its name without the owner, then its configuration.
    for part in plain(name).rpartition("/")[2].split(":")[:2]:
        begun = {known for word, known in words.items() if word.startswith(part)}
        if len(part) > 2 and begun:
            return sorted(begun, key=rank)[:3]
        close = [words[word] for word in difflib.get_close_matches(part, words, 3, 0.7)]
        if close:
            return list(dict.fromkeys(close))
    return []


def _or(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
