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
_AT_ONCE = 4  # conversions side by side; most of the time they wait for a network

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

    def convert(one: Absent) -> Absent | None:
        split = "train" if one.part == "train" else evaluated_split(one.task)
        if split is None:
            return one._replace(reason="no dataset of this name is known (`uqa list`)")
        arguments = ["convert", one.task, "--split", split, "--out", str(root), "-q"]
        arguments += ["--recipe", recipe, "--source", _source(allow_sample)]
        done = subprocess.run([*_UQA, *arguments], capture_output=True, text=True, check=False)
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return one._replace(reason=said[-1].removeprefix("uqa: ")) if done.returncode else None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [one for one in pool.map(convert, absent) if one is not None]


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
