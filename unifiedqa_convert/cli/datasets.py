"""`uqa list`, `show`, `sources`, `check`: what there is, where from, and whether it is whole."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from unifiedqa_convert.cli.options import (
    AsJson,
    Quiet,
    RawFiles,
    dataset_names,
    print_either,
    tell,
)
from unifiedqa_convert.errors import UsageError


def list_datasets(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As the table of docs/datasets.md.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the datasets: splits with sizes, Vera's partition, how far proven, license."""
    from unifiedqa_convert.listing import listed, pins_told, print_list, print_markdown

    entries, errors = listed()
    print_either(entries, print_markdown if markdown else print_list, as_json)
    tell(pins_told(entries), quiet=as_json or markdown)
    for error in errors:
        print(f"uqa: {error}", file=sys.stderr)


def show(
    dataset: Annotated[str, typer.Argument(autocompletion=dataset_names)],
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="Default: the sample's first split.")
    ] = None,
    raw: RawFiles = None,
    rows: Annotated[int, typer.Option(metavar="N", min=0, help="How many rows to follow.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show which raw field goes where and why, then rows: raw, example, records, statements."""
    from unifiedqa_convert.describe import print_shown, shown

    print_either(shown(dataset, split, tuple(raw or ()), rows), print_shown, as_json)


def cite(
    datasets: Annotated[
        list[str] | None, typer.Argument(metavar="DATASET", help="Default: all.")
    ] = None,
    as_bibtex: Annotated[bool, typer.Option("--bibtex", help="As BibTeX entries.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whom to cite for the datasets you use, and under which license they are."""
    from unifiedqa_convert.cite import bibtex, citations

    found = citations(datasets or [])

    def render(_: object) -> None:
        for it in found:
            line = f"{it.dataset}: {it.citation} {it.homepage} License: {it.license}."
            print(bibtex(it) if as_bibtex else line)

    print_either([it._asdict() for it in found], render, as_json)


def check(
    path: Annotated[
        Path, typer.Argument(help="An output folder, a UnifiedQA TSV, or a Vera JSON.")
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Verify an output against its manifest, or name the traps in somebody else's file."""
    from unifiedqa_convert import check as room

    report = room.check(path)
    document = room.as_json(report)
    if not quiet:
        print_either(document, lambda _: print("\n".join(room.render(report))), as_json)
    raise typer.Exit(0 if report.ok else 4)


def sources(
    dataset: Annotated[str | None, typer.Argument(help="Default: all.")] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Ask the hub whether the pins still hold; 4: no, 7: no answer."
        ),
    ] = False,
    pin: Annotated[
        bool, typer.Option("--pin", help="Ask the hub for a pin: lines for the adapter's file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say where each dataset's rows come from, whether pinned and whether on this machine."""
    from unifiedqa_convert import pinning
    from unifiedqa_convert.listing import pins_told

    if pin:
        if dataset is None:
            raise UsageError("--pin takes one dataset: uqa sources DATASET --pin")
        lines = pinning.pin(dataset)
        print_either(
            {"dataset": dataset, "lines": lines.split("\n")}, lambda _: print(lines), as_json
        )
    elif check:
        checked = pinning.check(dataset)
        print_either(checked, pinning.print_checked, as_json)
        raise typer.Exit(pinning.exit_code_of(checked))
    else:
        entries = pinning.status(dataset)
        print_either(entries, pinning.print_status, as_json)
        tell(pins_told(entries), quiet=as_json or dataset is not None)
