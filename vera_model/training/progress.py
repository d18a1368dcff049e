"""Progress of a training run on stderr: every ten seconds a line with rates and the time left."""

import time
from collections.abc import Callable

from unifiedqa_convert.printing import say

_INTERVAL = 10.0  # seconds between two lines


def line_printer(*, shown: bool) -> Callable[[str], None]:
    """A function that prints a line on stderr (stdout is for data), or nothing if not ``shown``."""
    return say if shown else lambda _line: None


class TrainingProgress:
    """Prints loss, accuracy, problems and tokens per second, and the time left."""

    def __init__(self, steps: int, done: int, *, shown: bool) -> None:
        """Start the clock for ``steps`` updates, of which ``done`` were made by an earlier run."""
        self.note = line_printer(shown=shown)
        self._steps, self._first = steps, done
        self._problems = self._tokens = 0
        self._started = self._printed = time.monotonic()

    def count(self, problems: int, tokens: int) -> None:
        """Add the work of one update."""
        self._problems += problems
        self._tokens += tokens

    def update(self, done: int, loss: float, accuracy: float | None) -> None:
        """Print a line for the last update, ``done``, if it is time for one."""
        now = time.monotonic()
        if now - self._printed < _INTERVAL and done < self._steps:
            return
        self._printed = now
        elapsed = max(now - self._started, 1e-9)
        right = "" if accuracy is None else f"accuracy {accuracy:.2f}, "
        left = elapsed / max(done - self._first, 1) * (self._steps - done)
        self.note(
            f"training: step {done}/{self._steps}, loss {loss:.3f}, {right}"
            f"{self._problems / elapsed:.0f} problems/s, {self._tokens / elapsed:.0f} tokens/s, "
            f"{left:.0f} s left"
        )
