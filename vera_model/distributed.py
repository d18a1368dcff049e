"""Several processes that together compute the loss and the gradient that one process would.

Each runs the model on its share of a batch. The outputs are gathered, and every process computes
the loss of the whole batch, with a gradient through its own outputs only. These gradients add up to
that of one process; DDP and FSDP average instead, so the loss is multiplied by the number of
processes. (Upstream averages the processes' losses: its gradient depends on the number of GPUs.)

torch.distributed.nn.functional.all_gather, which has a gradient, would do the same with more
traffic; torch 2.13 deprecates it, for a function of a private module.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]  # ships no types
from accelerate.state import AcceleratorState  # type: ignore[import-untyped]  # as above
from accelerate.utils import (  # type: ignore[import-untyped]  # as above
    DistributedType,
    InitProcessGroupKwargs,
    broadcast_object_list,
    gather_object,
)
from numpy.typing import NDArray
from torch import Tensor

from unifiedqa_convert.errors import UsageError
from vera_model.config import FP16_REFUSED, TrainConfig

T = TypeVar("T")
_TIMEOUT = timedelta(hours=6)  # of the other processes, while the main one converts


class Share(NamedTuple):
    """The items of a batch that one process computes."""

    items: list[int]
    """At least one, so that every process takes part in every collective operation."""
    counted: bool
    """False: the batch has fewer items than processes, and another process counts this one."""


class Processes:
    """The processes of a run, seen from one of them."""

    def __init__(self, accelerator: Accelerator) -> None:
        self.accelerator = accelerator
        self.number: int = accelerator.num_processes
        self.index: int = accelerator.process_index
        self.device: torch.device = accelerator.device

    @property
    def main(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.index == 0

    @property
    def sharded(self) -> bool:
        """Whether FSDP shards the model over the processes."""
        return bool(self.accelerator.distributed_type == DistributedType.FSDP)

    def share(self, items: int, index: int | None = None) -> Share:
        """Every n-th of ``items`` > 0: since items are sorted by length, the shares are alike."""
        mine = list(range(self.index if index is None else index, items, self.number))
        return Share(mine, True) if mine else Share([0], False)

    def gather(self, own: Tensor, rows: Sequence[Sequence[int]]) -> Tensor:
        """One value per row, (n, …), of all processes; ``rows[p]`` are the rows of process p.

        ``own`` are this process's values, in the order of its rows; only they carry a gradient.
        """
        if self.number > 1:
            length = max(map(len, rows))  # processes can only exchange tensors of one shape
            padded = own.detach().new_zeros((length, *own.shape[1:]))
            kept = len(rows[self.index])
            padded[:kept] = own.detach()[:kept]
            parts = list(self.accelerator.gather(padded).split(length))
            parts[self.index] = own
            own = torch.cat([part[: len(of)] for part, of in zip(parts, rows, strict=True)])
        places = [row for of in rows for row in of]
        return own[torch.tensor(places, device=own.device).argsort()]

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to call backward on: DDP and FSDP average the gradients, here they add up."""
        return loss * self.number

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is true in any process."""
        if self.number == 1:
            return flag
        return bool(self.accelerator.reduce(torch.tensor(float(flag), device=self.device)) > 0)

    def sum(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """The element-wise sum over the processes, of arrays of one shape."""
        if self.number == 1:
            return values
        tensor = torch.from_numpy(values).to(self.device)
        summed: NDArray[np.floating[Any]] = self.accelerator.reduce(tensor).cpu().numpy()
        return summed

    def all(self, value: T) -> list[T]:
        """The ``value`` of each process, in their order; it must be picklable."""
        if self.number == 1:
            return [value]
        gathered: list[T] = gather_object([value])
        return gathered

    def from_main(self, value: T) -> T:
        """The main process's ``value``; it must be picklable."""
        if self.number == 1:
            return value
        shared = [value]
        broadcast_object_list(shared)
        return shared[0]

    def wait(self) -> None:
        """Wait until every process has called this."""
        self.accelerator.wait_for_everyone()


def start_processes(config: TrainConfig) -> Processes:
    """Join the processes of ``accelerate launch``; UsageError if it is set to fp16."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    names = {"fp32": "no", "bf16": "bf16"}
    AcceleratorState._reset_state()  # an earlier run in this process may have had another precision
    accelerator = Accelerator(
        cpu=config.device == "cpu",
        mixed_precision=names.get(config.precision),
        kwargs_handlers=[InitProcessGroupKwargs(timeout=_TIMEOUT)],
    )
    if accelerator.mixed_precision not in names.values():
        raise UsageError(f"accelerate is set to {accelerator.mixed_precision}: {FP16_REFUSED}")
    return Processes(accelerator)
