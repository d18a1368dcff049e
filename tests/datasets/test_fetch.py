"""`uqa fetch` against repositories of our own: plan, kills, signals, disks, folders to carry."""

import errno
import hashlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sky
import started
from conftest import Run
from kill import killed_at_step
from repositories import Repositories, serving

from unifiedqa_convert.cli import progress
from unifiedqa_convert.datasets.fetch import Plan, Wish
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import OutputError

MIB = 2**20
TRAIN, DEV = sky.rows(320, 20_000), sky.rows(240, 20_000)
CONVERT = ("--question-converter", "none", "--records", "question")


class Machine(NamedTuple):
    """A server, and a folder with everything that a machine keeps."""

    state: Repositories
    folder: Path
    env: dict[str, str]

    def run(self, *arguments: object, **more: str) -> "subprocess.CompletedProcess[str]":
        work = self.folder / "work"
        return started.core.run(arguments, cwd=work, env={**os.environ, **self.env, **more})

    def begin(self, *arguments: object) -> Any:
        errors = started.Files(stderr=self.folder / "stderr")
        env, work = {**os.environ, **self.env}, self.folder / "work"
        return started.core.begin(arguments, cwd=work, env=env, files=errors)

    def parts(self) -> dict[str, int]:
        """Bytes of the downloads that are not complete, by host."""
        found = {}
        for host, place in (("hub", "hub"), ("github", "cache")):
            for path in (self.folder / place).rglob("*.incomplete"):
                found[host] = path.stat().st_size
        return found

    def files(self) -> list[str]:
        """The sha256 of each file in the caches, without locks and marks."""
        return sorted(
            hashlib.sha256(path.read_bytes()).hexdigest()
            for place in ("hub", "cache")
            for path in (self.folder / place).rglob("*")
            if path.is_file() and not path.is_symlink() and path.suffix not in (".lock", ".TAG")
        )

    def lock(self) -> Any:
        return json.loads((self.folder / "work" / "uqa.lock").read_text())["datasets"]["sky"]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "work").mkdir()
    (tmp_path / "package").mkdir()
    own = sky.install(tmp_path / "package")
    own |= {"HF_HOME": str(tmp_path / "hub"), "UQA_CACHE": str(tmp_path / "cache")}
    state = sky.held(TRAIN, DEV)
    with serving(state) as env:
        yield Machine(state, tmp_path, {**own, **env})


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_the_plan_needs_no_network(uqa: Run) -> None:
    done = uqa("fetch", "--group", "vera", "--plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dataset ")
    assert "splits to fetch: " in done.stdout.splitlines()[-1]
    (asked,) = [line for line in done.stdout.splitlines() if "story_cloze_test (" in line]
    assert "the form at https://cs.rochester.edu/nlp/rocstories/" in asked
    plan = json.loads(uqa("fetch", "--group", "vera", "--plan", "--json").stdout)
    by_name = {(it["dataset"], it["split"]): it for it in plan["splits"]}
    assert by_name["csqa2", "train"]["bytes"] == 614_169
    assert plan["free"] > 0
    assert plan["bytes"] > 50_000_000
    assert plan["unknown"] == sum(
        it["bytes"] is None and it["source"] != "by hand" for it in plan["splits"]
    )


def test_a_file_of_several_splits_counts_once(uqa: Run) -> None:
    def size(*names: str) -> int:
        document = json.loads(uqa("fetch", *names, "--plan", "--json", "--split", "dev").stdout)
        return int(document["bytes"])

    assert size("com2sense", "com2sense_paired") == size("com2sense_paired")


def test_killed_five_times_it_asks_for_the_rest_only(machine: Machine) -> None:
    state = machine.state
    state.pause = 0.02
    kills: list[Callable[[], bool]] = [
        lambda: bool(state.asked),
        lambda: max(machine.parts().values(), default=0) >= MIB,
        lambda: max(machine.parts().values(), default=0) >= 2 * MIB,
        lambda: min([4 * MIB, *machine.parts().values()]) >= 3 * MIB,
        lambda: len(machine.parts()) == 1,  # one is complete, whichever was faster
    ]
    for reached in kills:
        process = machine.begin("fetch", "sky")
        wait_until(reached)
        process.kill()
        process.join()
        state.ranges.clear()
    ((host, begun),) = machine.parts().items()
    assert begun >= 3 * MIB
    state.pause = 0
    last = machine.run("fetch", "sky")
    assert last.returncode == 0, last.stderr
    rest = {"hub": "train.jsonl", "github": "data/dev.jsonl"}[host]
    assert state.ranges == [(rest, begun)], "the other one was complete"
    assert f"resumed after {begun:,} bytes of a stopped run" in last.stderr
    assert machine.files() == sorted(map(sha256, (TRAIN, DEV)))
    assert {it: machine.lock()[it]["files"][0]["sha256"] for it in ("train", "validation")} == {
        "train": sha256(TRAIN),
        "validation": sha256(DEV),
    }


def test_a_killed_github_download_is_resumed(machine: Machine) -> None:
    machine.state.pause = 0.02
    process = machine.begin("fetch", "sky", "--split", "dev")
    wait_until(lambda: machine.parts().get("github", 0) >= 2 * MIB)
    process.kill()
    process.join()
    there = machine.parts()["github"]
    machine.state.ranges.clear()
    machine.state.pause = 0
    assert machine.run("fetch", "sky", "--split", "dev").returncode == 0
    assert [start for _, start in machine.state.ranges] == [there]
    assert machine.files() == [sha256(DEV)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_soon_though_the_host_is_silent(
    machine: Machine, number: int, code: int
) -> None:
    machine.state.pause = 30
    process = machine.begin("fetch", "sky")
    wait_until(lambda: len(machine.state.ranges) == 2)
    sent = time.monotonic()
    os.kill(process.pid or 0, number)
    process.join()
    assert time.monotonic() - sent < 8
    assert process.exitcode == code
    told = (machine.folder / "stderr").read_text()
    assert "run the same command" in told
    assert "Traceback" not in told
    machine.state.pause = 0
    assert machine.run("fetch", "sky").returncode == 0
    assert machine.files() == sorted(map(sha256, (TRAIN, DEV)))


def test_a_signal_keeps_what_has_arrived(machine: Machine) -> None:
    machine.state.pause = 0.02
    process = machine.begin("fetch", "sky", "--split", "train")
    wait_until(lambda: machine.parts().get("hub", 0) >= MIB)
    process.terminate()
    process.join()
    assert process.exitcode == 143
    there = machine.parts()["hub"]
    assert there >= MIB
    machine.state.ranges.clear()
    machine.state.pause = 0
    machine.run("fetch", "sky", "--split", "train")
    assert [start for _, start in machine.state.ranges] == [there]


def test_one_that_fails_does_not_stop_the_others(machine: Machine) -> None:
    machine.state.held["github", "sky/git"].commits[sky.OLD] = {"README.md": b"#"}
    done = machine.run("fetch", "sky")
    assert done.returncode == 7
    assert "sky/validation: failed: github sky/git: no data file" in done.stderr
    assert "1 fetched, 1 failed, 1 by hand" in done.stdout.splitlines()
    assert list(machine.lock()) == ["train"]
    machine.state.held["hub", "sky/hub"].commits[sky.OLD] = {"train.jsonl": b"{}\n"}
    shutil.rmtree(machine.folder / "hub")
    both = machine.run("fetch", "sky", "--json")
    assert both.returncode == 4, "they failed for different reasons"
    codes = {it["split"]: it["exit_code"] for it in json.loads(both.stdout)}
    assert codes == {"train": 4, "validation": 7}


def test_a_host_that_is_down_is_not_asked_for_every_split(uqa: Run, tmp_path: Path) -> None:
    down = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    down |= {"HF_HOME": str(tmp_path / "hub"), "UQA_CACHE": str(tmp_path / "cache")}
    names = ("arc_easy", "arc_hard", "openbookqa", "hellaswag", "commonsenseqa")
    done = uqa("fetch", *names, "--json", "-q", **down)
    assert done.returncode == 7
    why = [it["why"] for it in json.loads(done.stdout)]
    asked = [line for line in why if "127.0.0.1 does not answer" in line]
    assert 4 <= len(asked) <= 7
    assert all(line.startswith("not asked: hub did not answer") for line in set(why) - set(asked))


def test_by_hand_is_a_failure_of_what_was_named(machine: Machine, uqa: Run) -> None:
    assert machine.run("fetch", "sky", "--split", "test").returncode == 7
    named = uqa("fetch", "gengen_anno", "rainier_anno")
    assert named.returncode == 7
    assert "ask its authors (https://github.com/liujch1998/vera)" in named.stderr


def test_quiet_prints_nothing_and_json_only_json(machine: Machine) -> None:
    quiet = machine.run("fetch", "sky", "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    document = json.loads(machine.run("fetch", "sky", "--json").stdout)
    assert [it["outcome"] for it in document] == ["here already", "here already"]


def test_fetched_rows_are_converted_offline_to_the_same_bytes(machine: Machine) -> None:
    convert = ("convert", "sky", "--split", "train", "--json", *CONVERT)
    online = machine.run(*convert, "--out", "online")
    assert online.returncode == 0, online.stderr
    shutil.rmtree(machine.folder / "hub")
    (machine.folder / "work" / "uqa.lock").unlink()
    assert machine.run("fetch", "sky").returncode == 0
    machine.state.held.clear()
    offline = machine.run(*convert, "--out", "offline", HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stderr
    assert_same(machine.folder / "work", "online", "offline")
    elsewhere = machine.run(
        "convert", "sky", "--split", "dev", "--lock", machine.folder / "work/uqa.lock", *CONVERT
    )
    assert elsewhere.returncode == 0, elsewhere.stderr


def assert_same(folder: Path, one: str, other: str) -> None:
    names = [
        sorted(it.relative_to(folder / top) for it in (folder / top).rglob("*") if it.is_file())
        for top in (one, other)
    ]
    assert names[0] == names[1]
    assert any(path.name == "manifest.json" for path in names[0])
    for name in names[0]:
        assert (folder / one / name).read_bytes() == (folder / other / name).read_bytes(), name


@pytest.fixture
def carried(machine: Machine) -> Machine:
    done = machine.run("fetch", "sky", "--to", "carry")
    assert done.returncode == 0, done.stderr
    assert "uqa convert sky --split train --data-dir carry" in done.stdout
    return machine


def offline(machine: Machine, *more: object) -> "subprocess.CompletedProcess[str]":
    """Conversion on a machine without internet and without caches."""
    own = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(machine.folder / "none")}
    own |= {"UQA_CACHE": str(machine.folder / "nothing")}
    arguments = ("convert", "sky", *CONVERT, "--data-dir", "carry", *more)
    return machine.run(*arguments, **own)


def test_a_carried_folder_gives_the_same_manifest_offline(carried: Machine) -> None:
    for split in ("train", "validation"):
        online = carried.run("convert", "sky", "--split", split, *CONVERT, "--out", "online")
        assert online.returncode == 0, online.stderr
        there = offline(carried, "--split", split, "--out", "there")
        assert there.returncode == 0, there.stderr
    assert_same(carried.folder / "work", "online", "there")


def test_a_flipped_byte_in_a_carried_folder_is_refused(carried: Machine) -> None:
    (path,) = (carried.folder / "work" / "carry").rglob("train.jsonl")
    flipped = bytearray(path.read_bytes())
    flipped[100] ^= 1
    path.write_bytes(flipped)
    done = offline(carried, "--split", "train")
    assert done.returncode == 4
    assert sha256(bytes(flipped)) in done.stderr
    assert sha256(TRAIN) in done.stderr
    path.unlink()
    missing = offline(carried, "--split", "train")
    assert f"{path.relative_to(carried.folder / 'work')} is missing" in missing.stderr
    assert "uqa fetch sky --split train --to carry" in missing.stderr
    # Made again, it is whole.
    assert carried.run("fetch", "sky", "--to", "carry").returncode == 0
    assert offline(carried, "--split", "train").returncode == 0


def test_a_carried_folder_of_another_repository_is_refused(carried: Machine) -> None:
    lock = carried.folder / "work" / "carry" / "uqa.lock"
    lock.write_text(lock.read_text().replace("sky/hub", "../.."))
    done = offline(carried, "--split", "train")
    assert done.returncode == 4
    assert "../.." in done.stderr


def test_an_interrupted_copy_is_completed(machine: Machine) -> None:
    assert machine.run("fetch", "sky").returncode == 0
    work = machine.folder / "work"
    env = {**os.environ, **machine.env}
    for step in (1, 2, 3, 5, 8):
        arguments, program = ("fetch", "sky", "--to", "carry"), partial(killed_at_step, step)
        process = started.core.begin(arguments, cwd=work, env=env, program=program)
        process.join()
        assert process.exitcode in (-signal.SIGKILL, 0)
    assert machine.run("fetch", "sky", "--to", "carry").returncode == 0
    assert not list((work / "carry").rglob("*.tmp"))
    assert offline(machine, "--split", "train").returncode == 0
    assert offline(machine, "--split", "dev").returncode == 0


def test_two_fetches_at_once_do_not_disturb_each_other(machine: Machine) -> None:
    machine.state.pause = 0.005
    both = [machine.begin("fetch", "sky", "--to", name) for name in ("carry", "other")]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert machine.files() == sorted(map(sha256, (TRAIN, DEV)))
    assert sorted(machine.state.ranges) == [("data/dev.jsonl", 0), ("train.jsonl", 0)], "each once"
    assert set(machine.lock()) == {"train", "validation"}


def test_too_little_disk_space_is_told_before_starting(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="are to come, but"):
        Plan([], 2**60, 0, 0).refuse_full_disk(None)
    Plan([], 1, 0, 0).refuse_full_disk(tmp_path)
    assert OutputError.exit_code == 5


def test_a_disk_that_gets_full_is_an_error_that_says_so(machine: Machine) -> None:
    # A file may have 4 MB: what a write beyond that says is what a full disk says, in other words.
    uqa = Path(sys.executable).with_name("uqa")
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 4000; exec {uqa} fetch sky --split train"],
        cwd=machine.folder / "work",
        env={**os.environ, **machine.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "free disk space" in done.stderr
    assert not (machine.folder / "work" / "uqa.lock").exists()
    assert machine.run("fetch", "sky", "--split", "train").returncode == 0
    assert machine.files() == [sha256(TRAIN)]


def test_bars_show_names_amounts_rates_and_the_time_left(machine: Machine) -> None:
    machine.state.pause = 0.01
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("uqa"), "fetch", "sky"],
        cwd=machine.folder / "work",
        env={**os.environ, **machine.env, "TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    while block := _read(ours):
        drawn += block
    os.close(ours)
    assert process.wait() == 0
    text = drawn.decode()
    for part in ("sky/train", "sky/validation", "0 of 2 splits", "1 of 2 splits", "MB/s", "0:00:0"):
        assert part in text
    assert "sky/train: fetched, 6." in text
    assert f"{(len(TRAIN) + len(DEV)) / 1e6:.1f} MB" in text, "the total of both"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end was closed
        return b""


def test_a_log_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.05)
    wish = Wish(load_adapter("copa"), "train")
    sizes = {"copa/train": None, "sciq/train": 2_000_000}
    with progress.download_progress(sizes, quiet=False) as downloads:
        downloads.begun(wish, 4_000_000, 1_000_000)
        downloads.arrived(wish, 1_000_000)
        time.sleep(0.2)
        downloads.ended("copa/train", ["copa/train: fetched"])
    told = capsys.readouterr().err
    assert "0 of 2 splits ended, 1.0 MB of 5.0 MB fetched, " in told
    assert " s left\n" in told
    assert told.endswith("copa/train: fetched\n")


def test_a_file_for_the_folder_of_copies_is_refused_before_a_download(machine: Machine) -> None:
    place = machine.folder / "taken"
    place.write_text("a file")
    done = machine.run("fetch", "csqa2", "--to", str(place))
    assert (done.returncode, machine.state.asked) == (2, [])
    assert "is a file" in done.stderr


def test_the_plan_knows_a_pinned_size_without_a_hash(machine: Machine) -> None:
    done = machine.run("fetch", "arc_easy", "--split", "validation", "--plan", "--json")
    (split,) = json.loads(done.stdout)["splits"]
    assert (split["proof"], split["bytes"]) == ("commit", 86080)
