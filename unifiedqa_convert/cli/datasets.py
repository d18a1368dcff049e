"""`uqa list`, `show`, `cite`, `check` and `sources`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unifiedqa_convert.cli.options import (
    AsJson,
    RawFiles,
    dataset_names,
    known_dataset,
    print_either,
    tell,
)
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console


def print_status(entries: list[dict[str, Any]]) -> None:
    """A line per dataset; for a single one, also a line per pinned file."""
    lines = [("dataset", "hub", "commit", "on this machine")]
    for entry in entries:
        files = entry["files"] if entry["revision"] != "unpinned" else []
        cached = sum(file["cached"] for file in files)
        here = f"{cached} of {len(files)} splits" if files else "-"
        commit = entry["revision"][:12] if entry["hub"] else "-"
        lines.append((entry["dataset"], entry["hub"] or "-", commit, here))
    print_columns(lines)
    if len(entries) == 1:
        print()
        if entries[0]["files"]:
            print_columns(_file_lines(entries[0]["files"]))
            print()
        print_columns([(entries[0]["next"],)])


def _file_lines(files: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield "split", "bytes", "on this machine", "file"
    for file in files:
        size = "?" if file["bytes"] is None else f"{file['bytes']:,}"
        yield file["split"], size, "yes" if file["cached"] else "no", file["file"]


def print_checked(checked: list[dict[str, str]]) -> None:
    """A line per dataset."""
    lines = [(entry["dataset"], entry["result"], entry["detail"]) for entry in checked]
    print_columns([("dataset", "result", "detail"), *lines])


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
        for name in ("raw", "example", "question record", "statements", "declarative records"):
            if name in step:
                _print_step(name, step[name], console)
        if "rejected" in step:
            console.print(f"  [red]rejected[/red]  {step['rejected']}")


def _print_step(name: str, value: Any, console: "Console") -> None:
    lines = value if isinstance(value, list) else [value]
    for line in lines:
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        console.print(f"  [cyan]{name}[/cyan]  ", end="")
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_list(entries: list[dict[str, Any]]) -> None:
    """A table, one line per dataset."""
    table = [("dataset", "vera", "verified", "hub", "license", "splits")]
    for entry in entries:
        splits = " ".join(f"{name}:{size or '?'}" for name, size in entry["splits"].items())
        hub = "pinned" if entry["revision"] else "unpinned" if entry["hub"] else "-"
        facts = entry["name"], entry["partition"], entry["verified"], hub, entry["license"], splits
        table.append(facts)
    print_columns(table)


def pinned_summary(entries: list[dict[str, Any]]) -> str:
    """How many datasets can be downloaded, and what to do for the others."""
    pinned = [entry for entry in entries if entry["revision"] not in (None, "unpinned")]
    return (
        f"{len(pinned)} of {len(entries)} are pinned to a commit of the hub: `uqa convert` "
        "downloads them; for the others, give the files with --raw or --data-dir, or pin the "
        "dataset with `uqa sources NAME --pin`"
    )


_MARKDOWN_START = """\
# Datasets

Generated from the adapters by `make fix` (`uqa list --markdown`).

`verified`: `sha256`: the output equals a published file, by its hash; `real rows`: tested on real
rows; `documentation only`: written from the documentation. Sizes are numbers of raw rows; `?`:
unknown. `(pinned)`: `uqa convert NAME` downloads the file of a known commit from the hub. For the
other datasets, give the file with `--raw` or `--data-dir`; `uqa sources NAME --pin` looks it up on
the hub and prints the lines that pin it in the adapter.

| dataset | question | vera | verified | raw shapes | splits | license, redistributable | hub |
|---|---|---|---|---|---|---|---|"""


def print_markdown(entries: list[dict[str, Any]]) -> None:
    """The page docs/datasets.md: the same facts, with homepage and hub repository."""
    print(_MARKDOWN_START)
    shared = {True: "yes", False: "**no**", None: "not stated"}
    for it in entries:
        splits = ", ".join(f"{name} {size or '?'}" for name, size in it["splits"].items())
        name = ", ".join([f"[{it['name']}]({it['homepage']})", *it["aliases"]])
        license_ = f"{it['license']}, {shared[it['redistributable']]}"
        pinned = " (pinned)" if it["revision"] else ""
        hub = f"{it['hub']}{pinned}" if it["hub"] else it["ask"] or "-"
        shapes = ", ".join(it["shapes"])
        cells = name, it["about"], it["partition"], it["verified"], shapes, splits, license_, hub
        print(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")


def list_datasets(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/datasets.md.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the datasets and their splits.

    Also Vera's partition, the verification, the hub status and the license.
    """
    from unifiedqa_convert.datasets.catalogue import listed

    entries = listed()
    print_either(entries, print_markdown if markdown else print_list, as_json)
    tell(pinned_summary(entries), quiet=as_json or markdown)
    warn_of_broken()


def warn_of_broken() -> None:
    """Name on stderr each adapter that can't be used and is therefore left out."""
    from unifiedqa_convert.datasets.registry import catalogue

    for error in catalogue().errors:
        print(f"uqa: left out: {error}", file=sys.stderr)


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
    from unifiedqa_convert.datasets.catalogue import bibtex, citations

    found = citations([known_dataset(dataset) for dataset in datasets or []])

    def render(_: object) -> None:
        for it in found:
            line = f"{it.dataset}: {it.citation} {it.homepage} License: {it.license}."
            print(bibtex(it) if as_bibtex else line)

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
        print_either(document, lambda _: print("\n".join(report_lines(report))), as_json)
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
            help="Check that the hub still has the pinned files; exit code 4 if not, 7 "
            "if it does not answer.",
        ),
    ] = False,
    pin: Annotated[
        bool,
        typer.Option(
            "--pin",
            help="Look up the dataset's current commit and files on the hub; print the lines that "
            "pin them in the adapter.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where datasets come from; check or make pins.

    Per dataset: hub repository, pinned commit, and which files are on this machine.
    """
    from unifiedqa_convert.datasets import pinning

    if dataset is not None:
        dataset = known_dataset(dataset)
    if pin:
        if dataset is None:
            raise UsageError("--pin takes one dataset: uqa sources DATASET --pin")
        lines = pinning.pin(dataset)
        print_either(
            {"dataset": dataset, "lines": lines.split("\n")}, lambda _: print(lines), as_json
        )
    elif check:
        checked = pinning.check_pins(dataset)
        print_either(checked, print_checked, as_json)
        if dataset is None:
            warn_of_broken()
        raise typer.Exit(pinning.pins_exit_code(checked))
    else:
        entries = pinning.status(dataset)
        print_either(entries, print_status, as_json)
        tell(pinned_summary(entries), quiet=as_json or dataset is not None)
        if dataset is None:
            warn_of_broken()
