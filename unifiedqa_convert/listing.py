"""`uqa list`: every dataset's facts, remembered until an adapter's file changes.

Importing all adapters takes longer than people wait for a list, so the facts lie in the cache under
a digest of the adapters' files (names, sizes, times of change) and the packages' versions. Nothing
heavy is imported while they are there.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unifiedqa_convert.columns import print_columns
from unifiedqa_convert.files import whole

GROUP = "unifiedqa_convert.adapters"


def listed() -> tuple[list[dict[str, Any]], list[str]]:
    """One entry per dataset, and what is wrong with plugins that could not be used."""
    path = _folder() / f"list-{_fingerprint()}.json"
    try:
        return json.loads(path.read_bytes()), []
    except (OSError, ValueError):
        pass
    from unifiedqa_convert.describe import listed as from_adapters
    from unifiedqa_convert.registry import catalogue

    entries, errors = from_adapters(), [str(error) for error in catalogue().errors]
    if not errors:
        with suppress(OSError):  # a home that can't be written costs half a second a time
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as file:
                file.write(json.dumps(entries).encode())  # as it is: splits keep their order
    return entries, errors


def _folder() -> Path:
    home = os.environ.get("UQA_CACHE")
    return Path(home) if home else Path.home() / ".cache" / "unifiedqa-convert"


def _fingerprint() -> str:
    """Of everything that the facts could come from: the adapters' files and our own."""
    digest = hashlib.sha256()
    for root in [
        "unifiedqa_convert",
        *sorted({point.value for point in entry_points(group=GROUP)}),
    ]:
        digest.update(f"{root}\n".encode())
        for file in _files(root.split(":")[0].split(".")[0]):
            state = file.stat()
            digest.update(f"{file} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _files(package: str) -> Iterator[Path]:
    """The package's Python files; none where it is not there."""
    spec = find_spec(package)
    if spec is None:
        return
    for place in spec.submodule_search_locations or ([spec.origin] if spec.origin else []):
        folder = Path(place)
        yield from sorted(folder.glob("*.py")) if folder.is_dir() else [folder]


def print_list(entries: list[dict[str, Any]]) -> None:
    """A table, one line per dataset. Plain: it must stand in 300 ms, and rich alone takes 60."""
    table = [("dataset", "vera", "verified", "hub", "license", "splits")]
    for entry in entries:
        splits = " ".join(f"{name}:{size or '?'}" for name, size in entry["splits"].items())
        hub = "pinned" if entry["revision"] else "unpinned" if entry["hub"] else "-"
        facts = entry["name"], entry["partition"], entry["verified"], hub, entry["license"], splits
        table.append(facts)
    print_columns(table)


def pins_told(entries: list[dict[str, Any]]) -> str:
    """How many datasets come without a file of the user's, and how to get another one's pin."""
    pinned = [entry for entry in entries if entry["revision"] not in (None, "unpinned")]
    return (
        f"{len(pinned)} of {len(entries)} are pinned to a commit of the hub and fetched when asked "
        "for; give the others' files with --raw or --data-dir, or pin one: uqa sources NAME --pin"
    )


def print_markdown(entries: list[dict[str, Any]]) -> None:
    """docs/datasets.md: the same facts, with where each comes from."""
    print("# Datasets\n")
    print("Written by `uqa list --markdown > docs/datasets.md`, from the adapters.\n")
    print("`verified`: `sha256`: a published file's hash is met; `real rows`: real rows were seen;")
    print("`documentation only`: written from the documentation. Sizes are raw rows; `?`: unknown.")
    print(
        "`(pinned)`: the hub's commit is known and only its bytes are taken, by `uqa convert NAME`"
    )
    print("alone. Of the others give the file with `--raw` or `--data-dir`; with a network, `uqa")
    print("sources NAME --pin` asks the hub and prints the lines that pin one, for its adapter.\n")
    print(
        "| dataset | asks | vera | verified | raw shapes | splits | license, may be shared | hub |"
    )
    print("|---|---|---|---|---|---|---|---|")
    shared = {True: "yes", False: "**no**", None: "not stated"}
    for it in entries:
        splits = ", ".join(f"{name} {size or '?'}" for name, size in it["splits"].items())
        name = f"[{it['name']}]({it['homepage']})"
        license_ = f"{it['license']}, {shared[it['redistributable']]}"
        pinned = " (pinned)" if it["revision"] else ""
        hub = f"{it['hub']}{pinned}" if it["hub"] else it["ask"] or "-"
        shapes = ", ".join(it["shapes"])
        cells = name, it["about"], it["partition"], it["verified"], shapes, splits, license_, hub
        print(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
