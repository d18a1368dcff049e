"""SIGTERM and Ctrl-C: the run finishes its step, writes a checkpoint and says how to go on."""

import signal
from pathlib import Path
from types import FrameType, TracebackType
from typing import ClassVar, Self

from unifiedqa_convert.errors import UqaError

_ASKED = (signal.SIGTERM, signal.SIGINT)


class Interrupted(UqaError):
    """Ctrl-C stopped the run; a checkpoint holds what was done."""

    exit_code: ClassVar[int] = 130


class Terminated(UqaError):
    """SIGTERM stopped the run; a checkpoint holds what was done."""

    exit_code: ClassVar[int] = 143


class StopAsked:
    """Remembers a request to stop, in a ``with`` block; a second one ends the process at once."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.signal: signal.Signals | None = None

    def __enter__(self) -> Self:
        """Take the two signals over."""
        self._before = {number: signal.signal(number, self._hear) for number in _ASKED}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        signal.signal(number, signal.SIG_DFL)


def stopped(number: signal.Signals | None, done: int, out: Path) -> UqaError:
    """The error that ends the run; ``number`` is None where another process was asked."""
    kind = Interrupted if number is signal.SIGINT else Terminated
    return kind(
        f"stopped after {done} updates, which {out}/model/last holds: go on with --resume auto"
    )
