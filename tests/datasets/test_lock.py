"""uqa.lock: edited by hand, cut, no lock at all; written by several processes, or killed."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import started
from conftest import Run
from desk import NEW, OLD, Desk, Done, edited, in_caches, sha256
from kill import killed_at_step
from made_rows import (
    COMVE,
    COMVE_COMMIT,
    COPA,
    COPA_COMMIT,
    COPA_FILE,
    RIDDLES,
    RIDDLES_FILE,
    copa,
    parquet,
    riddles,
    trial,
)
from repositories import Repositories, serving

from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError


@pytest.fixture
def desk(tmp_path: Path, uqa: Run) -> Iterator[Desk]:
    repositories = Repositories()
    with serving(repositories) as env:
        yield Desk(tmp_path, uqa, repositories, env)


FILES = ("files", 0)
BY_HAND: dict[str, tuple[tuple[str | int, ...], Any, tuple[str, ...]]] = {
    "commit": (("commit",), NEW, (NEW, COPA_COMMIT)),
    "short commit": (("commit",), "3de24cf", ("commit", "3de24cf")),
    "branch for a commit": (("commit",), "main", ("commit", "'main'")),
    "repository": (("repository",), "someone/else", ("someone/else", COPA)),
    "repository above": (("repository",), "../..", ("repository", "../..")),
    "host": (("host",), "github", ("github", "hub")),
    "unknown host": (("host",), "ftp", ("host", "'ftp'")),
    "sha256": ((*FILES, "sha256"), "0" * 64, ("0" * 64, "@")),
    "sha256 in capitals": ((*FILES, "sha256"), "A" * 64, ("files.0.sha256", "AAAA")),
    "bytes": ((*FILES, "bytes"), 12, ("12", "@bytes")),
    "bytes as text": ((*FILES, "bytes"), "12", ("files.0.bytes", "'12'")),
    "bytes below 0": ((*FILES, "bytes"), -1, ("files.0.bytes", "-1")),
    "rows": (("rows",), 99, ("rows 100", "99")),
    "no rows": (("rows",), 0, ("rows", "0")),
    "rows as a fraction": (("rows",), 99.5, ("rows", "99.5")),
    "digest": (("digest",), "0" * 64, ("digest", "0" * 64)),
    "path above": ((*FILES, "path"), "../../x.parquet", ("files.0.path", "../../x.parquet")),
    "path inside above": ((*FILES, "path"), "a/../../../x.csv", ("files.0.path", "a/../../..")),
    "absolute path": ((*FILES, "path"), "/etc/passwd", ("files.0.path", "/etc/passwd")),
    "path with NUL": ((*FILES, "path"), "a\0b.csv", ("files.0.path",)),
    "long path": ((*FILES, "path"), "x" * 300 + ".csv", ("files.0.path", "xxxx")),
    "path with backslashes": ((*FILES, "path"), "..\\x.csv", ("files.0.path",)),
    "other path": ((*FILES, "path"), "copa/train.parquet", ("copa/train.parquet", COPA_FILE)),
    "no files": (("files",), [], ("files",)),
    "adapter to come": (("adapter",), 9, ("version 9", "version 1")),
    "adapter before all": (("adapter",), 0, ("adapter", "0")),
    "unknown key": (("mirror",), "http://example.org", ("mirror", "example.org")),
    "branch as a number": (("branch",), 1, ("branch",)),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A lock with COPA's rows, and their file."""
    folder, body = tmp_path_factory.mktemp("recorded"), parquet(copa())
    repositories = Repositories()
    repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: body})
    with serving(repositories) as env:
        caches = {"UQA_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hub")}
        settings = {**os.environ, **env, **caches}
        done = started.core.run(
            ["fetch", "copa", "--split", "validation"], cwd=folder, env=settings
        )
    assert done.returncode == 0, done.stderr
    return (folder / "uqa.lock").read_bytes(), body


@pytest.mark.parametrize("what", BY_HAND)
def test_a_lock_edited_by_hand(desk: Desk, recorded: tuple[bytes, bytes], what: str) -> None:
    place, value, named = BY_HAND[what]
    lock, body = recorded
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: body})
    desk.lock.write_bytes(lock)
    edited(desk.lock, "datasets", "copa", "validation", *place, to=value)
    true = {"@": sha256(body), "@bytes": str(len(body))}
    error = desk.refused("copa", "validation")
    assert all(true.get(text, text) in error for text in named), error
    left = in_caches(desk.env)
    assert not left or place[0] in ("rows", "digest")  # then the file is the locked one
    if place[-1] != "branch":
        assert "uqa.lock" in error or place[-1] in ("sha256", "bytes", "rows", "digest")


NO_LOCKS = {
    "not JSON": b"commit: 3de24cf",
    "merge conflict": b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n",
    "empty": b"",
    "half": b'{"uqa_lock": 1, "datasets": {"copa": {"validation": {"host": "hub"',
    "array": b"[]",
    "large array": b"[" + b"1," * 2_000_000 + b"1]",
    "10 MB": b'{"uqa_lock": 1, "datasets": {}}' + b" " * 10_000_000,
    "10 MB in one value": b'{"uqa_lock": 1, "datasets": {"copa": "' + b"x" * 7_000_000 + b'"}}',
    "deep": b"[" * 1_000_000,
    "later version": b'{"uqa_lock": 2, "datasets": {}}',
    "no datasets": b'{"uqa_lock": 1}',
    "further key": b'{"uqa_lock": 1, "datasets": {}, "run": "x"}',
    "not UTF-8": b'{"uqa_lock": 1, "datasets": {"\xff": {}}}',
    "a dataset twice": b'{"uqa_lock": 1, "datasets": {"copa": {}, "copa": {}}}',
}


@pytest.mark.parametrize("what", NO_LOCKS)
def test_what_is_no_lock(desk: Desk, what: str) -> None:
    desk.lock.write_bytes(NO_LOCKS[what])
    for error in (desk.refused("copa", "validation"), desk.refused("copa", "train", "--locked")):
        assert "uqa.lock" in error
        assert len(error) < 600
    assert desk.repositories.asked == []
    if what == "merge conflict":
        assert "did git leave a merge conflict in it?" in error
    updated = desk.uqa("sources", "copa", "--update", **desk.env)
    assert updated.returncode == 4
    assert desk.lock.read_bytes() == NO_LOCKS[what]


def test_a_lock_that_is_no_file(desk: Desk) -> None:
    desk.lock.mkdir()
    done = desk.convert("copa", "validation")
    assert (done.returncode, "uqa.lock" in done.stderr) == (4, True), done.stderr
    desk.lock.rmdir()
    os.mkfifo(desk.lock)
    done = desk.convert("copa", "validation")
    assert (done.returncode, "uqa.lock" in done.stderr) == (4, True), done.stderr


def test_locked(desk: Desk) -> None:
    """Nothing in the lock; an entry that is not the shipped pin; all well."""
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    assert "has no copa/validation" in desk.refused("copa", "validation", "--locked")
    assert desk.repositories.asked == []
    desk.ok("copa", "validation")
    desk.ok("copa", "validation", "--locked")
    # A pin that came later: SciQ's train has hashes, this entry has others.
    entry = json.loads(desk.lock.read_text())["datasets"]["copa"]["validation"]
    it = load_adapter("sciq").source.having("train")[0]
    (file,) = it.files["train"]
    entry |= {"repository": it.name, "commit": it.commit}
    entry["files"][0] |= {"path": file.path, "bytes": file.bytes}
    edited(desk.lock, "datasets", "sciq", to={"train": entry})
    error = desk.refused("sciq", "train", "--locked")
    assert str(file.sha256) in error
    assert entry["files"][0]["sha256"] in error
    # It is not needed any more.
    updated = desk.uqa("sources", "sciq", "--update", **desk.env)
    kept = json.loads(desk.lock.read_text())["datasets"]
    assert (updated.returncode, "sciq" in kept, "copa" in kept) == (0, False, True), updated.stderr


def test_downloads_in_the_folder_of_the_lock(desk: Desk) -> None:
    """Not every folder with a lock was made by `uqa fetch --to`."""
    body = parquet(copa())
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: body})
    desk.ok("copa", "validation")
    place = desk.lock.with_name("copa_validation.parquet")
    place.write_bytes(body)
    desk.ok("copa", "validation", "--data-dir", str(place.parent), "--overwrite")


def test_locked_takes_nothing_else(desk: Desk) -> None:
    """Neither the sample where no host answers, nor a file or folder with other bytes."""
    body = parquet(copa())
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: body})
    desk.ok("copa", "validation")
    given, other = desk.lock.with_name("given.parquet"), desk.lock.with_name("other.parquet")
    given.write_bytes(body)
    other.write_bytes(parquet(copa()[::-1]))
    desk.ok("copa", "validation", "--locked", "--raw", str(given))
    error = desk.refused("copa", "validation", "--locked", "--raw", str(other))
    assert sha256(other.read_bytes()) in error or str(other.stat().st_size) in error
    assert "--locked" in desk.refused("copa", "validation", "--locked", "--source", "sample")
    desk.env["HF_HOME"] += "-other"
    desk.env["HF_HUB_OFFLINE"] = "1"
    assert "HF_HUB_OFFLINE" in desk.refused("copa", "validation", "--locked", code=7)
    assert "invented" in desk.ok("copa", "validation")


def test_a_carried_folder_edited_by_hand(desk: Desk) -> None:
    """Its lock may be edited with its rows: what the adapter pins and states holds still."""
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    folder = desk.lock.parent / "carried"
    words = ("fetch", "copa", "--split", "validation", "--to", folder)
    assert desk.uqa(*words, **desk.env).returncode == 0
    carried = ("copa", "validation", "--data-dir", str(folder))
    desk.ok(*carried)
    lock, place = folder / "uqa.lock", ("datasets", "copa", "validation")
    true = lock.read_bytes()
    fewer = parquet(copa(99))
    (folder / COPA / COPA_COMMIT / COPA_FILE).write_bytes(fewer)
    assert sha256(parquet(copa())) in (error := desk.refused(*carried)) or str(len(fewer)) in error
    edited(lock, *place, "files", 0, "sha256", to=sha256(fewer))
    edited(lock, *place, "files", 0, "bytes", to=len(fewer))
    assert "rows 99, but 100 is known" in desk.refused(*carried)
    edited(lock, *place, "rows", to=99)
    assert "rows 99, but 100 is known" in desk.refused(*carried)
    lock.write_bytes(true)
    edited(lock, *place, "commit", to=NEW)
    error = desk.refused(*carried)
    assert NEW in error
    assert COPA_COMMIT in error


EIGHT = [
    *(("riddlesense", split) for split in ("train", "validation", "test")),
    *(("copa", split) for split in ("train", "validation", "test", "balanced_dev")),
    ("comve_a", "trial"),
]


def test_eight_processes_record_into_one_lock(desk: Desk) -> None:
    sizes = {"train": 3510, "validation": 1021, "test": 1184}
    ours = {RIDDLES_FILE.replace("validation", it): parquet(riddles(n)) for it, n in sizes.items()}
    desk.repositories.add("hub", RIDDLES, OLD, ours)
    sizes = {"train": 400, "validation": 100, "test": 500}
    ours = {COPA_FILE.replace("validation", it): parquet(copa(n)) for it, n in sizes.items()}
    desk.repositories.add("hub", COPA, COPA_COMMIT, ours)
    balanced = load_adapter("copa").source.having("balanced_dev")[0]
    rows = "".join(f"{n},P.,A.,B.,cause,1,False\n" for n in range(1000))
    table = f"id,premise,choice1,choice2,question,label,mirrored\n{rows}".encode()
    desk.repositories.add("hub", balanced.name, str(balanced.commit), {"train.csv": table})
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial())
    folder, environment = desk.lock.parent, {**os.environ, **desk.env}
    begun = [
        started.core.begin(["fetch", name, "--split", split], cwd=folder, env=environment)
        for name, split in EIGHT
    ]
    for process in begun:
        process.join(300)
    assert [process.exitcode for process in begun] == [0] * 8
    found = json.loads(desk.lock.read_text())["datasets"]
    assert sorted((name, split) for name in found for split in found[name]) == sorted(EIGHT)
    assert {path.name for path in folder.iterdir()} - {"cache", "hub"} == {
        "uqa.lock",
        ".uqa.lock.lock",
    }


def test_two_look_ups_of_one_split_while_the_branch_moves(desk: Desk) -> None:
    """The second one to record does not replace the first one's commit, which its rows have."""
    desk.repositories.add("hub", RIDDLES, OLD, {RIDDLES_FILE: parquet(riddles())})
    desk.ok("riddlesense", "validation")
    lock = Lock(desk.lock)
    first = lock.entry("riddlesense", "validation")
    assert first is not None
    second = first.model_copy(update={"commit": NEW})
    with pytest.raises(SourceError, match=f"{OLD} meanwhile, this one found {NEW}"):
        lock.record("riddlesense", "validation", second, before=None)
    assert lock.entry("riddlesense", "validation") == first
    lock.record("riddlesense", "validation", first, before=None)  # both found the same


def test_killed_at_each_step_of_recording(desk: Desk) -> None:
    """kill -9 before each fsync and rename: the lock is the old one or the new one."""
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial())
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    assert desk.uqa("fetch", "copa", "--split", "validation", **desk.env).returncode == 0
    old, environment = desk.lock.read_bytes(), {**os.environ, **desk.env}

    def fetch(limit: int) -> Done:
        words = ["fetch", "comve_a", "--split", "trial"]
        stop = partial(killed_at_step, limit)
        return started.core.run(words, cwd=desk.lock.parent, env=environment, program=stop)

    whole = fetch(0)
    steps, new = int(whole.stderr.rpartition("STEPS")[2]), desk.lock.read_bytes()
    assert steps >= 7  # of two files, and of the lock
    for limit in range(1, steps + 1):
        desk.lock.write_bytes(old)
        shutil.rmtree(Path(desk.env["UQA_CACHE"]))
        assert fetch(limit).returncode == -signal.SIGKILL
        assert desk.lock.read_bytes() in (old, new)
        assert fetch(0).returncode == 0
        assert desk.lock.read_bytes() == new
    strays = [path.name for path in desk.lock.parent.iterdir() if path.name.endswith(".tmp")]
    assert strays == []
