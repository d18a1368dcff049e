"""`uqa convert`: its options, gathered into one Request."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from unifiedqa_convert.cli.options import (
    AsJson,
    BackendName,
    BatchTokens,
    ConverterName,
    DeviceName,
    DtypeName,
    PromptName,
    Quiet,
    RawFiles,
    Revision,
    dataset_names,
)
from unifiedqa_convert.errors import UsageError

EPILOG = (
    "Examples: uqa convert copa --split validation; "
    "uqa convert copa --split validation --raw val.jsonl --to jsonl --out out; "
    "uqa convert --group vera --data-dir downloads"
)


def convert(
    dataset: Annotated[
        str | None, typer.Argument(help="`uqa list` shows all.", autocompletion=dataset_names)
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="train, validation (or dev, val), test … A group: default all labelled.",
        ),
    ] = None,
    group: Annotated[
        Literal["vera-seen", "vera-unseen", "vera", "all"] | None,
        typer.Option(help="Many datasets instead of one; goes on past a failing one."),
    ] = None,
    allow_sample: Annotated[
        bool, typer.Option("--allow-sample", help="In a group: take samples for rows not here.")
    ] = False,
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
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The output is FOLDER/<dataset>/<split>/.")
    ] = Path("data/converted"),
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Find the authors' files here.", envvar="UQA_DATA_DIR"),
    ] = None,
    question_converter: ConverterName = "rules",
    backend: BackendName = "transformers",
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    batch_tokens: BatchTokens = None,
    revision: Revision = None,
    prompt: PromptName = None,
    recipe: Annotated[
        Literal["clean", "vera"], typer.Option(help="clean: right; vera: as upstream did it.")
    ] = "clean",
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="canonical, unifiedqa, unifiedqa-train or rainier.",
            show_default="the recipe's",
        ),
    ] = None,
    max_rejects: Annotated[
        int, typer.Option(metavar="N", min=0, help="Go on past so many rejected rows.")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the first N rows.")
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes to work in.")] = 1,
    shard_index: Annotated[
        int,
        typer.Option(metavar="K", min=0, help="This task's share of the shards (Slurm arrays)."),
    ] = 0,
    num_shards: Annotated[int, typer.Option(metavar="N", min=1, help="Into how many shares.")] = 1,
    shard_rows: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Raw rows per shard: what a killed run may have to redo."
        ),
    ] = 50_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another output.")] = False,
    from_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Convert your own file instead (csv, tsv, jsonl, json, parquet), under any name.",
            rich_help_panel="Your own file",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Its column of questions.", rich_help_panel="Your own file"
        ),
    ] = None,
    choices: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN,…",
            help="Its columns of choices, with commas between, or one of lists.",
            rich_help_panel="Your own file",
        ),
    ] = None,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Its column of right answers.", rich_help_panel="Your own file"
        ),
    ] = None,
    gold_is: Annotated[
        Literal["text", "letter", "0", "1", "yesno"],
        typer.Option(
            help="What that column holds: text, its letter, its place from 0 or 1, or yes/no.",
            rich_help_panel="Your own file",
        ),
    ] = "text",
    context: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Its column of contexts.", rich_help_panel="Your own file"
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print what would be done, as JSON; do nothing.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert a split, or a group of datasets: raw rows to records and statements, counted."""
    from unifiedqa_convert.declare.options import Options
    from unifiedqa_convert.job import Request
    from unifiedqa_convert.own_file import Columns
    from unifiedqa_convert.summary import (
        convert_and_tell,
        convert_group_and_tell,
        print_config_of,
        split_missing,
    )

    if from_file is None and (question or choices or gold or context):
        raise UsageError("--question, --choices, --gold and --context describe a --from-file FILE")
    if from_file is not None and raw:
        raise UsageError("--from-file is your own file, --raw a known dataset's: give one of them")
    if (dataset is None) == (group is None):
        raise UsageError("give one dataset (`uqa list` shows all) or --group vera")
    if dataset is not None and split is None:
        raise split_missing(dataset, own=from_file is not None)
    request = Request(
        dataset=dataset or "",
        split=split or "",
        raw=tuple(raw or ()),
        source=source,
        data_dir=data_dir,
        records=records,
        to=to,
        out=out,
        question_converter=question_converter,
        options=Options(backend, device, dtype, batch_tokens, revision, prompt),
        recipe=recipe,
        profile=profile,
        limit=limit,
        share=(shard_index, num_shards),
        shard_rows=shard_rows,
        max_rejects=max_rejects,
        overwrite=overwrite,
        workers=workers,
        allow_sample=allow_sample or group is None,
        from_file=from_file,
        columns=Columns.of(question, choices, gold, gold_is, context) if question else None,
    )
    if group is not None:
        raise typer.Exit(convert_group_and_tell(request, group, split, as_json, quiet))
    print_config_of(request) if print_config else convert_and_tell(request, as_json, quiet)
