"""kill -9 and full disks: whatever happens, the next run ends with the same bytes."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

import pytest
import started
from kill import count_steps, killed_at_step
from outputs import digest, raw_file

from unifiedqa_convert.conversion.output_folder import OutputFolder
from unifiedqa_convert.storage import settle

UQA = str(Path(sys.executable).with_name("uqa"))


def arguments(raw: Path, out: Path, shard_rows: int) -> list[str]:
    options = f"convert copa --split train -q --to jsonl --shard-rows {shard_rows}".split()
    return [*options, "--raw", str(raw), "--out", str(out)]


class Halted(NamedTuple):
    """A run that SIGSTOP holds between its first shard and its end."""

    process: "subprocess.Popen[str]"
    command: list[str]
    place: OutputFolder


def halted(raw: Path, folder: Path, *options: str) -> Halted:
    """Start runs until one is caught in time: a busy machine may look when all is over."""
    for attempt in count():
        out = folder / f"halted-{attempt}"
        command, place = (
            [UQA, *arguments(raw, out, 100), *options],
            OutputFolder(out / "copa" / "train"),
        )
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        while process.poll() is None and not list(place.work.glob("shard-*.json")):
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        if process.returncode is None:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if process.poll() is None and not place.final.exists():
            return Halted(process, command, place)
        process.kill()
        _, said = process.communicate()
        assert place.final.exists(), said
    raise AssertionError


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True)


def killed_and_run_again(tmp_path: Path, exchange: bool, every: int) -> int:
    """With nothing there and over an older output, which must stand until the new one does."""
    raw, older = raw_file(tmp_path, 90), tmp_path / "older"
    older.mkdir()
    started.core.run(arguments(raw_file(older, 10), older / "out", 30))
    steps = count_steps(started.core, arguments(raw, tmp_path / "whole", 30), exchange=exchange)
    # By the installed script, so with another hash seed than the runs that are killed.
    assert run([UQA, *arguments(raw, tmp_path / "fresh", 30)]).returncode == 0
    expected = digest(tmp_path / "fresh" / "copa" / "train")
    assert digest(tmp_path / "whole" / "copa" / "train") == expected
    limit = kills = 0
    ended = False
    while not ended:  # after one step is before the next, and after the last
        limit += every
        out = tmp_path / f"killed-{limit}"
        place = OutputFolder(out / "copa" / "train")
        if limit // every % 2:  # every other time there is an older output to replace
            shutil.copytree(older / "out", out)
        old = digest(place.final) if place.final.exists() else None
        command = [*arguments(raw, out, 30), "--overwrite"]
        killed = started.core.run(
            command, program=partial(killed_at_step, limit, exchange=exchange)
        )
        ended = killed.returncode == 0
        assert ended or killed.returncode == -signal.SIGKILL, killed.stderr
        kills += not ended
        if not exchange:
            settle(place.final.parent)  # as every reader of ours does that finds nothing
        assert (digest(place.final) if place.final.exists() else None) in (
            old,
            expected,
        ), "half an output was seen, or none"
        again = started.core.run(command)
        assert again.returncode == 0, again.stderr
        assert digest(place.final) == expected
        left = sorted(path.name for path in place.final.parent.iterdir())
        assert left == [".train.lock", ".train.row-hashes", "train"]
    assert limit > steps
    return kills


def test_kill_9_at_some_steps_where_folders_are_not_exchanged(tmp_path: Path) -> None:
    assert killed_and_run_again(tmp_path, exchange=False, every=19) > 4


@pytest.mark.slow
def test_kill_9_at_every_fifth_step(tmp_path: Path) -> None:
    assert killed_and_run_again(tmp_path, exchange=True, every=5) > 15


SHARDS = 80


def killed(process: ForkServerProcess, place: OutputFolder, seeded: random.Random) -> bool:
    """Kill it at any time of its start, or of its work on one of the next shards; did that hit?"""
    notes = partial(place.work.glob, "shard-*.json")
    there = len(list(notes()))
    ahead = min(there + seeded.randrange(4), SHARDS)
    while process.exitcode is None and len(list(notes())) < ahead:
        process.join(0.002)
    process.join(seeded.uniform(0, 0.2 if ahead == there else 0.04))  # a start takes about 0.1
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.slow
def test_50_kills_at_random_times(tmp_path: Path) -> None:
    """Until 50 kills have hit, run after run; committed shards are never lost or made again."""
    shard_rows = 125
    raw = raw_file(tmp_path, SHARDS * shard_rows)
    # By the installed script again.
    assert run([UQA, *arguments(raw, tmp_path / "whole", shard_rows)]).returncode == 0
    expected = digest(tmp_path / "whole" / "copa" / "train")
    seeded = random.Random(2026)
    kills = rounds = 0
    while kills < 50:
        place = OutputFolder(tmp_path / f"round-{rounds}" / "copa" / "train")
        kept: dict[str, int] = {}
        ended = False
        while not ended:  # a kill may hit after the output is in its place: the next run tidies up
            command = arguments(raw, tmp_path / f"round-{rounds}", shard_rows)
            if kills < 50:
                ended = not killed(started.core.begin(command), place, seeded)
                kills += not ended
            else:
                done = started.core.run(command)
                assert done.returncode == 0, done.stderr
                ended = True
            if place.final.exists():
                assert digest(place.final) == expected, "half an output was seen"
            if ended or not place.work.exists():
                continue
            notes = {p.name: p.stat().st_mtime_ns for p in place.work.glob("shard-*.json")}
            assert place.final.exists() or kept.items() <= notes.items(), (
                "a committed shard was lost or made again"
            )
            kept = notes
        assert digest(place.final) == expected
        assert not place.work.exists()
        rounds += 1


@pytest.mark.slow
def test_a_reader_never_sees_an_unreadable_file(tmp_path: Path) -> None:
    raw, out = raw_file(tmp_path, 8_000), tmp_path / "out"
    seen: list[str] = []
    stop = threading.Event()

    def look() -> None:
        final = out / "copa" / "train"
        if final.exists():
            names = sorted(path.name for path in final.iterdir())
            whole = all(
                (final / name).read_bytes().endswith(b"\n")
                for name in names
                if name.startswith("data-")
            )
            seen.append("whole" if "manifest.json" in names and whole else f"half: {names}")

    def poll() -> None:
        while not stop.wait(0.01):
            look()

    reader = threading.Thread(target=poll)
    reader.start()
    done = run([UQA, *arguments(raw, out, 400)])
    stop.set()
    reader.join()
    look()
    assert done.returncode == 0
    assert set(seen) == {"whole"}


def limit_file_size() -> None:
    """In the child: writing past 64 KiB fails, as on a full disk, with an error of the system."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))


def test_a_full_disk_leaves_the_old_output_and_says_so(tmp_path: Path) -> None:
    small, out = tmp_path / "small", tmp_path / "out"
    small.mkdir()
    assert run([UQA, *arguments(raw_file(small, 10), out, 1000)]).returncode == 0
    before = digest(out / "copa" / "train")
    raw = raw_file(tmp_path, 5_000)
    command = [UQA, *arguments(raw, out, 1000), "--overwrite"]
    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit_file_size)
    assert full.returncode == 5, full.stderr
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    assert digest(out / "copa" / "train") == before
    assert run(command).returncode == 0  # space again: the same command, the whole output
    assert run([UQA, *arguments(raw, tmp_path / "fresh", 1000)]).returncode == 0
    assert digest(out / "copa" / "train") == digest(tmp_path / "fresh" / "copa" / "train")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders")
def test_a_read_only_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    done = run([UQA, *arguments(raw_file(tmp_path, 10), out, 1000)])
    assert done.returncode == 5
    assert "cannot write" in done.stderr


def test_an_output_path_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = run([UQA, *arguments(raw_file(tmp_path, 10), tmp_path / "out", 1000)])
    assert done.returncode == 5
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """kill -9 reaches one process; what it started must not write on beside the next run."""
    raw = raw_file(tmp_path, 8_000)
    process, command, place = halted(raw, tmp_path, "--workers", "2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.05)
    assert run(command).returncode == 0
    assert run([UQA, *arguments(raw, tmp_path / "whole", 100)]).returncode == 0
    assert digest(place.final) == digest(tmp_path / "whole" / "copa" / "train")


def test_sigterm_lets_go_and_the_same_command_goes_on(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 8_000)
    process, command, place = halted(raw, tmp_path)
    process.terminate()
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate()
    assert process.returncode == 143
    assert "run the same command again" in said
    assert not place.final.with_name(".train.holder").exists()
    assert run(command).returncode == 0
