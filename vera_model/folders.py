"""The folders that a user names: a run's, a model's, a checkpoint's. Loads no torch."""

import json
import re
from pathlib import Path

from unifiedqa_convert.errors import ModelError

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
