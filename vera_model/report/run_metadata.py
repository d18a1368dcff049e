"""The parts of ``metrics.json`` that describe data, missing tasks and environment."""

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from vera_model.config import TrainConfig
from vera_model.data.loading import same_texts
from vera_model.data.overlap import statement_overlap
from vera_model.data.shards import Shard, manifest_in
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
    dropped += Counter(used["dropped"])
    left_out += Counter(used["left_out"])
    return {
        "sample": any(shard.sample for reading in readings for shard in reading.shards),
        "evaluation_split": _choice(config, inputs.valid),
        "evaluation_problems_whose_texts_were_trained_on": same_texts(*inputs.holdout),
        "overlap": _overlap(config, inputs),
        "unseen": used["unseen"],
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
        "splits": describe_splits(inputs.shards),
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


def describe_splits(shards: Sequence[Shard]) -> list[dict[str, Any]]:
    """Of each split: the rows that were read for it and those that it has, as far as known.

    By the manifests beside the shards; the shares of a split (--num-shards) are added up. None
    where nothing says it: for upstream's JSON, the sample, a shard without a manifest.
    """
    found: dict[tuple[str, str], list[Shard]] = {}
    for shard in shards:
        found.setdefault((shard.dataset, shard.split), []).append(shard)
    return [
        {"dataset": dataset, "split": split, "sample": any(one.sample for one in its), **_size(its)}
        for (dataset, split), its in found.items()
    ]


def _size(shards: Sequence[Shard]) -> dict[str, Any]:
    """``read``, ``known`` and ``partial`` of one split; ``read`` None if shards were left out."""
    given = {Path(shard.path).resolve() for shard in shards}
    manifests = {folder: manifest_in(folder) for folder in {path.parent for path in given}}
    sizes = [one["split_size"] for one in manifests.values() if one.get("split_size")]
    if len(sizes) < len(manifests):
        return {"read": None, "known": None, "partial": None}
    listed = {
        folder / file["path"]
        for folder, manifest in manifests.items()
        for file in manifest["files"]
        if file["path"].startswith("data-")
    }
    read = sum(size["read"] for size in sizes) if listed <= given else None
    known, shares = sizes[0]["known"], next(iter(manifests.values()))["share"][1]
    partial = read is None or read < known if known is not None else sizes[0]["partial"]
    if known is None and 1 < shares == len(sizes):
        partial = None
    return {"read": read, "known": known, "partial": partial}
