"""What a run trains and evaluates on: shards or tasks, what is absent, what is held out."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import UsageError
from vera_model.config import TrainConfig
from vera_model.data.loading import (
    Holdout,
    Reading,
    check_apart,
    hold_out,
    read_problems,
    subsample,
)
from vera_model.data.shards import Shard
from vera_model.data.tasks import Absent, Part, convert_tasks, find_tasks, refuse
from vera_model.data.text_records import TextReading, TextRecord, hold_out_records, read_records
from vera_model.distributed import Processes

Say = Callable[[str], None]


class Paths(NamedTuple):
    """Where the shards of a run lie."""

    train: tuple[Path, ...]
    evaluation: tuple[Path, ...]
    """Empty: a share of the training problems is held out."""
    absent: tuple[Absent, ...]
    """Tasks that can't be had and are left out."""


class Inputs(NamedTuple):
    """What was read, and which problems (records, for ``text``) serve for what."""

    data: Reading | TextReading
    valid: Reading | TextReading | None
    holdout: Any
    """To train on, to evaluate on."""

    @property
    def shards(self) -> list[Shard]:
        """All files read."""
        return [*self.data.shards, *(self.valid.shards if self.valid is not None else ())]

    def texts(self) -> Iterator[str]:
        """What a vocabulary is made of; it may know nothing of the held-out texts."""
        for one in self.holdout[0]:
            yield from one.texts
            if isinstance(one, TextRecord):
                yield one.output


def find_paths(config: TrainConfig, processes: Processes, say: Say) -> Paths:
    """Find the shards of a training run; the main process converts what is missing first.

    Raises SourceError, naming each, for tasks that can't be had; with ``missing="skip"`` only
    where none is left to train on, or none of those to evaluate on.
    """
    train = task_paths(config, config.train_tasks, "train", processes, say)
    valid = task_paths(config, config.valid_tasks, "dev", processes, say)
    return Paths(config.data or train.train, config.valid or valid.evaluation, _both(train, valid))


def task_paths(
    config: TrainConfig, tasks: tuple[str, ...], part: Part, processes: Processes, say: Say
) -> Paths:
    """The same for one list of tasks and one part of each."""
    if not tasks:
        return Paths((), (), ())
    root, sample = config.data_root, config.allow_sample
    faults: list[Absent] = []
    if processes.main and (absent := find_tasks(tasks, part, root, allow_sample=sample).absent):
        names = ", ".join(one.task for one in absent)
        say(f"not in {root} yet, so `uqa convert` is asked for their {part} splits: {names}")
        faults = convert_tasks(absent, root, recipe=config.recipe, allow_sample=sample)
    faults = processes.from_main(faults)
    found = find_tasks(tasks, part, root, allow_sample=sample)
    reasons = {one.task: one for one in faults}
    missing = tuple(reasons.get(one.task, one) for one in found.absent)
    if missing and (config.missing == "error" or not found.paths):
        raise refuse(missing, len(tasks))
    for reason in dict.fromkeys(one.reason for one in missing):
        names = ", ".join(one.task for one in missing if one.reason == reason)
        say(f"left out of {part}: {names}: {reason}")
    paths = tuple(found.paths.values())
    return Paths(paths if part == "train" else (), paths if part == "dev" else (), missing)


def read_inputs(config: TrainConfig, paths: Paths) -> Inputs:
    """Read the shards and decide what is evaluated on; never what is trained on."""
    read = partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
    data = read(paths.train)
    if paths.evaluation:
        valid = read(paths.evaluation)
        check_apart(data.problems, valid.problems)
        held = Holdout(data.problems, valid.problems)
    else:
        valid, held = None, hold_out(data.problems, config.valid_fraction, config.split_seed)
    if config.eval_problems is not None:
        held = held._replace(evaluation=subsample(held.evaluation, config.eval_problems))
    if config.eval_first is not None:
        held = held._replace(evaluation=held.evaluation[: config.eval_first])
    return Inputs(data, valid, held)


def read_text_inputs(config: TrainConfig, paths: Paths) -> Inputs:
    """The same for ``--objective text``."""
    read = partial(read_records, records=config.records, allow_sample=config.allow_sample)
    data = read(paths.train)
    if not paths.evaluation:
        held = hold_out_records(data.records, config.valid_fraction, config.split_seed)
        return Inputs(data, None, (held[0], held[1][: config.eval_first]))
    valid = read(paths.evaluation)
    trained = {record[:3] for record in data.records}
    both = sum(record[:3] in trained for record in valid.records)
    if both:
        raise UsageError(
            f"{both} records of --valid are of examples in --data too: give other data"
        )
    return Inputs(data, valid, (data.records, valid.records[: config.eval_first]))


def _both(train: Paths, valid: Paths) -> tuple[Absent, ...]:
    return (*train.absent, *valid.absent)
