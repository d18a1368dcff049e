"""`uqa convert`: its options, gathered into one Request."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
from unifiedqa_convert.cli.progress import row_progress
from unifiedqa_convert.cli.tables import print_columns

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.groups import GroupName, SplitOutcome
    from unifiedqa_convert.conversion.pipeline import Result
    from unifiedqa_convert.conversion.request import Request

from unifiedqa_convert.errors import UsageError

# `uqa convert` for people: progress, what came out, and the line that opens it.


def convert_and_tell(request: "Request", as_json: bool, quiet: bool) -> None:
    """Convert; print the folder (or JSON) on stdout, and the summary on stderr unless quiet."""
    result = _converted(request, quiet)
    for line in _warnings(result) if quiet else [*_warnings(result), *summary(result)]:
        print(line, file=sys.stderr)
    if as_json:
        print(json.dumps({"folder": str(result.folder), "manifest": result.manifest}, indent=2))
    else:
        print(result.folder)


def convert_group_and_tell(
    request: "Request", group: "GroupName", split: str | None, as_json: bool, quiet: bool
) -> int:
    """Convert a group; print a table of what became of each split (or JSON); the exit code."""
    from unifiedqa_convert.conversion.groups import convert_group, group_exit_code

    if request.raw or request.from_file:
        raise UsageError("--raw and --from-file are for one dataset; --data-dir serves a group")
    outcomes = []
    for outcome in convert_group(request, group, split, lambda one: _converted(one, quiet)):
        outcomes.append(outcome)
        if not quiet:
            line = f"{outcome.dataset}/{outcome.split}: {outcome.outcome}"  # the table says why
            print(line, file=sys.stderr)
    if as_json:
        print(json.dumps([outcome._asdict() for outcome in outcomes], indent=2))
    else:
        _print_table(outcomes)
    return group_exit_code(outcomes)


def split_missing(dataset: str, *, own: bool) -> UsageError:
    """The error for a dataset, or a user's own file, without a split."""
    from unifiedqa_convert.datasets.registry import load_adapter

    if own:
        return UsageError("--split is missing: what is in your file, --split train for instance")
    known = ", ".join(load_adapter(dataset).source.splits)
    return UsageError(f"--split is missing: {dataset} has {known}")


def _print_table(outcomes: "list[SplitOutcome]") -> None:
    lines = [("dataset", "split", "outcome", "rows", "why")]
    for it in outcomes:
        why = it.why.removeprefix(f"{it.dataset}/{it.split}: ")  # the line begins with both
        lines.append((it.dataset, it.split, it.outcome, _number(it.rows), why))
    print_columns(lines)
    totals = Counter(outcome.outcome for outcome in outcomes)
    print(", ".join(f"{number} {what}" for what, number in totals.items()))


def _number(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"


def _converted(request: "Request", quiet: bool) -> "Result":
    from unifiedqa_convert.conversion import pipeline

    title = f"{request.dataset}/{request.split}"
    with row_progress(title, expected_rows(request), quiet) as progress:
        try:
            return pipeline.convert(request, progress)
        except KeyboardInterrupt:  # typer exits with 130
            print("uqa: stopped; the same command goes on from here", file=sys.stderr)
            raise


def expected_rows(request: "Request") -> int | None:
    """How many rows the split is known to have, for the time left; None where nobody knows."""
    from unifiedqa_convert.datasets.registry import load_adapter
    from unifiedqa_convert.datasets.sources import canonical_split

    if request.from_file is not None:
        return request.limit
    split = load_adapter(request.dataset).source.splits.get(canonical_split(request.split))
    rows = split.rows if split else None
    return min(request.limit or rows, rows) if rows else request.limit


def print_config_of(request: "Request") -> None:
    """Print, as JSON on stdout, everything that would decide the output, and where it would go."""
    from unifiedqa_convert.conversion.request import resolve

    job = resolve(request)
    print(json.dumps({"folder": str(job.place().final), **job.describe()}, indent=2))


def summary(result: "Result") -> list[str]:
    """What was read, what came out, what to do next."""
    from unifiedqa_convert.records.formats import FORMATS

    manifest, counts = result.manifest, result.manifest["counts"]
    rows, examples, statements = counts["rows"], counts["examples"], counts["statements"]
    lines = []
    if not result.made:
        lines.append("complete already; nothing was converted (--overwrite makes it again)")
    if result.resumed_shards:
        lines.append(f"resumed after {result.resumed_shards} complete shards of a stopped run")
    skipped = "".join(f", {number} skipped ({why})" for why, number in rows["skipped"].items())
    lines += [
        f"{manifest['dataset']}/{manifest['split']} from {_source(manifest)}: "
        f"{rows['read']} rows read, {rows['used']} used{skipped}, {rows['rejected']} rejected",
        f"{examples['labelled']} labelled and {examples['unlabelled']} unlabelled examples; "
        f"{statements['true']} true, {statements['false']} false, "
        f"{statements['unknown']} unlabelled statements" + _via(counts["via"]),
        f"open it: {_opener(result)}",
    ]
    if not manifest["sample"]:
        lines += _license(manifest)
    if FORMATS[manifest["format"]].trains:
        sample = " --allow-sample" if manifest["sample"] else ""
        lines.append(f"train on it: uqa train --preset tiny --data {result.folder}{sample}")
    return lines


def _license(manifest: dict[str, Any]) -> list[str]:
    """What stands against sharing the output, if anything is known or nobody has looked."""
    if manifest["redistributable"] is True or _is_own(manifest):
        return []
    if manifest["redistributable"] is False:
        return [f"license {manifest['license']} forbids sharing this output: ask before you do"]
    return [f"license {manifest['license']}: read whether it allows sharing this output first"]


def _warnings(result: "Result") -> list[str]:
    """What --quiet does not silence."""
    if not result.manifest["sample"]:
        return _another_split(result.manifest)
    why = f" ({result.note})" if result.note else ""
    return [f"WARNING: these are the embedded sample's invented rows, not the dataset's{why}"]


def _another_split(manifest: dict[str, Any]) -> list[str]:
    """Whether the rows are as many as another split has, and not as many as this one."""
    from unifiedqa_convert.datasets.registry import load_adapter

    if _is_own(manifest) or manifest["limit"] or manifest["share"] != [0, 1]:
        return []
    split, read = manifest["split"], manifest["counts"]["rows"]["read"]
    known = {name: it.rows for name, it in load_adapter(manifest["dataset"]).source.splits.items()}
    others = [name for name, rows in known.items() if rows == read]
    if known.get(split) is None or split in others or not others:
        return []
    return [
        f"WARNING: {manifest['dataset']}/{split} has {known[split]:,} rows; these are {read:,}, as "
        f"many as {' and '.join(others)}: is --split right?"
    ]


def _is_own(manifest: dict[str, Any]) -> bool:
    """Whether it is of a user's own file: only those say which column is what."""
    return "columns" in manifest


def _source(manifest: dict[str, object]) -> str:
    source = manifest["source"]
    assert isinstance(source, dict)
    names = ", ".join(file["name"] for file in source["files"])
    return f"{source['kind']} {names}"


def _via(via: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {number}' for name, number in via.items())})" if via else ""


def _opener(result: "Result") -> str:
    from unifiedqa_convert.records.formats import FORMATS

    form = FORMATS[result.manifest["format"]]
    names = [file["path"] for file in result.manifest["files"]]
    shards = sum(name.startswith("data-") for name in names)
    several = form.opener_of_several if shards > 1 else ""
    opener = several or form.opener
    line = opener.format(first=Path(result.folder, names[0]), folder=result.folder)
    return f"{line}  # the first of {shards} files" if shards > 1 and "{first}" in opener else line


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
    from unifiedqa_convert.conversion.request import Request
    from unifiedqa_convert.question_converters.base import Options
    from unifiedqa_convert.rows.custom_file import Columns

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
