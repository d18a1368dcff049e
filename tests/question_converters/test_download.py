"""`uqa model fetch` with the hub's real client and a local hub server."""

import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import started
import torch
from hub_server import COMMIT, State, serving
from kill import killed_at_step
from safetensors.torch import load_file, save_file

from unifiedqa_convert.cli import main
from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.question_converters.download import DownloadPlan, File, fetch_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HUB = "domenicrosati/question_converter-3b"
OTHER = "a" * 40
CONFIG = json.dumps({"model_type": "t5", "pad_token_id": 0}).encode()


def weights() -> dict[str, torch.Tensor]:
    return {"shared.weight": torch.arange(6.0).reshape(2, 3), "x.weight": torch.ones(2)}


def safetensors_bytes(folder: Path) -> bytes:
    save_file(weights(), folder / "w.safetensors")
    return (folder / "w.safetensors").read_bytes()


def pickle_bytes(folder: Path, **more: object) -> bytes:
    held = weights()
    tied = held["shared.weight"]
    torch.save({**held, "lm_head.weight": tied, **more}, folder / "w.bin")
    return (folder / "w.bin").read_bytes()


class Canary:
    """Makes a file when it is unpickled: a pickle can run any code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[State, Run]]:
    """A hub server with a pickle, and `uqa` against it."""
    files = {"config.json": CONFIG, "spiece.model": b"pieces", "run_me.py": b"open('canary', 'w')"}
    state = State({**files, "pytorch_model.bin": pickle_bytes(tmp_path)})
    with serving(state) as endpoint:

        def run(
            *arguments: str, program: Callable[[], object] = main, **settings: str
        ) -> "subprocess.CompletedProcess[str]":
            given = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
            given |= {"HF_HUB_OFFLINE": "0", "UQA_CACHE": str(tmp_path / "cache")}
            env = {**os.environ, **given, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **settings}
            return started.core.run(arguments, cwd=tmp_path, env=env, program=program)

        yield state, run


def test_the_plan_has_sizes_and_fetches_nothing(hub: tuple[State, Run]) -> None:
    state, run = hub
    done = run("model", "fetch", "owner/name", "--plan", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["download"] == sum(
        len(state.files[name]) for name in ("config.json", "spiece.model", "pytorch_model.bin")
    )
    assert told["disk"]["needed"] > told["download"]  # the pickle and the safetensors
    assert told["disk"]["free"] > 0
    assert told["memory"]["available"] > 0
    assert "pickle" in told["weights"]
    assert "weights_only=True" in done.stderr
    assert not any("/cdn/" in line for line in state.asked)


def test_the_preset_takes_the_branch_of_safetensors(hub: tuple[State, Run], tmp_path: Path) -> None:
    state, run = hub
    body = safetensors_bytes(tmp_path)
    branch = {"config.json": CONFIG, "spiece.model": b"pieces", "model.safetensors": body}
    state.branches["refs/pr/1"] = State(branch, OTHER)
    done = run("model", "fetch")
    assert done.returncode == 0, done.stderr
    assert f"commit {OTHER}" in done.stderr
    assert "has not merged" in done.stderr
    folder = Path(done.stdout.strip())
    assert (folder / "model.safetensors").read_bytes() == body
    assert not any("pytorch_model" in line or "run_me" in line for line in state.asked)
    note = json.loads(next((tmp_path / "cache").rglob("fetched.json")).read_bytes())
    assert (note["revision"], note["weights"]) == (OTHER, "safetensors")
    listed = {file["name"]: file["sha256"] for file in note["files"]}
    assert listed["model.safetensors"] == hashlib.sha256(body).hexdigest()


def test_a_pickle_is_converted_once_and_tied_tensors_are_written_once(
    hub: tuple[State, Run],
) -> None:
    _, run = hub
    done = run("model", "fetch", "owner/name")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name == COMMIT
    held = load_file(folder / "model.safetensors")
    assert held.keys() == {"shared.weight", "x.weight"}
    assert torch.equal(held["shared.weight"], weights()["shared.weight"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "fetched.json",
        "files.json",
        "model.safetensors",
        "spiece.model",
    ]
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert run("model", "fetch", "owner/name").returncode == 0
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    (folder / "config.json").write_text("")
    assert run("model", "fetch", "owner/name").returncode == 0
    assert (folder / "config.json").read_text()
    assert not [path for path in folder.parent.iterdir() if path != folder]


@pytest.mark.slow
def test_kill_9_at_some_steps(hub: tuple[State, Run], tmp_path: Path) -> None:
    """The next fetch has whole files, and nothing is left beside them."""
    state, run = hub
    state.files["model.safetensors"] = safetensors_bytes(tmp_path)
    ended, limit = False, 0
    while not ended:
        limit += 7
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        shutil.rmtree(tmp_path / "hf", ignore_errors=True)
        killed = run("model", "fetch", "owner/name", program=partial(killed_at_step, limit))
        ended = killed.returncode == 0
        assert ended or killed.returncode == -signal.SIGKILL, killed.stderr
        done = run("model", "fetch", "owner/name")
        assert done.returncode == 0, done.stderr
        folder = Path(done.stdout.strip())
        assert (folder / "model.safetensors").read_bytes() == state.files["model.safetensors"]
        places = [path.name for path in (tmp_path / "cache" / "models").rglob("*")]
        assert sorted(places) == sorted(["owner--name", COMMIT, "fetched.json", "files.json"])
    assert limit > 30


def test_a_pickle_that_would_run_code_runs_none(hub: tuple[State, Run], tmp_path: Path) -> None:
    state, run = hub
    canary = tmp_path / "canary"
    state.files["pytorch_model.bin"] = pickle_bytes(tmp_path, evil=Canary(canary))
    done = run("model", "fetch", "owner/name")
    assert done.returncode == 4
    assert "not converted" in done.stderr
    assert not canary.exists()
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists()  # unpickled without protection it runs


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [("wrong-bytes", 4, "but the hub reports"), ("no-revision", 7, "no such commit")],
)
def test_faults_of_the_hub(hub: tuple[State, Run], fault: str, code: int, words: str) -> None:
    state, run = hub
    state.fault = fault
    done = run("model", "fetch", "owner/name")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "--raw" not in done.stderr  # advice for rows, not for models


def test_offline_sends_no_request_and_a_conversion_never_downloads(hub: tuple[State, Run]) -> None:
    state, run = hub
    done = run("model", "fetch", "owner/name", HF_HUB_OFFLINE="1")
    assert done.returncode == 7
    used = run("declare", "-", "--question-converter", "owner/name")
    assert used.returncode == 4
    assert "uqa model fetch owner/name" in used.stderr
    assert state.asked == []


def test_a_download_larger_than_the_disk_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://localhost:9")  # no request is sent
    files = (File("model.safetensors", 10**18, None),)
    with pytest.raises(OutputError, match=r"needs 1\.0 EB and .* free: free disk space"):
        fetch_model(DownloadPlan("owner/name", "main", COMMIT, files, pickle=False))
