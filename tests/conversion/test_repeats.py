"""Rows that ask the same: counted alike by one worker and by several, and across splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.cli.convert import convert_and_report, convert_group_and_report
from unifiedqa_convert.conversion import repeats
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.repeats import one_sided_golds, repeated_words
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


def test_quiet_and_groups_tell_what_is_to_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(number, 0) for number in range(20)]
    rows += [row(3, 1), row(4, 0)]
    (tmp_path / "rows/copa").mkdir(parents=True)
    raw = tmp_path / "rows/copa/train.jsonl"
    raw.write_text("".join(json.dumps(one) + "\n" for one in rows))
    one = Request(dataset="copa", split="train", raw=(raw,), out=tmp_path / "one")
    convert_and_report(one, as_json=False, quiet=True)
    assert [
        line for line in capsys.readouterr().err.splitlines() if "has 400 rows" not in line
    ] == [
        "WARNING: 2 rows ask the same as another one and have another gold",
        "WARNING: 1 row is equal to an earlier one",
    ]
    group = Request(dataset="", split="", data_dir=tmp_path / "rows", out=tmp_path / "all")
    for as_json in (False, True):
        convert_group_and_report(group, "vera-unseen", "train", as_json, quiet=True)
        shown = capsys.readouterr().out
        if as_json:
            (found,) = [it for it in json.loads(shown) if it["outcome"] == "done"]
            assert (found["repeated"]["contradictory"], found["repeated"]["equal"]) == (2, 1)
            assert found["golds"] == {"2": {"a": 21, "b": 1}}
        else:
            assert "copa/train: 2 rows ask the same as another one and have another gold; " in shown


@pytest.mark.parametrize(("labels", "words"), [
    ([0] * 5, ["golds: all of them are (a)"]), ([0, 1], []), ([0], []),
])  # fmt: skip
def test_golds_at_one_place_are_told_in_few_words(
    tmp_path: Path, labels: list[int], words: list[str]
) -> None:
    made = manifest(tmp_path, "train", [row(number, label) for number, label in enumerate(labels)])
    assert list(one_sided_golds(made["counts"]["golds"])) == words


def test_counts_do_not_depend_on_how_many_rows_are_compared_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path, "validation", [row(number, 0) for number in range(5, 40)])
    rows = [row(number, number % 2) for number in range(30)] * 2 + [row(1, 0), row(2, 1)]
    at_once = manifest(tmp_path, "train", rows)["repeated"]
    assert (at_once["equal"], at_once["contradictory"]) == (28, 6)
    assert at_once["other_splits"] == {"validation": 50}
    monkeypatch.setattr(repeats, "_AT_ONCE", 7)
    (tmp_path / "out/copa/train/manifest.json").unlink()
    assert manifest(tmp_path, "train", rows)["repeated"] == at_once
