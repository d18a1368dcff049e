"""Source → local files: given ones, a folder, the cache, a repository, or the embedded sample."""

import difflib
import importlib
import os
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from unifiedqa_convert.datasets import github, origins
from unifiedqa_convert.datasets.data_folder import in_folder
from unifiedqa_convert.datasets.listing import SPLIT_ALIASES, canonical_split
from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.origins import Origin
from unifiedqa_convert.errors import SourceError, UnreachableError, UsageError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.hub import Pin
from unifiedqa_convert.schema import Adapter

SourceName = Literal["auto", "hub", "sample"]
DATA_DIR = "UQA_DATA_DIR"


class Located(NamedTuple):
    """A split's files on this machine, and where they come from."""

    kind: Literal["given", "published", "sample"]
    files: tuple[Path, ...]
    origin: Origin | None = None
    """The repository and commit of published files."""
    note: str | None = None
    """Why the sample was taken instead of the published files."""
    told: tuple[str, ...] = ()
    """What a person should know about how published files were found."""


class Places(NamedTuple):
    """Where a split's files may come from."""

    raw: tuple[Path, ...] = ()
    source: SourceName = "auto"
    data_dir: Path | None = None
    lock: Lock = Lock(LOCK)
    sample: bool = True
    """False: the embedded sample never stands in for rows that can't be had."""


def locate(adapter: Adapter, split: str, places: Places) -> Located:
    """The files of a split: ``raw``, if given.

    ``auto``: ``data_dir`` (or UQA_DATA_DIR) if given, else the published files, from the cache or
    downloaded, else, if they can't be reached, the sample. Wrong bytes are an error and don't lead
    to the sample. Under ``--locked`` all files have the bytes that a pin or the lock names.
    """
    if split not in adapter.source.splits:
        raise no_split(adapter, split)
    found = _at_hand(adapter, split, places)
    if found is None:
        return _published(adapter, split, places)
    if places.lock.only:
        _refuse_other_bytes(adapter, split, found, places.lock)
    return found


def _at_hand(adapter: Adapter, split: str, places: Places) -> Located | None:
    """The files, or the sample, that the person named; None if they named none."""
    if places.raw:
        return _given(places.raw)
    if places.data_dir is not None and places.source != "auto":
        raise UsageError(
            f"--data-dir and --source {places.source} exclude each other: leave one out"
        )
    if places.source == "sample":
        return _sample(adapter, split, None)
    if places.source == "auto":
        if places.data_dir is not None:
            return _in_data_dir(adapter, split, places.data_dir, "--data-dir")
        if folder := os.environ.get(DATA_DIR):
            return _in_data_dir(adapter, split, Path(folder), DATA_DIR)
    return None


def _published(adapter: Adapter, split: str, places: Places) -> Located:
    try:
        found = origins.obtain(adapter, split, places.lock)
    except UnreachableError as error:
        sample = places.source == "auto" and places.sample and not places.lock.only
        if sample and sample_files(adapter, split):
            return _sample(adapter, split, str(error))
        raise UnreachableError("\n".join([str(error), *ways(adapter, split)])) from error
    return Located("published", found.files, found.origin, told=found.told)


def _refuse_other_bytes(adapter: Adapter, split: str, found: Located, lock: Lock) -> None:
    known = origins.known_origin(adapter, split, lock)
    expected = known.files if known else ()
    if len(expected) != len(found.files):
        raise SourceError(
            f"--locked: {len(found.files)} files of {adapter.name}/{split} were given, but "
            f"{len(expected)} are pinned or in {lock.path}"
        )
    for path, file in zip(found.files, expected, strict=True):
        if differs := github.difference(path, file):
            raise SourceError(f"--locked: {path}: {differs}, or in {lock.path}")


def ways(adapter: Adapter, split: str) -> list[str]:
    """How to get the rows of a split that can't be had now, the easiest way first."""
    source, convert = adapter.source, f"uqa convert {adapter.name} --split {split}"
    found = []
    repositories = adapter.source.having(split)
    if repositories:
        found.append(
            f"on a machine with internet: uqa fetch {adapter.name} --to FOLDER; copy FOLDER here, "
            f"then {convert} --data-dir FOLDER"
        )
    for repository in repositories:
        if address := _address(adapter, split, repository.name):
            found.append(f"download {address} and give the file: {convert} --raw FILE")
            break
    if source.ask:
        found.append(source.ask)
    elif names := source.splits[split].names or source.splits[split].parts:
        found.append(
            f"download the rows from {source.homepage}, unopened, into FOLDER: {convert} "
            f"--data-dir FOLDER (looks for {' or '.join(names)})"
        )
    else:
        found.append(f"download the rows from {source.homepage}: {convert} --raw FILE")
    if sample_files(adapter, split):
        found.append(f"try it on the embedded sample, which is invented: {convert} --source sample")
    return [f"  {number}. {way}" for number, way in enumerate(found, start=1)]


def _address(adapter: Adapter, split: str, name: str) -> str | None:
    """The address of the split's first file in the repository, if its path is pinned."""
    for repository in adapter.source.repositories:
        pinned = repository.files.get(split)
        if repository.name == name and repository.commit and pinned:
            pin = Pin(repository.host, name, repository.commit, pinned[0])
            if repository.host == "github":
                return github.address(pin)
            page = origins.home_of(adapter, repository).page
            return f"{page}/resolve/{repository.commit}/{pinned[0].path}"
    return None


def _in_data_dir(adapter: Adapter, split: str, folder: Path, option: str) -> Located:
    """The split in a folder of downloads, or in one that `uqa fetch --to` made."""
    entry = Lock(folder / LOCK).entry(adapter.name, split) if (folder / LOCK).is_file() else None
    if entry is None:
        return Located("given", in_folder(adapter, split, folder, option))
    if differs := origins.contradiction(adapter, split, entry):
        raise SourceError(
            f"{folder / LOCK}: {adapter.name}/{split} is locked to {differs}; fetch it again"
        )
    paths = tuple(folder / adapter.name / file.path for file in entry.files)
    for path, file in zip(paths, entry.pinned(), strict=True):
        if not path.is_file():
            raise SourceError(f"{option}: {path} is missing, but {folder / LOCK} lists it")
        if found := github.difference(path, file):
            raise SourceError(f"{path}: {found} in {folder / LOCK}; fetch the folder again")
    return Located("published", paths, origins.locked(adapter, entry))


def no_split(adapter: Adapter, split: str) -> UsageError:
    """The error for a split that the dataset does not have, with the nearest name."""
    known = list(adapter.source.splits)
    near = difflib.get_close_matches(split, [*known, *SPLIT_ALIASES], n=1)
    hint = f"did you mean {canonical_split(near[0])}? " if near else ""
    return UsageError(f"{adapter.name} has no split {split!r}: {hint}it has {', '.join(known)}")


def sample_folder(adapter: Adapter) -> Path:
    """The folder of the adapter's sample: in its package, or in data/samples of a checkout."""
    package = type(adapter).__module__.split(".", 1)[0]
    root = Path(str(files(importlib.import_module(package))))
    installed = root / "samples" / adapter.name
    return installed if installed.is_dir() else root.parent / "data" / "samples" / adapter.name


def sample_files(adapter: Adapter, split: str) -> tuple[Path, ...]:
    """The sample files of a split, in the first shape that has some."""
    for shape in adapter.shapes:
        found = sorted((sample_folder(adapter) / shape.shape).glob(f"{split}.*"))
        if found:
            return tuple(found)
    return ()


def sample_splits(adapter: Adapter) -> list[str]:
    """Splits that have a sample, validation first, then test."""
    found = [split for split in adapter.source.splits if sample_files(adapter, split)]
    if not found:
        raise SourceError(f"{adapter.name} has no embedded sample in {sample_folder(adapter)}")
    return sorted(found, key=lambda split: (split != "validation", split != "test"))


def _given(raw: tuple[Path, ...]) -> Located:
    for path in raw:
        if path.is_dir():
            raise SourceError(
                f"--raw {path} is a folder; to find the split's file in it, use --data-dir {path}"
            )
        if not path.is_file():
            raise SourceError(f"--raw {path}: no such file; correct the path")
        if [other.resolve() for other in raw].count(path.resolve()) > 1:
            raise SourceError(f"--raw {path}: given twice; give it once")
    return Located("given", raw)


def _sample(adapter: Adapter, split: str, note: str | None) -> Located:
    found = sample_files(adapter, split)
    if not found:
        raise SourceError(
            f"{adapter.name} has no embedded sample of {split}; give rows with --raw"
            + (f" ({note})" if note else "")
        )
    return Located("sample", found, note=note)
