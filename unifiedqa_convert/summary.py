"""`uqa convert` for people: progress, what came out, and the line that opens it."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from unifiedqa_convert.columns import print_columns
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.group import GroupName, Outcome, convert_group, exit_code_of
from unifiedqa_convert.job import Request, look_up
from unifiedqa_convert.pipeline import Result, convert
from unifiedqa_convert.progress import row_progress
from unifiedqa_convert.registry import load_adapter
from unifiedqa_convert.shards import Format
from unifiedqa_convert.sources import canonical_split

OPENERS: dict[Format, str] = {
    "arrow": 'datasets.Dataset.from_file("{first}")',  # maps it into memory; copies nothing
    "parquet": 'datasets.load_dataset("parquet", data_files="{folder}/*.parquet")',
    "jsonl": 'pandas.read_json("{first}", lines=True, dtype=False)',  # "4" stays a text
    "tsv": 'pandas.read_csv("{first}", sep="\\t", names=["input", "output"], quoting=3, '
    "dtype=str, keep_default_na=False)",  # so does "None"
    "vera": 'json.load(open("{first}"))',
}


SEVERAL_ARROW = 'datasets.load_dataset("arrow", data_files="{folder}/*.arrow")'


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
            line = f"{outcome.dataset}/{outcome.split}: {outcome.outcome}"  # the table says why
            print(line, file=sys.stderr)
    if as_json:
        print(json.dumps([outcome._asdict() for outcome in outcomes], indent=2))
    else:
        _print_table(outcomes)
    return exit_code_of(outcomes)


def split_missing(dataset: str, *, own: bool) -> UsageError:
    """The error for a dataset, or a user's own file, without a split."""
    if own:
        return UsageError("--split is missing: what is in your file, --split train for instance")
    known = ", ".join(load_adapter(dataset).source.splits)
    return UsageError(f"--split is missing: {dataset} has {known}")


def _print_table(outcomes: list[Outcome]) -> None:
    lines = [("dataset", "split", "outcome", "rows", "why")]
    for it in outcomes:
        why = it.why.removeprefix(f"{it.dataset}/{it.split}: ")  # the line begins with both
        lines.append((it.dataset, it.split, it.outcome, _number(it.rows), why))
    print_columns(lines)
    totals = Counter(outcome.outcome for outcome in outcomes)
    print(", ".join(f"{number} {what}" for what, number in totals.items()))


def _number(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"


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
    if not manifest["sample"]:
        lines += _license(manifest)
    if manifest["format"] == "arrow":
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


def _warnings(result: Result) -> list[str]:
    """What --quiet does not silence."""
    if not result.manifest["sample"]:
        return _another_split(result.manifest)
    why = f" ({result.note})" if result.note else ""
    return [f"WARNING: these are the embedded sample's invented rows, not the dataset's{why}"]


def _another_split(manifest: dict[str, Any]) -> list[str]:
    """Whether the rows are as many as another split has, and not as many as this one."""
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


def _opener(result: Result) -> str:
    names = [file["path"] for file in result.manifest["files"]]
    first = Path(result.folder, names[0])
    shards = sum(name.startswith("data-") for name in names)
    if shards > 1 and result.manifest["format"] == "arrow":
        return SEVERAL_ARROW.format(folder=result.folder)
    opener = OPENERS[result.manifest["format"]].format(first=first, folder=result.folder)
    part = shards > 1 and "{first}" in OPENERS[result.manifest["format"]]
    return f"{opener}  # the first of {shards} files" if part else opener
