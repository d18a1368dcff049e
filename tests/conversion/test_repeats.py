"""Rows that ask the same: counted alike by one worker and by several, and across splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.repeats import repeated_words
from unifiedqa_convert.conversion.request import Request


def row(number: int, label: int) -> dict[str, Any]:
    return {
        "premise": f"The bell rang {number} times.",
        "choice1": "The door opened.",
        "choice2": "The cat slept.",
        "question": "effect",
        "label": label,
        "idx": number,
    }


def manifest(path: Path, split: str, rows: list[dict[str, Any]], workers: int = 1) -> Any:
    path.mkdir(exist_ok=True)
    raw = path / f"{split}.jsonl"
    raw.write_text("".join(json.dumps(one) + "\n" for one in rows))
    request = Request(
        dataset="copa", split=split, raw=(raw,), out=path / "out", workers=workers, shard_rows=50
    )
    return convert(request).manifest


@pytest.mark.parametrize("workers", [1, 3])
def test_repeats_are_counted_across_shards_and_workers(tmp_path: Path, workers: int) -> None:
    rows = [row(number, number % 2) for number in range(200)]
    swapped = {**row(7, 0), "choice1": "The cat slept.", "choice2": "The door opened."}
    rows += [row(3, 1), row(4, 1), {**row(5, 1), "premise": "The  bell rang 5 TIMES."}, swapped]
    repeated = manifest(tmp_path, "train", rows, workers)["repeated"]
    # 3, 5 and the swapped 7 have their first gold again; 4 has the other one.
    assert repeated == {
        **{"equal": 3, "contradictory": 2, "other_splits": {}},
        "not_compared": [],
    }


def test_a_row_in_two_splits_is_told_by_the_later_one(tmp_path: Path) -> None:
    first = manifest(tmp_path, "train", [row(number, 0) for number in range(20)])
    assert first["repeated"]["other_splits"] == {}
    later = manifest(tmp_path, "validation", [row(number, 0) for number in range(15, 40)])
    assert later["repeated"]["other_splits"] == {"train": 5}
    assert later["repeated"]["not_compared"] == []


@pytest.mark.parametrize("left", [None, 16])
def test_a_split_that_cannot_be_compared_is_told(tmp_path: Path, left: int | None) -> None:
    """Its hashes were deleted, or cut, while its rows are there."""
    manifest(tmp_path, "train", [row(number, 0) for number in range(20)])
    hashes = tmp_path / "out/copa/.train.row-hashes"
    hashes.unlink() if left is None else hashes.write_bytes(hashes.read_bytes()[:left])
    later = manifest(tmp_path, "validation", [row(number, 0) for number in range(15, 40)])
    assert later["repeated"]["not_compared"] == ["train"]
    assert "not compared with the rows of split train" in " ".join(
        repeated_words(later["repeated"])
    )


def test_golds_are_counted_by_place(tmp_path: Path) -> None:
    golds = manifest(tmp_path, "train", [row(number, int(number < 3)) for number in range(10)])[
        "counts"
    ]
    assert golds["golds"] == {"2": {"a": 7, "b": 3}}
