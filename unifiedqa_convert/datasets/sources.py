"""Source → local files: given ones, a folder, the hub's cache, the hub, or the embedded sample."""

import difflib
import importlib
import os
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple, cast

from unifiedqa_convert.datasets.data_folder import in_folder
from unifiedqa_convert.errors import SourceError, UnreachableError, UsageError
from unifiedqa_convert.hub import DATA, Pin, by_hand, cached, fetch_file, is_commit, storage
from unifiedqa_convert.schema import Adapter, Split
from unifiedqa_convert.storage import sha256_of

SourceName = Literal["auto", "hub", "sample"]
DATA_DIR = "UQA_DATA_DIR"
SPLIT_ALIASES = {"dev": "validation", "val": "validation", "valid": "validation"}


def canonical_split(name: str) -> str:
    """The split's canonical name: dev, val and valid are aliases of validation."""
    return SPLIT_ALIASES.get(name, name)


class Located(NamedTuple):
    """A split's files on this machine, and where they come from."""

    kind: Literal["given", "cache", "hub", "sample"]
    files: tuple[Path, ...]
    revision: str | None = None
    note: str | None = None
    """Why the sample was taken instead of the hub's file."""


def locate(
    adapter: Adapter,
    split: str,
    raw: tuple[Path, ...],
    source: SourceName,
    data_dir: Path | None = None,
) -> Located:
    """The files of a split: ``raw``, if given.

    ``auto``: ``data_dir`` (or UQA_DATA_DIR) if given, else the hub's cache, else the hub, else, if
    the hub can't be reached, the sample. Wrong bytes are an error and don't lead to the sample.
    """
    if split not in adapter.source.splits:
        raise no_split(adapter, split)
    if raw:
        return _given(raw)
    if data_dir is not None and source != "auto":
        raise UsageError(f"--data-dir and --source {source} exclude each other: leave one out")
    if source == "sample":
        return _sample(adapter, split, None)
    if source == "hub":
        return _hub(adapter, split)
    if data_dir is not None:
        return Located("given", in_folder(adapter, split, data_dir, "--data-dir"))
    if folder := os.environ.get(DATA_DIR):
        return Located("given", in_folder(adapter, split, Path(folder), DATA_DIR))
    try:
        return _hub(adapter, split)
    except UnreachableError as error:
        return _sample(adapter, split, str(error))


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


def _hub(adapter: Adapter, split: str) -> Located:
    """The split's pinned file, from huggingface_hub's cache or else from the hub, verified."""
    pin, pinned = pin_of(adapter, split), adapter.source.splits[split]
    path = cached(pin)
    kind: Literal["cache", "hub"] = "hub" if path is None else "cache"
    path = path or fetch_file(pin, adapter.source, pinned)
    try:
        return Located(kind, (_verified(path, pin, pinned),), pin.revision)
    except OSError as error:
        raise storage(error) from error


def pin_of(adapter: Adapter, split: str) -> Pin:
    """The split's file on the hub; UnreachableError if it is not pinned."""
    source, file = adapter.source, adapter.source.splits[split].file
    if source.hub is None:
        raise UnreachableError(f"{adapter.name}: no hub repository is known; {by_hand(source)}")
    if not is_commit(source.revision):
        raise UnreachableError(
            f"{adapter.name}: {source.hub} is not pinned to a commit; pin it with "
            f"`uqa sources --pin {adapter.name}`, or {by_hand(source)}"
        )
    if file is None:
        raise UnreachableError(
            f"{adapter.name}/{split}: no file of {source.hub} is pinned for it; find one with "
            f"`uqa sources --pin {adapter.name}`, or {by_hand(source)}"
        )
    if not file.lower().endswith(DATA):
        raise UnreachableError(
            f"{adapter.name}/{split}: {file} is neither parquet nor JSON; other files are not "
            f"downloaded from the hub; {by_hand(source)}"
        )
    return Pin(source.hub, file, cast(str, source.revision))


def _verified(path: Path, pin: Pin, pinned: Split) -> Path:
    """The cached file; SourceError if commit, size or sha256 are not the pinned ones."""
    found = _difference(path, pin, pinned)
    if found is None:
        return path
    # Removing only the file would leave its blob, which huggingface_hub would link again.
    stored = next((up for up in path.parents if up.name.startswith("datasets--")), path)
    raise SourceError(f"{path}: {found}; remove it with: rm -r {shlex.quote(str(stored))}")


def _difference(path: Path, pin: Pin, pinned: Split) -> str | None:
    """What is wrong with a cached file; None if nothing is."""
    if pin.revision not in path.parts:
        return f"a changed revision: not of the pinned commit {pin.revision}"
    size = path.stat().st_size
    if pinned.bytes is not None and size != pinned.bytes:
        return f"{size} bytes, but {pinned.bytes} are pinned"
    # huggingface_hub names a large file's blob by the announced sha256, but never verifies it.
    blob = path.readlink().name if path.is_symlink() else ""
    announced = blob if len(blob) == 64 else None
    if pinned.sha256 is None and announced is None:
        return None
    sha256 = sha256_of(path)
    if pinned.sha256 is not None and sha256 != pinned.sha256:
        return f"sha256 {sha256}, but {pinned.sha256} is pinned"
    if announced is not None and sha256 != announced:
        return f"sha256 {sha256}, but the hub announced {announced}"
    return None
