"""`uqa fetch`: the plan, the progress of several downloads, and the table at the end."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.filesize import decimal

from unifiedqa_convert.cli.options import AsJson, Quiet, dataset_names, known_dataset, tell
from unifiedqa_convert.cli.progress import HEARTBEAT
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import OutputError, UnreachableError, UsageError
from unifiedqa_convert.flags import LOCK, LockedOnly, LockFile
from unifiedqa_convert.vera_tasks import GroupName

if TYPE_CHECKING:
    from unifiedqa_convert.datasets.fetch import Outcome, Planned, Wish
    from unifiedqa_convert.datasets.lock import Lock

EPILOG = (
    "Examples: uqa fetch copa sciq; uqa fetch --group vera --plan; "
    "uqa fetch --group vera --to FOLDER, then elsewhere uqa convert copa --split validation "
    "--data-dir FOLDER"
)


def fetch(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="DATASET", help="Names of datasets.", autocompletion=dataset_names),
    ] = None,
    group: Annotated[GroupName | None, typer.Option(help="Fetch a group of datasets.")] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPLIT",
            help="Only this split; repeat the option for several.",
            show_default="every split",
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what it would take, and fetch nothing.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Also copy the files to FOLDER, for a machine without internet: --data-dir FOLDER",
        ),
    ] = None,
    lock: LockFile = LOCK,
    locked: LockedOnly = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download the files of datasets, proven, so that everything else works offline.

    A stopped download resumes where it was. What no shipped pin proves is recorded in the lock.
    """
    from unifiedqa_convert.datasets import fetch as fetching
    from unifiedqa_convert.datasets import lock as lock_file
    from unifiedqa_convert.hub import cache_places
    from unifiedqa_convert.storage import free_bytes

    named = [known_dataset(dataset, quiet) for dataset in datasets or []]
    wishes = _wishes(named, group, split or [])
    held = lock_file.Lock(lock, only=locked)
    planned = fetching.plan(wishes, held)
    free = min(free_bytes(place) for place in cache_places())
    if plan and as_json:
        print(json.dumps({"splits": [it._asdict() for it in planned], "free": free}, indent=2))
        return
    if plan or not (quiet or as_json):
        _print_plan(planned, free, file=sys.stdout if plan else sys.stderr)
    if plan:
        return
    needed = sum(it.bytes or 0 for it in planned if not it.here)
    if needed > free:
        raise OutputError(f"{needed:,} bytes are to come, but {free:,} are free: free disk space")
    by_hand = {(it.dataset, it.split) for it in planned if it.source == "by hand"}
    wanted = [it for it in wishes if (it.adapter.name, it.split) not in by_hand]
    if not wanted:
        raise UnreachableError("\n".join(f"{it.dataset}/{it.split}: {it.why}" for it in planned))
    outcomes = _fetch(wanted, held, _sizes(planned), quiet=quiet or as_json)
    if to is not None:
        had = {(it.dataset, it.split) for it in outcomes if it.outcome != "failed"}
        fetching.carry([it for it in wanted if (it.adapter.name, it.split) in had], held, to)
    if as_json:
        print(json.dumps([_as_json(it) for it in outcomes], indent=2))
    else:
        _print_outcomes(outcomes, [it for it in planned if it.source == "by hand"])
        if to is not None:
            tell(f"copied to {to}; there: uqa convert NAME --split S --data-dir {to}", quiet)
    codes = {it.exit_code for it in outcomes if it.outcome == "failed"}
    raise typer.Exit(codes.pop() if len(codes) == 1 else 4 if codes else 0)


def _wishes(datasets: list[str], group: GroupName | None, splits: list[str]) -> "list[Wish]":
    from unifiedqa_convert.conversion.groups import members
    from unifiedqa_convert.datasets.fetch import Wish
    from unifiedqa_convert.datasets.listing import canonical_split
    from unifiedqa_convert.datasets.registry import load_adapter
    from unifiedqa_convert.datasets.sources import no_split

    if bool(datasets) == (group is not None):
        raise UsageError("name datasets (`uqa list` shows all) or give --group vera")
    adapters = members(group) if group is not None else [load_adapter(name) for name in datasets]
    names = [canonical_split(name) for name in splits]
    for adapter in adapters if group is None else ():
        for name in names:
            if name not in adapter.source.splits:
                raise no_split(adapter, name)
    return [
        Wish(adapter, split)
        for adapter in dict.fromkeys(adapters)
        for split in adapter.source.splits
        if not names or split in names
    ]


def _print_plan(planned: "Sequence[Planned]", free: int, file: Any) -> None:
    lines = [("dataset", "split", "files", "bytes", "here", "proof", "from")]
    for it in planned:
        number = "?" if it.files is None and it.source != "by hand" else str(it.files or "-")
        size = "-" if it.source == "by hand" else "?" if it.bytes is None else f"{it.bytes:,}"
        here = "yes" if it.here else "no"
        source = f"{it.source}: {it.why}" if it.why else it.source
        lines.append((it.dataset, it.split, number, size, here, it.proof, source))
    print_columns(lines, file=file)
    missing = [it for it in planned if not it.here and it.source != "by hand"]
    unknown = sum(it.bytes is None for it in missing)
    by_hand = sum(it.source == "by hand" for it in planned)
    total = sum(it.bytes or 0 for it in missing)
    print(
        f"{len(missing)} of {len(planned)} splits to fetch: {decimal(total)}"
        + (f", and {unknown} of a size that is known when their host is asked" if unknown else "")
        + f"; {sum(it.here for it in planned)} here already; {by_hand} only by hand; "
        f"{decimal(free)} free",
        file=file,
    )


def _sizes(planned: "Sequence[Planned]") -> dict[tuple[str, str], int | None]:
    return {(it.dataset, it.split): it.bytes for it in planned}


def _fetch(
    wishes: "list[Wish]", lock: "Lock", sizes: dict[tuple[str, str], int | None], *, quiet: bool
) -> "list[Outcome]":
    from unifiedqa_convert.datasets.fetch import fetch as fetch_all

    outcomes = []
    with _progress(sizes, quiet=quiet) as (report, ended):
        for outcome in fetch_all(wishes, lock, report):
            outcomes.append(outcome)
            ended(outcome)
    order = {(it.adapter.name, it.split): place for place, it in enumerate(wishes)}
    return sorted(outcomes, key=lambda it: order[it.dataset, it.split])


Report = Callable[["Wish", int], None]
Ended = Callable[["Outcome"], None]


@contextmanager
def _progress(
    sizes: dict[tuple[str, str], int | None], *, quiet: bool
) -> Iterator[tuple[Report, Ended]]:
    """Functions to call with the bytes that arrived for a split, and with its outcome."""
    if quiet:
        yield (lambda _wish, _number: None), (lambda _outcome: None)
    elif sys.stderr.isatty():
        with _bars(sizes) as functions:
            yield functions
    else:
        yield _lines()


@contextmanager
def _bars(sizes: dict[tuple[str, str], int | None]) -> Iterator[tuple[Report, Ended]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = [
        *(TextColumn("{task.description}"), BarColumn(), DownloadColumn()),
        *(TransferSpeedColumn(), TimeRemainingColumn()),
    ]
    tasks: dict[tuple[str, str], Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        known = [size for size in sizes.values() if size]
        overall = bars.add_task("all", total=sum(known) if len(known) == len(sizes) else None)

        def report(wish: "Wish", number: int) -> None:
            key = wish.adapter.name, wish.split
            if key not in tasks:
                tasks[key] = bars.add_task("/".join(key), total=sizes.get(key))
            bars.update(tasks[key], advance=number)
            bars.update(overall, advance=number)

        def ended(outcome: "Outcome") -> None:
            if (key := (outcome.dataset, outcome.split)) in tasks:
                bars.remove_task(tasks[key])
            _print_ended(outcome)

        yield report, ended


def _lines() -> tuple[Report, Ended]:
    """For a log: a line every ten seconds, and one per split that ended."""
    started = last = time.monotonic()
    total = 0

    def report(_wish: "Wish", number: int) -> None:
        nonlocal last, total
        total += number
        now = time.monotonic()
        if now - last >= HEARTBEAT:
            last = now
            rate = f"{decimal(int(total / (now - started)))}/s"
            print(f"{decimal(total)} fetched, {rate}", file=sys.stderr, flush=True)

    return report, _print_ended


def _print_ended(outcome: "Outcome") -> None:
    print(f"{outcome.dataset}/{outcome.split}: {outcome.outcome}", file=sys.stderr)
    for line in outcome.told:
        print(f"  {line}", file=sys.stderr)


def _print_outcomes(outcomes: "list[Outcome]", by_hand: "list[Planned]") -> None:
    lines = [("dataset", "split", "outcome", "bytes", "why")]
    for it in outcomes:
        why = it.why.splitlines()[0] if it.why else ""
        lines.append((it.dataset, it.split, it.outcome, f"{it.bytes:,}", why))
    lines += [(it.dataset, it.split, "by hand", "-", it.why) for it in by_hand]
    print_columns(lines)
    totals = Counter(line[2] for line in lines[1:])
    print(", ".join(f"{number} {what}" for what, number in totals.items()))


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    return {**outcome._asdict(), "files": [str(path) for path in outcome.files]}
