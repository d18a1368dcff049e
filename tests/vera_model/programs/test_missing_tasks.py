"""Tasks without converted data are converted by the main process, or listed with a reason."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from unifiedqa_convert.errors import SourceError
from vera_model.config import from_preset
from vera_model.data.tasks import find_tasks
from vera_model.distributed import Processes
from vera_model.programs.missing_tasks import find_paths


def processes(*, main: bool, failed: Any = ()) -> Processes:
    """One of several; ``failed`` is what the main process sends."""
    return cast(
        "Processes",
        SimpleNamespace(main=main, from_main=lambda thing: thing if main else list(failed)),
    )


def test_the_main_process_converts_and_the_rest_is_listed(tmp_path: Path) -> None:
    given = {"train_tasks": ["copa", "nosuch"], "out": tmp_path / "run", "device": "cpu"}
    config = from_preset(
        "upstream", **given, data_root=tmp_path, allow_sample=True, missing="skip", valid_tasks=[]
    )
    with pytest.raises(SourceError, match="2 of 2 splits are missing") as error:
        find_paths(config, processes(main=False), [].append)
    assert "convert at least one first" in str(error.value)  # they are skipped already
    assert "--missing skip" not in str(error.value)
    assert not (tmp_path / "copa").exists()
    lines: list[str] = []
    paths = find_paths(config, processes(main=True), lines.append)
    assert paths.train == (tmp_path / "copa" / "train.sample",)
    (missing,) = paths.missing
    assert (missing.task, missing.part) == ("nosuch", "train")
    assert "no dataset of this name is known" in missing.reason
    assert lines == [
        f"not in {tmp_path}, converting (train): copa, nosuch",
        f"skipped (train): nosuch: {missing.reason}",
    ]
    other = find_paths(config, processes(main=False, failed=paths.missing), [].append)
    assert other == paths


def test_an_alias_stands_for_the_task_but_not_for_a_folder_of_its_name(tmp_path: Path) -> None:
    for name in ("physical_iqa", "social_iqa", "siqa"):
        (tmp_path / name / "train").mkdir(parents=True)
        (tmp_path / name / "train" / "manifest.json").write_text("{}")
    tasks = ["PIQA", "physical_iqa", "siqa", "anli"]
    found = find_tasks(tasks, "train", tmp_path, allow_sample=False)
    assert found.paths == {name: tmp_path / name / "train" for name in ("physical_iqa", "siqa")}
    assert [one.task for one in found.missing] == ["anli"]


def test_without_samples_a_task_that_cannot_be_converted_has_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    given = {"train_tasks": ["symkd_anno"], "out": tmp_path / "run", "device": "cpu"}
    config = from_preset("upstream", **given, data_root=tmp_path, missing="error", valid_tasks=[])
    with pytest.raises(SourceError, match=r"symkd_anno \(train\): .*ask its authors") as error:
        find_paths(config, processes(main=True), [].append)
    assert "--missing skip" in str(error.value)


def test_each_part_has_its_own_sample_and_another_one_stands_in(tmp_path: Path) -> None:
    for split in ("test", "train", "validation"):
        (tmp_path / "copa" / f"{split}.sample").mkdir(parents=True)
        (tmp_path / "copa" / f"{split}.sample" / "manifest.json").touch()
    (tmp_path / "wsc273" / "test.sample").mkdir(parents=True)
    (tmp_path / "wsc273" / "test.sample" / "manifest.json").touch()
    train = find_tasks(("copa", "wsc273"), "train", tmp_path, allow_sample=True).paths
    dev = find_tasks(("copa", "wsc273"), "dev", tmp_path, allow_sample=True).paths
    assert [path.name for path in train.values()] == ["train.sample", "test.sample"]
    assert [path.name for path in dev.values()] == ["validation.sample", "test.sample"]
    assert not find_tasks(("copa",), "dev", tmp_path, allow_sample=False).paths
    for part, other in (("dev", "train"), ("train", "validation")):  # the run converts its own
        (tmp_path / part / f"{other}.sample").mkdir(parents=True)
        (tmp_path / part / f"{other}.sample" / "manifest.json").touch()
        assert not find_tasks((part,), part, tmp_path, allow_sample=True).paths
