"""The parts of ``metrics.json`` that describe data, missing tasks and environment."""

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch

from vera_model.config import TrainConfig
from vera_model.data.loading import same_texts
from vera_model.data.overlap import statement_overlap
from vera_model.data.shards import Shard
from vera_model.data.splits import Inputs
from vera_model.data.tasks import MissingTask
from vera_model.distributed import Processes
from vera_model.objectives.base import Objective


def describe_data(config: TrainConfig, inputs: Inputs, objective: Objective) -> dict[str, Any]:
    """What was read, used and left out; the counts add up."""
    readings = [reading for reading in (inputs.data, inputs.valid) if reading is not None]
    used = objective.describe()
    dropped = sum((reading.dropped for reading in readings), start=Counter[str]())
    left_out = sum((reading.left_out for reading in readings), start=Counter[str]())
    left_out += Counter(used.pop("left_out"))
    return {
        "sample": any(shard.sample for reading in readings for shard in reading.shards),
        "evaluation_split": _choice(config, inputs.valid),
        "evaluation_problems_whose_texts_were_trained_on": same_texts(*inputs.holdout),
        "overlap": _overlap(config, inputs),
        "groups": {
            "read": sum(reading.groups for reading in readings),
            "dropped": dict(sorted(dropped.items())),
            **used["groups"],
        },
        "statements": {
            "read": sum(reading.statements for reading in readings),
            "left_out": {why: count for why, count in sorted(left_out.items()) if count},
            **used["statements"],
        },
        "shards": describe_shards(inputs.data.shards),
        "valid_shards": describe_shards(inputs.valid.shards if inputs.valid is not None else ()),
    }


def _overlap(config: TrainConfig, inputs: Inputs) -> dict[str, Any] | None:
    """Statements in common; records of objective ``text`` are counted as texts above."""
    if config.objective == "text":
        return None
    train, evaluation = inputs.holdout
    return statement_overlap(train, evaluation)


def describe_missing(missing: Sequence[MissingTask]) -> list[dict[str, str]]:
    """The skipped tasks, with reasons."""
    return [one._asdict() for one in missing]


def environment(processes: Processes) -> dict[str, Any]:
    """Hardware and versions, on which the last digits of the losses depend."""
    packages = ("torch", "transformers", "accelerate", "sentencepiece", "numpy")
    return {
        "device": processes.device.type,
        "processes": processes.number,
        "precision": processes.accelerator.mixed_precision,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def _choice(config: TrainConfig, valid: object | None) -> str:
    if valid is None:
        return (
            f"a share of {config.valid_fraction} held out by sha256 of split seed "
            f"{config.split_seed}, dataset, split and id"
        )
    return "the shards of --valid" if config.valid else "the validation splits of --valid-tasks"


def describe_shards(shards: Sequence[Shard]) -> list[dict[str, Any]]:
    """Each file's path, digest and size in groups."""
    return [shard._asdict() for shard in shards]
