"""Several processes that together compute what one would.

Each runs the model on its share of a batch; the values are gathered, and every process computes
the loss of the whole batch. A process's own values carry its gradient, scaled by their number,
since DDP and FSDP then average: the sum is the gradient of one process. (Upstream's losses are
per process and averaged, so its gradient depends on the number of GPUs.)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]  # ships no types
from accelerate.utils import (  # type: ignore[import-untyped]  # as above
    DistributedType,
    broadcast_object_list,
    gather_object,
)
from numpy.typing import NDArray
from torch import Tensor

T = TypeVar("T")


class Share(NamedTuple):
    """Which of a batch's items a process computes."""

    items: list[int]
    """At least one, so that every process takes part in every collective call."""
    counted: bool
    """False: the item is another process's, there were too few; its values are ignored."""


class Processes:
    """This process among its peers."""

    def __init__(self, accelerator: Accelerator) -> None:
        """``accelerator`` knows the number of processes and the device."""
        self.accelerator = accelerator
        self.number: int = accelerator.num_processes
        self.index: int = accelerator.process_index
        self.device: torch.device = accelerator.device

    @property
    def main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.index == 0

    @property
    def sharded(self) -> bool:
        """Whether FSDP spreads the model over the processes."""
        return bool(self.accelerator.distributed_type == DistributedType.FSDP)

    def share(self, items: int, index: int | None = None) -> Share:
        """Every so-manieth of ``items`` > 0: sorted by length, they make like amounts of work."""
        mine = list(range(self.index if index is None else index, items, self.number))
        return Share(mine, True) if mine else Share([0], False)

    def gather(self, mine: Tensor, rows: Sequence[Sequence[int]]) -> Tensor:
        """One value per row, (n, …), of all processes; ``rows[p]`` are those of process p.

        ``mine`` are this process's, in its order; they alone carry a gradient.
        """
        if self.number == 1:
            return mine[torch.tensor(rows[0], device=mine.device).argsort()]
        most = max(map(len, rows))
        padded = mine.detach().new_zeros((most, *mine.shape[1:]))
        own = len(rows[self.index])
        padded[:own] = mine.detach()[:own]
        everyone = self.accelerator.gather(padded).view(self.number, most, *mine.shape[1:])
        whole = mine.detach().new_empty((sum(map(len, rows)), *mine.shape[1:]))
        for process, places in enumerate(rows):
            if process != self.index and places:
                whole[torch.tensor(places, device=mine.device)] = everyone[process, : len(places)]
        if own:
            index = torch.tensor(rows[self.index], device=mine.device)
            whole = whole.index_copy(0, index, mine[:own])
        return whole

    def gradient_of(self, loss: Tensor, mine: Sequence[Tensor]) -> Tensor:
        """What to call backward on: the whole batch's loss, and a path to each of ``mine``."""
        touched = sum((values.sum() * 0 for values in mine), start=loss.new_zeros(()))
        return loss * self.number + touched

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

    def all(self, thing: T) -> list[T]:
        """``thing`` of each process, in their order; it must be picklable."""
        if self.number == 1:
            return [thing]
        gathered: list[T] = gather_object([thing])
        return gathered

    def from_main(self, thing: T) -> T:
        """The main process's ``thing``; it must be picklable."""
        if self.number == 1:
            return thing
        box = [thing]
        broadcast_object_list(box)
        return box[0]

    def wait(self) -> None:
        """Until all have come here."""
        self.accelerator.wait_for_everyone()
