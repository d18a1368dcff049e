"""Checks of paths and options before torch is loaded, which takes seconds.

The programs check the same again, and more: here no row, digest or weight is read.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from unifiedqa_convert import hub, transfers
from unifiedqa_convert.documents import read_json
from unifiedqa_convert.errors import ModelError, SourceError, UnreachableError, UsageError
from unifiedqa_convert.pretrained import check_model_folder
from vera_model.config import TrainConfig
from vera_model.data.shards import check_shards
from vera_model.data.tasks import Part, find_tasks, missing_error, unknown_tasks
from vera_model.embedded import (
    check_fetched,
    check_zero_shot,
    default_scorer,
    is_language_model,
    named_model,
)
from vera_model.run_folder import (
    PREDICTIONS,
    check_unevaluated,
    check_unwritten,
    checked_model,
    checkpoint_folder,
    evaluated_as,
    is_hub_name,
    is_text_model,
    model_folder,
    model_of_pickle,
)


def check_training(config: TrainConfig) -> None:
    """Raise what :func:`vera_model.programs.train.run` would raise for paths and options."""
    check_data(config)
    _check_start(config)
    if config.resume not in (None, "auto"):
        checkpoint_folder(Path(str(config.resume)))
    if os.environ.get("RANK", "0") == "0":  # other processes don't write there
        check_unwritten(config)


def check_data(config: TrainConfig) -> None:
    """Raise SourceError or UsageError for shards that can't be used and for unknown tasks."""
    check_shards((*config.data, *config.valid), allow_sample=config.allow_sample)
    if config.missing == "error":
        _check_tasks(config, config.train_tasks, "train")
        _check_tasks(config, config.valid_tasks, "dev")


def check_evaluation_run(config: TrainConfig) -> None:
    """Raise what :func:`vera_model.programs.evaluate.evaluate` would raise."""
    if config.start_from is None:
        raise UsageError("no model to evaluate: give --load_from_ckpt RUN/model/best")
    if not (config.valid or config.eval_tasks or config.valid_tasks):
        raise UsageError("no data to evaluate on: give --eval_tasks NAMES or --valid SHARDS")
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
    zero_shot: bool = False,
) -> None:
    """Check what `uqa evaluate` is given: ``model`` is a folder or a name on the hub."""
    model = named_model(model)
    check_fetched(Path(model))
    imported = Path("models") / Path(model).name
    if Path(model).is_dir() or imported.is_dir():
        folder = Path(model) if Path(model).is_dir() else imported
        check_zero_shot(folder, zero_shot=zero_shot)
        evaluated_as(folder)
    elif not is_hub_name(model):
        raise ModelError(f"{model} is neither a folder nor owner/name on the hub: correct it")
    check_shards(data, allow_sample=allow_sample)
    check_unevaluated(out, overwrite=overwrite)


def check_calibration(model: Path, evaluated: Path | None) -> None:
    """Raise ModelError for a folder without a model, SourceError for missing predictions."""
    checked_model(model)
    folder = evaluated or model
    if not (folder / PREDICTIONS).is_file():
        raise SourceError(
            f"{folder} has no {PREDICTIONS}: evaluate the model on validation data first (`uqa "
            "evaluate --model … --data … --out OUT`), then give --on OUT"
        )
    if evaluated is None and not (model / "model").is_dir():
        raise UsageError(
            f"{model} is not a run's folder: give --on FOLDER of an evaluation on validation data"
        )


def _check_tasks(config: TrainConfig, tasks: tuple[str, ...], part: Part) -> None:
    found = find_tasks(tasks, part, config.data_root, allow_sample=config.allow_sample)
    if unknown := unknown_tasks(found.missing):
        raise missing_error(unknown, len(tasks))


def _check_start(config: TrainConfig) -> None:
    start = config.start_from
    if model_of_pickle(config) is not None:
        return
    if start is not None and config.objective == "vera":
        if is_text_model(model_folder(start)):
            raise UsageError(
                f"{start} is a T5 with its decoder, not a Vera model: give --model {start} to "
                "start from its encoder, or --objective text to train it on"
            )
        evaluated_as(start)
    elif start is not None:
        _check_folder(model_folder(start))
    else:
        check_backbone(config.model)


def check_backbone(model: str | None) -> None:
    """Raise ModelError or UsageError for a ``--model`` that is no pretrained T5 or decoder."""
    if model is None or is_hub_name(model, owner=False):
        return
    folder, config = Path(model), None
    with suppress(OSError, ValueError):  # which the next check tells
        config = read_json(folder / "config.json")
    ours = isinstance(config, dict) and (config.get("model_type") == "vera" or "preset" in config)
    if ours or model_folder(folder) != folder:
        raise UsageError(
            f"{model} is a run or a Vera model, not a pretrained T5: give --start-from {model} "
            "instead of --model"
        )
    _check_folder(folder)


def _check_folder(folder: Path) -> None:
    check_fetched(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder} is neither a folder nor a model's name on the hub: correct it")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json: give a model's folder")
    check_model_folder(folder)


def texts_to_score(
    model: Path | None, sentences: Sequence[str], file: Path | None, *, zero_shot: bool = False
) -> tuple[Path, list[str]]:
    """The model and the texts to score; ModelError if there is none, or for another folder."""
    texts = read_texts(sentences, file)
    found = default_scorer() if model is None else Path(named_model(str(model)))
    check_fetched(found)
    check_scorer(found)
    check_zero_shot(found, zero_shot=zero_shot)
    return found, texts


def check_scorer(folder: Path) -> None:
    """ModelError for a folder of neither a Vera model nor a language model; no weights are read."""
    if is_language_model(folder):
        check_model_folder(folder)
    else:
        checked_model(folder)


def read_texts(sentences: Sequence[str], file: Path | None) -> list[str]:
    """The sentences, or the lines of a UTF-8 file that are not blank."""
    if bool(sentences) == (file is not None):
        raise UsageError("give either sentences or --file, with one sentence per line")
    if file is None:
        return list(sentences)
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} can't be read as UTF-8 text: {error}") from error
    texts = [line.strip("\r") for line in lines if line.strip()]
    if not texts:
        raise SourceError(f"{file} has no sentence: write one per line")
    return texts


_SAFE = ("*.json", "spiece.model", "*.safetensors")
_PICKLES = ("*.bin",)


def model_files(source: str, revision: str | None, *, allow_pickle: bool) -> Path:
    """The folder of ``source``: a folder of this machine, or else the hub's ``owner/name``.

    Pickles are downloaded only where there is nothing else and ``allow_pickle``. Raises ModelError
    for what is neither, UnreachableError where the hub does not answer and nothing is in its cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    if Path(source).is_dir():
        return Path(source)
    if not is_hub_name(source):
        raise ModelError(f"{source} is neither a folder nor owner/name on the hub: correct it")
    try:
        return _download(source, revision, allow_pickle=allow_pickle)
    except HFValidationError as error:
        raise ModelError(f"{source} can't be a name on the hub: {error}") from error
    except UnreachableError:
        try:  # as `hf download` left it
            return Path(snapshot_download(source, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            pass
        raise


def _download(source: str, revision: str | None, *, allow_pickle: bool) -> Path:
    # Not snapshot_download: its requests for the list of files have no timeout.
    from huggingface_hub import HfApi, hf_hub_download

    what = f"there is no folder {source} here; hub {source}"
    timeout = transfers.HUB_PATIENCE
    with hub.hub_answers(what, hub.model_home(source)):
        info = HfApi().model_info(source, revision=revision, timeout=timeout)
    with transfers.hub_requests(what, hub.model_home(source)):
        there = [file.rfilename for file in info.siblings or ()]
        safe = any(name.endswith(".safetensors") for name in there)
        patterns = _SAFE if safe or not allow_pickle else (*_SAFE, *_PICKLES)
        paths = [
            hf_hub_download(source, name, revision=info.sha, etag_timeout=timeout)
            for name in there
            if "/" not in name and any(fnmatch(name, pattern) for pattern in patterns)
        ]
    if not paths:
        raise ModelError(f"{source} on the hub has no files of a model: give another name")
    return Path(paths[0]).parent
