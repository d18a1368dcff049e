"""The state that a run needs, in addition to the model, to resume exactly.

No pickle: tensors are safetensors, the rest is JSON. ``optimizer.safetensors`` holds Adam's moments
by parameter name, gathered if FSDP shards them; ``state.json`` the scheduler, the sampler's
position, the evaluations, and the random generators of each process.
"""

import random
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, NonNegativeInt, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, device, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer

from unifiedqa_convert.documents import read_as
from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.storage import write_json

FOLDER = "training"
_GATHERED = StateDictOptions(full_state_dict=True, cpu_offload=True)


class Position(NamedTuple):
    """The sampler's position: the next batch is number ``batch`` of epoch ``epoch``."""

    epoch: int = 0
    batch: int = 0


class Generators(BaseModel):
    """The random generators of one process: Python's, numpy's, torch's, the device's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: tuple[int, tuple[int, ...], float | None]
    numpy: tuple[str, tuple[int, ...], int, int, float]
    torch: str
    """Hex of torch's CPU state."""
    cuda: str | None
    """Hex of the state of the process's CUDA device, if it has one."""

    @classmethod
    def now(cls, place: device) -> "Generators":
        """Read the current states."""
        name, keys, *rest = np.random.get_state(legacy=True)
        on_device = torch.cuda.get_rng_state(place) if place.type == "cuda" else None
        return cls(
            python=random.getstate(),
            numpy=(name, tuple(int(key) for key in keys), *rest),
            torch=bytes(torch.get_rng_state().tolist()).hex(),
            cuda=None if on_device is None else bytes(on_device.tolist()).hex(),
        )

    @model_validator(mode="after")
    def _fit(self) -> Self:
        """Refuse states that the generators can't be set to, before anything is restored."""
        try:
            random.Random().setstate(self.python)
            name, keys, place_in_keys, has_gauss, gauss = self.numpy
            words = np.array(keys, np.uint32)
            np.random.RandomState().set_state((name, words, place_in_keys, has_gauss, gauss))
            torch.Generator().set_state(_state(self.torch))
        except (LookupError, OverflowError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(f"no state of a random generator: {error}") from error
        return self

    def restore(self, place: device) -> None:
        """Set the generators to these states."""
        random.setstate(self.python)
        name, keys, place_in_keys, has_gauss, gauss = self.numpy
        np.random.set_state((name, np.array(keys, np.uint32), place_in_keys, has_gauss, gauss))
        torch.set_rng_state(_state(self.torch))
        if self.cuda is not None and place.type == "cuda":
            torch.cuda.set_rng_state(_state(self.cuda), place)


class Evaluation(BaseModel):
    """The metric that chose the best checkpoint, after ``step`` updates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    value: float
    """Higher is better."""
    name: str
    """The metric's name."""


class TrainingState(BaseModel):
    """``state.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    step: NonNegativeInt
    """Updates done."""
    position: tuple[NonNegativeInt, NonNegativeInt]
    """See :class:`Position`."""
    scheduler: dict[str, Any]
    evaluations: tuple[Evaluation, ...]
    settings: dict[str, Any]
    """See :func:`vera_model.training.checkpoints.fixed_settings`."""
    missing: tuple[str, ...]
    """Tasks that were skipped because no data were found."""
    generators: tuple[Generators, ...]
    """By process."""


def write_state(folder: Path, state: TrainingState, optimizer: dict[str, Tensor] | None) -> None:
    """Write both files into ``folder``/training; ``optimizer`` from :func:`optimizer_tensors`."""
    (folder / FOLDER).mkdir()
    if optimizer is not None:
        save_file(optimizer, folder / FOLDER / "optimizer.safetensors")
    write_json(folder / FOLDER / "state.json", state.model_dump(mode="json"))


def read_state(folder: Path) -> TrainingState:
    """Read ``state.json``; ModelError, naming the file, if it can't be read."""
    path = folder / FOLDER / "state.json"
    try:
        return read_as(TrainingState, path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} can't be read, resume from another checkpoint: {error}"
        ) from error


def optimizer_tensors(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor] | None:
    """Adam's moments as ``<parameter>|<moment>``; None before the first update.

    A collective call: under FSDP it gathers.
    """
    if not optimizer.state:
        return None  # torch would make a step to create the state
    gathered: Any = get_optimizer_state_dict(model, optimizer, options=_GATHERED)
    moments = gathered.get("state", {})  # empty in all processes but the main one
    return {
        f"{name}|{moment}": tensor.contiguous().clone()
        for name, values in moments.items()
        for moment, tensor in values.items()
    }


def restore_optimizer(model: nn.Module, optimizer: Optimizer, folder: Path) -> None:
    """Load the moments, a collective call; ModelError for a file of another model."""
    path = folder / FOLDER / "optimizer.safetensors"
    if not path.is_file():
        return  # saved before the first update
    state: dict[str, Any] = {}
    try:
        for key, tensor in load_file(path).items():
            name, _, moment = key.rpartition("|")
            state.setdefault(name, {})[moment] = tensor.clone()  # aligned as a fresh one
        (group,) = optimizer.param_groups
        groups = [{**group, "params": list(state)}]
        saved: Any = {"state": state, "param_groups": groups}
        set_optimizer_state_dict(model, optimizer, saved, options=_GATHERED)
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"{path} does not fit the model, use another checkpoint: {error}") from (
            error
        )


def _state(text: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
