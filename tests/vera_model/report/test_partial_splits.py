"""A partial split is named wherever its numbers stand: metrics, last lines, page, replication."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.vera_tasks import EVALUATED, partition_of
from vera_model.data.shards import Shard
from vera_model.programs.replicate import TaskResult, replication_lines, table_lines
from vera_model.report.page import write_report
from vera_model.report.run_metadata import describe_splits
from vera_model.report.terminal import closing_lines

GROUPS = [choice(n, [f"Cause {n} has effect {n + k}." for k in range(3)], 0) for n in range(20)]
TEXTS = [statement.sentence for group in GROUPS for statement in group.statements]


def sized(read: int, known: int | None, partial: bool | None) -> dict[str, Any]:
    return {"read": read, "known": known, "partial": partial}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of a tiny model on a part of COPA, all of CODAH, and one of unknown size."""
    root = tmp_path_factory.mktemp("partial")
    save_tiny(root / "model", TEXTS)
    for dataset, size in {
        "copa": sized(20, 1954, True),
        "codah": sized(20, 20, False),
        "sciq": sized(20, None, None),
    }.items():
        folder = root / "data" / dataset / "validation"
        groups = [
            choice(n, [f"{dataset} {n} has effect {n + k}." for k in range(3)], 0)
            for n in range(20)
        ]
        write_split(folder, groups, dataset=dataset, split="validation", size=size)
    places = ["--model", root / "model", "--data", root / "data", "--out", root / "out"]
    more = ["--resamples", "20", "--recipe", "vera"]
    done = CliRunner().invoke(app, ["evaluate", *map(str, places), *more])
    assert done.exit_code == 0, done.output
    (root / "said.txt").write_text(done.stderr)
    return root


@pytest.fixture
def document(evaluated: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((evaluated / "out" / "metrics.json").read_text())
    return found


def test_an_evaluation_records_and_tells_it(evaluated: Path, document: dict[str, Any]) -> None:
    named = {one["dataset"]: one for one in document["data"]["splits"]}
    assert named["copa"] == {
        **sized(20, 1954, True), "dataset": "copa", "split": "validation", "sample": False,
    }  # fmt: skip
    assert [named["codah"]["partial"], named["sciq"]["partial"]] == [False, None]
    warning = "WARNING: not whole splits: copa validation (20 of 1,954 rows)"
    assert warning in (evaluated / "said.txt").read_text().splitlines()
    assert warning in closing_lines(evaluated / "out" / "metrics.json", document)


def test_the_page_names_it_in_its_head_and_its_table(evaluated: Path) -> None:
    page = write_report(evaluated / "out").read_text()
    assert "<strong>Not whole splits.</strong>" in page
    assert page.count("20 of 1,954 rows") == 2
    assert "<small>20 of 1,954 rows</small></th>" in page


def test_a_training_split_in_part_does_not_mark_the_evaluations_line(tmp_path: Path) -> None:
    write_split(tmp_path / "train", GROUPS, size=sized(20, 500, True))
    other = [choice(n, [f"Thing {n} does {n + k}." for k in range(3)], 0) for n in range(9)]
    write_split(tmp_path / "dev", other, split="validation", size=sized(9, 9, False))
    places = ["--data", tmp_path / "train", "--valid", tmp_path / "dev", "--out", tmp_path / "run"]
    arguments = [*map(str, places), "--steps", "1", "--device", "cpu"]
    done = CliRunner().invoke(app, ["train", *arguments])
    assert done.exit_code == 0, done.output
    assert "WARNING: not whole splits: planted train (20 of 500 rows)" in done.stderr
    page = write_report(tmp_path / "run").read_text()
    assert page.count("20 of 500 rows") == 1


def test_replicate_marks_what_is_not_comparable(document: dict[str, Any]) -> None:
    lines = {line.task: line for line in table_lines(document) if line.missing is None}
    assert (lines["copa"].rows, lines["copa"].comparable) == ("20 of 1,954 rows", False)
    assert (lines["codah"].rows, lines["codah"].comparable) == ("all", True)
    assert (lines["sciq"].rows, lines["sciq"].comparable) == ("not known whether all", False)
    table = replication_lines(table_lines(document))
    assert "| copa | unseen-1 | 20 of 1,954 rows | 20 |" in table
    assert "as reported" not in table, "beside the mean of one task"
    assert "| mean of 1 of 6 | unseen-1 | all in 0 of 6 tasks |" in table
    assert "| mean of 1 of 7 | unseen-2 | all in 1 of 7 tasks |" in table
    told = table.partition("NOT COMPARABLE")[2]
    assert "- copa (unseen-1): 20 of 1,954 rows" in told
    assert "- sciq (seen): not known whether all" in told
    assert "codah" not in told.partition("Missing")[0]
    wide = {line.count("|") for line in table.splitlines() if line.startswith("|")}
    assert len(wide) == 1, "every line of the table has the same columns"


def test_the_papers_mean_stands_beside_one_of_all_rows_of_all_tasks_only() -> None:
    of = [task for task in EVALUATED if partition_of(task) == "unseen-1"]
    whole = [TaskResult(task, "unseen-1", 9, 0.5, rows="all", comparable=True) for task in of]
    table = replication_lines(whole)
    assert "| mean of 6 of 6 | unseen-1 | all | | 0.5000 |" in table
    assert "| Vera-T5 (5B), as reported | unseen-1 | all | | 0.8165 |" in table
    for one in (whole[:-1], [whole[0]._replace(comparable=False), *whole[1:]]):
        absent = [TaskResult(of[-1], "unseen-1", missing="no data")]
        assert "as reported" not in replication_lines([*one, *absent[: len(of) - len(one)]])


def test_replicate_explains_each_of_its_columns(document: dict[str, Any]) -> None:
    table = replication_lines(table_lines(document))
    head = [cell.strip() for cell in table.splitlines()[0].strip("|").split("|")]
    told = "\n".join(line for line in table.splitlines() if line.startswith("- "))
    names = [name for name in head if name not in ("task", "95 % interval")]
    assert len(names) == 7
    for name in names:
        assert re.search(rf"(^- |\. ){re.escape(name)}: ", told, re.MULTILINE), name
    assert "Its interval: bootstrap" in told


def test_replicate_reads_parquet_outputs(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", TEXTS)
    folder = tmp_path / "root" / "copa" / "validation"
    write_split(folder, GROUPS, dataset="copa", split="validation", form="parquet")
    (folder / "README.md").write_text("a card")
    places = ["--model", tmp_path / "model", "--data-root", tmp_path / "root"]
    more = ["--out", str(tmp_path / "out"), "--resamples", "5", "--json"]
    done = CliRunner().invoke(app, ["replicate", "vera-eval", *map(str, places), *more])
    assert done.exit_code == 0, done.output
    assert [one["task"] for one in json.loads(done.stdout) if not one["missing"]] == ["copa"]


def test_replicate_marks_invented_rows_and_more_rows_than_there_are(
    document: dict[str, Any],
) -> None:
    for one in document["data"]["splits"]:
        one["sample"] = one["dataset"] == "copa"
        if one["dataset"] == "codah":
            one["read"] = 30
    lines = {line.task: line for line in table_lines(document)}
    assert (lines["copa"].rows, lines["copa"].comparable) == ("invented", False)
    assert (lines["codah"].rows, lines["codah"].comparable) == ("30 of 20 rows", False)


def shard(folder: Path, number: int, **facts: Any) -> Shard:
    path = folder / f"data-{number:05}.arrow"
    return Shard(str(path), "", "copa", "train", "none", facts.get("sample", False), 1)


def manifest(folder: Path, share: list[int], files: list[str], size: dict[str, Any]) -> Path:
    folder.mkdir()
    listed = [{"path": name} for name in (*files, "rejects.jsonl")]
    stated = {"split_size": size, "share": share, "files": listed}
    (folder / "manifest.json").write_text(json.dumps(stated))
    return folder


@pytest.mark.parametrize(("known", "all_of_it"), [(200, False), (None, None)])
def test_shares_are_added_up(tmp_path: Path, known: int | None, all_of_it: bool | None) -> None:
    shares = [
        manifest(tmp_path / f"{k}", [k, 2], [f"data-0000{k}.arrow"], sized(100, known, True))
        for k in range(2)
    ]
    (both,) = describe_splits([shard(shares[0], 0), shard(shares[1], 1)])
    assert (both["read"], both["partial"]) == (200, all_of_it)
    (one,) = describe_splits([shard(shares[0], 0)])
    assert (one["read"], one["partial"]) == (100, True)


def test_one_of_several_shards_is_a_part(tmp_path: Path) -> None:
    files = ["data-00000.arrow", "data-00001.arrow"]
    folder = manifest(tmp_path / "s", [0, 1], files, sized(100, 100, False))
    (whole,) = describe_splits([shard(folder, 0), shard(folder, 1)])
    assert whole["partial"] is False
    (part,) = describe_splits([shard(folder, 1)])
    assert (part["read"], part["known"], part["partial"]) == (None, 100, True)


def test_where_nothing_says_it_it_is_unknown(tmp_path: Path) -> None:
    (bare,) = describe_splits([shard(tmp_path, 0)])
    assert (bare["read"], bare["known"], bare["partial"]) == (None, None, None)
