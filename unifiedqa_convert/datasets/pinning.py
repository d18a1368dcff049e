"""`uqa sources`: where datasets come from, whether their pins still hold, and new pins."""

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import SPLIT_ALIASES, pin_of
from unifiedqa_convert.errors import SourceError, UnreachableError
from unifiedqa_convert.hub import DATA, Gone, HubDown, by_hand, cached, describe, is_commit
from unifiedqa_convert.schema import Adapter, Split

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo


def status(dataset: str | None) -> list[dict[str, Any]]:
    """Each dataset's hub repository, commit and files, and which files are cached; no network."""
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
            "next": _next(adapter),
        }
        for adapter in _adapters(dataset)
    ]


def check_pins(dataset: str | None) -> list[dict[str, str]]:
    """For each dataset, whether the hub still has the pinned commit and files, with their sizes.

    ``result`` is ok, changed, unreachable or unpinned. If the hub does not answer for one dataset,
    the rest is unreachable without another request.
    """
    silent = ""  # the dataset for which the hub did not answer
    checked = []
    for adapter in _adapters(dataset):
        try:
            if not _is_pinned(adapter):
                result, detail = "unpinned", _unpinned(adapter)
            elif silent:
                result = "unreachable"
                detail = (
                    f"not checked, as the hub did not answer for {silent}; try again later, or "
                    + by_hand(adapter.source)
                )
            else:
                changes = _changes(adapter, describe(adapter.source, adapter.source.revision))
                result, detail = ("changed" if changes else "ok"), "; ".join(changes)
        except Gone as error:
            result, detail = "changed", str(error)
        except UnreachableError as error:
            silent = adapter.name if isinstance(error, HubDown) else ""
            result, detail = "unreachable", str(error)
        checked.append({"dataset": adapter.name, "result": result, "detail": detail})
    return checked


def pins_exit_code(checked: list[dict[str, str]]) -> int:
    """4 if a pin no longer holds, 7 if the hub was not reached, 0 otherwise."""
    results = {entry["result"] for entry in checked}
    if "changed" in results:
        return SourceError.exit_code
    return UnreachableError.exit_code if "unreachable" in results else 0


def pin(dataset: str) -> str:
    """The lines for the adapter's ``Source(...)``: the main branch's current commit and its files.

    No file is written. A split with no matching file, or several, gets a comment with candidates.
    """
    adapter = load_adapter(dataset)
    if adapter.source.hub is None:
        raise UnreachableError(f"{dataset}: no hub repository is known; {by_hand(adapter.source)}")
    info = describe(adapter.source, None)
    if not is_commit(info.sha):
        raise SourceError(f"hub {adapter.source.hub}: {info.sha!r} is not a commit")
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
    """Data files with the split in their name; if possible, in a folder named for the dataset."""
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


def _next(adapter: Adapter) -> str:
    """What to do to get the rows."""
    split = next(iter(adapter.source.splits))
    try:
        pin_of(adapter, split)
    except UnreachableError as error:
        return str(error)
    return f"uqa convert {adapter.name} --split {split} downloads and converts it"


def _adapters(dataset: str | None) -> list[Adapter]:
    return list(catalogue().adapters.values()) if dataset is None else [load_adapter(dataset)]


def _is_pinned(adapter: Adapter) -> bool:
    return adapter.source.hub is not None and is_commit(adapter.source.revision)


def _unpinned(adapter: Adapter) -> str:
    known = adapter.source.hub is not None
    return f"pin it: `uqa sources --pin {adapter.name}`" if known else "no hub repository is known"


def _changes(adapter: Adapter, info: "DatasetInfo") -> list[str]:
    """How the repository differs from what is pinned; empty if it does not."""
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
