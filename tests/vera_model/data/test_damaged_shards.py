"""Shards that were damaged after they were written: training reads none of them."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.errors import UqaError
from vera_model.data.loading import read_problems
from vera_model.data.text_records import read_examples

GROUPS = [
    *(choice(n, [f"Ice is cold {n}.", f"Ice is warm {n}."], 0, context="Ö") for n in range(6)),
    yes_no(7, "Fish swim.", True),
]
RUNS = 500


def vera(path: Path) -> Any:
    return list(read_problems([path], allow_sample=False).problems)


def statements(path: Path) -> Any:
    return list(read_examples([path], "declarative", allow_sample=False).problems)


READERS = [vera, statements]


def shard(folder: Path) -> Path:
    """A shard whose manifest has its digest."""
    file = write_split(folder, GROUPS) / "data-00000.arrow"
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][0]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return file


@pytest.mark.parametrize("read", READERS)
def test_a_letter_changed_is_found_by_the_manifests_digest(
    tmp_path: Path, read: Callable[[Path], Any]
) -> None:
    file = shard(tmp_path / "s")
    assert read(file.parent)
    content = file.read_bytes()
    file.write_bytes(content.replace(b"Ice is cold 3.", b"Ice is bold 3."))
    for given in (file, file.parent):
        with pytest.raises(UqaError, match=r"data-00000\.arrow was changed or damaged"):
            read(given)


def test_a_shard_that_the_manifest_lists_may_not_be_missing(tmp_path: Path) -> None:
    file = shard(tmp_path / "s")
    file.rename(file.with_name("data-00001.arrow"))
    with pytest.raises(UqaError, match=r"data-00000\.arrow is missing, but in its manifest"):
        vera(file.parent)


@pytest.mark.parametrize("content", ["", "[]", '{"files": 1}', '{"files": [{}]}', "[" * 9_999])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    file = shard(tmp_path / "s")
    (file.parent / "manifest.json").write_text(content)
    with pytest.raises(UqaError, match=r"manifest\.json"):
        vera(file.parent)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", ["dataset", "split"])
def test_a_name_cannot_write_a_line_of_ours(
    tmp_path: Path, read: Callable[[Path], Any], name: str
) -> None:
    file = write_split(tmp_path / "s", GROUPS) / "data-00000.arrow"
    table = pa.ipc.open_stream(file.read_bytes()).read_all()
    facts = json.loads(table.schema.metadata[b"unifiedqa_convert"]) | {name: "a\nuqa: all is well"}
    table = table.replace_schema_metadata({"unifiedqa_convert": json.dumps(facts)})
    with pa.ipc.new_stream(file, table.schema) as out:
        out.write_table(table)
    with pytest.raises(UqaError, match="is no name of a dataset or split") as found:
        read(file)
    assert "\n" not in str(found.value)


def number_of(read: Callable[[Path], Any], path: Path) -> int | UqaError:
    try:
        return len(read(path))
    except UqaError as error:
        return error


@pytest.mark.parametrize("read", READERS)
def test_a_damaged_shard_without_a_manifest_ends_nothing(
    tmp_path: Path, read: Callable[[Path], Any]
) -> None:
    content, path = shard(tmp_path / "s").read_bytes(), tmp_path / "lone.arrow"
    refused = 0
    for seed in range(RUNS):
        draw, made = random.Random(seed), bytearray(content)
        for _ in range(draw.choice([1, 2, 4])):
            made[draw.randrange(len(made))] ^= 1 << draw.randrange(8)
        path.unlink(missing_ok=True)  # an open mapping keeps the last one
        path.write_bytes(made)
        number = number_of(read, path)
        if isinstance(number, int):
            assert number <= len(GROUPS)
        else:
            refused += 1
            assert len(str(number).splitlines()) == 1
    assert refused > RUNS / 3
