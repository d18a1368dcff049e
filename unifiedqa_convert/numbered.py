"""A record in its place among all records of its split."""

from typing import NamedTuple

from unifiedqa_convert.errors import RowError
from unifiedqa_convert.readers import Raw
from unifiedqa_convert.schema import Row


class Skipped(NamedTuple):
    """A row that is none of the dataset's, by a rule of its shape."""

    reason: str


class Numbered(NamedTuple):
    """One record in its place: number over all files of the split, raw form, what it became."""

    number: int
    raw: Raw
    row: Row | Skipped | RowError
