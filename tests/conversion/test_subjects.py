"""A dataset with subjects: a column, `--subject`, and ids that stay unique across its files."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from unifiedqa_convert.check import check_path
from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError, UsageError

ROWS = {
    "anatomy": ["Which bone is the longest?,femur,ulna,rib,skull,A", "Skin is an,organ,x,y,z,A"],
    "virology": ["A virus is,alive,undead,a debate,a plant,C"],
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """One file for each subject, as the authors publish them."""
    for subject, rows in ROWS.items():
        (tmp_path / f"{subject}_test.csv").write_text("\n".join(rows) + "\n")
    return tuple(tmp_path / f"{subject}_test.csv" for subject in ROWS)


def converted(raw: tuple[Path, ...], **changes: Any) -> Result:
    out = raw[0].parent / "out"
    return convert(Request(dataset="mmlu", split="test", raw=raw, **{"out": out, **changes}))


def shard(result: Result) -> dict[str, list[Any]]:
    with pa.ipc.open_stream(result.folder / "data-00000.arrow") as file:
        columns: dict[str, list[Any]] = file.read_all().to_pydict()
    return columns


def test_the_subject_is_a_column_and_in_the_id(files: tuple[Path, ...]) -> None:
    result = converted(files)
    assert shard(result)["subject"] == ["anatomy", "anatomy", "virology"]
    ids = ["mmlu-test-anatomy-0", "mmlu-test-anatomy-1", "mmlu-test-virology-2"]
    assert shard(result)["id"] == ids
    assert result.manifest["subject"] == "all"
    assert check_path(result.folder).ok
    lines = converted(files, to="jsonl", out=files[0].parent / "lines").folder / "data-00000.jsonl"
    assert [json.loads(line)["subject"] for line in lines.read_text().splitlines()][-1] == (
        "virology"
    )


def test_files_converted_one_by_one_share_no_id(files: tuple[Path, ...]) -> None:
    alone = [converted((path,), subject=name) for path, name in zip(files, ROWS, strict=True)]
    assert [result.folder.name for result in alone] == ["test.anatomy", "test.virology"]
    ids = [own for result in alone for own in shard(result)["id"]]
    assert len(set(ids)) == len(ids) == 3


def test_one_subject_and_the_count_of_the_others(files: tuple[Path, ...]) -> None:
    result = converted(files, subject="virology", records="declarative")
    assert set(shard(result)["subject"]) == {"virology"}
    assert result.manifest["counts"]["rows"] == {
        **{"read": 3, "used": 1, "rejected": 0},
        "skipped": {"of another subject": 2},
    }
    assert result.manifest["split_size"] == {"read": 1, "known": None, "partial": None}


def test_what_is_no_subject_is_refused(files: tuple[Path, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no subject 'virolgy': did you mean virology"):
        converted(files, subject="virolgy")
    with pytest.raises(UsageError, match="copa has no subjects: leave out --subject"):
        convert(Request(dataset="copa", split="validation", source="sample", subject="anatomy"))
    with pytest.raises(SourceError, match="every row is of another subject"):
        converted(files[:1], subject="virology")
    renamed = files[0].rename(tmp_path / "bones.csv")
    with pytest.raises(SourceError, match="the file's name does not tell its subject"):
        converted((renamed,))


def test_a_folder_of_subjects_is_one_split(tmp_path: Path) -> None:
    folder = tmp_path / "mmlu/data/test"
    folder.mkdir(parents=True)
    subjects = load_adapter("mmlu").subjects
    for subject in subjects:
        (folder / f"{subject}_test.csv").write_text(ROWS["virology"][0] + "\n")
    request = Request(dataset="mmlu", split="test", data_dir=tmp_path, out=tmp_path / "out")
    assert shard(convert(request))["subject"] == [*subjects]
