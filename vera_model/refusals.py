"""What a command refuses at once: paths and options, before torch is loaded, which takes seconds.

Whoever does the work later checks again what these look at, and more: here no row, no digest and
no weight is read.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from unifiedqa_convert.errors import ModelError, SourceError, UsageError
from vera_model.config import TrainConfig
from vera_model.folders import checked_model, checkpoint_folder, is_hub_name, model_folder
from vera_model.run_folder import METRICS, PREDICTIONS, check_unevaluated, check_unwritten
from vera_model.shards import check_shards
from vera_model.tasks import Part, find_tasks, refuse, unknown_tasks

PICKLES = (".pth", ".pt", ".bin")
"""How the names of upstream's checkpoints end."""


def check_training(config: TrainConfig) -> None:
    """What :func:`vera_model.train.run` would refuse, with the same words."""
    check_data(config)
    _check_start(config)
    if config.resume not in (None, "auto"):
        checkpoint_folder(Path(str(config.resume)))
    if os.environ.get("RANK", "0") == "0":  # the others don't write there
        check_unwritten(config)


def check_data(config: TrainConfig) -> None:
    """Shards that are not there, incomplete, or of invented rows; tasks that nobody knows.

    Raises SourceError and UsageError.
    """
    check_shards((*config.data, *config.valid), allow_sample=config.allow_sample)
    if config.missing == "error":
        _check_tasks(config, config.train_tasks, "train")
        _check_tasks(config, config.valid_tasks, "dev")


def check_evaluation_run(config: TrainConfig) -> None:
    """What :func:`vera_model.evaluation.evaluate` would refuse, with the same words."""
    if config.start_from is None:
        raise UsageError("say what to evaluate: --load_from_ckpt RUN/model/best")
    if not (config.valid or config.eval_tasks or config.valid_tasks):
        raise UsageError("say what to evaluate on: --eval_tasks NAMES, or --valid SHARDS")
    check_shards(config.valid, allow_sample=config.allow_sample)
    if config.missing == "error" and not config.valid:
        _check_tasks(config, config.eval_tasks or config.valid_tasks, "dev")
    _check_start(config)
    check_unevaluated(config.out, overwrite=config.overwrite)


def check_evaluation(
    model: str,
    out: Path,
    data: Sequence[Path],
    *,
    allow_sample: bool = False,
    overwrite: bool = False,
) -> None:
    """The same for a command that names a model, which the hub may have."""
    imported = Path("models") / Path(model).name
    if Path(model).is_dir() or imported.is_dir():
        checked_model(Path(model) if Path(model).is_dir() else imported)
    elif not is_hub_name(model):
        raise ModelError(f"{model} is neither a folder nor owner/name on the hub")
    check_shards(data, allow_sample=allow_sample)
    check_unevaluated(out, overwrite=overwrite)


def check_calibration(model: Path, evaluated: Path | None) -> None:
    """A model that is none, and predictions that are not there."""
    checked_model(model)
    folder = evaluated or model
    if not (folder / PREDICTIONS).is_file():
        raise SourceError(
            f"{folder} holds no {PREDICTIONS}: evaluate the model on validation data first (`uqa "
            "evaluate --model … --data … --out OUT`) and say --on OUT"
        )
    if evaluated is None and not (model / "model").is_dir():
        raise UsageError("say --on: the folder of an evaluation on validation data")


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
            f"{path} is a pickle, which can run code when it is read: say --allow-pickle if you "
            "trust whoever wrote it (torch's weights_only loader is used), or convert it once"
        )
    if not path.is_file():
        raise ModelError(f"{path} is not there: correct the path")


def model_of_pickle(config: TrainConfig) -> str:
    """The model whose weights ``start_from`` holds; UsageError where it is not named."""
    if config.model is None:
        raise UsageError(f"{config.start_from} holds weights only: name its model with --model")
    return config.model


def _check_tasks(config: TrainConfig, tasks: tuple[str, ...], part: Part) -> None:
    absent = find_tasks(tasks, part, config.data_root, allow_sample=config.allow_sample).absent
    if unknown := unknown_tasks(absent):
        raise refuse(unknown, len(tasks))


def _check_start(config: TrainConfig) -> None:
    start = config.start_from
    if start is not None and start.suffix in PICKLES:
        model_of_pickle(config)
        check_pickle(start, allow_pickle=config.allow_pickle)
    elif start is not None and config.objective == "vera":
        checked_model(start)
    elif start is not None:
        _check_folder(model_folder(start))
    elif config.model is not None and not is_hub_name(config.model, owner=False):
        _check_folder(Path(config.model))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(f"{folder} is neither a folder nor a model's name on the hub")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no config.json: name a model's folder")
