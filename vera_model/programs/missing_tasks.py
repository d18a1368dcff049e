"""Find the data of the tasks that a run names; convert what is missing, or skip the task."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from unifiedqa_convert import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import UqaError
from vera_model.config import TrainConfig
from vera_model.data.splits import Paths
from vera_model.data.tasks import (
    MissingTask,
    Part,
    evaluated_split,
    find_tasks,
    missing_error,
    unknown_tasks,
)
from vera_model.distributed import Processes


def find_paths(config: TrainConfig, processes: Processes, say: Callable[[str], None]) -> Paths:
    """Find the shards of a training run, converting missing tasks first.

    Raises SourceError, naming each, for tasks without data; with ``missing="skip"`` only if no
    task is left to train on, or to evaluate on.
    """
    train = task_paths(config, config.train_tasks, "train", processes, say)
    valid = task_paths(config, config.valid_tasks, "dev", processes, say)
    missing = (*train.missing, *valid.missing)
    return Paths(config.data or train.train, config.valid or valid.evaluation, missing)


def task_paths(
    config: TrainConfig,
    tasks: tuple[str, ...],
    part: Part,
    processes: Processes,
    say: Callable[[str], None],
) -> Paths:
    """Find one part of each of ``tasks``; the main process converts what is missing."""
    if not tasks:
        return Paths((), (), ())
    root, sample = config.data_root, config.allow_sample
    failed: list[MissingTask] = []
    if processes.main:
        wanted = find_tasks(tasks, part, root, allow_sample=sample).missing
        if wanted:
            say(f"not in {root}, converting ({part}): {', '.join(one.task for one in wanted)}")
            failed = convert_tasks(wanted, config)
    failed = processes.from_main(failed)
    found = find_tasks(tasks, part, root, allow_sample=sample)
    by_task = {one.task: one for one in failed}
    missing = tuple(by_task.get(one.task, one) for one in found.missing)
    if missing and (config.missing == "error" or not found.paths):
        raise missing_error(missing, len(tasks), skipped=config.missing == "skip")
    for reason in dict.fromkeys(one.reason for one in missing):
        names = ", ".join(one.task for one in missing if one.reason == reason)
        say(f"skipped ({part}): {names}: {reason}")
    paths = tuple(found.paths.values())
    return Paths(paths if part == "train" else (), paths if part == "dev" else (), missing)


def convert_tasks(wanted: Sequence[MissingTask], config: TrainConfig) -> list[MissingTask]:
    """Convert each into ``data_root``; return those that failed, with the reason."""
    failed = unknown_tasks(wanted)
    unknown = {one.task for one in failed}
    for one in wanted:
        split = "train" if one.part == "train" else evaluated_split(one.task)
        if one.task in unknown or split is None:
            continue
        try:
            convert(_request(one.task, split, config))
        except UqaError as error:
            failed.append(one._replace(reason=_reason(error, one.task, split)))
    return failed


def _reason(error: UqaError, task: str, split: str) -> str:
    """The error in one line, with the first of the ways that it lists."""
    what, *ways = str(error).splitlines()
    for start in (f"{task}: ", f"{task}/{split}: "):
        what = what.removeprefix(start)
    first = [way.strip().removeprefix("1. ") for way in ways if way.startswith("  1. ")]
    return "; ".join([what, *first])


def _request(task: str, split: str, config: TrainConfig) -> Request:
    folder = os.environ.get("UQA_DATA_DIR")
    return Request(
        dataset=task,
        split=split,
        # ``auto`` falls back to the embedded sample, unless a folder of raw files is given.
        source="auto" if config.allow_sample or folder else "hub",
        data_dir=Path(folder) if folder else None,
        out=config.data_root,
        recipe=config.recipe,
    )
