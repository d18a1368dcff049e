"""What a run trains and evaluates on: shards or tasks, missing tasks, problems held out."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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
from vera_model.data.text_records import TextExample, read_examples


class Paths(NamedTuple):
    """Where the shards of a run lie."""

    train: tuple[Path, ...]
    evaluation: tuple[Path, ...]
    """Empty: a share of the training problems is held out."""
    missing: tuple[MissingTask, ...]
    """Tasks without data, which are skipped."""


class Inputs(NamedTuple):
    """What was read, and which problems (examples, for ``text``) are trained and evaluated on."""

    data: Reading[Any]
    valid: Reading[Any] | None
    holdout: Holdout[Any]

    @property
    def shards(self) -> list[Shard]:
        """All files read."""
        return [*self.data.shards, *(self.valid.shards if self.valid is not None else ())]

    def texts(self) -> Iterator[str]:
        """The texts that a vocabulary is made of: none of those held out."""
        for one in self.holdout.train:
            yield from one.texts
            if isinstance(one, TextExample):
                yield from (record.output for record in one.records)


def read_inputs(config: TrainConfig, paths: Paths) -> Inputs:
    """Read the shards and decide what is evaluated on; never what is trained on."""
    read: Callable[..., Reading[Any]] = (
        partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
        if config.objective == "vera"
        else partial(read_examples, records=config.records, allow_sample=config.allow_sample)
    )
    data = read(paths.train, min_confidence=config.min_confidence)
    valid = read(paths.evaluation) if paths.evaluation else None
    if valid is None:
        held = hold_out(data.problems, config.valid_fraction, config.split_seed)
    else:
        check_apart(data.problems, valid.problems)
        held = Holdout(data.problems, valid.problems)
    if config.eval_problems is not None:
        held = held._replace(evaluation=subsample(held.evaluation, config.eval_problems))
    if config.eval_first is not None:
        held = held._replace(evaluation=held.evaluation[: config.eval_first])
    return Inputs(data, valid, held)
