"""Killed at any moment, a run goes on to the same bits; a valid checkpoint always remains."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import started
import train_driver
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.errors import ModelError, OutputLocked, UsageError
from vera_model.config import from_preset
from vera_model.programs.train import run
from vera_model.training.checkpoints import Checkpoints, verified_checkpoint

GROUPS = [
    *[choice(n, [f"Cause {n} has effect {n + k}." for k in range(6)], n % 6) for n in range(14)],
    *[yes_no(30 + n, f"Number {n} is even.", n % 2 == 0) for n in range(11)],
]
SMALL = {"vocab_size": 200, "d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 1, "num_heads": 2}
ENCODER = {**SMALL, "dropout": 0.2}
KILLED_AT = (3, 8, 5, 6, 9)
"""Which batch of the run, or of what is left of it, is never fetched. There are two batches in an
update, five in an epoch, six between two checkpoints: before the first checkpoint; in the middle
of an update; at an epoch's edge (the third resumes after six); in the middle again; and past the
second checkpoint."""
IN_A_SAVE = (0.4, 0.47, 0.54)
"""Shares of all fsyncs and renames of a run: inside its first save, and inside its second."""


class Runs(NamedTuple):
    """What the driver left."""

    folder: Path
    codes: dict[str, list[list[int]]]
    """The exit codes of each run's processes, in order."""


def config(folder: Path, name: str, **given: Any) -> dict[str, Any]:
    return {
        **{"data": [str(folder / "data")], "out": str(folder / name), "device": "cpu"},
        **{"steps": 8, "batch_size": 4, "accumulate": 2, "save_every": 3, "eval_every": 3},
        **{"encoder": ENCODER, "warmup": 2, "decay": "cosine", "clip": 1.0},
        **given,
    }


def plan(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    jobs: list[tuple[str, dict[str, Any]]] = [("straight", {"config": config(folder, "straight")})]

    def add(name: str, resume: str | None = "auto", **how: Any) -> None:
        jobs.append((name, {"config": config(folder, name, resume=resume), **how}))

    for batch in KILLED_AT:
        add("killed", kill_at_batch=batch)
    add("killed", sigterm_at=2)
    add("killed")
    for share in IN_A_SAVE:
        add(f"saving-{share}", kill_at_share=share)
    add("saved", kill_at_share=0.6)
    add("saved")
    return jobs


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("resume")
    write_split(folder / "data" / "planted" / "train", GROUPS)
    jobs = plan(folder)
    (folder / "jobs.json").write_text(json.dumps([job for _, job in jobs]))
    done = started.models.run([folder / "jobs.json"], program=train_driver.main)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.splitlines()[-1].removeprefix("DONE "))
    codes: dict[str, list[list[int]]] = {}
    for (name, _), result in zip(jobs, results, strict=True):
        codes.setdefault(name, []).append(result)
    assert codes["straight"] == [[0]], done.stderr
    return Runs(folder, codes)


def assert_same(runs: Runs, name: str) -> None:
    straight, other = runs.folder / "straight", runs.folder / name
    logs = ("train_log.jsonl", "eval_log.jsonl")
    for file in (*logs, "model/last/model.safetensors", "model/best/model.safetensors"):
        assert (straight / file).read_bytes() == (other / file).read_bytes(), file
    assert json.loads((other / "metrics.json").read_text()) == json.loads(
        (straight / "metrics.json").read_text()
    )


@pytest.mark.slow
def test_after_kill_9_at_five_steps_the_losses_are_the_same_bits(runs: Runs) -> None:
    assert runs.codes["killed"] == [[-9]] * 5 + [[143], [0]]
    assert_same(runs, "killed")


@pytest.mark.slow
@pytest.mark.parametrize("share", IN_A_SAVE)
def test_killed_inside_a_save_a_valid_checkpoint_remains(runs: Runs, share: float) -> None:
    name = f"saving-{share}"
    assert runs.codes[name][0] == [-9]
    found, _ = Checkpoints(runs.folder / name / "model").newest_valid()
    if share == IN_A_SAVE[0]:
        return  # the very first one: there may be none yet
    assert found is not None
    assert found.name in ("ckp_3", "ckp_6")


@pytest.mark.slow
def test_killed_inside_a_save_it_goes_on_and_leaves_nothing_behind(runs: Runs) -> None:
    assert runs.codes["saved"] == [[-9], [0]]
    assert_same(runs, "saved")
    left = [path.name for path in (runs.folder / "saved" / "model").iterdir()]
    assert not [path for path in left if path.startswith(".")]


@pytest.mark.slow
def test_no_thread_is_lost_in_a_fork() -> None:
    """As test_started.py has it; here the libraries of the models are in the server."""
    assert started.models.threads() <= {"jemalloc_bg_thd"}


@pytest.fixture
def short(tmp_path: Path) -> dict[str, Any]:
    write_split(tmp_path / "data" / "planted" / "train", GROUPS)
    return config(tmp_path, "run", steps=2, save_every=1, eval_every=2, decay="constant")


def test_the_newest_valid_checkpoint_is_found_and_a_bad_path_named(
    short: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(from_preset(**short)).parent
    assert {path.name for path in (out / "model").iterdir()} == {
        "ckp_1",
        "ckp_2",
        "best",
        "last",
    } - ({"ckp_1"} if (out / "model" / "best").resolve().name == "ckp_2" else set())
    weights = out / "model" / "last" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"last/model\.safetensors was changed or cut"):
        run(from_preset(**short, resume=str(out / "model" / "last")))
    with pytest.raises(ModelError, match="is not a folder: give a checkpoint's"):
        run(from_preset(**short, resume=str(out / "nowhere")))
    run(from_preset(**short, resume="auto"))
    assert "skipped a damaged checkpoint: " in capsys.readouterr().err
    assert verified_checkpoint(out).name == "last"
    assert weights.read_bytes() == whole


def test_a_checkpoint_of_another_run_is_refused(short: dict[str, Any]) -> None:
    run(from_preset(**short))
    with pytest.raises(UsageError, match=r"seed was 19260817, is 1\)"):
        run(from_preset(**short, seed=1, resume="auto"))
    more = {**short, "steps": 3}
    log = run(from_preset(**more, resume="auto")).with_name("train_log.jsonl")
    assert [json.loads(line)["step"] for line in log.open()] == [1, 2, 3]


def test_no_pickle_is_in_a_checkpoint(short: dict[str, Any]) -> None:
    out = run(from_preset(**short)).parent
    files = [path for path in (out / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors", ".md", ".parquet"}


def test_two_runs_in_one_folder_are_refused(short: dict[str, Any]) -> None:
    from filelock import FileLock

    out = Path(short["out"])
    out.mkdir()
    with FileLock(out / ".lock"), pytest.raises(OutputLocked, match="another run is writing"):
        run(from_preset(**short))
