"""Evaluation statements that were trained on: the same words, without case and punctuation."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from unifiedqa_convert.documents import read_as
from unifiedqa_convert.errors import UqaError
from vera_model.config import TrainConfig
from vera_model.data.loading import Reading, hold_out, read_problems
from vera_model.data.problems import Problem, Problems
from vera_model.run_folder import CONFIG, LOG, METRICS


def trained_problems(model: Path) -> Problems | None:
    """The problems that ``model`` (a run's folder, its model's or a checkpoint's) was trained on.

    None if it is not of a finished run on this machine, or the run's shards have changed.
    """
    run = next((folder for folder in _above(model) if (folder / LOG).is_file()), None)
    if run is None or not (run / METRICS).is_file():
        return None
    try:
        config = TrainConfig.model_validate_json((run / CONFIG).read_text(encoding="utf-8"))
        shards = read_as(_Trained, run / METRICS).data.shards
        reading = _read(config, shards)
    except (OSError, ValueError, UqaError):
        return None  # the run of another version, or its data were moved
    if config.objective == "text" or not _same(reading, shards):
        return None
    if config.valid or config.valid_tasks:
        return reading.problems
    return hold_out(reading.problems, config.valid_fraction, config.split_seed).train


def _above(model: Path) -> Iterator[Path]:
    yield from (model, model.parent, model.parent.parent)


class _Read(BaseModel):
    path: Path
    sha256: str


class _Shards(BaseModel):
    shards: list[_Read]


class _Trained(BaseModel):
    """``metrics.json``, as far as it names the data."""

    data: _Shards


def _read(config: TrainConfig, shards: list[_Read]) -> Reading[Problems]:
    paths = [shard.path for shard in shards]
    return read_problems(paths, allow_sample=True, recipe=config.recipe)


def _same(reading: Reading[Problems], shards: list[_Read]) -> bool:
    return [one.sha256 for one in reading.shards] == [one.sha256 for one in shards]


_WORDS = re.compile(r"\w+")
_Keys = NDArray[np.uint64]


class _Statements(NamedTuple):
    """A digest of 8 bytes for each statement: those of a training set fit into memory."""

    keys: _Keys
    labels: NDArray[np.bool_]
    tasks: NDArray[np.str_]


def statement_overlap(train: Sequence[Problem], evaluation: Sequence[Problem]) -> dict[str, Any]:
    """How many evaluation statements are training statements too, overall and by dataset.

    ``with_another_label`` of them had the other label in training. Words are compared casefolded,
    without punctuation, by digests of 64 bits.
    """
    trained, evaluated = _statements(train), _statements(evaluation)
    known = np.isin(evaluated.keys, trained.keys)
    sides = [
        np.isin(evaluated.keys, trained.keys[trained.labels == label]) for label in (False, True)
    ]
    other = np.where(evaluated.labels, sides[0], sides[1])

    def count(chosen: NDArray[np.bool_]) -> dict[str, int]:
        return {
            "statements": int(chosen.sum()),
            "trained_on": int((known & chosen).sum()),
            "with_another_label": int((other & chosen).sum()),
        }

    return {
        **count(np.ones(len(known), bool)),
        "tasks": {
            name: count(evaluated.tasks == name) for name in np.unique(evaluated.tasks).tolist()
        },
    }


def _statements(problems: Iterable[Problem]) -> _Statements:
    keys: list[int] = []
    labels: list[bool] = []
    tasks: list[str] = []
    for problem in problems:
        for text, label in zip(problem.texts, problem.labels, strict=True):
            words = " ".join(_WORDS.findall(text.casefold()))
            keys.append(int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()))
            labels.append(label)
            tasks.append(problem.task)
    return _Statements(np.array(keys, np.uint64), np.array(labels, bool), np.array(tasks, str))
