"""Where a run's numbers go: JSON lines and TensorBoard always, wandb and trackio where asked."""

import importlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.storage import atomic_file, fsync
from vera_model.config import TrainConfig
from vera_model.run_folder import EVALUATIONS, LOG


class Tracking:
    """The run's writers, of one process. A context manager."""

    def __init__(self, config: TrainConfig, done: int) -> None:
        """Go on after ``done`` updates: what a killed run wrote later is taken back."""
        from torch.utils.tensorboard import SummaryWriter

        self._log = _Lines(config.out / LOG, done)
        self._evaluations = _Lines(config.out / EVALUATIONS, done)
        self._board = SummaryWriter(config.out / "tensorboard", purge_step=done + 1)
        self._trackers = [_start(name, config) for name in config.track]

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Flush and close."""
        for writer in (self._log, self._evaluations, self._board):
            writer.close()
        with redirect_stdout(sys.stderr):  # stdout is for data, and they talk
            for tracker in self._trackers:
                tracker.finish()

    def steps(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Every update's line to the log; the last one's numbers to the trackers."""
        self._log.write(lines)
        if lines:
            self._send("train", lines[-1])

    def evaluation(self, line: Mapping[str, Any]) -> None:
        """One evaluation: ``step`` and its numbers."""
        self._evaluations.write([line])
        self._send("eval", line)

    def _send(self, group: str, line: Mapping[str, Any]) -> None:
        numbers = {
            f"{group}/{name}": value
            for name, value in line.items()
            if name != "step" and isinstance(value, int | float)
        }
        for name, value in numbers.items():
            self._board.add_scalar(name, value, line["step"])
        for tracker in self._trackers:
            tracker.log(numbers, step=line["step"])


class _Lines:
    """A file of JSON lines, each with its ``step``."""

    def __init__(self, path: Path, done: int) -> None:
        kept = []
        if path.exists():
            for line in path.read_bytes().split(b"\n"):
                if line.endswith(b"}") and json.loads(line)["step"] <= done:
                    kept.append(line + b"\n")
        with atomic_file(path) as file:
            file.writelines(kept)
        self._file = path.open("a", encoding="utf-8")

    def write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append and flush."""
        for line in lines:
            self._file.write(json.dumps(_strict(line), allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Make it durable."""
        self._file.close()
        fsync(Path(self._file.name))


def _strict(line: Mapping[str, Any]) -> dict[str, Any]:
    """Strict JSON has no infinity: null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in line.items()
    }


def _start(name: str, config: TrainConfig) -> Any:
    """wandb and trackio share one interface: ``init``, ``log``, ``finish``."""
    try:
        tracker = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"--track {name} needs it: pip install {name}") from error
    with redirect_stdout(sys.stderr):  # stdout is for data, and they talk
        tracker.init(project="vera", name=config.out.name, config=config.model_dump(mode="json"))
    return tracker
