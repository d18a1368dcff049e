"""`uqa convert`: progress, what was converted, and the line that opens the output."""

import inspect
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unifiedqa_convert.cli.options import AsJson, Quiet, known_dataset
from unifiedqa_convert.cli.progress import row_progress
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.flags import flags_of, given
from unifiedqa_convert.printing import print_json, print_text, say

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.groups import GroupFlags, SplitOutcome
    from unifiedqa_convert.conversion.pipeline import Result
    from unifiedqa_convert.conversion.request import Request
    from unifiedqa_convert.vera_tasks import GroupName


def convert_and_report(request: "Request", as_json: bool, quiet: bool) -> None:
    """Convert; print the folder (or JSON) on stdout, and the summary on stderr unless quiet."""
    result = _converted(request, quiet)
    sample = result.manifest["sample"]
    told = result.located.told
    lines = [*_warnings(result, quiet), *(line for line in told if line.startswith(WARNING))]
    if not quiet:
        lines += [line for line in told if not line.startswith(WARNING)]
        lines += [*summary(result), *([f"{SAMPLE}."] if sample else [])]
    for line in lines:
        say(line)
    if as_json:
        facts = {"folder": str(result.folder), "sample": sample, "manifest": result.manifest}
        print_json(facts)
    else:
        print_text(result.folder)


def convert_group_and_report(
    request: "Request", group: "GroupName", split: str | None, as_json: bool, quiet: bool
) -> int:
    """Convert a group, print a table of the outcomes (or JSON), return the exit code."""
    from unifiedqa_convert.conversion.groups import convert_group, group_exit_code

    if request.raw or request.from_file:
        raise UsageError("--raw and --from-file are for one dataset; with --group use --data-dir")
    if request.subject:
        raise UsageError("--subject is for one dataset: leave out --group or --subject")
    outcomes = []
    for outcome in convert_group(request, group, split, lambda one: _converted(one, quiet)):
        outcomes.append(outcome)
        if not quiet:
            # The reason is in the table.
            say(f"{outcome.dataset}/{outcome.split}: {outcome.outcome}")
    if as_json:
        print_json([outcome._asdict() for outcome in outcomes])
    else:
        _print_table(outcomes)
    return group_exit_code(outcomes)


def split_missing(dataset: str, *, own: bool) -> UsageError:
    """The error for a dataset, or a user's own file, without --split."""
    from unifiedqa_convert.datasets.registry import load_adapter

    if own:
        return UsageError("--split is missing: name the split in your file, such as --split train")
    known = ", ".join(load_adapter(dataset).source.splits)
    return UsageError(f"--split is missing: {dataset} has {known}")


_LAST = ("done", "skipped", "failed")
"""Outcomes in the order of a group's table: what failed stands at the end, where it is seen."""


def _print_table(outcomes: "list[SplitOutcome]") -> None:
    from unifiedqa_convert.conversion.repeats import one_sided_golds, repeated_words

    for it in outcomes:
        if told := [*repeated_words(it.repeated), *one_sided_golds(it.golds or {})]:
            print_text(f"{it.dataset}/{it.split}: {'; '.join(told)}")
    lines = [("dataset", "split", "outcome", "rows", "why")]
    for it in sorted(outcomes, key=lambda it: _LAST.index(it.outcome)):
        why = it.why.split("\n", 1)[0].removeprefix(f"{it.dataset}/{it.split}: ")  # they stand left
        lines.append((it.dataset, it.split, it.outcome, _number(it.rows), why))
    print_columns(lines)
    totals = Counter(outcome.outcome for outcome in outcomes)
    print_text(", ".join(f"{number} {what}" for what, number in totals.items()))


def _number(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"


def _converted(request: "Request", quiet: bool) -> "Result":
    from unifiedqa_convert.conversion import pipeline

    title = f"{request.dataset}/{request.split}"
    with row_progress(title, expected_rows(request), quiet) as progress:
        return pipeline.convert(request, progress)


def expected_rows(request: "Request") -> int | None:
    """The number of rows of the split, for the time left; None if unknown."""
    from unifiedqa_convert.datasets.listing import canonical_split
    from unifiedqa_convert.datasets.registry import load_adapter

    if request.from_file is not None:
        return request.limit
    split = load_adapter(request.dataset).source.splits.get(canonical_split(request.split))
    rows = split.rows if split else None
    return min(request.limit or rows, rows) if rows else request.limit


def print_config_of(request: "Request") -> None:
    """Print as JSON the configuration that decides the output, and the output's folder."""
    from unifiedqa_convert.conversion.request import resolve

    job = resolve(request)
    print_json({"folder": str(job.place().final), **job.describe()})


def print_preview(request: "Request", as_json: bool) -> None:
    """Print the first rows as they will be, the columns and what was found out about them."""
    from unifiedqa_convert.conversion.preview import previewed

    shown = previewed(request)
    if as_json:
        print_json(shown)
        return
    if shown["columns"] is not None:
        named = {name: value for name, value in shown["columns"].items() if value}
        named["choices"] = ",".join(shown["columns"]["choices"])
        columns = (f"{name} {value}" for name, value in named.items() if value)
        print_text("columns: " + ", ".join(columns))
    for line in shown["told"]:
        print_text(line)
    for row in shown["rows"]:
        for what in ("rejected", "skipped"):
            if what in row:
                print_text(f"row {row['row']} {what}: {row[what]}")
        for part in (row, *row.get("further", ())):
            if "question record" in part:
                print_text(f"row {row['row']}: {part['question record']}")
            for statement in part.get("statements", ()):
                label = {True: "true", False: "false", None: "unlabelled"}[statement["label"]]
                told = statement["confidence"]
                doubt = "" if told in (None, 1) else f" (confidence {told:.2f})"
                print_text(f"  {label}: {statement['sentence']}{doubt}")
    print_text("nothing was written; leave out --dry-run to convert")


def summary(result: "Result") -> list[str]:
    """What was read, what was written, what to do next."""
    from unifiedqa_convert.conversion.repeats import gold_words
    from unifiedqa_convert.conversion.split_size import size_words
    from unifiedqa_convert.records.formats import FORMATS
    from unifiedqa_convert.records.profiles import profile_named

    manifest, counts = result.manifest, result.manifest["counts"]
    rows, examples, statements = counts["rows"], counts["examples"], counts["statements"]
    lines = []
    if not result.made:
        lines.append("already complete; nothing was converted (--overwrite converts it again)")
    if result.resumed_shards:
        lines.append(f"resumed after {result.resumed_shards} complete shards of a stopped run")
    skipped = "".join(f", {number} skipped ({why})" for why, number in rows["skipped"].items())
    not_made = "".join(f", {n} not made ({why})" for why, n in statements["not made"].items())
    lines += [
        f"{manifest['dataset']}/{manifest['split']} from {_source(manifest)}: "
        f"{rows['read']} rows read, {rows['used']} used{skipped}, {rows['rejected']} rejected",
        f"{examples['labelled']} labelled and {examples['unlabelled']} unlabelled examples; "
        f"{statements['true']} true, {statements['false']} false, "
        f"{statements['unknown']} unlabelled statements{_via(counts['via'])}{not_made}",
        *_doubted(statements),
        *gold_words(counts.get("golds", {})),  # older outputs have none of these
        f"open it: {_opener(result)}",
    ]
    if manifest["limit"] and (size := manifest.get("split_size")) and size["partial"]:
        lines.insert(-1, f"--limit {manifest['limit']}: {size_words(size)}")
    told = profile_named(manifest["profile"]).not_published(manifest["dataset"])
    if told and not _is_own(manifest):
        lines.insert(-1, told)
    if not manifest["sample"]:
        lines += _license(manifest)
    if FORMATS[manifest["format"]].trains and (objective := _trains(manifest)) is not None:
        lines.append(f"train on it: uqa train --preset tiny{objective} --data {result.folder}")
    return lines


def _trains(manifest: dict[str, Any]) -> str | None:
    """The flag of the objective that can be trained on the output; None where none makes sense.

    That is so of invented rows, of statements alone, of rows without labels, and of what a dataset
    with a training split is evaluated on.
    """
    from unifiedqa_convert.datasets.registry import load_adapter

    counts, split = manifest["counts"], manifest["split"]
    labelled = counts["examples"]["labelled"]
    if manifest["sample"] or manifest["records"] == "declarative" or not labelled:
        return None
    splits = [split] if _is_own(manifest) else load_adapter(manifest["dataset"]).source.splits
    if not split.startswith("train") and any(name.startswith("train") for name in splits):
        return None
    both = counts["statements"]["true"] and counts["statements"]["false"]
    return "" if both else " --objective text"


def _doubted(statements: dict[str, Any]) -> list[str]:
    """The statements that --min-confidence left out; nothing without it."""
    return [
        f"{number} statements of doubted questions left out ({why})"
        for why, number in statements["not made"].items()
        if why.startswith("confidence")
    ]


def _license(manifest: dict[str, Any]) -> list[str]:
    """What the license says about sharing the output; nothing if it is known to allow that."""
    if manifest["redistributable"] is True or _is_own(manifest):
        return []
    if manifest["redistributable"] is False:
        return [f"license {manifest['license']} forbids sharing this output: ask its authors first"]
    return [f"license {manifest['license']}: check whether it allows sharing this output"]


WARNING = "WARNING: "
SAMPLE = "WARNING: invented sample rows, not the dataset's"


def _warnings(result: "Result", quiet: bool) -> list[str]:
    """Warnings, which are printed with --quiet too; but not the ways to the dataset's rows."""
    found = [f"{WARNING}{told}" for told in _told_of_rows(result.manifest, quiet)]
    if not result.manifest["sample"]:
        told = (_size_warning, _label_warning, _empty_warning)
        return [*(line for it in told for line in it(result.manifest)), *found]
    reason, *ways = (result.located.note or "").splitlines() or [""]
    first = f"{SAMPLE}: {reason}" if reason else f"{SAMPLE}."
    return [first, *found] if quiet else [first, *ways, *found]


def _told_of_rows(manifest: dict[str, Any], quiet: bool) -> list[str]:
    """Rows that ask the same, answers beside their place; golds all at one, with --quiet."""
    from unifiedqa_convert.conversion.repeats import one_sided_golds, repeated_words

    golds = one_sided_golds(manifest["counts"].get("golds", {})) if quiet else ()
    return [*repeated_words(manifest.get("repeated")), *golds, *_misplaced(manifest)]


def _misplaced(manifest: dict[str, Any]) -> list[str]:
    """How many examples have an answer that is not where its row says."""
    from unifiedqa_convert.conversion.chunk import NOT_AT_START, NOT_IN_TEXT

    flags = manifest["counts"]["flags"]
    beside, nowhere = flags.get(NOT_AT_START, 0), flags.get(NOT_IN_TEXT, 0)
    told = "an answer that does not stand at its answer_start, but elsewhere in the text"
    lines = [f"{beside:,} of the examples have {told}: kept, flag {NOT_AT_START}"] if beside else []
    if nowhere:
        told = f"an answer that stands nowhere in the text: kept, flag {NOT_IN_TEXT}"
        lines.append(f"{nowhere:,} of the examples have {told}")
    return lines


def _size_warning(manifest: dict[str, Any]) -> list[str]:
    """A warning if there are more or fewer rows than the split has, with both numbers."""
    from unifiedqa_convert.conversion.split_size import other_size
    from unifiedqa_convert.datasets.registry import load_adapter

    told = other_size(manifest)
    if told is None:
        return []
    size = manifest["split_size"]
    splits = load_adapter(manifest["dataset"]).source.splits
    others = [name for name, it in splits.items() if it.rows == size["read"]]
    if others:
        told += f": as many as {' and '.join(others)}; is --split right?"
    elif size["partial"]:
        told += ": the manifest marks the output as partial; give the whole split's file"
    else:
        told += ": another version of the dataset, or the rows of several splits?"
    return [f"WARNING: {told}"]


def _label_warning(manifest: dict[str, Any]) -> list[str]:
    """A warning if examples of a labelled split have no label, with their number."""
    from unifiedqa_convert.conversion.split_size import without_label

    told = without_label(manifest)
    return [f"WARNING: {told}"] if told else []


def _empty_warning(manifest: dict[str, Any]) -> list[str]:
    """A warning if no row gave an example: the file is perhaps another split's or dataset's."""
    if any(manifest["counts"]["examples"][label] for label in ("labelled", "unlabelled")):
        return []
    which = f"{manifest['dataset']}/{manifest['split']}"
    return [f"{WARNING}no row gave an example: is the file that of {which}?"]


def _is_own(manifest: dict[str, Any]) -> bool:
    """True for a user's own file: only its manifest lists columns."""
    return "columns" in manifest


def _source(manifest: dict[str, object]) -> str:
    source = manifest["source"]
    assert isinstance(source, dict)
    names = ", ".join(
        file["name"] + (f" (read as {file['read_as']})" if "read_as" in file else "")
        for file in source["files"]
    )
    if source["kind"] == "published":
        return f"{names} ({source['host']} {source['repository']}@{source['commit'][:8]})"
    return names + (" (embedded sample)" if source["kind"] == "sample" else "")


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


@dataclass(frozen=True)
class OutputFlags:
    """What `uqa convert` prints."""

    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print the configuration as JSON; convert nothing."),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show the first three rows as they will be, the columns taken and what was found "
            "out about them; write nothing.",
        ),
    ] = False
    as_json: AsJson = False
    quiet: Quiet = False


def convert_flags() -> list[inspect.Parameter]:
    """The flags of `uqa convert`."""
    from unifiedqa_convert.conversion.groups import GroupFlags
    from unifiedqa_convert.conversion.request import Request

    return flags_of(Request, GroupFlags, OutputFlags)


def _check_together(flags: dict[str, Any], selection: "GroupFlags") -> None:
    """UsageError for flags that exclude each other, or mean nothing without another."""
    from_file = flags["from_file"]
    of_own = "question choices gold gold_is context strip_letters quotes".split()
    if from_file is None and (without := [name for name in of_own if flags[name]]):
        named = ", ".join("--" + name.replace("_", "-") for name in without)
        raise UsageError(f"{named} can only describe your own file: add --from-file FILE")
    if from_file is not None and flags["raw"]:
        raise UsageError("--from-file is your own file, --raw a known dataset's: give one of them")
    if (selection.dataset is None) == (selection.group is None):
        raise UsageError("give one dataset (`uqa list` shows all) or a --group, such as vera")
    if flags["dry_run"] and selection.group is not None:
        raise UsageError("--dry-run shows the rows of one dataset: leave out --group")
    if flags["no_sample"] and (flags["source"] == "sample" or selection.allow_sample):
        asked = "--allow-sample" if selection.allow_sample else "--source sample"
        raise UsageError(
            f"{asked} and --no-sample (or UQA_NO_SAMPLE) exclude each other: leave one out"
        )


def convert(flags: dict[str, Any]) -> None:
    """Convert a split, or a group of datasets, to records.

    Writes records and statements, and a manifest that counts every row.
    """
    from unifiedqa_convert.conversion.groups import GroupFlags
    from unifiedqa_convert.conversion.request import Request

    selection, output = (
        GroupFlags(**given(GroupFlags, flags)),
        OutputFlags(**given(OutputFlags, flags)),
    )
    _check_together(flags, selection)
    from_file = flags["from_file"]
    dataset = selection.dataset
    if dataset is not None and from_file is None:
        dataset = known_dataset(dataset, output.quiet)
    if dataset is not None and from_file is not None and not flags["question"]:
        from unifiedqa_convert.rows.own.proposal import no_columns

        raise no_columns(dataset, selection.split, from_file)
    if dataset is not None and selection.split is None:
        raise split_missing(dataset, own=from_file is not None)
    request = Request(
        dataset=dataset or "",
        split=selection.split or "",
        allow_sample=selection.allow_sample or selection.group is None,
        **given(Request, flags),
    )
    if selection.group is not None:
        code = convert_group_and_report(
            request, selection.group, selection.split, output.as_json, output.quiet
        )
        raise typer.Exit(code)
    if output.dry_run:
        print_preview(request, output.as_json)
    elif output.print_config:
        print_config_of(request)
    else:
        convert_and_report(request, output.as_json, output.quiet)
