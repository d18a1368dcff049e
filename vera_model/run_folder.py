"""A run's folder: whether it may be written, and that only one run writes it. Loads no torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from unifiedqa_convert.errors import OutputError, OutputLocked
from vera_model.config import TrainConfig

METRICS = "metrics.json"
"""The last file of a run: its presence says that the run is complete."""

PREDICTIONS = "predictions.parquet"
"""What the model said of every statement that was evaluated."""

CALIBRATION = "calibration.json"
"""What `uqa calibrate` found by the predictions in the same folder."""

CONFIG = "config.json"
"""What was asked for; the first file of a run."""

_LOCK = ".lock"


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the run folder: two runs in one would delete each other's checkpoints."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise OutputLocked(f"another run is writing {folder}: choose another --out") from error
    except OSError as error:
        raise OutputError(f"{folder} can't be written, choose another --out: {error}") from error
    try:
        yield
    finally:
        lock.release()


def check_unused(config: TrainConfig) -> None:
    """Raise OutputError where an earlier run's files stand in ``out`` and may not go."""
    kept = config.overwrite or config.resume is not None
    if not kept and _is_used(config.out):
        raise OutputError(
            f"{config.out} is not empty: choose another --out, or say --resume auto to go on "
            "with it, or --overwrite"
        )


def check_unwritten(config: TrainConfig) -> None:
    """The same before the folder is held: OutputLocked where another run holds it."""
    if _is_used(config.out):
        with only_run(config.out):
            check_unused(config)


def check_unevaluated(out: Path, *, overwrite: bool) -> Path:
    """Where an evaluation's metrics go. OutputError where an earlier one's stand there."""
    path = out / METRICS
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists: choose another --out, or say --overwrite")
    return path


def check_absent(out: Path, *, overwrite: bool) -> None:
    """Raise OutputError where anything stands in the way of a folder that is written whole."""
    if out.exists() and not overwrite:
        raise OutputError(f"{out} stands already: choose another --out, or say --overwrite")


def _is_used(folder: Path) -> bool:
    """Whether there is more than a run leaves that failed before its first update."""
    return folder.is_dir() and any(path.name not in (_LOCK, CONFIG) for path in folder.iterdir())
