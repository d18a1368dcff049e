"""Source → local files: given ones, a folder, the cache, a repository, or the embedded sample."""

import difflib
import importlib
import os
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from unifiedqa_convert.datasets import github, origins
from unifiedqa_convert.datasets.data_folder import check_folder, in_folder
from unifiedqa_convert.datasets.listing import SPLIT_ALIASES, canonical_split
from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.origins import Origin
from unifiedqa_convert.errors import SourceError, UnreachableError, UsageError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.hub import Pin
from unifiedqa_convert.rows.compression import LABELS
from unifiedqa_convert.schema import Adapter, Repository, Row
from unifiedqa_convert.transfers import Gone

SourceName = Literal["auto", "hub", "sample"]
DATA_DIR = "UQA_DATA_DIR"


class Located(NamedTuple):
    """A split's files on this machine, and where they come from."""

    kind: Literal["given", "published", "sample"]
    files: tuple[Path, ...]
    origin: Origin | None = None
    """The repository and commit of published files."""
    note: str | None = None
    """Why the sample was taken instead of the published files: one line; then the ways to them."""
    told: tuple[str, ...] = ()
    """What a person should know about how published files were found."""
    proven: bool = False
    """True if published rows were read and checked just now: their digest is the origin's."""


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
    folder = data_dir_of(places)
    if places.source == "sample":
        return _sample(adapter, split, None)
    return None if folder is None else _in_data_dir(adapter, split, *folder)


def data_dir_of(places: Places) -> tuple[Path, str] | None:
    """The folder of downloads, and the option or variable that names it; None if nothing does.

    UsageError beside a source that excludes it; SourceError if there is no such folder.
    """
    if places.data_dir is not None and places.source != "auto":
        raise UsageError(
            f"--data-dir and --source {places.source} exclude each other: leave one out"
        )
    variable = os.environ.get(DATA_DIR)
    folder = places.data_dir or (Path(variable) if variable else None)
    if folder is None or places.source != "auto":
        return None
    option = DATA_DIR if places.data_dir is None else "--data-dir"
    check_folder(folder, option)
    return folder, option


def _published(adapter: Adapter, split: str, places: Places) -> Located:
    try:
        found = origins.obtain(adapter, split, places.lock)
    except UnreachableError as error:
        sample = places.source == "auto" and places.sample and not places.lock.only
        stands_in = sample and sample_files(adapter, split)
        gone = isinstance(error, Gone)
        known = ways(adapter, split, gone=gone)
        known = [way for way in known if not (stands_in and SAMPLE_FLAG in way)]
        reason = "\n".join([_reason(adapter, split, error), WAYS, *known])
        if stands_in:
            return _sample(adapter, split, reason)
        raise UnreachableError(reason) from error
    return Located("published", found.files, found.origin, None, found.told, found.proven)


SAMPLE_FLAG = "--source sample"
WAYS = "Ways to get the dataset's rows, the easiest first:"


def without_by_hand(adapter: Adapter, reason: str) -> str:
    """An error's message without the way by hand, which is one of ``ways``."""
    for joined in (", or ", "; or ", "; "):
        reason = reason.replace(joined + origins.by_hand(adapter), "")
    return reason


def _reason(adapter: Adapter, split: str, error: UnreachableError) -> str:
    """Why the rows can't be had, in one line."""
    reason = without_by_hand(adapter, str(error))
    wanted = f"{adapter.name}/{split}"
    return reason if reason.startswith(wanted) else f"{wanted}: {reason}"


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


def ways(adapter: Adapter, split: str, *, gone: bool = False) -> list[str]:
    """How to get the rows of a split that can't be had now, the easiest way first.

    With ``gone``, none of its repositories has them any more: another machine won't help.

    Each is numbered, with the commands to copy on lines of their own.
    """
    convert, folder = f"uqa convert {adapter.name} --split {split}", f"{adapter.name}_files"
    repositories, found = [] if gone else adapter.source.having(split), []
    if any(_forgotten(it, split) for it in repositories):
        found.append(
            [
                "the file is on this machine already: name the lock that `uqa fetch` wrote, in the "
                "folder where it ran:",
                f"{convert} --lock FOLDER/{LOCK}",
            ]
        )
    if repositories:
        found.append(
            [
                "on a machine with internet; then bring the folder here:",
                f"uqa fetch {adapter.name} --split {split} --to {folder}",
                f"{convert} --data-dir {folder}",
            ]
        )
    if repositories and (files := _addresses(adapter, split, folder)):
        gets = [
            f"curl -fL --create-dirs -o {shlex.quote(path)} {shlex.quote(address)}"
            for path, address in files.items()
        ]
        raw = " ".join(f"--raw {shlex.quote(path)}" for path in files)
        found.append(["by the address of each file:", *gets, f"{convert} {raw}"])
    found.append(_by_hand(adapter, split, convert))
    if sample_files(adapter, split):
        found.append(
            [
                "no rows of the dataset, but invented ones, to try it out:",
                f"{convert} {SAMPLE_FLAG}",
            ]
        )
    return [f"  {number}. " + "\n     ".join(lines) for number, lines in enumerate(found, start=1)]


def _forgotten(repository: Repository, split: str) -> bool:
    """True if the pinned files are on this machine, but a lock that is not here must prove them."""
    pinned, commit = repository.files.get(split, ()), repository.commit
    if not pinned or not commit or repository.strength(split) != "commit":
        return False
    pins = [Pin(repository.host, repository.name, commit, file) for file in pinned]
    return all(origins.cached(pin) for pin in pins)


def _addresses(adapter: Adapter, split: str, folder: str) -> dict[str, str]:
    """For each of the split's files: a path for it, and its address; none if they aren't pinned."""
    for repository in adapter.source.having(split):
        pinned, commit = repository.files.get(split, ()), repository.commit
        if not pinned or not commit:
            continue
        page = origins.home_of(adapter, repository).page
        names = [Path(file.path).name for file in pinned]
        own = len(set(names)) == len(names)
        found = {}
        for name, file in zip(names, pinned, strict=True):
            pin = Pin(repository.host, repository.name, commit, file)
            hub = f"{page}/resolve/{commit}/{quote(file.path)}"
            address = github.address(pin) if pin.host == "github" else hub
            found[f"{folder}/{name if own else file.path}"] = address
        return found
    return {}


def _by_hand(adapter: Adapter, split: str, convert: str) -> list[str]:
    """What to ask for or to download, and the command that reads it."""
    source, published = adapter.source, adapter.source.splits[split]
    names = " or ".join(published.names) or " and ".join(published.parts)
    if source.ask:
        reads = "--data-dir FOLDER" if "--data-dir" in source.ask else "--raw FILE"
        return [f"{source.ask}:", f"{convert} {reads}"]
    if names:
        what = f"download {names}, or the archive with it, from {source.homepage} to a FOLDER:"
        return [what, f"{convert} --data-dir FOLDER"]
    return [f"download the rows from {source.homepage}:", f"{convert} --raw FILE"]


def _in_data_dir(adapter: Adapter, split: str, folder: Path, option: str) -> Located:
    """The split in a folder of downloads, or in one that `uqa fetch --to` made."""
    if found := origins.carried(adapter, split, folder):
        return Located("published", found[1], found[0])
    return Located("given", in_folder(adapter, split, folder, option))


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
        if found := sample_rows(adapter, shape, split):
            return found
    return ()


def sample_rows(adapter: Adapter, shape: type[Row], split: str) -> tuple[Path, ...]:
    """The sample files with the split's rows in one shape, without their companion files."""
    found = (sample_folder(adapter) / shape.shape).glob(f"{split}.*")
    return tuple(sorted(path for path in found if path.suffix not in LABELS))


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
        there = ", ".join(name for name in adapter.source.splits if sample_files(adapter, name))
        raise SourceError(
            f"{adapter.name} has no embedded sample of {split}"
            + (f", but of {there}" if there else "")
            + f"; get its rows: uqa fetch {adapter.name} --split {split}, or give them with --raw"
        )
    return Located("sample", found, note=note)
