"""Another commit, other bytes, other rows, other labels, a lock edited by hand: each is refused.

Both values are named, nothing is left that a later run could use, and the lock stays as it was.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from desk import NEW, OLD, Desk, edited, in_caches, sha256
from made_rows import (
    ANSWERS,
    COMVE,
    COMVE_COMMIT,
    COPA,
    COPA_COMMIT,
    COPA_FILE,
    RIDDLES,
    RIDDLES_FILE,
    TRIAL,
    copa,
    parquet,
    riddles,
    trial,
)
from repositories import CONVERTED, Answer, Repositories, serving

from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.schema import Repository


@pytest.fixture
def desk(tmp_path: Path, uqa: Run) -> Iterator[Desk]:
    repositories = Repositories()
    with serving(repositories) as env:
        yield Desk(tmp_path, uqa, repositories, env)


def best(dataset: str, split: str) -> Repository:
    return load_adapter(dataset).source.having(split)[0]


PINNED = [("physical_iqa", "validation"), ("swag", "validation"), ("hellaswag", "validation")]


@pytest.mark.parametrize(("dataset", "split"), PINNED)
def test_other_bytes_than_pinned(desk: Desk, dataset: str, split: str) -> None:
    """By sha256 and by git blob; of the same length, where it is known, and of another one."""
    it = best(dataset, split)
    first = it.files[split][0]
    strength = first.sha256 or first.git_blob
    held = {file.path: b"x" * (file.bytes or 9) for file in it.files[split]}
    desk.repositories.add(it.host, it.name, str(it.commit), held)
    # The hub announces the pinned hash and delivers other bytes.
    desk.repositories.faults[first.path] = announcing(str(first.sha256))
    error = desk.refused(dataset, split)
    body = held[first.path]
    blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
    assert str(strength) in error
    assert sha256(body) in error or blob in error
    desk.nothing_left()
    if first.bytes is not None:
        held[first.path] = b"too short"
        desk.repositories.add(it.host, it.name, str(it.commit), held)
        desk.repositories.faults.clear()
        error = desk.refused(dataset, split)
        assert f"bytes 9 is offered, but {first.bytes} is pinned" in error
        desk.nothing_left()


def announcing(value: str) -> Callable[[str, Answer], Answer]:
    def fault(_: str, answer: Answer) -> Answer:
        status, headers, body = answer
        quoted = {name: f'"{value}"' for name in headers if name.lower().endswith("etag")}
        return status, {**headers, **quoted}, body

    return fault


def test_another_commit_than_the_pinned_one_is_offered(desk: Desk) -> None:
    def other(_: str, answer: Answer) -> Answer:
        return answer[0], {**answer[1], "X-Repo-Commit": NEW}, answer[2]

    it = best("hellaswag", "validation")
    (file,) = it.files["validation"]
    desk.repositories.add("hub", it.name, str(it.commit), {file.path: b"?"})
    desk.repositories.faults[file.path] = other
    error = desk.refused("hellaswag", "validation")
    assert NEW in error
    assert str(it.commit) in error
    desk.nothing_left()


def test_a_listing_of_another_commit(desk: Desk) -> None:
    def other(_: str, answer: Answer) -> Answer:
        return answer[0], answer[1] | {"Content-Length": str(len(moved))}, moved

    moved = json.dumps({"id": COPA, "sha": NEW, "siblings": []}).encode()
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    desk.repositories.faults[f"revision/{COPA_COMMIT}"] = other
    error = desk.refused("copa", "validation")
    assert NEW in error
    assert COPA_COMMIT in error
    desk.nothing_left()


def without(rows: list[dict[str, Any]], old: str, new: str) -> list[dict[str, Any]]:
    return [{new if name == old else name: row[name] for name in row} for row in rows]


WRONG_ROWS = {
    "column": (without(copa(), "choice2", "second"), ("choice2",)),
    "label's column": (without(copa(), "label", "gold"), ("100 of 100 rows have no answer",)),
    "fewer": (copa(99), ("rows 99", "100 is known")),
    "more": (copa(101), ("rows 101", "100 is known")),
    "none": (copa(1)[:0], ()),
    "labels from 1": ([{**row, "label": row["label"] + 1} for row in copa()], ("50 of 100", "2")),
    "labels from -1": ([{**row, "label": row["label"] - 1} for row in copa()], ("50 of 100",)),
    "labels in words": ([{**row, "label": "ab"[row["label"]]} for row in copa()], ("label", "'a'")),
    "labels as truths": ([{**row, "label": row["label"] > 0} for row in copa()], ("label",)),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_rows_that_are_not_the_split_at_first_sight(desk: Desk, what: str) -> None:
    rows, named = WRONG_ROWS[what]
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(rows)})
    error = desk.refused("copa", "validation")
    assert all(value in error for value in named), error
    assert not desk.lock.exists()
    desk.nothing_left()


def answers_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


OTHER_ANSWERS = {
    "other ids": ([f"{n + 5000},1" for n in range(2021)], "(id 5000, 5001, 5002 …)"),
    "a larger split's": ([f"{n},1" for n in range(10_000)], "(id 2021, 2022, 2023 …)"),
    "a smaller split's": ([f"{n},1" for n in range(997)], "(id 1000, 1001, 1002 …)"),
    "counted from 1": ([f"{n},{n % 2 + 1}" for n in range(2021)], "1,010 of 2,021"),
    "other ids, fewer": ([f"{n + 1},1" for n in range(1000)], "(id 0, 1001, 1002 …)"),
    "two for a row": ([*(f"{n},1" for n in range(2021)), "7,0"], "'7' has two values"),
}


@pytest.mark.parametrize("what", OTHER_ANSWERS)
def test_answers_of_another_split(desk: Desk, what: str) -> None:
    """The authors' labels beside the rows, of GitHub, joined by ids that other splits have too."""
    lines, named = OTHER_ANSWERS[what]
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial() | {ANSWERS: answers_of(lines)})
    assert named in desk.refused("comve_a", "trial")
    desk.nothing_left()
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial())
    assert "recorded" in desk.ok("comve_a", "trial")


def test_later_runs_take_the_recorded_bytes_only(desk: Desk) -> None:
    """The same commit with one row changed, on a machine with the lock and an empty cache."""
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial())
    desk.ok("copa", "validation")
    desk.ok("comve_a", "trial")
    changed = copa()
    changed[7]["label"] = 1 - changed[7]["label"]
    body, answers = parquet(changed), trial()[ANSWERS].replace(b"\n7,1\n", b"\n7,0\n")
    for cache in ("UQA_CACHE", "HF_HOME"):
        desk.env[cache] += "-of-another-machine"
    desk.repositories.add("hub", COPA, COPA_COMMIT, {COPA_FILE: body})
    desk.repositories.add("github", COMVE, COMVE_COMMIT, {ANSWERS: answers})
    locked = json.loads(desk.lock.read_text())["datasets"]
    error = desk.refused("copa", "validation")
    (file,) = locked["copa"]["validation"]["files"]
    assert file["sha256"] in error or str(file["bytes"]) in error
    assert sha256(body) in error or str(len(body)) in error
    desk.nothing_left()
    error = desk.refused("comve_a", "trial")
    assert locked["comve_a"]["trial"]["files"][1]["sha256"] in error
    assert sha256(answers) in error
    assert in_caches(desk.env) == [Path(TRIAL).name]  # which is what the lock has


def test_a_file_changed_in_the_cache(desk: Desk) -> None:
    desk.repositories.add("github", COMVE, COMVE_COMMIT, trial())
    desk.ok("comve_a", "trial")
    (path,) = Path(desk.env["UQA_CACHE"]).rglob(Path(ANSWERS).name)
    path.write_bytes(path.read_bytes().replace(b"\n7,1\n", b"\n7,0\n"))
    error = desk.refused("comve_a", "trial")
    assert sha256(path.read_bytes()) in error
    assert sha256(trial()[ANSWERS]) in error
    assert "rm -r" in error


@pytest.mark.parametrize("branch", ["main", CONVERTED])
def test_a_branch_that_moved_and_a_history_rewritten(desk: Desk, branch: str) -> None:
    desk.repositories.add("hub", RIDDLES, OLD, {"riddle_sense.py": b"raise SystemExit"})
    first, second = parquet(riddles()), parquet(riddles()[::-1])
    desk.repositories.add("hub", RIDDLES, OLD, {RIDDLES_FILE: first}, branch)
    desk.ok("riddlesense", "validation")
    desk.repositories.add("hub", RIDDLES, NEW, {RIDDLES_FILE: second}, branch)
    assert "took" not in desk.ok("riddlesense", "validation", "--locked")
    # On another machine, where the old commit must be fetched: it is there still.
    desk.env["HF_HOME"] += "-other"
    assert "took" not in desk.ok("riddlesense", "validation")
    # Force-pushed: the old commit is gone.
    held = desk.repositories.held["hub", RIDDLES]
    del held.commits[OLD]
    held.branches["main"] = NEW
    desk.env["HF_HOME"] += "-third"
    error = desk.refused("riddlesense", "validation")
    assert OLD in error
    assert NEW in error
    assert "uqa sources riddlesense --update" in error
    desk.nothing_left()


def test_update_moves_the_lock_and_names_the_rows(desk: Desk) -> None:
    moved = [*riddles()[2:], *riddles(1023)[-2:]]
    moved[0] = {**moved[0], "answerKey": "A"}
    desk.repositories.add("hub", RIDDLES, OLD, {RIDDLES_FILE: parquet(riddles())})
    desk.ok("riddlesense", "validation")
    desk.repositories.add("hub", RIDDLES, NEW, {RIDDLES_FILE: parquet(moved)})
    done = desk.uqa("sources", "riddlesense", "--update", "--json", **desk.env)
    assert done.returncode == 0, done.stderr
    found = {it["split"]: it for it in json.loads(done.stdout)}["validation"]
    counts = [len(found[what]) for what in ("added", "removed", "changed")]
    assert counts == [2, 2, 1]
    assert [found[when]["commit"] for when in ("before", "after")] == [OLD, NEW]
    entry = json.loads(desk.lock.read_text())["datasets"]["riddlesense"]
    assert entry == {"validation": found["after"]}
    desk.ok("riddlesense", "validation", "--locked")
    desk.repositories.add("hub", RIDDLES, "c" * 40, {RIDDLES_FILE: parquet(moved[::-1])})
    done = desk.uqa("sources", "riddlesense", "--update", "--json", **desk.env)
    assert (
        "another order" in {it["split"]: it["why"] for it in json.loads(done.stdout)}["validation"]
    )


def test_update_to_rows_that_fail_leaves_the_lock(desk: Desk) -> None:
    train = RIDDLES_FILE.replace("validation", "train")
    both = {RIDDLES_FILE: parquet(riddles()), train: parquet(riddles(3510))}
    desk.repositories.add("hub", RIDDLES, OLD, both)
    desk.ok("riddlesense", "validation")
    desk.ok("riddlesense", "train")
    fewer = {RIDDLES_FILE: parquet(riddles(1020)), train: parquet(riddles(3510)[::-1])}
    desk.repositories.add("hub", RIDDLES, NEW, fewer)
    before = desk.lock.read_bytes()
    done = desk.uqa("sources", "riddlesense", "--update", **desk.env)
    assert done.returncode == 4
    assert re.search(r"rows 1020, but 1021 is known.*nothing was recorded", done.stderr)
    assert desk.lock.read_bytes() == before  # train's rows would have passed
    refused = desk.uqa("sources", "riddlesense", "--update", "--locked", **desk.env)
    assert refused.returncode == 2


@pytest.mark.parametrize("field", ["commit", "repository", "adapter"])
def test_update_renews_an_entry_that_is_refused(desk: Desk, field: str) -> None:
    desk.repositories.add("hub", RIDDLES, OLD, {RIDDLES_FILE: parquet(riddles())})
    desk.ok("riddlesense", "validation")
    true = desk.lock.read_bytes()
    value = {"commit": NEW, "repository": "someone/else", "adapter": 9}[field]
    edited(desk.lock, "datasets", "riddlesense", "validation", field, to=value)
    desk.env["HF_HOME"] += "-other"
    assert "uqa sources riddlesense --update" in desk.refused("riddlesense", "validation")
    done = desk.uqa("sources", "riddlesense", "--update", "--json", **desk.env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1]["why"]  # the rows of before can't be compared
    assert desk.lock.read_bytes() == true


def test_update_of_what_nobody_has(desk: Desk) -> None:
    done = desk.uqa("sources", "riddlesense", "--update", **desk.env)
    assert (done.returncode, RIDDLES in done.stderr) == (7, True), done.stderr
    assert not desk.lock.exists()
