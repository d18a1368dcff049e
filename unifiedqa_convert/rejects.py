"""Rejected rows that are more than the caller allows: which comes first, and where all are told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from unifiedqa_convert.errors import RowError, TooManyRejects
from unifiedqa_convert.files import whole
from unifiedqa_convert.job import Job
from unifiedqa_convert.lines import line_of
from unifiedqa_convert.shapes import columns_of, shape_of

Reject = dict[str, Any]


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """A line per reject, whole or absent."""
    with whole(path) as file:
        file.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in rejects)


def too_many(rejects: Iterable[Reject], job: Job, path: Path) -> TooManyRejects:
    """Write those there are so far to ``path``; the error tells the first and how many they are."""
    found = sorted(rejects, key=lambda reject: int(reject["row"]))
    write_rejects(path, found)
    first, allowed = found[0], job.request.max_rejects
    files = job.located.files
    line = _line(job, files[0], first) if len(files) == 1 else None
    where = job.adapter.name, job.split, first["row"], first["field"], first["reason"], line
    return TooManyRejects(
        f"{RowError(*where)}; rejected so far: {len(found):,} (allowed: {allowed:,}), see {path}: "
        "mend the file, or pass --max-rejects N to leave such rows out"
    )


def _line(job: Job, path: Path, reject: Reject) -> int | None:
    columns = columns_of(shape_of(job.adapter, job.split, path), path)
    return line_of(path, reject["row"], reject["raw"], columns)
