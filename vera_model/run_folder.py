"""A run's folder: whether it may be written, and that only one run writes it. Loads no torch."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from unifiedqa_convert.errors import ModelError, OutputError, OutputLocked, SourceError, UsageError
from vera_model.config import TrainConfig

LOG = "train_log.jsonl"
EVALUATIONS = "eval_log.jsonl"
LOGS = (LOG, EVALUATIONS)

_PICKLES = (".pth", ".pt", ".bin")  # how the names of upstream's checkpoints end


def check_report(run: Path) -> None:
    """A folder without a finished run or evaluation."""
    if not (run / METRICS).is_file():
        raise SourceError(
            f"{run / METRICS} is not there: name the folder of a finished run or evaluation"
        )


def check_pickle(path: Path, *, allow_pickle: bool) -> None:
    """Raise UsageError for a pickle that may not be read, ModelError where there is none."""
    if not allow_pickle:
        raise UsageError(
            f"{path} is a pickle, which can run code when it is read: if you trust its source, "
            "add --allow-pickle (torch's weights_only loader is used)"
        )
    if not path.is_file():
        raise ModelError(f"{path} is not there: correct the path")


def model_of_pickle(config: TrainConfig) -> str | None:
    """The model whose weights the pickle ``start_from`` holds; None where it is not a pickle.

    Raises UsageError where no model is given, and as :func:`check_pickle`.
    """
    start = config.start_from
    if start is None or start.suffix not in _PICKLES:
        return None
    if config.model is None:
        raise UsageError(f"{start} holds weights only: name its model with --model")
    check_pickle(start, allow_pickle=config.allow_pickle)
    return config.model


# The folders that a user names: a run's, a model's, a checkpoint's. Loads no torch.

_HUB_NAME = re.compile(r"(?P<owner>\w[\w.-]*/)?\w[\w.-]*")


def is_hub_name(source: str, *, owner: bool = True) -> bool:
    """Whether it is no folder here and may be the hub's ``owner/name``.

    Not ``owner``: the oldest models have a name only.
    """
    found = None if Path(source).is_dir() else _HUB_NAME.fullmatch(source)
    return found is not None and (not owner or found["owner"] is not None)


def model_folder(path: Path) -> Path:
    """The model a user means: its own folder, or the best one of a run or of its ``model``."""
    for candidate in (path / "model" / "best", path / "best"):
        if candidate.is_dir():
            return candidate
    return path


def checked_model(path: Path, *, tokenizer: bool = True) -> Path:
    """The same, where it holds what a Vera model's folder must; its weights are not looked at.

    Raises ModelError for what is absent, and for a model of another type.
    """
    folder = model_folder(path)
    for name in ("config.json", "tokenizer_config.json")[: 1 + tokenizer]:
        if not (folder / name).is_file():
            raise ModelError(_lacking(folder, name))
    kind = _model_type(folder / "config.json")
    if kind != "vera":
        raise ModelError(f"{folder} holds a {kind!r} model, not a Vera model: name another folder")
    return folder


def checkpoint_folder(path: Path) -> Path:
    """The checkpoint a user names to go on from: its folder, ``…/last``, or a run's (its last).

    Raises ModelError where there is none; its bytes are not looked at.
    """
    for candidate in (path / "model" / "last", path / "last"):
        if candidate.is_dir():
            return candidate
    if not path.is_dir():
        raise ModelError(f"{path} is no checkpoint's folder: name one such as RUN/model/last")
    return path


def _lacking(folder: Path, name: str) -> str:
    if folder.exists():
        return f"{folder} holds no {name}: name a run's model folder"
    return (
        f"{folder} holds no {name}, it is not there: train it first (`uqa train`), bring one "
        "(`uqa model import`), or name another"
    )


def _model_type(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8")).get("model_type"))
    except (ValueError, AttributeError) as error:
        raise ModelError(f"{path} is not a model's configuration: {error}") from error


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
