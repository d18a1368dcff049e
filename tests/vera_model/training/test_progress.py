"""What a run tells people and trackers while it goes on, and what is uploaded afterwards."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_vera import save_tiny
from vera_shards import choice, write_split

from vera_model.config import from_preset
from vera_model.model import modeling_vera as model_module
from vera_model.model.saving import load_checkpoint
from vera_model.programs.train import run
from vera_model.training import progress as progress_module
from vera_model.training.progress import TrainingProgress


class Tracker:
    """Stands for wandb or trackio, which are not installed here, and for the run they return."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def init(self, **given: Any) -> "Tracker":
        print("a tracker that prints on stdout")
        self.calls.append(("init", given))
        return self

    def log(self, numbers: dict[str, float], step: int) -> None:
        self.calls.append(("log", {**numbers, "step": step}))

    def finish(self) -> None:
        self.calls.append(("finish", {}))


def test_a_run_begins_with_its_plan_and_trackers_follow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = Tracker()
    monkeypatch.setitem(sys.modules, "trackio", tracker)  # type: ignore[arg-type]
    groups = [choice(n, [f"Cause {n} has effect {n + k}." for k in range(3)], 0) for n in range(12)]
    data = write_split(tmp_path / "planted" / "train", groups)
    given: dict[str, Any] = {"device": "cpu", "steps": 3, "log_every": 2, "track": ["trackio"]}
    path = run(from_preset(data=[data], out=tmp_path / "run", **given))
    told = capsys.readouterr()
    for word in ("model", "download", "disk", "memory", "work", "FLOPs"):
        assert re.search(rf"^{word} +\S", told.err, flags=re.M), word
    assert "3 updates of" in told.err
    assert "step 3/3, loss " in told.err
    assert told.out == ""  # stdout is for data
    log = [json.loads(line) for line in (path.parent / "train_log.jsonl").open()]
    kinds = [kind for kind, _ in tracker.calls]
    assert (kinds[0], kinds[-1]) == ("init", "finish")
    assert (tracker.calls[0][1]["project"], tracker.calls[0][1]["name"]) == ("vera", "run")
    assert tracker.calls[0][1]["config"]["steps"] == 3
    shown = [call for kind, call in tracker.calls if kind == "log" and "train/loss" in call]
    assert [(one["step"], one["train/loss"]) for one in shown] == [
        (line["step"], line["loss"]) for line in log[1:]
    ]


def test_progress_in_a_log_has_rates_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: now))
    progress = TrainingProgress(100, 20, shown=True)
    for done in range(21, 61):  # two updates a second, of 8 problems and 300 tokens
        now += 0.5
        progress.count(8, 300)
        progress.update(done, 1.5, 0.25)
    lines = capsys.readouterr().err.splitlines()
    rates = "loss 1.500, accuracy 0.25, 16 problems/s, 600 tokens/s"
    assert lines == [
        f"training: step 40/100, {rates}, 30 s left",
        f"training: step 60/100, {rates}, 20 s left",
    ]


def test_what_is_pushed_is_safetensors_with_our_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads: list[dict[str, Any]] = []

    class Hub:
        """Stands for the hub's client."""

        def __init__(self, token: str | None) -> None:
            assert token == "secret"

        def create_repo(self, repo_id: str, private: bool | None, exist_ok: bool) -> None:
            uploads.append({"repo": repo_id, "private": private, "exist_ok": exist_ok})

        def upload_folder(self, repo_id: str, folder_path: str, **more: Any) -> str:
            texts = {p.name: p.read_bytes() for p in Path(folder_path).iterdir()}
            uploads.append({"repo": repo_id, "files": texts, **more})
            return "https://hub/commit"

    monkeypatch.setattr(model_module, "HfApi", Hub)
    save_tiny(tmp_path / "m", ["Ice is cold.", "Fire is cold."], temperature=2.0)
    model, _ = load_checkpoint(tmp_path / "m")
    told = model.push_to_hub("me/vera", private=True, token="secret", commit_message="First.")
    assert told == "https://hub/commit"
    made, sent = uploads
    assert made == {"repo": "me/vera", "private": True, "exist_ok": True}
    assert sent["repo"] == "me/vera"
    assert sent["commit_message"] == "First."
    assert set(sent["files"]) == {"README.md", "config.json", "model.safetensors"}
    assert json.loads(sent["files"]["config.json"])["temperature"] == 2.0
    assert b"vera" in sent["files"]["README.md"]
