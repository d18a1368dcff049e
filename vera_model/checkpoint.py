"""Saving and loading a model, so that a reader never meets half of one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from unifiedqa_convert.errors import ModelError
from vera_model.folders import checked_model
from vera_model.model import VeraModel
from vera_model.publish import INDEX, publish, verify

M = TypeVar("M", bound=nn.Module)


def save_checkpoint(folder: Path, model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> None:
    """Write weights (safetensors), configuration and tokenizer; an older ``folder`` is replaced.

    Everything is written and flushed to disk beside ``folder`` first, then renamed into place.
    """
    publish(folder, lambda fresh: write_model(fresh, model, tokenizer, None))


def write_model(
    folder: Path,
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    weights: Mapping[str, Tensor] | None,
) -> None:
    """Write a model's files; ``weights`` stand in for its own where they lie in shards."""
    with quiet():
        model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def load_checkpoint(path: Path) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    """Load a Vera model, see :func:`model_folder`, in evaluation mode; pickles are never read.

    Raises ModelError where a file is missing, broken, changed, or of another model.
    """
    folder = checked_model(path)
    if (folder / INDEX).is_file():
        verify(folder)
    try:
        with quiet():
            loaded: Any = VeraModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, report = loaded
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder} can't be read, train again or copy it anew: {error}") from error
    absent = sorted(report["missing_keys"])
    if absent:
        raise ModelError(f"{folder} lacks the weights {', '.join(absent)}: copy it anew")
    return own(model).eval(), tokenizer


def own(model: M) -> M:
    """Take a loaded model's weights out of the mapped file, into memory of their own.

    It is aligned as that of a fresh model: the last bit of a matrix product depends on it, and a
    resumed run must give the same bits.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars of transformers, which has one for each file of weights."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers, untyped
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as above
