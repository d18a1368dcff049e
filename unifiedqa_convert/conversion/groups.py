"""Convert a group of datasets; one that fails does not stop the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from unifiedqa_convert.conversion.request import Request, check_request
from unifiedqa_convert.conversion.split_size import other_size, without_label
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.registry import catalogue, completions
from unifiedqa_convert.datasets.sources import sample_files
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.vera_tasks import GroupName

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.pipeline import (
        Result,
    )  # `uqa convert --help` needs no pyarrow

VERA_GROUPS: dict[GroupName, tuple[str, ...]] = {
    "vera-seen": ("seen",),
    "vera-unseen": ("unseen-1", "unseen-2"),
    "vera": ("seen", "unseen-1", "unseen-2"),
}
"""Vera's groups, by their datasets' partitions."""

# allenai/unifiedqa: union_datasets of tasks.py, union_datasets_v2 of tasks_v2.py. There the two
# MCTest sets are one folder, as are race_high and race_middle.
_V1 = frozenset(
    "ai2_science_elementary ai2_science_middle arc_easy arc_hard boolq mctest_mc160 mctest_mc500 "
    "narrativeqa openbookqa race_high race_middle squad1_1 squad2".split()
)
_V2 = _V1 | frozenset(
    "boolq_np commonsenseqa drop multirc natural_questions newsqa physical_iqa qasc quoref ropes "
    "social_iqa winogrande_xl".split()
)
UNIFIEDQA_GROUPS: dict[GroupName, frozenset[str]] = {
    "unifiedqa-v1": _V1,
    "unifiedqa-v2": _V2,
    "unifiedqa": PROFILES["unifiedqa"].datasets,
}
"""UnifiedQA's groups: what UnifiedQA was trained on, what its v2 was, and all that its authors
encode."""


@dataclass(frozen=True)
class GroupFlags:
    """The flags of `uqa convert` that select what to convert: a split of a dataset, or a group."""

    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Name of a dataset; `uqa list` shows all.",
            autocompletion=completions,
        ),
    ] = field(default=None, metadata={"before": "raw"})
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="Name of a split: train, validation (or dev, val), test …; with --group, "
            "default: all labelled splits.",
        ),
    ] = field(default=None, metadata={"before": "raw"})
    group: Annotated[
        GroupName | None,
        typer.Option(
            help="Convert a group of datasets; a failing one does not stop the others. "
            "unifiedqa-v1, unifiedqa-v2: what UnifiedQA and its v2 were trained on; unifiedqa: all "
            "datasets that it encodes; `uqa list --group GROUP` names a group's datasets."
        ),
    ] = field(default=None, metadata={"before": "raw"})
    allow_sample: Annotated[
        bool,
        typer.Option(
            "--allow-sample",
            help="With --group: use the sample where a dataset's files are missing.",
        ),
    ] = field(default=False, metadata={"before": "raw"})


class SplitOutcome(NamedTuple):
    """The outcome of one split of one dataset."""

    dataset: str
    split: str
    outcome: Literal["done", "skipped", "failed"]
    rows: int | None = None
    """Raw rows read; None if nothing was converted."""
    why: str = ""
    exit_code: int = 0
    repeated: dict[str, Any] | None = None
    """The manifest's counts of rows that ask the same."""
    golds: dict[str, dict[str, int]] | None = None
    """The manifest's counts of golds by place."""


def members(group: GroupName) -> list[Adapter]:
    """The group's adapters, sorted by name; ``all``: every one, a stranger's package's too."""
    partitions, names = VERA_GROUPS.get(group, ()), UNIFIEDQA_GROUPS.get(group, frozenset())
    return [
        adapter
        for adapter in catalogue().adapters.values()
        if group == "all" or adapter.partition in partitions or adapter.name in names
    ]


def convert_group(
    request: Request,
    group: GroupName,
    split: str | None,
    convert_one: "Callable[[Request], Result]",
) -> Iterator[SplitOutcome]:
    """Convert the group's splits with ``convert_one``; yield the outcome of each as it ends.

    ``split`` None means every labelled split; with source ``sample``, those that have a sample. A
    UqaError ends its split and not the group; any other exception ends both. A UqaError about the
    request as a whole is raised at once.
    """
    check_request(request)
    for adapter in members(group):
        wanted = _splits(adapter, split, request)
        if not wanted:
            why = f"it has {_none(adapter, split)}; its splits: {', '.join(adapter.source.splits)}"
            yield SplitOutcome(adapter.name, split or "-", "skipped", why=why)
        for name in wanted:
            try:
                result = convert_one(replace(request, dataset=adapter.name, split=name))
            except UqaError as error:
                code = error.exit_code
                yield SplitOutcome(adapter.name, name, "failed", why=str(error), exit_code=code)
            else:
                counts = result.manifest["counts"]
                sample = "invented sample rows" if result.manifest["sample"] else None
                there = None if result.made else "complete already"
                told = other_size(result.manifest), without_label(result.manifest)
                why = "; ".join(filter(None, (sample, there, *told)))
                rows, golds = counts["rows"]["read"], counts.get("golds")
                repeated = result.manifest.get("repeated")
                yield SplitOutcome(adapter.name, name, "done", rows, why, 0, repeated, golds)
    for broken in catalogue().errors:  # its partition is unknown, so it may be in the group
        for dataset in sorted(broken.datasets) or ["?"]:
            code = broken.exit_code
            yield SplitOutcome(dataset, "-", "failed", why=str(broken), exit_code=code)


def group_exit_code(outcomes: list[SplitOutcome]) -> int:
    """0 if nothing failed; the failures' common exit code, or 4 if they differ."""
    codes = {outcome.exit_code for outcome in outcomes if outcome.outcome == "failed"}
    return codes.pop() if len(codes) == 1 else 4 if codes else 0


def _splits(adapter: Adapter, split: str | None, request: Request) -> list[str]:
    sample = request.source == "sample"
    wanted = [
        name
        for name, its in adapter.source.splits.items()
        if (its.labelled if split is None else name == canonical_split(split))
    ]
    return [name for name in wanted if not sample or sample_files(adapter, name)]


def _none(adapter: Adapter, split: str | None) -> str:
    """What the dataset lacks, of which nothing is converted."""
    if split is None:
        return "no labelled split" + (
            " with a sample" if any(it.labelled for it in adapter.source.splits.values()) else ""
        )
    known = canonical_split(split) in adapter.source.splits
    return f"no sample of {split}" if known else f"no split {split}"
