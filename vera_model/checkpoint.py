"""Saving and loading a model, so that a reader never meets half of one."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import T5Tokenizer
from transformers.utils import logging

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.files import flush
from vera_model.model import VeraModel


def save_checkpoint(folder: Path, model: VeraModel, tokenizer: T5Tokenizer) -> None:
    """Write weights (safetensors), configuration and tokenizer; an older ``folder`` is replaced.

    Everything is written and flushed to disk beside ``folder`` first, then renamed into place.
    """
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    old = folder.with_name(f".{folder.name}-{os.getpid()}-old")
    try:
        fresh.mkdir()
        with _quiet():
            model.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
        for path in fresh.iterdir():
            shutil.copymode(fresh / "config.json", path)  # safetensors closes its file to others
            flush(path)
        flush(fresh)
        if folder.exists():
            folder.rename(old)  # a folder can't be renamed onto a full one
        fresh.rename(folder)
        flush(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[VeraModel, T5Tokenizer]:
    """Load what :func:`save_checkpoint` wrote, in evaluation mode; pickles are never read.

    Raises ModelError where a file is missing, broken, or of another model.
    """
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} holds no {name}: name a run's model folder")
    kind = _model_type(folder / "config.json")
    if kind != "vera":
        raise ModelError(f"{folder} holds a {kind!r} model, not a Vera model: name another folder")
    try:
        with _quiet():
            loaded: Any = VeraModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
        tokenizer = T5Tokenizer.from_pretrained(folder, local_files_only=True)
        model, report = loaded
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder} can't be read, train again or copy it anew: {error}") from error
    absent = sorted(report["missing_keys"])
    if absent:
        raise ModelError(f"{folder} lacks the weights {', '.join(absent)}: copy it anew")
    return model.eval(), tokenizer


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the progress bars of transformers, which has one for each file of weights."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers, untyped
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as above


def _model_type(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8")).get("model_type"))
    except (ValueError, AttributeError) as error:
        raise ModelError(f"{path} is not a model's configuration: {error}") from error
