"""Convert a group of datasets; one that fails does not stop the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.conversion.split_size import other_size, without_label
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.registry import catalogue, completions
from unifiedqa_convert.datasets.sources import sample_files
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.vera_tasks import GroupName

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.pipeline import (
        Result,
    )  # `uqa convert --help` needs no pyarrow

PARTITIONS: dict[GroupName, tuple[str, ...]] = {
    "vera-seen": ("seen",),
    "vera-unseen": ("unseen-1", "unseen-2"),
    "vera": ("seen", "unseen-1", "unseen-2"),
    "all": ("seen", "unseen-1", "unseen-2", "none"),
}


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
        typer.Option(help="Convert a group of datasets; a failing one does not stop the others."),
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
    """The group's adapters, sorted by name."""
    wanted = PARTITIONS[group]
    return [a for a in catalogue().adapters.values() if a.partition in wanted]


def convert_group(
    request: Request,
    group: GroupName,
    split: str | None,
    convert_one: "Callable[[Request], Result]",
) -> Iterator[SplitOutcome]:
    """Convert the group's splits with ``convert_one``; yield the outcome of each as it ends.

    ``split`` None means every labelled split; with source ``sample``, those that have a sample. A
    UqaError ends its split and not the group; any other exception ends both.
    """
    for adapter in members(group):
        wanted = _splits(adapter, split, request)
        if not wanted:
            what = f"no split {split}" if split else "no labelled split with a sample"
            why = f"it has {what}; its splits: {', '.join(adapter.source.splits)}"
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
    splits = adapter.source.splits
    if split is not None:
        return [name for name in splits if name == canonical_split(split)]
    sample = request.source == "sample"
    return [
        name
        for name, its in splits.items()
        if its.labelled and (not sample or sample_files(adapter, name))
    ]
