"""How far the training is, on stderr: a bar on a terminal, else a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_HEARTBEAT = 10.0  # seconds between two lines where there is no terminal


class TrainingProgress:
    """Shows loss, accuracy, problems per second and the time left. A context manager."""

    def __init__(self, steps: int) -> None:
        """Prepare for ``steps`` steps; nothing is shown before the block is entered."""
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=steps, said="")
        self._steps = steps
        self._problems = 0
        self._started = self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        """Start the clock and the bar."""
        self._started = self._spoke = time.monotonic()
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last state standing."""
        self._bar.stop()

    def step(self, number: int, problems: int, loss: float, accuracy: float) -> None:
        """Say that step ``number`` (from 1) was done on ``problems`` problems."""
        self._problems += problems
        now = time.monotonic()
        elapsed = max(now - self._started, 1e-9)
        speed = self._problems / elapsed
        said = f"loss {loss:.3f}, accuracy {accuracy:.2f}, {speed:.0f} problems/s"
        self._bar.update(self._task, completed=number, said=said)
        if self._console.is_terminal:
            return
        if now - self._spoke >= _HEARTBEAT or number == self._steps:
            self._spoke = now
            left = elapsed / number * (self._steps - number)
            line = f"training: step {number}/{self._steps}, {said}, {left:.0f} s left"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
