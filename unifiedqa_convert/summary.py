"""`uqa convert` for people: progress, what came out, and the line that opens it."""

import json
import sys
from collections import Counter
from pathlib import Path

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.group import GroupName, Outcome, convert_group, exit_code_of
from unifiedqa_convert.job import Request, look_up
from unifiedqa_convert.pipeline import Result, convert
from unifiedqa_convert.progress import row_progress
from unifiedqa_convert.registry import load_adapter
from unifiedqa_convert.shards import Format
from unifiedqa_convert.sources import canonical_split

OPENERS: dict[Format, str] = {
    "arrow": 'datasets.Dataset.from_file("{first}")',
    "parquet": 'datasets.load_dataset("parquet", data_files="{folder}/*.parquet")',
    "jsonl": 'pandas.read_json("{first}", lines=True)',
    "tsv": 'pandas.read_csv("{first}", sep="\\t", names=["input", "output"], quoting=3)',
    "vera": 'json.load(open("{first}"))',
}


def convert_and_tell(request: Request, as_json: bool, quiet: bool) -> None:
    """Convert; print the folder (or JSON) on stdout, and the summary on stderr unless quiet."""
    result = _converted(request, quiet)
    for line in _warnings(result) if quiet else [*_warnings(result), *summary(result)]:
        print(line, file=sys.stderr)
    if as_json:
        print(json.dumps({"folder": str(result.folder), "manifest": result.manifest}, indent=2))
    else:
        print(result.folder)


def convert_group_and_tell(
    request: Request, group: GroupName, split: str | None, as_json: bool, quiet: bool
) -> int:
    """Convert a group; print a table of what became of each split (or JSON); the exit code."""
    if request.raw or request.from_file:
        raise UsageError("--raw and --from-file are for one dataset; --data-dir serves a group")
    outcomes = []
    for outcome in convert_group(request, group, split, lambda one: _converted(one, quiet)):
        outcomes.append(outcome)
        if not quiet:
            line = f"{outcome.dataset}/{outcome.split}: {outcome.outcome} {outcome.why}"
            print(line.rstrip(), file=sys.stderr)
    if as_json:
        print(json.dumps([outcome._asdict() for outcome in outcomes], indent=2))
    else:
        _print_table(outcomes)
    return exit_code_of(outcomes)


def _print_table(outcomes: list[Outcome]) -> None:
    lines = [("dataset", "split", "outcome", "rows", "why")]
    for it in outcomes:
        lines.append(
            (it.dataset, it.split, it.outcome, "-" if it.rows is None else f"{it.rows:,}", it.why)
        )
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    for line in lines:
        cells = zip(line, [*widths, 0], strict=True)
        print("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
    totals = Counter(outcome.outcome for outcome in outcomes)
    print(", ".join(f"{number} {what}" for what, number in totals.items()))


def _converted(request: Request, quiet: bool) -> Result:
    title = f"{request.dataset}/{request.split}"
    with row_progress(title, expected_rows(request), quiet) as progress:
        try:
            return convert(request, progress)
        except KeyboardInterrupt:  # typer exits with 130
            print("uqa: stopped; the same command goes on from here", file=sys.stderr)
            raise


def expected_rows(request: Request) -> int | None:
    """How many rows the split is known to have, for the time left; None where nobody knows."""
    if request.from_file is not None:
        return request.limit
    split = load_adapter(request.dataset).source.splits.get(canonical_split(request.split))
    rows = split.rows if split else None
    return min(request.limit or rows, rows) if rows else request.limit


def print_config_of(request: Request) -> None:
    """Print, as JSON on stdout, everything that would decide the output, and where it would go."""
    job = look_up(request)
    print(json.dumps({"folder": str(job.place().final), **job.describe()}, indent=2))


def summary(result: Result) -> list[str]:
    """What was read, what came out, what to do next."""
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
    if not manifest["sample"] and manifest["redistributable"] is not True:
        why = "forbids" if manifest["redistributable"] is False else "does not clearly allow"
        lines.append(f"license {manifest['license']} {why} sharing this output: ask before you do")
    if manifest["format"] == "arrow":
        sample = " --allow-sample" if manifest["sample"] else ""
        lines.append(f"train on it: uqa train --preset tiny --data {result.folder}{sample}")
    return lines


def _warnings(result: Result) -> list[str]:
    """What --quiet does not silence."""
    if not result.manifest["sample"]:
        return []
    why = f" ({result.note})" if result.note else ""
    return [f"WARNING: these are the embedded sample's invented rows, not the dataset's{why}"]


def _source(manifest: dict[str, object]) -> str:
    source = manifest["source"]
    assert isinstance(source, dict)
    names = ", ".join(file["name"] for file in source["files"])
    return f"{source['kind']} {names}"


def _via(via: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {number}' for name, number in via.items())})" if via else ""


def _opener(result: Result) -> str:
    first = Path(result.folder, result.manifest["files"][0]["path"])
    return OPENERS[result.manifest["format"]].format(first=first, folder=result.folder)
