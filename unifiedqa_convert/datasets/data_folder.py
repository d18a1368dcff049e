"""A split's files in a folder of downloads: the archives, their folders, repositories, copies.

What counts for a dataset: a file with the authors' name in the folder itself; whatever lies in the
subfolder ``<dataset>``; a folder or an archive with the name of the authors' download
(``Source.downloads``) or of a repository of the dataset; and an archive that holds such a folder.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from unifiedqa_convert.datasets.listing import (
    DATA,
    SPLIT_ALIASES,
    Wanted,
    canonical_split,
    files_of,
    is_data_file,
    words_of,
)
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.archives import Archive, archive_name, is_plain
from unifiedqa_convert.rows.companion_files import expected_names
from unifiedqa_convert.rows.compression import BINARY
from unifiedqa_convert.schema import Adapter, Repository
from unifiedqa_convert.storage import sha256_of

MOST_FILES = 50_000
"""Maximum files that are looked at below one folder."""
STATE = "state.json"
"""What ``save_to_disk`` writes beside the Arrow files of a split."""
"""Formats that no authors publish: files of a copy, also beside files with the authors' names."""
_USUAL = {"data", "dataset", "part", "of"}
"""Words of file names that say nothing about what the file holds."""


class Tree(Protocol):
    """A folder or an archive; names are relative, with ``/``."""

    @property
    def name(self) -> str:
        """Its own, without an archive's suffix."""

    @property
    def paths(self) -> list[str]:
        """All files."""

    def has(self, name: str) -> bool:
        """True if it holds that file."""

    def files(self, names: Iterable[str]) -> tuple[Path, ...]:
        """These files on disk."""


class Folder:
    """A folder on disk, without hidden files; with ``start``, only its own files that start so."""

    def __init__(self, root: Path, start: str | None = None) -> None:
        self.root, self.name, self.start = root, root.resolve().name, start

    def __str__(self) -> str:
        return str(self.root)

    @cached_property
    def paths(self) -> list[str]:
        """All files below it, sorted; of links to folders, only its own are followed."""
        if self.start is not None:
            return sorted(path.name for path in self.root.glob(f"{self.start}*") if path.is_file())
        found: list[str] = []
        for parent, folders, names in os.walk(self.root, followlinks=True):
            inner = Path(parent).relative_to(self.root)
            followed = [
                it for it in folders if not inner.parts or not Path(parent, it).is_symlink()
            ]
            folders[:] = sorted(name for name in followed if is_plain(name))
            found += ((inner / name).as_posix() for name in sorted(names) if is_plain(name))
            if len(found) > MOST_FILES:
                raise SourceError(f"{self.root}: more than {MOST_FILES} files; give a smaller one")
        return found

    def has(self, name: str) -> bool:
        """True if it holds that file."""
        return (self.root / name).is_file()

    def files(self, names: Iterable[str]) -> tuple[Path, ...]:
        """These files on disk."""
        return tuple(self.root / name for name in names)


class Candidate(NamedTuple):
    """Files that may be the split's: rows, and companion files beside them."""

    where: str
    rows: tuple[Path, ...]
    beside: tuple[Path, ...]


def check_folder(folder: Path, option: str) -> None:
    """SourceError if there is no such folder; ``option`` is what named it."""
    if not folder.is_dir():
        if folder.exists():
            raise SourceError(f"{option} {folder} is a file: name the folder that it lies in")
        raise SourceError(f"{option} {folder}: no such folder; correct the path")


def in_folder(adapter: Adapter, split: str, folder: Path, option: str) -> tuple[Path, ...]:
    """The one place in the folder where the split's files of rows lie; all of them, in order.

    SourceError if there is none, or several with different bytes. ``option`` is what named the
    folder, for the message.
    """
    check_folder(folder, option)
    search, wanted = _Search(adapter, split), f"{adapter.name}/{split}"
    try:
        found = list({found.rows: found for found in search.everything(folder)}.values())
        # Links and copies with the same bytes are not ambiguous.
        several = len(found) > 1
        distinct = {tuple(map(sha256_of, it.rows + it.beside)) for it in found} if several else {()}
    except SourceError as error:
        raise SourceError(f"{option}: {wanted}: {error}") from None
    except OSError as error:
        raise SourceError(f"{option} {folder}: {error}") from None
    if not found:
        raise SourceError(f"{wanted}: {search.missing(f'{option} {folder}')}")
    if len(distinct) > 1:
        listed = ", ".join(it.where for it in found)
        raise SourceError(f"{option}: {wanted} could be any of {listed}; choose with --raw FILE")
    return found[0].rows


def looked_for(adapter: Adapter, split: str) -> list[str]:
    """The names by which ``--data-dir`` finds the split, relative to the folder."""
    search, name = _Search(adapter, split), adapter.name
    groups = [" and ".join(group) for group in search.names]
    found = [*groups, *(f"{top}.zip or .tar.gz" for top in search.tops)]
    found += [f"{place}/{text}" for place in adapter.source.downloads for text in groups]
    for it in search.githubs:
        if paths := " and ".join(file.path for file in it.files.get(split, ())):
            found += [f"{_base(it)}-<ref>.zip", f"{_base(it)}-<ref>/{paths}"]
    for it in search.hubs:
        if it.has(split):
            paths = " and ".join(file.path for file in it.files.get(split, ()))
            found.append(f"{it.name}/{paths or f'…{it.calls(split)}…'}")
    if search.usable_name:
        ending = f"{split}.parquet, .jsonl, .json or .csv"
        found += [f"{name}/{ending}", f"{name}_{ending}", f"{name}/{split}/*.arrow"]
    return found


class _Search:
    """All places where a split may lie."""

    def __init__(self, adapter: Adapter, split: str) -> None:
        source, published = adapter.source, adapter.source.splits[split]
        self.adapter, self.split = adapter, split
        self.splits = tuple(source.splits)
        self.names: list[tuple[str, ...]] = [(name,) for name in published.names]
        self.groups: list[tuple[str, ...]]
        self.groups = [(name,) for own in published.names for name in _with_gz(own)]
        if published.parts:
            self.names.append(published.parts)
            self.groups.append(published.parts)
        self.hubs = [it for it in source.repositories if it.host == "hub"]
        self.githubs = [it for it in source.repositories if it.host == "github"]
        self.tops = list(dict.fromkeys(place.split("/")[0] for place in source.downloads))
        self.notes: list[str] = []

    @property
    def usable_name(self) -> bool:
        """False if the hub gives the split's name to another split: then a copy is not this one."""
        calls = [{own: it.calls(own) for own in self.splits if it.has(own)} for it in self.hubs]
        taken = any(self.split in names.values() for names in calls)
        return not taken or any(names.get(self.split) == self.split for names in calls)

    def everything(self, folder: Path) -> Iterator[Candidate]:
        """The candidates in a folder of downloads, those in folders before those in archives."""
        top, own = Folder(folder), folder / self.adapter.name
        yield from self._named(top, "")
        if self._is_ours(top.name):
            yield from self._in_tree(top, self.hubs, own=True)
        if own.is_dir():
            yield from self._in_tree(Folder(own), self.hubs, own=True)
        for place in self.adapter.source.downloads:
            for tail in _tails(place):
                yield from self._named(top, f"{tail}/")
        named = Folder(folder, start=f"{self.adapter.name}_")
        yield from self._saved(named, self._called(self.hubs, own=True), DATA)
        yield from self._copies(folder)
        yield from self._repositories(folder)
        for parent in (folder, own):
            for path in sorted(parent.iterdir()) if parent.is_dir() else ():
                if (name := archive_name(path)) is not None and path.is_file():
                    ours = parent == own or self._is_ours(name)
                    yield from self._in_archive(Archive(path), ours)

    def missing(self, folder: str) -> str:
        """What was not found, and where it is told what is looked for; short, as a group has many
        such splits.
        """
        name = self.adapter.name
        listed = " or ".join(map(" and ".join, self.names)) or "file"
        notes = "".join(f" ({note})" for note in self.notes[:3])
        return (
            f"no {listed} in {folder}{notes}; `uqa sources {name}` lists where it may lie, or give "
            "it with --raw"
        )

    def _is_ours(self, name: str) -> bool:
        """True if a folder or an archive of that name can only be a download of this dataset."""
        own = {self.adapter.name, *self.tops}
        own.update(_base(it) for it in self.hubs if it.config is None)
        own.update(f"datasets--{it.name.replace('/', '--')}" for it in self.hubs)
        own.update(name for group in self.groups for name in group)
        folded = {text.casefold() for text in own}
        return name.casefold() in folded or any(_is_checkout(it, name) for it in self.githubs)

    def _named(self, tree: Tree, base: str) -> Iterator[Candidate]:
        """Files with the authors' names."""
        for group in self.groups:
            yield from self._if_there(tree, base, group)

    def _pinned(self, tree: Tree, base: str, repository: Repository) -> Iterator[Candidate]:
        """A repository's own paths; of a split without any: files with the authors' names."""
        if pinned := repository.files.get(self.split):
            paths = [file.path for file in pinned]
            beside = {name for path in paths for name in self._companions(path)}
            rows = tuple(path for path in paths if path not in beside)
            yield from self._if_there(tree, base, rows)
        elif repository.host == "github":
            for folder in {path[: path.rfind("/") + 1]: None for path in tree.paths}:
                if folder.startswith(base):
                    yield from self._named(tree, folder)

    def _if_there(self, tree: Tree, base: str, names: tuple[str, ...]) -> Iterator[Candidate]:
        if names and all(tree.has(base + name) for name in names):
            yield self._candidate(tree, [base + name for name in names])

    def _candidate(self, tree: Tree, names: list[str]) -> Candidate:
        beside = [it for name in names for it in self._companions(name) if tree.has(it)]
        files = tree.files([*names, *beside])
        rows = files[: len(names)]
        inside = isinstance(tree, Archive)
        where = f"{tree}: {' and '.join(names)}" if inside else " and ".join(map(str, rows))
        return Candidate(where, rows, files[len(names) :])

    def _companions(self, path: str) -> list[str]:
        """The names that companion files of a file of rows may have."""
        folder = path[: path.rfind("/") + 1]
        joins = [shape.beside for shape in self.adapter.shapes if shape.beside]
        return [folder + name for join in joins for name in expected_names(join, Path(path))]

    def _in_tree(
        self, tree: Tree, repositories: list[Repository], own: bool
    ) -> Iterator[Candidate]:
        """The candidates in the dataset's own folder or archive, or in a copy of a repository.

        The authors' layout goes before their names elsewhere, and these before other text files.
        """
        bases = ["", *_first_folders(tree.paths)] if own else [""]
        found = [it for base in self._downloads(tree, own) for it in self._named(tree, base)]
        found = found or [
            it
            for base in bases
            for repository in ([*self.githubs, *repositories] if own else repositories)
            for it in self._pinned(tree, base, repository)
        ]
        found = found or [it for base in bases for it in self._named(tree, base)]
        yield from found
        yield from self._saved(tree, self._called(repositories, own), BINARY if found else DATA)

    def _downloads(self, tree: Tree, tails: bool) -> list[str]:
        """The authors' folders in a tree; with ``tails``, also without the first ones."""
        return [
            folder
            for folder in sorted({path[: path.rfind("/") + 1] for path in tree.paths})
            for place in self.adapter.source.downloads
            if f"/{tree.name}/{folder}".casefold().endswith(f"/{place}/".casefold())
            or (tails and folder[:-1] in _tails(place))
        ]

    def _in_archive(self, archive: Archive, ours: bool) -> Iterator[Candidate]:
        """Of a foreign archive, only a zip is looked into, and only at folders with our names."""
        if ours:
            yield from self._in_tree(archive, self.hubs, own=True)
        elif archive.path.suffix.lower() == ".zip":
            try:
                paths = archive.paths
            except SourceError as error:
                self.notes.append(str(error))
                return
            for base in self._downloads(archive, tails=False):
                yield from self._named(archive, base)
            for folder in _first_folders(paths):
                for repository in self.githubs:
                    if _is_checkout(repository, folder[:-1]):
                        yield from self._pinned(archive, folder, repository)

    def _copies(self, folder: Path) -> Iterator[Candidate]:
        """Clones and unpacked archives of the authors' repositories."""
        for repository in self.githubs:
            owner = folder / repository.name.split("/")[0]
            for parent in (folder, owner):
                for path in sorted(parent.iterdir()) if parent.is_dir() else ():
                    if _is_checkout(repository, path.name) and path.is_dir():
                        yield from self._pinned(Folder(path), "", repository)

    def _repositories(self, folder: Path) -> Iterator[Candidate]:
        """Snapshots of the hub's repositories, also as they lie in its cache."""
        for repository in self.hubs:
            if not repository.has(self.split):
                continue
            cached = folder / f"datasets--{repository.name.replace('/', '--')}" / "snapshots"
            commits = sorted(cached.iterdir()) if cached.is_dir() else []
            if cached / (repository.commit or "") in commits:
                commits = [cached / (repository.commit or "")]
            for path in (folder / repository.name, folder / _base(repository), *commits):
                if path.is_dir() and path != folder / self.adapter.name:
                    yield from self._in_tree(Folder(path), [repository], own=False)

    def _called(self, repositories: list[Repository], own: bool) -> list[Wanted]:
        """By which names the split may be listed.

        In the dataset's own folder, a name that is another split's means that one.
        """
        found = []
        for it in repositories:
            name = it.calls(self.split)
            if it.has(self.split) and not (own and name != self.split and name in self.splits):
                others = {it.calls(split) for split in self.splits if it.has(split)}
                others |= set(self.splits) if own else set()
                found.append(Wanted(name, tuple(sorted(others - {name})), it.config))
        if own and self.usable_name:
            others = {*self.splits, *SPLIT_ALIASES.values()} - {self.split}
            config = next((it.config for it in self.hubs if it.config), None)
            found.append(Wanted(self.split, tuple(sorted(others)), config))
        return list(dict.fromkeys(found))

    def _saved(
        self, tree: Tree, called: list[Wanted], endings: tuple[str, ...]
    ) -> Iterator[Candidate]:
        """Data files by the split's name: hub snapshots, to_json, to_parquet, save_to_disk."""
        names = {name for wanted in called for name in (wanted.split, *wanted.others)}
        listed = self._listed(tree, names)
        for ending in endings:
            paths = [path for path in listed if path.lower().endswith(ending)]
            for wanted in called:
                try:
                    found = files_of(wanted, paths)
                except SourceError as error:
                    why = "correct that, or give the files with --raw"
                    raise SourceError(f"in {tree}: {error}; {why}") from None
                if found:
                    yield self._candidate(tree, [listed[path] for path in found])

    def _listed(self, tree: Tree, splits: set[str]) -> dict[str, str]:
        """Data files that may be called by their split, each under the path that says so."""
        hub = [word for it in self.hubs for word in (it.name.split("/")[1], it.config or "")]
        texts = [self.adapter.name, *hub, *splits, *SPLIT_ALIASES]
        usual = _USUAL | {word for text in texts for word in words_of(text)}
        beside = {name for path in tree.paths for name in self._companions(path)}
        others = {
            name
            for split, published in self.adapter.source.splits.items()
            if split != self.split
            for own in published.names
            for name in _with_gz(own)
        } - {name for group in self.groups for name in group}
        listed = {
            path: path
            for path in tree.paths
            if is_data_file(path)
            and words_of(path) <= usual
            and path not in beside
            and path.rpartition("/")[2] not in others
        }
        for path in tree.paths:
            if path.rpartition("/")[2] == STATE:
                _rename_saved(tree, path, listed, splits)
        return listed


def _rename_saved(tree: Tree, state: str, listed: dict[str, str], splits: set[str]) -> None:
    """Of what ``save_to_disk`` wrote into one folder, only the files that its state.json names.

    It names their split too, which goes into the listed path if the folder has no split's name.
    """
    folder = state[: -len(STATE)]
    split, names = _state(tree, state)
    named = canonical_split(folder[:-1].rpartition("/")[2]) in map(canonical_split, splits)
    for path in list(listed):
        if path[: path.rfind("/") + 1] == folder and path.endswith(".arrow"):
            real, name = listed.pop(path), path[len(folder) :]
            if name in names:
                listed[path if named else f"{folder}{split}/{name}"] = real


def _state(tree: Tree, path: str) -> tuple[str, set[str]]:
    """The split and the Arrow files that a state.json names."""
    (file,) = tree.files([path])
    try:
        state = json.loads(file.read_bytes())
        names = {str(part["filename"]) for part in state["_data_files"]}
        split, chosen = str(state.get("_split")), state.get("_indices_files")
    except (ValueError, TypeError, KeyError, AttributeError):
        return "", set()
    if chosen:
        why = "a choice of its rows was saved; call flatten_indices() before save_to_disk()"
        raise SourceError(f"{tree}: {path}: {why}")
    return split, names


def _with_gz(name: str) -> tuple[str, str]:
    """The name, then the name with .gz added or removed."""
    return name, name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz"


def _tails(place: str) -> list[str]:
    """``a/b/c``, ``b/c``, ``c``."""
    parts = place.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _first_folders(paths: list[str]) -> list[str]:
    return sorted({path.split("/")[0] + "/" for path in paths if "/" in path})


def _base(repository: Repository) -> str:
    return repository.name.split("/")[1]


def _is_checkout(repository: Repository, name: str) -> bool:
    """True for a clone's folder, and what GitHub calls archives: ``<repo>-<ref>``, also with the
    owner before it."""
    owner, base = repository.name.split("/")
    text = rf"({re.escape(owner)}-)?{re.escape(base)}(-[\w.]+)?"
    return re.fullmatch(text, name, re.IGNORECASE) is not None
