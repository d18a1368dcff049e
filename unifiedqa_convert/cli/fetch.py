"""`uqa fetch`: the plan, the progress of several downloads, and the table at the end."""

import os
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.filesize import decimal

from unifiedqa_convert.cli.options import AsJson, Quiet, dataset_names, known_dataset, print_either
from unifiedqa_convert.cli.progress import download_progress
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import UnreachableError, UsageError
from unifiedqa_convert.flags import LOCK, LockedOnly, LockFile
from unifiedqa_convert.printing import print_json, print_text, say
from unifiedqa_convert.vera_tasks import GroupName

if TYPE_CHECKING:
    from unifiedqa_convert.datasets.fetch import Outcome, Plan, Planned, Wish
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
            file_okay=False,
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
    from unifiedqa_convert.datasets.lock import Lock

    wishes = _wishes([known_dataset(name, quiet) for name in datasets or []], group, split or [])
    held = Lock(lock, only=locked)
    planned = fetching.plan(wishes, held)
    if plan:
        print_either(_plan_as_json(planned), lambda _: _print_plan(planned, sys.stdout), as_json)
        return
    if not quiet:
        _print_plan(planned, sys.stderr)
    planned.refuse_full_disk(to)
    wanted, by_hand = _reachable(wishes, planned)
    if not wanted:
        raise UnreachableError("\n".join(_by_hand_lines(by_hand)))
    with _stoppable():
        outcomes = _fetch(wanted, held, planned, quiet)
        _carry(wanted, outcomes, held, to)
    if as_json:
        print_json([_as_json(it) for it in outcomes])
    elif quiet:
        _tell_failures(outcomes)
    else:
        _print_outcomes(outcomes, by_hand)
        _print_next(outcomes, held, to)
    raise typer.Exit(_exit_code(outcomes, [] if group else by_hand))


def _reachable(wishes: "list[Wish]", planned: "Plan") -> "tuple[list[Wish], list[Planned]]":
    """The wishes that have a repository; the plan of the others."""
    from unifiedqa_convert.datasets.fetch import BY_HAND

    pairs = list(zip(wishes, planned.splits, strict=True))
    wanted = [wish for wish, it in pairs if it.source != BY_HAND]
    return wanted, [it for _, it in pairs if it.source == BY_HAND]


def _exit_code(outcomes: "list[Outcome]", by_hand: "list[Planned]") -> int:
    """As of `uqa convert --group`; a named dataset of which nothing can be fetched has failed."""
    codes = {it.exit_code for it in outcomes if it.outcome == "failed"}
    if {it.dataset for it in by_hand} - {it.dataset for it in outcomes}:
        codes.add(UnreachableError.exit_code)
    return codes.pop() if len(codes) == 1 else 4 if codes else 0


def _wishes(datasets: list[str], group: GroupName | None, splits: list[str]) -> "list[Wish]":
    from unifiedqa_convert.conversion.groups import members
    from unifiedqa_convert.datasets.fetch import Wish
    from unifiedqa_convert.datasets.listing import canonical_split
    from unifiedqa_convert.datasets.registry import load_adapter
    from unifiedqa_convert.datasets.sources import no_split

    if datasets and group is not None:
        raise UsageError("datasets and --group exclude each other: leave one out")
    if not datasets and group is None:
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


def _print_plan(planned: "Plan", file: TextIO) -> None:
    from unifiedqa_convert.datasets.fetch import BY_HAND

    lines = [("dataset", "split", "files", "bytes", "here", "proof", "from")]
    by_hand = [it for it in planned.splits if it.source == BY_HAND]
    for it in planned.splits:
        if it.source == BY_HAND:
            lines.append((it.dataset, it.split, "-", "-", "-", "-", BY_HAND))
            continue
        number = "?" if it.files is None else str(it.files)
        size = "?" if it.bytes is None else f"{it.bytes:,}"
        source = f"{it.source}: {it.why}" if it.why else it.source
        here = "yes" if it.here else "no"
        lines.append((it.dataset, it.split, number, size, here, it.proof, source))
    print_columns(lines, file=file)
    for line in _by_hand_lines(by_hand):
        print_text(line, file)
    on_disk = sum(it.here for it in planned.splits)
    size = decimal(planned.bytes) if planned.bytes or not planned.unknown else ""
    unknown = f"{planned.unknown} of unknown size" if planned.unknown else ""
    print_text(
        f"splits to fetch: {len(planned.splits) - on_disk - len(by_hand)} of {len(planned.splits)} "
        f"({' and '.join(filter(None, (size, unknown)))}); {on_disk} here already; "
        f"{len(by_hand)} by hand; {decimal(planned.free)} of disk space free",
        file,
    )


def _by_hand_lines(by_hand: "Sequence[Planned]") -> list[str]:
    """One for each dataset: its splits, and where to ask for them."""
    splits: dict[tuple[str, str], list[str]] = {}
    for it in by_hand:
        splits.setdefault((it.dataset, it.why), []).append(it.split)
    return [
        f"by hand: {dataset} ({', '.join(names)}): {why}"
        for (dataset, why), names in splits.items()
    ]


def _plan_as_json(planned: "Plan") -> dict[str, Any]:
    splits = [{k: v for k, v in it._asdict().items() if k != "pins"} for it in planned.splits]
    return {**planned._asdict(), "splits": splits}


def _fetch(wishes: "list[Wish]", lock: "Lock", planned: "Plan", quiet: bool) -> "list[Outcome]":
    from unifiedqa_convert.datasets.fetch import fetch as fetch_all

    names = {str(wish) for wish in wishes}
    plans = {f"{it.dataset}/{it.split}": it for it in planned.splits}
    sizes = {name: 0 if it.here else it.bytes for name, it in plans.items() if name in names}
    outcomes = {}
    with (
        download_progress(sizes, quiet) as progress,
        closing(fetch_all(wishes, lock, progress)) as ended,
    ):
        for it in ended:
            name = f"{it.dataset}/{it.split}"
            outcomes[name] = it
            progress.ended(name, _lines_of(it))
    return [outcomes[str(wish)] for wish in wishes]


def _carry(wishes: "list[Wish]", outcomes: "list[Outcome]", lock: "Lock", to: Path | None) -> None:
    from unifiedqa_convert.datasets.fetch import carry

    if to is not None:
        pairs = zip(wishes, outcomes, strict=True)
        carry([wish for wish, it in pairs if it.outcome != "failed"], lock, to)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ends the process if it is stopped, even if a thread still waits for its host or reads rows.

    Nothing is lost by it: files appear whole, and what has arrived of one is resumed.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stopped:
        code = stopped.code if isinstance(stopped, SystemExit) else 128 + signal.SIGINT
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _lines_of(outcome: "Outcome") -> list[str]:
    why = f": {_why(outcome)}" if outcome.why else ""
    size = f", {decimal(outcome.bytes)}" if outcome.bytes else ""
    return [f"{outcome.dataset}/{outcome.split}: {outcome.outcome}{size}{why}", *outcome.told]


def _why(outcome: "Outcome") -> str:
    """The first line, without the way by hand, which all splits of a dataset have in common."""
    from unifiedqa_convert.datasets.registry import load_adapter
    from unifiedqa_convert.datasets.sources import without_by_hand

    first = outcome.why.partition("\n")[0]
    return first and without_by_hand(load_adapter(outcome.dataset), first)


def _print_outcomes(outcomes: "list[Outcome]", by_hand: "list[Planned]") -> None:
    lines = [("dataset", "split", "outcome", "bytes", "why")]
    for it in outcomes:
        size = f"{it.bytes:,}" if it.outcome != "failed" else "-"
        lines.append((it.dataset, it.split, it.outcome, size, _why(it)))
    lines += [(it.dataset, it.split, "by hand", "-", "") for it in by_hand]
    print_columns(lines)
    for line in _by_hand_lines(by_hand):
        print_text(line)
    totals = Counter(line[2] for line in lines[1:])
    print_text(", ".join(f"{number} {what}" for what, number in totals.items()))
    unreached = (it for it in outcomes if it.exit_code == UnreachableError.exit_code)
    if failed := dict.fromkeys(it.dataset for it in unreached):
        print_text(f"other ways to the rows: {'; '.join(f'uqa sources {name}' for name in failed)}")


def _print_next(outcomes: "list[Outcome]", lock: "Lock", to: Path | None) -> None:
    had = next((it for it in outcomes if it.outcome != "failed"), None)
    if had is None:
        return
    convert = f"uqa convert {had.dataset} --split {had.split}"
    if to is not None:
        where = shlex.quote(str(to))
        print_text(f"copied to {to}; there, without internet: {convert} --data-dir {where}")
        return
    print_text(f"next, also without internet: {convert}")
    if any(lock.entry(it.dataset, it.split) for it in outcomes):
        print_text(f"in another folder, add --lock {shlex.quote(str(lock.path.absolute()))}")


def _tell_failures(outcomes: "list[Outcome]") -> None:
    for it in outcomes:
        if it.outcome == "failed":
            say(f"uqa: {_lines_of(it)[0]}")


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    return {**outcome._asdict(), "files": [str(path) for path in outcome.files]}
