"""`uqa sources`: where datasets come from, whether their pins still hold, and moving a lock."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.datasets import origins
from unifiedqa_convert.datasets.catalogue import reach
from unifiedqa_convert.datasets.data_folder import looked_for
from unifiedqa_convert.datasets.lock import Entry, Lock
from unifiedqa_convert.datasets.proof import read_examples
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import ways
from unifiedqa_convert.errors import RowError, SourceError, UnreachableError, UsageError
from unifiedqa_convert.schema import Adapter, Repository
from unifiedqa_convert.transfers import Gone, HubDown


def status(dataset: str | None, lock: Lock) -> list[dict[str, Any]]:
    """Each dataset's splits: the repositories that have them, the proof, the lock; no network."""
    return [
        {
            "dataset": adapter.name,
            "reach": reach(adapter),
            "splits": {split: _split(adapter, split, lock) for split in adapter.source.splits},
        }
        for adapter in _adapters(dataset)
    ]


def _split(adapter: Adapter, split: str, lock: Lock) -> dict[str, Any]:
    entry = lock.entry(adapter.name, split)
    origin, refused = None, []
    try:
        origin = origins.known_origin(adapter, split, lock)
    except SourceError as error:  # an entry that contradicts a pin: the others are told still
        refused = [str(error)]
    pins = origin.pins() if origin else []
    return {
        "rows": adapter.source.splits[split].rows,
        "on this machine": bool(pins) and all(origins.cached(pin) for pin in pins),
        "sources": [
            {
                "host": it.host,
                "repository": it.name,
                "commit": it.commit,
                "proof": it.strength(split),
                "files": [vars(file) for file in it.files.get(split, ())],
                "evidence": it.evidence,
            }
            for it in adapter.source.having(split)
        ],
        "lock": entry.model_dump() if entry else None,
        "names": looked_for(adapter, split),
        "otherwise": [*refused, *(way.strip() for way in ways(adapter, split))],
    }


def check_pins(dataset: str | None, lock: Lock) -> list[dict[str, str]]:
    """For each dataset, whether its repositories still have the pinned or locked commit and files.

    ``result`` is ok, changed, unreachable or unpinned. A host that does not answer once is not
    asked again.
    """
    silent: dict[str, str] = {}  # by host: the dataset for which it did not answer
    return [_checked(adapter, lock, silent) for adapter in _adapters(dataset)]


def _checked(adapter: Adapter, lock: Lock, silent: dict[str, str]) -> dict[str, str]:
    details: list[str] = []
    results = set()
    for repository in _at_commits(adapter, lock):
        what = f"{repository.host} {repository.name}"
        try:
            if repository.host in silent:
                raise UnreachableError(
                    f"not checked, as it did not answer for {silent[repository.host]}"
                )
            changes = _changes(adapter, repository)
        except Gone as error:
            changes = [str(error)]
        except UnreachableError as error:
            if isinstance(error, HubDown):
                silent[repository.host] = adapter.name
            results.add("unreachable")
            details.append(f"{what}: {error}")
            continue
        except SourceError as error:
            changes = [str(error)]
        results.add("changed" if changes else "ok")
        details += [f"{what}: {change}" for change in changes]
    if not results:
        details = ["the first `uqa convert` or `uqa fetch` looks it up and records it in the lock"]
        details = details if adapter.source.repositories else [origins.by_hand(adapter)]
    worst = next((it for it in ("changed", "unreachable", "ok") if it in results), "unpinned")
    return {"dataset": adapter.name, "result": worst, "detail": "; ".join(details)}


def _at_commits(adapter: Adapter, lock: Lock) -> list[Repository]:
    """Its repositories at the commits that are pinned, and those that the lock names."""
    pinned = [it for it in adapter.source.repositories if it.commit is not None]
    locked = []
    for split, entry in lock.entries().get(adapter.name, {}).items():
        files = {split: entry.pinned()}
        host, name, commit = entry.host, entry.repository, entry.commit
        locked.append(Repository(host=host, name=name, commit=commit, files=files))
    return [*pinned, *locked]


def _changes(adapter: Adapter, repository: Repository) -> list[str]:
    """How the repository differs from what is pinned; empty if it does not."""
    _, listed = origins.files_at(repository, None, origins.home_of(adapter, repository))
    there = {file.path: file for file in listed}
    found: list[str] = []
    for pinned in (file for files in repository.files.values() for file in files):
        listed_now = there.get(pinned.path)
        change = origins.differing(pinned, listed_now) if listed_now else "not there any more"
        found += [f"{pinned.path}: {change}"] if change else []
    return found


def pins_exit_code(checked: list[dict[str, str]]) -> int:
    """4 if a pin no longer holds, 7 if a host was not reached, 0 otherwise."""
    results = {entry["result"] for entry in checked}
    if "changed" in results:
        return SourceError.exit_code
    return UnreachableError.exit_code if "unreachable" in results else 0


class MovedSplit(NamedTuple):
    """A split's entry before and after, and the rows that differ, by the ids of their examples."""

    split: str
    before: Entry | None
    after: Entry | None
    """None: a shipped pin proves the split, and wins over any lock."""
    added: list[str]
    removed: list[str]
    changed: list[str]
    why: str = ""
    """Why the rows can't be compared, or there is nothing to record; how they differ otherwise."""

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        entries = {"before": self.before, "after": self.after}
        return {**self._asdict(), **{name: it and it.model_dump() for name, it in entries.items()}}


def update(dataset: str, lock: Lock) -> list[MovedSplit]:
    """Look up the newest commit of each split that no shipped pin proves, and record it.

    All of them, or, if one of those that the lock has can't be had or fails the checks, none. One
    that it does not have and nobody publishes is left out. An entry that a pin replaces is removed.
    """
    if lock.only:
        raise UsageError("--update changes the lock, --locked forbids that: leave one out")
    adapter = load_adapter(dataset)
    moved = [_moved(adapter, split, lock) for split in adapter.source.splits]
    failed = [it.why for it in moved if it.after is None and it.why]
    if failed and all(it.after is None and it.before is None for it in moved):
        raise Gone(failed[0])
    for it in moved:
        if it.after != it.before:
            lock.record(adapter.name, it.split, it.after, before=it.before)
    return moved


def _moved(adapter: Adapter, split: str, lock: Lock) -> MovedSplit:
    """Before and after of one split; nothing is recorded yet."""
    repositories, before = adapter.source.having(split), lock.entry(adapter.name, split)
    if not repositories or origins.shipped(adapter, repositories[0], split):
        return MovedSplit(split, before, None, [], [], [])
    failed = []
    for repository in repositories:
        try:
            origin, branch = origins.looked_up(adapter, split, repository)
        except Gone as error:
            failed.append(str(error))
            continue
        entry, new, _ = origins.examined(adapter, split, origin, branch)
        old, why = _old_files(adapter, split, lock) if before else ((), "")
        differing = ([], [], []) if why else _difference(adapter, split, old, new)
        if before and not why and not any(differing) and before.digest != entry.digest:
            why = "the same rows in another order"
        return MovedSplit(split, before, entry, *differing, why)
    if before is None:
        return MovedSplit(split, None, None, [], [], [], "; ".join(failed))
    raise Gone("; ".join(failed))


def _old_files(adapter: Adapter, split: str, lock: Lock) -> tuple[tuple[Path, ...], str]:
    """What the lock names now, to be compared; none, and why, if it can't be had any more."""
    try:
        return origins.obtain(adapter, split, lock).files, ""
    except SourceError as error:
        return (), str(error)


def _difference(
    adapter: Adapter, split: str, old: Iterable[Path], new: Iterable[Path]
) -> tuple[list[str], list[str], list[str]]:
    """The rows that were added, removed, changed: by the row's own id, or else by its question."""
    before, after = (_keyed(adapter, split, files) for files in (old, new))
    shared = before.keys() & after.keys()
    return (
        sorted(after.keys() - shared),
        sorted(before.keys() - shared),
        sorted(key for key in shared if before[key] != after[key]),
    )


def _keyed(adapter: Adapter, split: str, files: Iterable[Path]) -> dict[str, str]:
    """Each example's record by a key of its own; one that occurs again gets a number."""
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    if not files:
        return found
    for row in read_examples(adapter, split, files):
        if row is None or isinstance(row, RowError):
            continue
        for example, record in row:
            key = example.id or record.input
            times[key] += 1
            number = f" ({times[key]})" if times[key] > 1 else ""
            found[f"{key}{number}"] = f"{record.input}\t{record.output}"
    return found


def _adapters(dataset: str | None) -> list[Adapter]:
    return list(catalogue().adapters.values()) if dataset is None else [load_adapter(dataset)]
