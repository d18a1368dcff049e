"""Tasks by name → converted splits, which are found, or made by `uqa convert`, or absent.

The converter runs as a process of its own: training meets the rest of the project at the shard.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from unifiedqa_convert.errors import SourceError, UqaError

_UQA = [sys.executable, "-c", "from unifiedqa_convert.cli import main; main()"]
_EACH = """
import contextlib, io, json, sys
from unifiedqa_convert.cli import main
for line in sys.stdin:
    sys.argv, said, code = ["uqa", *json.loads(line)], io.StringIO(), None
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    lines = said.getvalue().strip().splitlines() or [f"exit code {code}"]
    print(json.dumps(lines[-1].removeprefix("uqa: ") if code else None))
"""
"""Each line of stdin is a command line of `uqa`: one start for many of them."""
_AT_ONCE = 4  # conversions side by side; most of the time they wait for a network
_AT_LEAST = 5  # conversions that are worth a process of their own to start

Part = Literal["train", "dev"]


class Absent(NamedTuple):
    """A task that can't be had, and why."""

    task: str
    part: Part
    reason: str


class Tasks(NamedTuple):
    """Where each task's data lie, in the order asked, and what is absent."""

    paths: dict[str, Path]
    absent: list[Absent]


def find_tasks(tasks: Sequence[str], part: Part, root: Path, *, allow_sample: bool) -> Tasks:
    """Find each task's split under ``root``: ``<task>/<split>/``, or upstream's JSON files.

    ``dev`` is ``validation``, or for a dataset without one the split that is evaluated instead.
    """
    paths, absent = {}, []
    for task in tasks:
        found = _on_disk(root / task, ("train",) if part == "train" else ("validation", "dev"))
        if found is None and part == "dev" and (split := evaluated_split(task)) is not None:
            found = _on_disk(root / task, (split,))
        if found is None and allow_sample:
            found = next(iter(sorted((root / task).glob("*.sample"))), None)
        if found is None:
            absent.append(Absent(task, part, f"{root / task} holds no {part} split"))
        else:
            paths[task] = found
    return Tasks(paths, absent)


def convert_tasks(
    absent: Sequence[Absent], root: Path, *, recipe: str, allow_sample: bool
) -> list[Absent]:
    """Run `uqa convert` for each; return those that can't be had, with the converter's reason."""
    failed = unknown_tasks(absent)
    unknown = {one.task for one in failed}
    wanted, commands = [], []
    options = ["--out", str(root), "--recipe", recipe, "--source", _source(allow_sample), "-q"]
    for one in absent:
        split = "train" if one.part == "train" else evaluated_split(one.task)
        if one.task not in unknown and split is not None:
            wanted.append(one)
            commands.append(["convert", one.task, "--split", split, *options])
    for one, said in zip(wanted, _uqa_each(commands), strict=True):
        if said is not None:
            failed.append(one._replace(reason=said.removeprefix(f"{one.task}: ")))
    return failed


def unknown_tasks(absent: Sequence[Absent]) -> list[Absent]:
    """Those that `uqa convert` does not know either."""
    known = _catalogue() if absent else {}
    reason = "no dataset of this name is known (`uqa list`): convert your own with --from-file"
    return [one._replace(reason=reason) for one in absent if one.task not in known]


def _uqa_each(commands: Sequence[Sequence[str]]) -> list[str | None]:
    """Run each command line; None where it succeeded, else the last line it said."""
    number = min(_AT_ONCE, -(-len(commands) // _AT_LEAST))
    shares = [commands[start::number] for start in range(number)]

    def run(share: Sequence[Sequence[str]]) -> list[str | None]:
        lines = "".join(json.dumps(command) + "\n" for command in share)
        done = subprocess.run(
            [sys.executable, "-c", _EACH], input=lines, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SourceError(f"`uqa convert` broke down: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(run, shares))
    return [answers[at % number][at // number] for at in range(len(commands))]


def evaluated_split(task: str) -> str | None:
    """What is evaluated: validation, or else test, or else the only split; None: unknown task."""
    splits = _catalogue().get(task)
    if splits is None:
        return None
    named = [split for split in ("validation", "test") if split in splits]
    return [*named, *splits][0]


def refuse(absent: Sequence[Absent], tasks: int) -> UqaError:
    """The error where tasks are absent: what they are, why, and what can be done."""
    listed = "\n".join(f"  {one.task} ({one.part}): {one.reason}" for one in absent)
    return SourceError(
        f"{len(absent)} of {tasks} splits can't be had:\n{listed}\nconvert them first (`uqa "
        "convert NAME --split SPLIT --raw FILE`), or go on without them: --missing skip"
    )


def _on_disk(folder: Path, splits: Sequence[str]) -> Path | None:
    for split in splits:
        if (folder / split / "manifest.json").is_file():
            return folder / split
        if (folder / f"{split}.json").is_file():
            return folder / f"{split}.json"
    return None


def _source(allow_sample: bool) -> str:
    """``auto`` may end at the sample, except where a folder of raw files is named."""
    return "auto" if allow_sample or os.environ.get("UQA_DATA_DIR") else "hub"


@cache
def _catalogue() -> dict[str, list[str]]:
    """The known datasets and their splits."""
    done = subprocess.run([*_UQA, "list", "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceError(f"`uqa list --json` failed: {done.stderr.strip()}")
    return {item["name"]: list(item["splits"]) for item in json.loads(done.stdout)}
