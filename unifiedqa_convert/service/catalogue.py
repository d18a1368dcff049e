"""What the service tells about datasets: `uqa list`, and `uqa show` with raw rows."""

from itertools import islice
from typing import Any

from unifiedqa_convert.describe import facts_and_shapes, listed
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.registry import load_adapter
from unifiedqa_convert.rows import as_json, complete, typed_rows
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.service.problems import Problem, Where
from unifiedqa_convert.sources import canonical_split, sample_files, sample_splits

SAMPLE_ROWS = 50
"""Of each split; the embedded samples have fewer."""


def datasets() -> list[dict[str, Any]]:
    """One entry per dataset."""
    return listed()


def dataset(name: str) -> dict[str, Any]:
    """A dataset's facts, the fields of its raw shapes, and its sample's raw rows by split."""
    adapter = adapter_named(name)
    try:
        splits = sample_splits(adapter)
    except SourceError:
        splits = []
    return {**facts_and_shapes(adapter), "samples": [_sample(adapter, split) for split in splits]}


def adapter_named(name: str) -> Adapter:
    """The adapter; a 404 Problem where there is none."""
    try:
        return load_adapter(name)
    except UsageError:
        raise Problem("not-found", "no dataset of that name; GET /v1/datasets lists them") from None


def split_named(adapter: Adapter, split: str) -> str:
    """The split's own name; a 422 Problem that lists the splits where there is none."""
    known = adapter.source.splits
    name = canonical_split(split)
    if name not in known:
        detail = f"{adapter.name} has the splits {', '.join(known)}"
        raise Problem("invalid", detail, errors=[Where(None, "split", detail)])
    return name


def _sample(adapter: Adapter, split: str) -> dict[str, Any]:
    files = complete(adapter, split, sample_files(adapter, split))
    rows = islice(typed_rows(adapter, split, files), SAMPLE_ROWS)
    return {"split": split, "rows": [as_json(numbered.raw) for numbered in rows]}
