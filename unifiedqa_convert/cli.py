"""The command line: `uqa`. Data on stdout, everything for people on stderr.

A command calls one function; the errors of errors.py are caught here, once. Nothing heavy is
imported until a command needs it, so that `uqa --help` answers at once.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.errors import UqaError, UsageError
from vera_model.run import train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Question-answering datasets to UnifiedQA records, declarative statements, and Vera.",
    epilog="Start with: uqa list; uqa show copa; uqa convert copa --split validation",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
RawFiles = Annotated[
    list[Path] | None,
    typer.Option("--raw", help="A file of raw rows; repeat the option for several."),
]


def main() -> None:
    """Run the command line; exit codes are in errors.py."""
    try:
        app(standalone_mode=True)
    except UqaError as error:
        print(f"uqa: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(version("unifiedqa-convert"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


@app.command("list", epilog="Example: uqa list --json | jq '.[].name'")
def list_datasets(as_json: AsJson = False) -> None:
    """List the datasets: splits with sizes, Vera's partition, how far proven, license."""
    from unifiedqa_convert.describe import listed, print_list

    _print(listed(), print_list, as_json)
    _report_broken_plugins()


@app.command(epilog="Example: uqa show copa --rows 2")
def show(
    dataset: str,
    split: Annotated[str | None, typer.Option(help="Default: the sample's first split.")] = None,
    raw: RawFiles = None,
    rows: Annotated[int, typer.Option(min=0, help="How many rows to follow.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show which raw field goes where and why, then rows: raw, example, records, statements."""
    from unifiedqa_convert.describe import print_shown, shown

    _print(shown(dataset, split, tuple(raw or ()), rows), print_shown, as_json)


@app.command(
    epilog="Examples: uqa convert copa --split validation; "
    "uqa convert copa --split validation --raw val.jsonl --to jsonl --out out"
)
def convert(
    dataset: str,
    split: Annotated[str, typer.Option(help="train, validation (or dev, val), test …")],
    raw: RawFiles = None,
    source: Annotated[
        Literal["auto", "hub", "sample"],
        typer.Option(help="auto: --raw, the cache, the hub (10 s), then the embedded sample."),
    ] = "auto",
    records: Annotated[
        Literal["question", "declarative", "both"] | None,
        typer.Option(help="Default: both; question for tsv and vera."),
    ] = None,
    to: Annotated[
        Literal["arrow", "parquet", "jsonl", "tsv", "vera"], typer.Option(help="The file format.")
    ] = "arrow",
    out: Annotated[Path, typer.Option(help="The output is OUT/<dataset>/<split>/.")] = Path(
        "data/converted"
    ),
    data_dir: Annotated[
        Path | None, typer.Option(help="Find the authors' files here.", envvar="UQA_DATA_DIR")
    ] = None,
    question_converter: Annotated[
        str, typer.Option(help="rules (embedded) or none.", metavar="NAME")
    ] = "rules",
    recipe: Annotated[
        Literal["clean", "vera"], typer.Option(help="clean: right; vera: as upstream did it.")
    ] = "clean",
    profile: Annotated[
        str | None,
        typer.Option(
            help="canonical, unifiedqa, unifiedqa-train or rainier.", show_default="the recipe's"
        ),
    ] = None,
    max_rejects: Annotated[int, typer.Option(min=0, help="Go on past so many rejected rows.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N rows.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes to work in.")] = 1,
    shard_index: Annotated[
        int, typer.Option(min=0, help="This task's share of the shards (Slurm arrays).")
    ] = 0,
    num_shards: Annotated[int, typer.Option(min=1, help="Into how many shares.")] = 1,
    shard_rows: Annotated[
        int, typer.Option(min=1, help="Raw rows per shard: what a killed run may have to redo.")
    ] = 50_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another output.")] = False,
    from_file: Annotated[
        Path | None,
        typer.Option(
            help="Convert your own file instead (csv, tsv, jsonl, json, parquet), under any name.",
            rich_help_panel="Your own file",
        ),
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="Its column of questions.", rich_help_panel="Your own file")
    ] = None,
    choices: Annotated[
        str | None,
        typer.Option(
            help="Its columns of choices, with commas between.", rich_help_panel="Your own file"
        ),
    ] = None,
    gold: Annotated[
        str | None,
        typer.Option(help="Its column of right answers.", rich_help_panel="Your own file"),
    ] = None,
    gold_is: Annotated[
        Literal["text", "letter", "0", "1"],
        typer.Option(
            help="What that column holds: the text, its letter, its place from 0 or from 1.",
            rich_help_panel="Your own file",
        ),
    ] = "text",
    context: Annotated[
        str | None, typer.Option(help="Its column of contexts.", rich_help_panel="Your own file")
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print what would be done, as JSON; do nothing.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert one split: raw rows to records and statements, with a manifest that adds up."""
    from unifiedqa_convert.job import Request
    from unifiedqa_convert.own_file import Columns
    from unifiedqa_convert.summary import convert_and_tell, print_config_of

    request = Request(
        dataset=dataset,
        split=split,
        raw=tuple(raw or ()),
        source=source,
        data_dir=data_dir,
        records=records,
        to=to,
        out=out,
        question_converter=question_converter,
        recipe=recipe,
        profile=profile,
        limit=limit,
        share=(shard_index, num_shards),
        shard_rows=shard_rows,
        max_rejects=max_rejects,
        overwrite=overwrite,
        workers=workers,
        from_file=from_file,
        columns=Columns.of(question, choices, gold, gold_is, context) if question else None,
    )
    print_config_of(request) if print_config else convert_and_tell(request, as_json, quiet)


@app.command(
    epilog="Examples: uqa check data/converted; uqa check published.tsv; exit code 4: an error"
)
def check(
    path: Annotated[
        Path, typer.Argument(help="An output folder, a UnifiedQA TSV, or a Vera JSON.")
    ],
    as_json: AsJson = False,
) -> None:
    """Verify an output against its manifest, or name the traps in somebody else's file."""
    from unifiedqa_convert import check as room

    report = room.check(path)
    document = room.as_json(report)
    _print(document, lambda _: print("\n".join(room.render(report))), as_json)
    raise typer.Exit(0 if report.ok else 4)


@app.command(epilog="Examples: uqa sources; uqa sources copa --pin")
def sources(
    dataset: Annotated[str | None, typer.Argument(help="Default: all.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the hub whether the pins still hold.")
    ] = False,
    pin: Annotated[
        bool, typer.Option("--pin", help="Ask the hub for a pin: lines for the adapter's file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say where each dataset's rows come from, whether pinned and whether on this machine."""
    from unifiedqa_convert import sources as rooms
    from unifiedqa_convert.describe import print_sources

    if pin:
        if dataset is None:
            raise UsageError("--pin takes one dataset: uqa sources DATASET --pin")
        print(rooms.pin(dataset))
    else:
        _print((rooms.check if check else rooms.status)(dataset), print_sources, as_json)


app.command(
    "train",
    epilog="Example: uqa train --preset tiny --data data/converted/copa/validation",
)(train)


def _print(document: Any, render: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        render(document)


def _report_broken_plugins() -> None:
    from unifiedqa_convert.registry import catalogue

    for error in catalogue().errors:
        print(f"uqa: {error}", file=sys.stderr)
