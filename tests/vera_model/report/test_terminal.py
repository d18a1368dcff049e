"""The last lines of a run: short, and they say what was trained on."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_vera import save_tiny
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from vera_model.report.terminal import closing_lines
from vera_model.run import main as run_py

GROUPS = [choice(n, [f"Cause {n} has effect {n + k}." for k in range(3)], 0) for n in range(20)]


def invoke(*arguments: object) -> Any:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on some data, and the same statements as another dataset."""
    root = tmp_path_factory.mktemp("closing")
    write_split(root / "data" / "planted", GROUPS)
    write_split(root / "again" / "planted", GROUPS, split="validation")
    train = ["train", "--data", root / "data", "--steps", 2, "--device", "cpu"]
    said = invoke(*train, "--out", root / "run").stderr
    (root / "said.txt").write_text(said)
    return root


def test_a_run_ends_with_what_where_and_the_next_command(place: Path) -> None:
    document = json.loads((place / "run" / "metrics.json").read_text())
    lines = closing_lines(place / "run" / "metrics.json", document)
    assert (place / "said.txt").read_text().splitlines()[-len(lines) :] == lines
    groups, overall = document["data"]["groups"], document["metrics"]["overall"]
    run = place / "run"
    assert lines[0] == f"trained     {groups['trained_on']} problems in 2 updates"
    assert lines[1] == f"evaluated   {groups['evaluated_on']} problems of planted"
    low, high = overall["intervals"]["choice_accuracy"]
    right = f"{overall['choice_accuracy']:.3f} ({low:.3f} to {high:.3f})"
    assert lines[2] == f"choices     {right} correct, 0.333 by chance"
    assert lines[-3:] == [
        f"model       {run / 'model' / 'best'}",
        f"next        uqa report {run}",
        f'            uqa score "A sentence." --model {run}',
    ]
    assert all(len(line.replace(str(place), "")) < 80 for line in lines)
    invoke("report", run)
    scored = invoke("score", "A sentence.", "--model", run)
    assert scored.stdout.splitlines()[1].endswith("A sentence.")


def test_training_on_what_is_evaluated_is_said_on_the_screen(place: Path, tmp_path: Path) -> None:
    flags = ["--data", place / "data", "--valid", place / "again", "--out", tmp_path / "run"]
    done = invoke("train", *flags, "--steps", 1, "--device", "cpu")
    assert (
        "WARNING: 60 of 60 evaluation statements were trained on, word for word (planted 60 of 60)"
    ) in done.stderr.splitlines()[-1]
    assert "WARNING" not in (place / "said.txt").read_text()


@pytest.mark.parametrize("model", ["run", "run/model/best"])
def test_an_evaluation_of_a_runs_model_knows_what_that_was_trained_on(
    place: Path, tmp_path: Path, model: str
) -> None:
    trained = json.loads((place / "run" / "metrics.json").read_text())["data"]["groups"]
    flags = ["--data", place / "data", "--out", tmp_path / "eval", "--resamples", 2]
    done = invoke("evaluate", "--model", place / model, *flags)
    number = 3 * trained["trained_on"]  # not those that it held out
    assert 0 < number < 60
    assert f"WARNING: {number} of 60 evaluation statements were trained on" in done.stderr
    overlap = json.loads((tmp_path / "eval" / "metrics.json").read_text())["data"]["overlap"]
    assert overlap["trained_on"] == number


def test_what_is_not_known_is_not_claimed(place: Path, tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", ["Cause 0123456789 has effect."])
    flags = ["--model", tmp_path / "model", "--data", place / "data", "--resamples", 2]
    said = invoke("evaluate", *flags, "--out", tmp_path / "one").stderr
    assert "overlap with training data not checked: give --trained-on SHARDS" in said
    assert "WARNING" not in said
    other = ["--trained-on", place / "again", "--out", tmp_path / "two"]
    assert "WARNING: 60 of 60 " in invoke("evaluate", *flags, *other).stderr


def test_data_that_changed_since_are_not_taken_for_those_of_the_run(tmp_path: Path) -> None:
    split = write_split(tmp_path / "data" / "planted", GROUPS)
    train = ["train", "--data", tmp_path / "data", "--steps", 1, "--device", "cpu", "--out"]
    invoke(*train, tmp_path / "run")
    for path in split.iterdir():
        path.unlink()
    split.rmdir()
    write_split(split, GROUPS[:9])
    flags = ["--data", tmp_path / "data", "--out", tmp_path / "eval", "--resamples", 2]
    said = invoke("evaluate", "--model", tmp_path / "run", *flags).stderr
    assert "overlap with training data not checked" in said


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_failing_launch_ends_with_our_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rank: str
) -> None:
    told = f"{tmp_path / 'no'} does not exist: convert a dataset first, or correct the path"
    monkeypatch.setattr(sys, "argv", ["run.py", "--data", str(tmp_path / "no")])
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    with pytest.raises(SystemExit) as stop:
        run_py()
    assert stop.value.code == 4
    said = capsys.readouterr().err.splitlines()
    if rank == "0":
        assert said[0] == f"uqa train: {told}"
        assert said[1].startswith("(The traceback below is the launcher's own")
    assert len(said) == (2 if rank == "0" else 0)
    failure = ProcessFailure(0, 1, 4, str(tmp_path / "error.json"))
    last = str(ChildFailedError("run.py", {0: failure})).splitlines()[-2]
    assert last.endswith(f"traceback : {told}")
