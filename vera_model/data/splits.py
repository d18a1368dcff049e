"""What a run trains and evaluates on: shards or tasks, what is absent, what is held out."""

from collections.abc import Iterator
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
from vera_model.data.tasks import MissingTask
from vera_model.data.text_records import TextReading, TextRecord, hold_out_records, read_records


class Paths(NamedTuple):
    """Where the shards of a run lie."""

    train: tuple[Path, ...]
    evaluation: tuple[Path, ...]
    """Empty: a share of the training problems is held out."""
    missing: tuple[MissingTask, ...]
    """Tasks without data, which are skipped."""


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
