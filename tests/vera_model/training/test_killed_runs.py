"""kill -9 at any step of `uqa train` and `uqa calibrate`: the next one works, nothing is lost."""

import json
import shutil
import signal
import threading
import traceback
from functools import partial
from pathlib import Path

import pytest
import started
from kill import killed_at_step
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.storage import verify
from vera_model.model.saving import load_checkpoint

GROUPS = [
    *[choice(n, [f"Cause {n} has effect {n + k}." for k in range(6)], n % 6) for n in range(14)],
    *[yes_no(30 + n, f"Number {n} is even.", n % 2 == 0) for n in range(11)],
]


def command(folder: Path, out: Path, steps: int, *more: str) -> list[object]:
    given = ["train", "--preset", "tiny", "--data", folder / "data", "--out", out, "--quiet"]
    return [*given, "--device", "cpu", "--steps", steps, *more]


OFTEN = ("--save-every", "1", "--eval-every", "2")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``data``, and ``run`` after two updates."""
    folder = tmp_path_factory.mktemp("trained")
    write_split(folder / "data", GROUPS)
    done = started.models.run(command(folder, folder / "run", 2, *OFTEN))
    assert done.returncode == 0, done.stderr
    return folder


def same_run(one: Path, other: Path) -> None:
    for name in ("train_log.jsonl", "model/last/model.safetensors"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def watch(last: Path, problems: list[str], stop: threading.Event) -> None:
    """Load ``last`` again and again, as `uqa score` does."""
    while not stop.wait(0.01):
        if last.is_symlink():
            try:
                load_checkpoint(last)
            except Exception:  # noqa: BLE001  # a thread's own would be a warning
                problems.append(traceback.format_exc())


def train_under_kills(folder: Path, every: int) -> int:
    """Go on with one run again and again, killed at its ``every``-th, 2 ``every``-th … step; return
    the kills.

    A reader always finds a whole model under ``last``; the run ends with the bytes of one that was
    not killed.
    """
    out, problems, stop = folder / "killed", list[str](), threading.Event()
    reader = threading.Thread(target=watch, args=(out / "model" / "last", problems, stop))
    reader.start()
    kills = 0
    try:
        for limit in (*range(every, 200, every), 0):
            steps = updates(out) + 1 + limit // 30  # so many that the kill is met
            asked = command(folder, out, steps, *OFTEN, "--resume", "auto")
            done = started.models.run(asked, program=partial(killed_at_step, limit))
            assert done.returncode in (0, -signal.SIGKILL), done.stderr
            kills += done.returncode != 0
    finally:
        stop.set()
        reader.join()
    assert not problems
    whole = started.models.run(command(folder, folder / "whole", steps))
    assert whole.returncode == 0, whole.stderr
    same_run(folder / "whole", out)
    links = {path for path in (out / "model").iterdir() if path.is_symlink()}
    assert {path.name for path in links} == {"last", "best"}
    named = {str(link.readlink()) for link in links}
    assert {path.name for path in (out / "model").iterdir()} == {"last", "best", *named}
    assert not list(out.glob(".*.uqa-*"))
    return kills


def updates(out: Path) -> int:
    """Of the last checkpoint."""
    state = out / "model" / "last" / "training" / "state.json"
    return int(json.loads(state.read_bytes())["step"]) if state.is_file() else 0


@pytest.mark.slow
def test_a_reader_of_last_while_train_is_killed(trained: Path) -> None:
    assert train_under_kills(trained, every=11) > 12


def overwritten(folder: Path, every: int) -> int:
    """Kill `uqa train --overwrite` at its steps: the next one works, notes stay; the kills."""
    kills, code = 0, -signal.SIGKILL
    for limit in range(every, 400, every):
        out = folder / f"overwritten-{limit}"
        shutil.copytree(folder / "run", out, symlinks=True)
        (out / "model" / "NOTES.md").write_text("mine")
        asked = command(folder, out, 1, "--overwrite")
        code = started.models.run(asked, program=partial(killed_at_step, limit)).returncode
        kills += code != 0
        done = started.models.run(asked)
        assert done.returncode == 0, done.stderr
        load_checkpoint(out / "model" / "last")
        assert (out / "model" / "NOTES.md").read_text() == "mine"
        left = {path.name for path in (out / "model").iterdir()}
        assert left == {"NOTES.md", "best", "last", "ckp_1"}
        if code == 0:
            break
    assert code == 0
    return kills


@pytest.mark.slow
def test_overwrite_killed_at_some_steps(trained: Path) -> None:
    assert overwritten(trained, every=19) > 4


def calibrated(folder: Path, every: int, exchange: bool) -> int:
    """Kill `uqa calibrate` at its steps: the model is whole, the next one works; the kills."""
    kills, code = 0, -signal.SIGKILL
    for limit in range(every, 200, every):
        out = folder / f"calibrated-{exchange}-{limit}"
        shutil.copytree(folder / "run", out, symlinks=True)
        asked = ["calibrate", out]
        program = partial(killed_at_step, limit, exchange=exchange)
        code = started.models.run(asked, program=program).returncode
        kills += code != 0
        if exchange:
            assert (out / "model" / "best").is_dir(), "for every reader, not only ours"
        load_checkpoint(out)
        done = started.models.run(asked)
        assert done.returncode == 0, done.stderr
        best = (out / "model" / "best").resolve()
        verify(best)
        assert json.loads((best / "config.json").read_bytes())["temperature"] != 1
        assert (best / "training" / "optimizer.safetensors").is_file()
        assert not list(out.rglob(".*.uqa-*"))
        if code == 0:
            break
    assert code == 0
    return kills


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("every", [23, pytest.param(5, marks=pytest.mark.slow)])
def test_calibrate_killed_at_some_steps(trained: Path, every: int, exchange: bool) -> None:
    assert calibrated(trained, every, exchange) > 1


@pytest.mark.slow
def test_of_two_runs_in_one_folder_one_wins(trained: Path) -> None:
    out = trained / "both"
    asked = command(trained, out, 4, *OFTEN)
    both = [started.models.begin(asked) for _ in range(2)]
    for process in both:
        process.join()
    assert sorted(process.exitcode or 0 for process in both) in ([0, 5], [0, 6])
    whole = started.models.run(command(trained, trained / "one", 4, *OFTEN))
    assert whole.returncode == 0, whole.stderr
    same_run(trained / "one", out)
