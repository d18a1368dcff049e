"""The folders of runs and models: their files, their checks and the lock. Loads no torch."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from unifiedqa_convert.documents import quoted, read_json, validated
from unifiedqa_convert.errors import ModelError, OutputError, OutputLocked, SourceError, UsageError
from unifiedqa_convert.pretrained import check_model_folder
from unifiedqa_convert.storage import (
    CARD,
    INDEX,
    card_changed,
    discard,
    others_in,
    refuse_link,
    settle,
)
from vera_model.config import Objective, TrainConfig
from vera_model.embedded import is_language_model

LOG = "train_log.jsonl"
EVALUATIONS = "eval_log.jsonl"
LOGS = (LOG, EVALUATIONS)

_PICKLES = (".pth", ".pt", ".bin")  # how the names of upstream's checkpoints end


def check_report(run: Path) -> None:
    """Raise SourceError for a folder without a finished run or evaluation."""
    if not (run / METRICS).is_file():
        raise SourceError(
            f"{run / METRICS} does not exist: give the folder of a finished run or evaluation"
        )


def check_pickle(path: Path, *, allow_pickle: bool) -> None:
    """Raise UsageError for a pickle without ``allow_pickle``, ModelError for no file."""
    if not allow_pickle:
        raise UsageError(
            f"{path} is a pickle, which can run code when it is read: if you trust its source, "
            "add --allow-pickle (torch's weights_only loader is used)"
        )
    if not path.is_file():
        raise ModelError(f"{path} does not exist: correct the path")


def model_of_pickle(config: TrainConfig) -> str | None:
    """The model whose weights the pickle ``start_from`` holds; None if it is not a pickle.

    Raises UsageError if no model is given, and as :func:`check_pickle`.
    """
    start = config.start_from
    if start is None or start.suffix not in _PICKLES:
        return None
    if config.model is None:
        raise UsageError(f"{start} has weights only: give the name of their model with --model")
    check_pickle(start, allow_pickle=config.allow_pickle)
    return config.model


_HUB_NAME = re.compile(r"(?P<owner>\w[\w.-]*/)?\w[\w.-]*")


def is_hub_name(source: str, *, owner: bool = True) -> bool:
    """Whether it is not a folder on this machine and may be the hub's ``owner/name``.

    ``owner=False`` also accepts a name alone, as the oldest models have.
    """
    found = None if Path(source).is_dir() else _HUB_NAME.fullmatch(source)
    return found is not None and (not owner or found["owner"] is not None)


def model_folder(path: Path) -> Path:
    """The model's folder: ``path``, or the best checkpoint of the run or the ``model`` in it."""
    for candidate in (path / "model" / "best", path / "best"):
        if _is_folder(candidate):
            return candidate
    _is_folder(path)
    return path


def _is_folder(path: Path) -> bool:
    """Whether it is one, if need be after the exchange in which a process was killed is undone."""
    if not path.is_dir():
        settle(path.resolve().parent)
    return path.is_dir()


def card_notes(path: Path) -> list[str]:
    """A line that says that the card of a model, see :func:`model_folder`, was edited; or nothing.

    That is allowed: it is no part of the model. The index must be readable.
    """
    folder = model_folder(path)
    if not (folder / INDEX).is_file() or not card_changed(folder):
        return []
    return [f"{folder / CARD} was edited since it was written; that changes nothing of the model"]


def checked_model(path: Path, *, tokenizer: bool = True) -> Path:
    """:func:`model_folder`, checked; ModelError for a missing file or a model of another type.

    The weights are not read.
    """
    folder = model_folder(path)
    for name in ("config.json", "tokenizer_config.json")[: 1 + tokenizer]:
        if not (folder / name).is_file():
            raise _missing_file(folder, name)
    read_settings(folder)
    return folder


def evaluated_as(path: Path) -> Objective:
    """What to evaluate a model as: ``text`` for a T5 with its decoder, else ``vera``, which a
    language model is too.

    Raises as :func:`checked_model` for a folder of neither; the weights are not read.
    """
    folder = model_folder(path)
    if is_text_model(folder):
        check_model_folder(folder)
        return "text"
    if is_language_model(folder):
        check_model_folder(folder)
    else:
        checked_model(path)
    return "vera"


_WITH_DECODER = {"T5ForConditionalGeneration", "T5WithLMHeadModel"}  # the second: until 2020


def is_text_model(folder: Path) -> bool:
    """Whether its configuration is of a T5 with a decoder; a published Vera has none."""
    try:
        document = read_json(folder / "config.json")
    except (OSError, ValueError):  # which :func:`checked_model` tells
        return False
    named = document.get("architectures") if isinstance(document, dict) else None
    return isinstance(named, list) and any(name in _WITH_DECODER for name in map(str, named))


_T5_TOKENS = 512  # T5's own limit, and UnifiedQA's


def text_limit(folder: Path) -> int:
    """The most tokens of a text that a T5's tokenizer names; T5's 512 if it names none."""
    found = None
    with suppress(OSError, ValueError):
        found = read_json(folder / "tokenizer_config.json").get("model_max_length")
    return found if isinstance(found, int) and 2 <= found <= 2**20 else _T5_TOKENS


class VeraSettings(BaseModel):
    """What a Vera model's ``config.json`` says besides its backbone's shape."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    text_config: dict[str, Any]
    temperature: Annotated[FiniteFloat, Field(gt=0)] = 1.0
    max_tokens: Annotated[int, Field(ge=2, le=2**20)] = 128
    cut: Literal["start", "end"] = "end"


def read_settings(folder: Path) -> VeraSettings:
    """The settings of a Vera model's folder; ModelError for another model and for wrong ones."""
    path = folder / "config.json"
    try:
        document = read_json(path)
        if isinstance(document, dict) and document.get("model_type") != "vera":
            kind = quoted(document.get("model_type"))
            raise ModelError(f"{folder} has a {kind} model, not a Vera model: give another folder")
        found = validated(VeraSettings, document)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} is not a model's configuration, copy the model again: {error}"
        ) from error
    check_model_folder(folder)
    return found


def checkpoint_folder(path: Path) -> Path:
    """The checkpoint to resume from: ``path``, or the last one of the run or the ``model`` in it.

    Raises ModelError if there is none, or one that would run code; no weights are read.
    """
    places = (path / "model" / "last", path / "last", path)
    folder = next((place for place in places if _is_folder(place)), None)
    if folder is None:
        raise ModelError(f"{path} is not a folder: give a checkpoint's, such as RUN/model/last")
    check_model_folder(folder)
    return folder


def _missing_file(folder: Path, name: str) -> ModelError:
    if folder.exists():
        return ModelError(f"{folder} has no {name}: give a run's or a model's folder")
    return ModelError(
        f"{folder} does not exist: train a model (`uqa train`), import one (`uqa model import`), "
        "or give another folder"
    )


METRICS = "metrics.json"
"""The last file of a run: where it exists, the run is complete."""

PREDICTIONS = "predictions.parquet"
"""The model's logit for every evaluated statement."""

ANSWERS = "predictions.jsonl"
"""What the model wrote for every evaluated question, with ``--objective text``."""

CALIBRATION = "calibration.json"
"""What `uqa calibrate` found with the predictions in the same folder."""

CONFIG = "config.json"
"""The run's configuration; its first file."""

_LOCK = ".lock"


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Lock the run folder: two runs in one would delete each other's checkpoints."""
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise OutputLocked(
            f"another run is writing {folder}: wait for it, or choose another --out"
        ) from error
    except OSError as error:
        raise OutputError(f"{folder} can't be written, choose another --out: {error}") from error
    try:
        yield
    finally:
        lock.release()


def check_unused(config: TrainConfig) -> None:
    """Raise OutputError if ``out`` has files of an earlier run that is not resumed or replaced, or
    something else under the name of a run's file.
    """
    kept = config.overwrite or config.resume is not None
    if not kept and _is_used(config.out):
        raise OutputError(
            f"{config.out} is not empty: choose another --out, or add --resume auto to resume its "
            "run, or --overwrite"
        )
    _check_names(config.out)


def _check_names(run: Path) -> None:
    _check_config(run)
    model = run / "model"
    names = (CONFIG, METRICS, PREDICTIONS, ANSWERS, *LOGS, "tensorboard")
    for path in (run, *(run / name for name in names), model, *model.glob("ckp_*")):
        refuse_link(path)
    for link in (model / name for name in LINKS):
        if link.is_symlink():
            if not _CHECKPOINT.fullmatch(str(link.readlink())):
                refuse_link(link)
        elif link.exists():
            raise OutputError(
                f"{link} is not the link to a checkpoint that a run has there, perhaps because the "
                f"run was copied with links followed: move {model / LINKS[0]} and "
                f"{model / LINKS[1]} away, the checkpoints are ckp_…; then run the same command"
            )


LINKS = ("last", "best")
"""In a run's ``model``; each names one of its checkpoints."""
_CHECKPOINT = re.compile(r"ckp_(\d+)")


def checkpoints(model: Path) -> list[Path]:
    """The folders ``ckp_<step>`` in a run's ``model``, by step."""
    found = [path for path in model.glob("ckp_*") if _CHECKPOINT.fullmatch(path.name)]
    return sorted((path for path in found if path.is_dir()), key=step_of)


def step_of(checkpoint: Path) -> int:
    """The number of updates in a checkpoint's name."""
    return int(checkpoint.name.removeprefix("ckp_"))


def clear_run(run: Path) -> None:
    """Remove what an earlier run wrote, and nothing else.

    OutputError, before anything is removed, for a checkpoint that holds other files.
    """
    model, board = run / "model", run / "tensorboard"
    found = checkpoints(model)
    for path in found:
        _check_written(path)
    for name in (METRICS, PREDICTIONS, ANSWERS, *LOGS):  # where METRICS exists, the run is complete
        (run / name).unlink(missing_ok=True)
    for link in LINKS:
        (model / link).unlink(missing_ok=True)
    for path in found:
        discard(path)
    for events in board.glob("events.out.tfevents.*"):
        events.unlink()
    for folder in (model, board):
        with suppress(OSError):  # it has other files, or none and is not there
            folder.rmdir()


def _check_written(folder: Path) -> None:
    """Raise OutputError for a folder that is not one of a model, or holds other files besides."""
    refuse_link(folder)
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder: move it, or choose another --out")
    if not any(folder.iterdir()):
        return
    try:
        others = others_in(folder)
    except ModelError:
        others = [f"no readable {INDEX}"]
    if others:
        raise OutputError(
            f"{folder} holds {', '.join(others[:3])}{' …' if len(others) > 3 else ''}: uqa removes "
            "only what it wrote itself; move it, or choose another --out"
        )


def check_unwritten(config: TrainConfig) -> None:
    """:func:`check_unused`, before this run locks the folder; OutputLocked if another has."""
    if _is_used(config.out):
        with only_run(config.out):
            check_unused(config)
    else:
        _check_names(config.out)


def check_unevaluated(out: Path, *, overwrite: bool) -> Path:
    """The file of an evaluation's metrics; OutputError if it exists, without ``overwrite``, and as
    :func:`check_unused` for other files.
    """
    path = out / METRICS
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists: choose another --out, or add --overwrite")
    _check_config(out)
    if any((out / name).exists() for name in LOGS) and not overwrite:
        raise OutputError(f"{out} holds a run: choose another --out, or add --overwrite")
    return path


def _check_config(run: Path) -> None:
    """Raise OutputError for files that have names of a run's, but are somebody else's.

    A run or an evaluation first writes its configuration: without that, nothing else is its own.
    """
    config = run / CONFIG
    theirs = [
        run / name for name in (METRICS, PREDICTIONS, ANSWERS, *LOGS) if (run / name).is_file()
    ]
    if config.is_file():
        try:
            document = read_json(config)
        except (OSError, ValueError):
            document = None
        ours = isinstance(document, dict) and "preset" in document
        theirs = [] if ours else [config]
    if theirs:
        raise OutputError(
            f"{theirs[0]} was not written by a run or an evaluation, and is not replaced: move it, "
            "or choose another --out"
        )


def check_absent(out: Path, *, overwrite: bool) -> None:
    """Raise OutputError if the folder to write exists, without ``overwrite`` or with other files
    than those of a model.
    """
    if overwrite and out.exists():
        _check_written(out)
    elif out.exists():
        raise OutputError(f"{out} exists: choose another --out, or add --overwrite")
    else:
        refuse_link(out)


def _is_used(folder: Path) -> bool:
    """Whether it has other files than those of a run that failed before its first update."""
    return folder.is_dir() and any(path.name not in (_LOCK, CONFIG) for path in folder.iterdir())
