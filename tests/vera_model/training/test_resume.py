"""Killed at any moment, a run goes on to the same bits; a valid checkpoint always remains."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import started
import train_driver
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.errors import ModelError, OutputError, OutputLocked, UsageError
from unifiedqa_convert.storage import verify
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("trained")
    write_split(folder / "data" / "planted" / "train", GROUPS)
    given = config(folder, "run", steps=2, save_every=1, eval_every=2, decay="constant")
    run(from_preset(**given))
    return given


@pytest.fixture
def short(trained: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """A run of two updates, not begun."""
    return {**trained, "out": str(tmp_path / "run")}


@pytest.fixture
def out(trained: dict[str, Any], short: dict[str, Any]) -> Path:
    """Its folder, when it is complete."""
    return Path(shutil.copytree(trained["out"], short["out"], symlinks=True))


def damage(file: Path) -> bytes:
    """Change one bit of a file's last byte; return what was there."""
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    return whole


def contents(folder: Path) -> dict[str, bytes | str]:
    """All files and links below a folder; a run's lock apart."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.name != ".lock"
    }


def test_the_newest_valid_checkpoint_is_found_and_a_bad_path_named(
    short: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(from_preset(**{**short, "steps": 1})).parent
    assert {path.name for path in (out / "model").iterdir()} == {"ckp_1", "best", "last"}
    kept = shutil.copytree(out / "model" / "ckp_1", out.with_name("kept"))
    run(from_preset(**short, resume="auto"))
    shutil.rmtree(out / "model" / "ckp_1", ignore_errors=True)
    kept.rename(out / "model" / "ckp_1")
    weights = out / "model" / "last" / "model.safetensors"
    whole = damage(weights)
    with pytest.raises(ModelError, match=r"last/model\.safetensors was changed or cut"):
        run(from_preset(**short, resume=str(out / "model" / "last")))
    with pytest.raises(ModelError, match="is not a folder: give a checkpoint's"):
        run(from_preset(**short, resume=str(out / "nowhere")))
    damaged = contents(out / "model" / "ckp_2")
    capsys.readouterr()
    run(from_preset(**short, resume="auto"))
    said = capsys.readouterr().err
    assert "skipped a damaged checkpoint: " in said
    assert f"was renamed: {out / 'model' / 'ckp_2.set-aside'}\n" in said
    assert contents(out / "model" / "ckp_2.set-aside") == damaged
    assert verified_checkpoint(out).name == "last"
    assert weights.read_bytes() == whole


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "files.json", "training"])
def test_without_a_whole_checkpoint_nothing_starts_anew(
    short: dict[str, Any], out: Path, file: str
) -> None:
    for checkpoint in (out / "model").glob("ckp_*"):
        if file == "training":
            (checkpoint / file / "state.json").unlink()
        else:
            damage(checkpoint / file)
    before = contents(out)
    with pytest.raises(ModelError, match=rf"no whole checkpoint .*{file}.* add --overwrite"):
        run(from_preset(**short, resume="auto"))
    assert contents(out) == before
    if file == "files.json":  # nobody can tell what is in it
        with pytest.raises(OutputError, match=r"holds no readable files\.json"):
            run(from_preset(**short, overwrite=True))
        assert contents(out) == before
    else:
        assert run(from_preset(**short, overwrite=True)).is_file()


@pytest.mark.parametrize("left", [[], ["metrics.json"]])
def test_links_or_metrics_without_a_checkpoint_are_no_new_run(
    short: dict[str, Any], out: Path, left: list[str]
) -> None:
    """As an earlier version left a run that was killed inside `uqa calibrate`."""
    hidden = [
        path.rename(path.with_name(f".{path.name}-7")) for path in (out / "model").glob("ckp_*")
    ]
    if left:
        for link in ("last", "best"):
            (out / "model" / link).unlink()
    else:
        (out / "metrics.json").unlink()
    before = contents(out)
    with pytest.raises(ModelError, match="no whole checkpoint to resume from"):
        run(from_preset(**short, resume="auto"))
    assert contents(out) == before
    run(from_preset(**short, overwrite=True))
    assert all((path / "model.safetensors").is_file() for path in hidden), "what is not ours stays"


def test_an_edited_card_is_told_and_stays(
    short: dict[str, Any], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = (out / "model" / "last" / "README.md").resolve()
    card.write_text(card.read_text() + "Trained by me.\n")
    verify(card.parent)
    capsys.readouterr()
    run(from_preset(**{**short, "steps": 3}, resume="auto"))
    assert f"{card} was edited since it was written" in capsys.readouterr().err
    assert (out / "model" / "last").resolve().name == "ckp_3"
    assert card.read_text().endswith("Trained by me.\n"), "not removed with its checkpoint"


def test_overwrite_removes_what_a_run_wrote_and_nothing_else(
    short: dict[str, Any], out: Path
) -> None:
    mine = [out / "NOTES.md", out / "model" / "NOTES.md", out / "tensorboard" / "notes.txt"]
    mine += [out / "model" / "keep" / "weights.txt", out / "model" / "ckp_2_copy" / "a"]
    mine += [out / "model" / f".ckp_{n}.uqa-0123abcd" / "a" for n in range(2)]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    run(from_preset(**{**short, "steps": 1}, overwrite=True))
    assert [path.read_text() for path in mine] == ["mine"] * len(mine)
    assert [path.name for path in (out / "model").glob("ckp_?")] == ["ckp_1"]
    inside = out / "model" / "ckp_1" / "NOTES.md"
    inside.write_text("mine")
    before = contents(out)
    with pytest.raises(OutputError, match=r"ckp_1 holds NOTES\.md: uqa removes only"):
        run(from_preset(**short, overwrite=True))
    assert contents(out) == before
    run(from_preset(**{**short, "steps": 3}, resume="auto"))
    assert inside.read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    ["", "model", "model/last", "model/best", "model/ckp_3", "metrics.json", "train_log.jsonl"],
)
@pytest.mark.parametrize("how", [{"overwrite": True}, {"resume": "auto"}])
def test_a_link_under_the_name_of_a_runs_file_stays(
    short: dict[str, Any], out: Path, tmp_path: Path, name: str, how: dict[str, Any]
) -> None:
    """``model/ckp_3`` is what the run is about to write."""
    path, elsewhere = out / name, tmp_path / "elsewhere"
    if path.exists() and not path.is_symlink():
        path.rename(elsewhere)
    else:
        path.unlink(missing_ok=True)
        elsewhere.mkdir()
    path.symlink_to(elsewhere)
    before = contents(out), contents(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes()
    with pytest.raises(
        OutputError, match=f"{path} is a link to {elsewhere}, which uqa did not make"
    ):
        run(from_preset(**short, **how))
    after = contents(out), contents(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes()
    assert path.is_symlink()
    assert after == before


def test_a_run_copied_with_links_followed_is_refused(
    short: dict[str, Any], out: Path, tmp_path: Path
) -> None:
    copied = shutil.copytree(out, tmp_path / "copied")
    before = contents(copied)
    for how in ({"overwrite": True}, {"resume": "auto"}):
        with pytest.raises(
            OutputError, match=r"last is not the link .* move .*last and .*best away"
        ):
            run(from_preset(**{**short, "out": str(copied)}, **how))
        assert contents(copied) == before
    for link in ("last", "best"):
        (copied / "model" / link).rename(tmp_path / link)
    assert run(from_preset(**{**short, "out": str(copied), "steps": 3}, resume="auto")).is_file()


def test_both_links_are_set_again_after_a_kill_between(short: dict[str, Any], out: Path) -> None:
    links = [out / "model" / name for name in ("last", "best")]
    named = [link.readlink() for link in links]
    for link in links:
        link.unlink()
    run(from_preset(**short, resume="auto"))
    assert [link.readlink() for link in links] == named


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


def test_a_checkpoint_that_was_renamed_is_named_and_stays(short: dict[str, Any], out: Path) -> None:
    renamed = (out / "model" / "ckp_2").rename(out / "model" / "ckp_9")
    before = contents(out)
    for resume in ("auto", str(renamed)):
        with pytest.raises(ModelError, match=r"ckp_9 is the checkpoint after 2 .*rename it to"):
            run(from_preset(**short, resume=resume))
        assert contents(out) == before


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "train_log.jsonl"])
def test_a_users_file_with_the_name_of_a_runs_stays(short: dict[str, Any], name: str) -> None:
    mine = Path(short["out"]) / name
    mine.parent.mkdir()
    mine.write_text('{"mine": 1}')
    with pytest.raises(OutputError, match=rf"{name} was not written by a run"):
        run(from_preset(**short, overwrite=True))
    if name == "config.json":
        with pytest.raises(OutputError, match=r"config.json was not written by a run"):
            run(from_preset(**short))
    assert mine.read_text() == '{"mine": 1}'
