"""The datasets, as `uqa list` has them, and one dataset with the raw rows of its samples."""

from itertools import islice
from typing import Any

from unifiedqa_convert.datasets.catalogue import facts_and_shapes, listed
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.datasets.sources import sample_folder, sample_splits
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import row_as_json, typed_rows
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.service.problems import ErrorDetail, ProblemDetails

SAMPLE_ROWS = 50
"""Maximum per split and raw shape."""


def datasets() -> list[dict[str, Any]]:
    """The facts of each dataset."""
    return listed()


def dataset(name: str) -> dict[str, Any]:
    """A dataset's facts, the fields of its raw shapes, and the raw rows of its samples."""
    adapter = adapter_named(name)
    try:
        splits = sample_splits(adapter)
    except SourceError:
        splits = []
    samples = [sample for split in splits for sample in _samples(adapter, split)]
    return {**facts_and_shapes(adapter), "samples": samples}


def adapter_named(name: str) -> Adapter:
    """The adapter; ProblemDetails (404) if there is none."""
    try:
        return load_adapter(name)
    except UsageError:
        raise ProblemDetails(
            "not-found", "no dataset of that name; GET /v1/datasets lists them"
        ) from None


def split_named(adapter: Adapter, split: str) -> str:
    """The split's canonical name; ProblemDetails (422) with the splits if there is none."""
    known = adapter.source.splits
    name = canonical_split(split)
    if name not in known:
        detail = f"{adapter.name} has the splits {', '.join(known)}"
        raise ProblemDetails("invalid", detail, errors=[ErrorDetail(None, "split", detail)])
    return name


def _samples(adapter: Adapter, split: str) -> list[dict[str, Any]]:
    """The split's sample rows in each raw shape that has any."""
    folder = sample_folder(adapter)
    files = {s.shape: tuple(sorted((folder / s.shape).glob(f"{split}.*"))) for s in adapter.shapes}
    samples = []
    for shape, paths in files.items():
        if paths:
            rows = islice(
                typed_rows(adapter, split, with_companions(adapter, split, paths)), SAMPLE_ROWS
            )
            raw = [row for numbered in rows if (row := row_as_json(numbered.raw)) is not None]
            samples.append({"split": split, "shape": shape, "rows": raw})
    return samples
