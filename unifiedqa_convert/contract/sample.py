"""An adapter's embedded rows, read and converted once for all promises."""

import json
import os
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert import schema
from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk
from unifiedqa_convert.datasets.sources import sample_rows
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.shapes import NumberedRow
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import Adapter

CANONICAL = PROFILES["canonical"]


class Sample(NamedTuple):
    """The embedded rows of one split in one raw shape."""

    adapter: Adapter
    shape: type[schema.Row]
    split: str

    def __str__(self) -> str:
        return f"{self.adapter.name}/{self.shape.shape}/{self.split}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of its rows, without companion files."""
        return sample_rows(self.adapter, self.shape, self.split)

    @property
    def all_files(self) -> tuple[Path, ...]:
        """The files of its rows, with their companion files."""
        return with_companions(self.adapter, self.split, self.files)


def samples(adapter: Adapter) -> list[Sample]:
    """The adapter's samples by shape and split; none if it lacks shapes or source."""
    if not (hasattr(adapter, "shapes") and hasattr(adapter, "source")):
        return []
    every = (Sample(adapter, shape, s) for shape in adapter.shapes for s in adapter.source.splits)
    return [sample for sample in every if sample.files]


@cache
def numbered_of(sample: Sample) -> list[NumberedRow]:
    """Its records, numbered."""
    return list(typed_rows(sample.adapter, sample.split, sample.all_files))


def rows_of(sample: Sample) -> list[tuple[dict[str, Any], schema.Row]]:
    """Each accepted row, raw and typed."""
    return [
        (numbered.raw, numbered.row)
        for numbered in numbered_of(sample)
        if isinstance(numbered.raw, dict) and isinstance(numbered.row, schema.Row)
    ]


@cache
def chunk_of(sample: Sample) -> Chunk:
    """Its converted rows, without a question converter."""
    return convert_chunk(sample.adapter, sample.split, numbered_of(sample), CANONICAL, None)


def fingerprint(sample: Sample) -> str:
    """A digest of its converted rows, or the exception of the conversion."""
    try:
        chunk = convert_chunk(sample.adapter, sample.split, numbered_of(sample), CANONICAL, None)
    except Exception as error:  # noqa: BLE001 (one adapter's failure must not hide the others)
        return repr(error)
    return sha256(repr((chunk.converted, chunk.rejects)).encode()).hexdigest()


@cache
def elsewhere() -> dict[str, str]:
    """The fingerprints of all installed adapters' samples, computed in another process."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    done = subprocess.run(
        [sys.executable, "-m", "unifiedqa_convert.contract", "--fingerprints"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found
