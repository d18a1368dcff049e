"""What a model was trained on, found again by what its run's folder says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from unifiedqa_convert.errors import UqaError
from vera_model.config import TrainConfig
from vera_model.data import Reading, hold_out, read_problems
from vera_model.problems import Problems
from vera_model.run_folder import CONFIG, METRICS
from vera_model.tracking import LOG


def trained_problems(model: Path) -> Problems | None:
    """The problems that the run of ``model`` (its folder, a checkpoint, a run) was trained on.

    None where it is of no finished run here, or the shards are no longer those of the run.
    """
    run = next((folder for folder in _above(model) if (folder / LOG).is_file()), None)
    if run is None or not (run / METRICS).is_file():
        return None
    try:
        config = TrainConfig.model_validate_json((run / CONFIG).read_text(encoding="utf-8"))
        document = json.loads((run / METRICS).read_text(encoding="utf-8"))
        shards = document["data"]["shards"]
        reading = _read(config, shards)
    except (OSError, ValidationError, KeyError, UqaError):
        return None  # another version's run, or data that were moved: nothing can be said
    if config.objective == "text" or not _same(reading, shards):
        return None
    if config.valid or config.valid_tasks:
        return reading.problems
    return hold_out(reading.problems, config.valid_fraction, config.split_seed).train


def _above(model: Path) -> Iterator[Path]:
    yield from (model, model.parent, model.parent.parent)


def _read(config: TrainConfig, shards: list[dict[str, Any]]) -> Reading:
    paths = [Path(shard["path"]) for shard in shards]
    return read_problems(paths, allow_sample=True, recipe=config.recipe)


def _same(reading: Reading, shards: list[dict[str, Any]]) -> bool:
    return [one.sha256 for one in reading.shards] == [one["sha256"] for one in shards]
