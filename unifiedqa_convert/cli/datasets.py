"""`uqa list`, `show`, `cite`, `check` and `sources`."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unifiedqa_convert.cli.options import (
    AsJson,
    RawFiles,
    dataset_names,
    known_dataset,
    print_either,
)
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import UsageError, printable
from unifiedqa_convert.flags import LOCK, LockFile
from unifiedqa_convert.printing import print_text, say
from unifiedqa_convert.vera_tasks import GroupName

if TYPE_CHECKING:
    from rich.console import Console

    from unifiedqa_convert.datasets.status import MovedSplit


def print_status(entries: list[dict[str, Any]]) -> None:
    """A line per dataset; of a single one, each split with every repository that has it."""
    if len(entries) == 1:
        _print_splits(entries[0])
        return
    lines = [("dataset", "rows by", "on this machine", "best proof", "from")]
    for entry in entries:
        splits = entry["splits"].values()
        here = sum(split["on this machine"] for split in splits)
        best = [split["sources"][0] for split in splits if split["sources"]]
        proofs = ", ".join(dict.fromkeys(source["proof"] for source in best))
        names = ", ".join(dict.fromkeys(f"{it['host']} {it['repository']}" for it in best))
        where = f"{here} of {len(splits)} splits" if best else "-"
        lines.append((entry["dataset"], entry["reach"], where, proofs or "-", names or "-"))
    print_columns(lines)


def _print_splits(entry: dict[str, Any]) -> None:
    lines = [("split", "from", "commit", "proof", "files", "evidence")]
    for name, split in entry["splits"].items():
        for place, it in enumerate(split["sources"]):
            files = ", ".join(map(_file, it["files"])) or "looked up at first use"
            named, commit = name if not place else "", (it["commit"] or "-")[:12]
            where = f"{it['host']} {it['repository']}"
            lines.append((named, where, commit, it["proof"], files, it["evidence"] or "-"))
        if not split["sources"]:
            lines.append((name, "by hand", "-", "-", "-", "-"))
    print_columns(lines)
    for name, split in entry["splits"].items():
        rows = "an unknown number of" if split["rows"] is None else f"{split['rows']:,}"
        here = "on this machine" if split["on this machine"] else "not on this machine"
        print_text(f"\n{name}: {rows} rows, {here}")
        if held := split["lock"]:
            branch = f" ({held['branch']})" if held["branch"] else ""
            print_text(f"  locked to {held['host']} {held['repository']}@{held['commit']}{branch}")
        print_text("  --data-dir FOLDER looks for")
        print_text("\n".join(f"    {name}" for name in split["names"]))
    first, split = next(iter(entry["splits"].items()))
    print_text(f"\nWhere nothing of that can be reached, for {first}:")
    print_text("\n".join(f"  {way}" for way in split["otherwise"]))


def _file(file: dict[str, Any]) -> str:
    size = "" if file["bytes"] is None else f" ({file['bytes']:,} bytes)"
    return f"{file['path']}{size}"


def print_checked(checked: list[dict[str, str]]) -> None:
    """A line per dataset."""
    lines = [(entry["dataset"], entry["result"], entry["detail"]) for entry in checked]
    print_columns([("dataset", "result", "detail"), *lines])


_STEPS = "raw/example/answer/flags/question record/statements/declarative records".split("/")


def print_shown(facts: dict[str, Any]) -> None:
    """The result of ``preview.shown``, as text."""
    from rich.console import Console

    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(f"[bold]{facts['name']}[/bold]  {facts['about']}")
    if facts["aliases"]:
        console.print(f"  also: {', '.join(facts['aliases'])}", highlight=False, markup=False)
    for name in ("citation", "homepage", "license", "partition", "verified"):
        console.print(f"  {name}: {facts[name]}", highlight=False, markup=False)
    splits = ", ".join(f"{name} ({rows or '?'} rows)" for name, rows in facts["splits"].items())
    console.print(f"  --split: {splits}", highlight=False, markup=False)
    for shape in facts["shapes"]:
        console.print(f"\n[bold]raw shape {shape['shape']}[/bold]  {shape['about']}")
        width = max(len(field["raw"]) for field in shape["fields"])
        for field in shape["fields"]:
            console.print(f"  {field['raw']:{width}}  {field['goes']}", markup=False)
    for step in facts["rows"]:
        console.print(f"\n[bold]row {step['row']}[/bold] of {facts['rows_from']}")
        for part in (step, *step.get("further", ())):
            for name in _STEPS:
                if name in part:
                    _print_step(name, part[name], console)
        if "rejected" in step:
            _print_step("rejected", step["rejected"], console)


def _print_step(name: str, value: Any, console: "Console") -> None:
    lines = value if isinstance(value, list) else [value]
    for line in lines:
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        console.print(f"  [cyan]{name}[/cyan]  ", end="")
        console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def print_list(entries: list[dict[str, Any]]) -> None:
    """A table, one line per dataset."""
    table = [("dataset", "vera", "verified", "rows by", "license", "splits")]
    for entry in entries:
        splits = " ".join(f"{name}:{size or '?'}" for name, size in entry["splits"].items())
        how = entry["reach"]
        facts = entry["name"], entry["partition"], entry["verified"], how, entry["license"], splits
        table.append(facts)
    print_columns(table)


def reach_summary(entries: list[dict[str, Any]]) -> str:
    """How many datasets can be downloaded, and what to do for the others."""
    reach = Counter(entry["reach"] for entry in entries)
    return (
        f"{reach['pinned']} of {len(entries)} come from pinned commits, {reach['lock']} more from "
        "what their first use looks up and records in uqa.lock: `uqa convert NAME` and `uqa fetch "
        f"NAME` download them; {reach['by hand']} only by hand: `uqa sources NAME` says how"
    )


_MARKDOWN_START = """\
# Datasets

Generated from the adapters by `make fix` (`uqa list --markdown`).

`verified`: `sha256`: the output equals a published file, by its hash; `real rows`: tested on real
rows; `documentation only`: written from the documentation. Sizes are numbers of raw rows; `?`:
unknown. `rows by`: `pinned`: `uqa convert NAME` downloads files of known commits; `lock`: its first
use looks up a commit and records it in `uqa.lock`; `by hand`: a labelled split has no address
(`uqa sources NAME` says where to ask; the others are downloaded all the same).
[Getting the rows](getting-the-rows.md) says more.

| dataset | question | vera | verified | raw shapes | splits | license, redistributable | rows by |
|---|---|---|---|---|---|---|---|"""
_MARKDOWN_PINS = """
## Pins, and how each is known

Per split the repositories that have it, the best proven first. `sha256`, `git blob`: the bytes are
proven by that hash; `commit`: by the commit, and by the size and hash that the hub tells for it,
which `uqa.lock` keeps; `lock`: the commit is looked up at the first use and kept in `uqa.lock`.

| dataset | splits | repository | commit | proof | evidence |
|---|---|---|---|---|---|"""


def print_markdown(entries: list[dict[str, Any]]) -> None:
    """The page docs/datasets.md: the same facts, with homepage, and every pin's evidence."""
    print_text(_MARKDOWN_START)
    shared = {True: "yes", False: "**no**", None: "not stated"}
    for it in entries:
        splits = ", ".join(f"{name} {size or '?'}" for name, size in it["splits"].items())
        name = ", ".join([f"[{it['name']}]({it['homepage']})", *it["aliases"]])
        license_ = f"{it['license']}, {shared[it['redistributable']]}"
        how = it["reach"] + (f": {it['ask']}" if it["ask"] and it["reach"] == "by hand" else "")
        shapes = ", ".join(it["shapes"])
        facts = name, it["about"], it["partition"], it["verified"], shapes, splits, license_, how
        _print_cells(facts)
    print_text(_MARKDOWN_PINS)
    for it in entries:
        # Splits with the same repository and proof share a line.
        lines: dict[tuple[str, ...], list[str]] = {}
        for split, sources in it["sources"].items():
            for source in sources:
                where = f"{source['host']} {source['repository']}"
                proof = source["commit"] or "-", source["proof"], source["evidence"] or "-"
                lines.setdefault((where, *proof), []).append(split)
        for pinned, names in lines.items():
            _print_cells((it["name"], ", ".join(names), *pinned))


def _print_cells(cells: Sequence[str]) -> None:
    print_text(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")


def list_datasets(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/datasets.md.")
    ] = False,
    group: Annotated[GroupName | None, typer.Option(help="Only the datasets of one group.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the datasets and their splits.

    Also Vera's partition, the verification, how the rows are had, and the license.
    """
    from unifiedqa_convert.datasets.catalogue import listed

    entries = listed()
    if group is not None:
        from unifiedqa_convert.conversion.groups import members  # imports what converts

        names = {adapter.name for adapter in members(group)}
        entries = [entry for entry in entries if entry["name"] in names]
    print_either(entries, print_markdown if markdown else print_list, as_json)
    say(reach_summary(entries), quiet=as_json or markdown)
    warn_of_broken()


def warn_of_broken() -> None:
    """Name on stderr each adapter that can't be used and is therefore left out."""
    from unifiedqa_convert.datasets.registry import catalogue

    for error in catalogue().errors:
        say(f"uqa: left out: {error}")


def show(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="Name of a dataset; `uqa list` shows all.",
            autocompletion=dataset_names,
        ),
    ],
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="Default: the sample's first split.")
    ] = None,
    raw: RawFiles = None,
    rows: Annotated[int, typer.Option(metavar="N", min=0, help="Number of rows.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show a dataset's raw fields, and rows converted step by step.

    The rows are those of the embedded sample, unless --raw is given.
    """
    from unifiedqa_convert.conversion.preview import shown

    facts = shown(known_dataset(dataset), split, tuple(raw or ()), rows)
    print_either(facts, print_shown, as_json)


def cite(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATASET",
            help="Names of datasets. Default: all.",
            autocompletion=dataset_names,
        ),
    ] = None,
    as_bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX entries.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the citations and licenses of datasets."""
    from unifiedqa_convert.datasets.catalogue import citations

    found = citations([known_dataset(dataset) for dataset in datasets or []])

    def render(_: object) -> None:
        lines = [
            f"{it.dataset}: {it.citation} {it.homepage} License: {it.license}." for it in found
        ]
        if as_bibtex:  # of several datasets of one paper it stands once: keys are unique
            lines = list(dict.fromkeys(entry for it in found for entry in it.bibtex))
        print_text("\n".join(lines))

    print_either([it._asdict() for it in found], render, as_json)
    if not datasets:
        warn_of_broken()


def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="Folder of one or more outputs, a UnifiedQA TSV (.tsv) or a Vera JSON (.json).",
        ),
    ],
    as_json: AsJson = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing; the exit code gives the result.")
    ] = False,
) -> None:
    """Verify an output, or find problems in a TSV or Vera JSON.

    An output is compared with its manifest; a file of another program is searched for traps.
    """
    from unifiedqa_convert.check import check_path, report_as_json, report_lines

    report = check_path(path)
    if not quiet:
        document = report_as_json(report)
        print_either(document, lambda _: print_text("\n".join(report_lines(report))), as_json)
    raise typer.Exit(0 if report.ok else 4)


def sources(
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Name of a dataset. Default: all.",
            autocompletion=dataset_names,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Check that the hosts still have the pinned and locked files; exit code 4 if not, "
            "7 if one does not answer.",
        ),
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Look up the newest commit of what no shipped pin proves, move the lock to it, "
            "and show which rows were added, removed, changed.",
        ),
    ] = False,
    lock: LockFile = LOCK,
    as_json: AsJson = False,
) -> None:
    """Show where datasets come from; check pins, or move a lock.

    Of one dataset: each split's repositories, the proof, the lock, and how to get it by hand.
    """
    from unifiedqa_convert.datasets import status
    from unifiedqa_convert.datasets.lock import Lock

    if dataset is not None:
        dataset = known_dataset(dataset)
    held = Lock(lock)
    if update:
        if dataset is None:
            raise UsageError("--update takes one dataset: uqa sources DATASET --update")
        moved = status.update(dataset, held)
        print_either([it.as_json() for it in moved], lambda _: _print_moved(moved), as_json)
    elif check:
        checked = status.check_pins(dataset, held)
        print_either(checked, print_checked, as_json)
        if dataset is None:
            warn_of_broken()
        raise typer.Exit(status.pins_exit_code(checked))
    else:
        entries = status.status(dataset, held)
        print_either(entries, print_status, as_json)
        say(reach_summary(entries), quiet=as_json or dataset is not None)
        if dataset is None:
            warn_of_broken()


def _print_moved(moved: "list[MovedSplit]") -> None:
    for it in moved:
        if it.after is None:
            none = "proven by a shipped pin, or by hand only: nothing to lock"
            print_text(f"{it.split}: {it.why or none}")
            continue
        before, after = it.before and it.before.commit[:12], it.after.commit[:12]
        moved_to = f"still {after}" if before == after else f"{before or 'not locked'} → {after}"
        print_text(f"{it.split}: {moved_to}, {it.after.rows:,} rows")
        for what, keys in (("added", it.added), ("removed", it.removed), ("changed", it.changed)):
            if it.before:
                print_text("\n    ".join([f"  {len(keys):,} rows {what}", *keys[:5]]))
        if it.why:
            print_text(f"  {it.why}")
