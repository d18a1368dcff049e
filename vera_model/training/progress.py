"""How far the training is, on stderr: a bar on a terminal, else a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_HEARTBEAT = 10.0  # seconds between two lines where there is no terminal


class TrainingProgress:
    """Shows loss, accuracy, problems and tokens per second, and the time left."""

    def __init__(self, steps: int, done: int, *, shown: bool) -> None:
        """Prepare for ``steps`` updates of which ``done`` lie behind; only one process shows."""
        self._console = Console(stderr=True)
        self._shown = shown
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task("training", total=steps, completed=done, said="")
        self._steps, self._first = steps, done
        self._problems = self._tokens = 0
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

    def count(self, problems: int, tokens: int) -> None:
        """Add an update's work."""
        self._problems += problems
        self._tokens += tokens

    def say(self, done: int, loss: float, accuracy: float | None) -> None:
        """Tell of the update that was ``done`` last."""
        now = time.monotonic()
        elapsed = max(now - self._started, 1e-9)
        right = "" if accuracy is None else f"accuracy {accuracy:.2f}, "
        said = (
            f"loss {loss:.3f}, {right}{self._problems / elapsed:.0f} problems/s, "
            f"{self._tokens / elapsed:.0f} tokens/s"
        )
        self._bar.update(self._task, completed=done, said=said)
        if not self._shown or self._console.is_terminal:
            return
        if now - self._spoke >= _HEARTBEAT or done == self._steps:
            self._spoke = now
            left = elapsed / max(done - self._first, 1) * (self._steps - done)
            self.note(f"training: step {done}/{self._steps}, {said}, {left:.0f} s left")

    def note(self, line: str) -> None:
        """Print a line for people, above the bar where there is one."""
        if self._shown:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
