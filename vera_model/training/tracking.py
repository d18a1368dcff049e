"""Where a run's numbers go: JSON lines and TensorBoard always, wandb and trackio with --track."""

import importlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accelerate.tracking import (  # type: ignore[import-untyped]  # ships no types
    LOGGER_TYPE_TO_CLASS,
    TensorBoardTracker,
)

from unifiedqa_convert.documents import parsed
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.storage import atomic_file, fsync
from vera_model.config import TrainConfig
from vera_model.run_folder import EVALUATIONS, LOG


class Tracking:
    """The log files and trackers of a run, in its main process. A context manager."""

    def __init__(self, config: TrainConfig, done: int) -> None:
        """Continue after ``done`` updates: later lines of a killed run are removed."""
        trackers = [_tracker(name, config) for name in config.track]  # may raise: no file yet
        self._log = _Lines(config.out / LOG, done)
        self._evaluations = _Lines(config.out / EVALUATIONS, done)
        board = TensorBoardTracker("tensorboard", config.out, purge_step=done + 1)
        self._trackers = [board, *trackers]
        with redirect_stdout(sys.stderr):  # stdout is for data; wandb and trackio print there
            for tracker in self._trackers:
                tracker.start()

    def __enter__(self) -> Self:
        """Everything is open already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Flush and close."""
        self._log.close()
        self._evaluations.close()
        with redirect_stdout(sys.stderr):
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
        for tracker in self._trackers:
            tracker.log(numbers, step=line["step"])


class _Lines:
    """A file of JSON lines, each with its ``step``."""

    def __init__(self, path: Path, done: int) -> None:
        kept = []
        if path.exists():
            for line in path.read_bytes().split(b"\n"):
                if _step(line) <= done:
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
        """Close, and wait until the file is on the disk."""
        self._file.close()
        fsync(Path(self._file.name))


def _step(line: bytes) -> float:
    """The line's step; infinity for what a killed run left of one, or another program wrote."""
    try:
        step = parsed(line)["step"]
        return float(step) if isinstance(step, int) else math.inf
    except (KeyError, TypeError, ValueError):
        return math.inf


def _strict(line: Mapping[str, Any]) -> dict[str, Any]:
    """Strict JSON has no infinity: null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in line.items()
    }


def _tracker(name: str, config: TrainConfig) -> Any:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"--track {name} needs a package: pip install {name}") from error
    given = {"name": config.out.name, "config": config.model_dump(mode="json")}
    return LOGGER_TYPE_TO_CLASS[name]("vera", **given)
