"""Source → local files: given, in a folder, the hub's cache, the hub, or the embedded sample.

And what `uqa sources` tells about the hub's part: its state here, a check there, a new pin.
"""

import importlib
import os
import re
import shlex
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from unifiedqa_convert.errors import SourceError, UnreachableError, UsageError
from unifiedqa_convert.files import sha256_of
from unifiedqa_convert.pins import (
    DATA,
    Gone,
    HubDown,
    Pin,
    by_hand,
    cached,
    describe,
    fetch,
    is_commit,
    storage,
)
from unifiedqa_convert.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter, Split

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

SourceName = Literal["auto", "hub", "sample"]
DATA_DIR = "UQA_DATA_DIR"
SPLIT_ALIASES = {"dev": "validation", "val": "validation", "valid": "validation"}
PATHS = ("./", "../", "/", "path:")


def canonical_split(name: str) -> str:
    """The split's one name: people say dev, val and valid for validation."""
    return SPLIT_ALIASES.get(name, name)


def bare(dataset: str) -> str:
    """The name of a dataset as it was given, unless it is written as a path.

    A bare name is the registry's, even where a folder of that name lies in the working directory.
    """
    if dataset.startswith(PATHS):
        raise UsageError(
            f"{dataset!r} is a path, but a dataset's name goes here (`uqa list` shows all); a file "
            "of your own is for --from-file, which this version does not have yet"
        )
    return dataset


class Located(NamedTuple):
    """Where a split's rows lie on this machine, and how they got there."""

    kind: Literal["given", "cache", "hub", "sample"]
    files: tuple[Path, ...]
    revision: str | None = None
    note: str | None = None
    """What a person should be told: why it is not what was hoped for."""


def locate(
    adapter: Adapter,
    split: str,
    raw: tuple[Path, ...],
    source: SourceName,
    data_dir: Path | None = None,
) -> Located:
    """The files of a split. ``raw`` goes before everything else.

    ``auto``: ``data_dir`` (or UQA_DATA_DIR), where it is given; or else the hub's cache, the hub,
    and the sample where the hub can't be reached. Wrong bytes are an error, never a reason for the
    sample.
    """
    if split not in adapter.source.splits:
        known = ", ".join(adapter.source.splits)
        raise UsageError(f"{adapter.name} has no split {split!r}; it has: {known}")
    if raw:
        return _given(raw)
    if data_dir is not None and source != "auto":
        raise UsageError(f"--data-dir and --source {source} exclude each other: leave one out")
    if source == "sample":
        return _sample(adapter, split, None)
    if source == "hub":
        return _hub(adapter, split)
    if data_dir is not None:
        return _in_folder(adapter, split, data_dir, "--data-dir")
    if named := os.environ.get(DATA_DIR):
        return _in_folder(adapter, split, Path(named), DATA_DIR)
    try:
        return _hub(adapter, split)
    except UnreachableError as error:
        return _sample(adapter, split, str(error))


def sample_folder(adapter: Adapter) -> Path:
    """The adapter's embedded rows: inside its package, or beside it in a source checkout."""
    package = type(adapter).__module__.split(".", 1)[0]
    root = Path(str(files(importlib.import_module(package))))
    installed = root / "samples" / adapter.name
    return installed if installed.is_dir() else root.parent / "data" / "samples" / adapter.name


def sample_files(adapter: Adapter, split: str) -> tuple[Path, ...]:
    """The sample of a split, in the first shape that has one."""
    for shape in adapter.shapes:
        found = sorted((sample_folder(adapter) / shape.shape).glob(f"{split}.*"))
        if found:
            return tuple(found)
    return ()


def sample_splits(adapter: Adapter) -> list[str]:
    """Splits that have a sample, validation before train where there are both."""
    found = [split for split in adapter.source.splits if sample_files(adapter, split)]
    if not found:
        raise SourceError(f"{adapter.name} has no embedded sample in {sample_folder(adapter)}")
    return sorted(found, key=lambda split: (split != "validation", split != "test"))


def _given(raw: tuple[Path, ...]) -> Located:
    for path in raw:
        if not path.is_file():
            raise SourceError(f"--raw {path}: no such file")
    return Located("given", raw)


def _sample(adapter: Adapter, split: str, note: str | None) -> Located:
    found = sample_files(adapter, split)
    if not found:
        raise SourceError(
            f"{adapter.name} has no embedded sample of {split}; give rows with --raw"
            + (f" ({note})" if note else "")
        )
    return Located("sample", found, note=note)


def _in_folder(adapter: Adapter, split: str, folder: Path, option: str) -> Located:
    """The one file in the folder that has one of the names its authors gave the split.

    Where they gave it several files, all of them, in their order, from one place.
    """
    wanted, published = f"{adapter.name}/{split}", adapter.source.splits[split]
    names: list[tuple[str, ...]]
    names = [(name,) for own in published.names for name in _with_gz(own)]
    names += [published.parts] if published.parts else []
    if not folder.is_dir():
        raise SourceError(f"{option} {folder}: no such folder")
    if not names:
        raise SourceError(f"{option}: no file name is known for {wanted}; give rows with --raw")
    try:
        places = _places(folder, adapter.name)
        every = [tuple(place / name for name in group) for place in places for group in names]
        found = [paths for paths in every if all(path.is_file() for path in paths)]
        # The same bytes twice (a link, a copy) leave nothing to choose.
        several = len(found) > 1
        distinct = {tuple(map(sha256_of, paths)) for paths in found} if several else {()}
    except OSError as error:
        raise SourceError(f"{option} {folder}: {error}") from None
    if not found:
        own, listed = folder / adapter.name, " or ".join(map(" and ".join, names))
        raise SourceError(
            f"{option} {folder}: no {listed} for {wanted} in {folder}, {own} or {own}/*; "
            "put it there, or give it with --raw"
        )
    if len(distinct) > 1:
        listed = ", ".join(" and ".join(map(str, paths)) for paths in found)
        raise SourceError(f"{option}: {wanted} could be any of {listed}; choose with --raw FILE")
    return Located("given", found[0])


def _with_gz(name: str) -> tuple[str, str]:
    """A file's own name first, then with gzip put around it or taken off."""
    return name, name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz"


def _places(folder: Path, name: str) -> list[Path]:
    own = folder / name
    below = sorted(path for path in own.iterdir() if path.is_dir()) if own.is_dir() else []
    return [folder, own, *below]


def _hub(adapter: Adapter, split: str) -> Located:
    """The split's pinned file, from the hub client's cache or else from the hub, verified."""
    pin, pinned = pin_of(adapter, split), adapter.source.splits[split]
    path = cached(pin)
    kind: Literal["cache", "hub"] = "hub" if path is None else "cache"
    path = path or fetch(pin, adapter.source, pinned)
    try:
        return Located(kind, (_verified(path, pin, pinned),), pin.revision)
    except OSError as error:
        raise storage(error) from error


def pin_of(adapter: Adapter, split: str) -> Pin:
    """Where the split lies on the hub; UnreachableError if nobody has pinned that."""
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
            f"{adapter.name}/{split}: no file of {source.hub} is pinned for it; look for one with "
            f"`uqa sources --pin {adapter.name}`, or {by_hand(source)}"
        )
    if not file.lower().endswith(DATA):
        raise UnreachableError(
            f"{adapter.name}/{split}: {file} is neither parquet nor JSON, and nothing else is "
            f"taken from the hub; {by_hand(source)}"
        )
    return Pin(source.hub, file, cast(str, source.revision))


def _verified(path: Path, pin: Pin, pinned: Split) -> Path:
    """The cache's file, if it is the pinned one: commit, size, sha256. Else SourceError."""
    found = _difference(path, pin, pinned)
    if found is None:
        return path
    # Removing the file alone would leave its blob, which the client would link again.
    stored = next((up for up in path.parents if up.name.startswith("datasets--")), path)
    raise SourceError(f"{path}: {found}; remove it with: rm -r {shlex.quote(str(stored))}")


def _difference(path: Path, pin: Pin, pinned: Split) -> str | None:
    """What is wrong with a file of the cache."""
    if pin.revision not in path.parts:
        return f"a changed revision: not of the pinned commit {pin.revision}"
    size = path.stat().st_size
    if pinned.bytes is not None and size != pinned.bytes:
        return f"{size} bytes, but {pinned.bytes} are pinned"
    # The client names a large file's blob by the sha256 that the hub announced, and never compares.
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


def status(dataset: str | None) -> list[dict[str, Any]]:
    """Each dataset's hub repository, commit and files, and which of them are here; no network."""
    return [
        {
            "dataset": adapter.name,
            "hub": adapter.source.hub,
            "revision": adapter.source.revision if _is_pinned(adapter) else "unpinned",
            "files": [
                {
                    "split": split,
                    "file": pinned.file,
                    "bytes": pinned.bytes,
                    "sha256": pinned.sha256,
                    "cached": _is_pinned(adapter) and cached(pin_of(adapter, split)) is not None,
                }
                for split, pinned in adapter.source.splits.items()
                if pinned.file is not None
            ],
        }
        for adapter in _adapters(dataset)
    ]


def check(dataset: str | None) -> list[dict[str, str]]:
    """Whether the hub still has each pinned commit and its files, with the pinned sizes.

    ``result`` is ok, changed, unreachable or unpinned. A hub that does not answer is asked once.
    """
    down: HubDown | None = None
    checked = []
    for adapter in _adapters(dataset):
        try:
            if not _is_pinned(adapter):
                result, detail = "unpinned", _unpinned(adapter)
            elif down is not None:
                raise down
            else:
                changes = _changes(adapter, describe(adapter.source, adapter.source.revision))
                result, detail = ("changed" if changes else "ok"), "; ".join(changes)
        except Gone as error:
            result, detail = "changed", str(error)
        except UnreachableError as error:
            down = error if isinstance(error, HubDown) else None
            result, detail = "unreachable", str(error)
        checked.append({"dataset": adapter.name, "result": result, "detail": detail})
    return checked


def pin(dataset: str) -> str:
    """The lines for the adapter's ``Source(...)``: the main branch's commit of now, its files.

    Nothing is written. A split that no file, or more than one, is named for is left for a person.
    """
    adapter = load_adapter(dataset)
    if adapter.source.hub is None:
        raise UnreachableError(f"{dataset}: no hub repository is known; {by_hand(adapter.source)}")
    info = describe(adapter.source, None)
    if not is_commit(info.sha):
        raise SourceError(f"hub {adapter.source.hub}: {info.sha!r} is no commit")
    sizes: dict[str, dict[str, Any]] = {
        file.rfilename: {"bytes": file.size, "sha256": file.lfs.sha256 if file.lfs else None}
        for file in info.siblings or ()
        if file.rfilename.lower().endswith(DATA)
    }
    lines = [f"hub={adapter.source.hub!r},", f"revision={info.sha!r},", "splits={"]
    for split, pinned in adapter.source.splits.items():
        found = _named_for(adapter, split, list(sizes))
        if len(found) == 1:
            pinned = replace(pinned, file=found[0], **sizes[found[0]])
        else:
            lines.append(f"    # {split}: {'choose one of these' if found else 'no data file'}")
            lines += [f"    #   file={file!r}, {_arguments(sizes[file])}" for file in found]
        given = {field.name: getattr(pinned, field.name) for field in fields(pinned)}
        kept = {name: given[name] for name in given if given[name] != getattr(Split, name)}
        lines.append(f"    {split!r}: Split({_arguments(kept)}),")
    return "\n".join([*lines, "},"])


def _named_for(adapter: Adapter, split: str, names: list[str]) -> list[str]:
    """Data files that name the split; in a repository of many datasets, those in ours' folder."""
    pinned = adapter.source.splits[split]
    if pinned.file in names:
        return [pinned.file]
    words = {split, *(alias for alias, name in SPLIT_ALIASES.items() if name == split)}
    found = [
        name
        for name in names
        if name.rsplit("/", 1)[-1] in pinned.names or words & set(re.split(r"[\W_]+", name.lower()))
    ]
    return [name for name in found if adapter.name in name.split("/")] or found


def _arguments(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _adapters(dataset: str | None) -> list[Adapter]:
    return list(catalogue().adapters.values()) if dataset is None else [load_adapter(dataset)]


def _is_pinned(adapter: Adapter) -> bool:
    return adapter.source.hub is not None and is_commit(adapter.source.revision)


def _unpinned(adapter: Adapter) -> str:
    known = adapter.source.hub is not None
    return f"`uqa sources --pin {adapter.name}`" if known else "no hub repository is known"


def _changes(adapter: Adapter, info: "DatasetInfo") -> list[str]:
    """How the repository differs from what is pinned; empty where it does not."""
    if info.sha != adapter.source.revision:
        return [f"commit {info.sha} instead of {adapter.source.revision}"]
    there = {file.rfilename: file for file in info.siblings or ()}
    changes = []
    for pinned in adapter.source.splits.values():
        if pinned.file is None:
            continue
        file = there.get(pinned.file)
        if file is None:
            changes.append(f"no {pinned.file}")
        elif pinned.bytes is not None and file.size != pinned.bytes:
            changes.append(f"{pinned.file}: {file.size} bytes instead of {pinned.bytes}")
        elif pinned.sha256 and file.lfs and file.lfs.sha256 != pinned.sha256:
            changes.append(f"{pinned.file}: sha256 {file.lfs.sha256} instead of {pinned.sha256}")
    return changes
