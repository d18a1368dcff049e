"""Models that transformers loads: the one door to its ``from_pretrained``, and what it refuses.

A folder of a model may name Python of its own (``auto_map``), which transformers runs if it is
allowed to, or if someone answers its prompt with y. Here it is never run, and nothing is asked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from logging import LogRecord
from pathlib import Path
from typing import Any

from unifiedqa_convert.documents import quoted, shortened
from unifiedqa_convert.errors import ModelError, UqaError
from unifiedqa_convert.printing import message
from unifiedqa_convert.storage import read_small
from unifiedqa_convert.transfers import hub_client

_SIZES = frozenset(
    "d_model d_ff d_kv num_layers num_decoder_layers num_heads vocab_size hidden_size "
    "intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim "
    "relative_attention_num_buckets relative_attention_max_distance".split()
)
_LARGEST = 2**31 - 1
_COUNTS = {
    **dict.fromkeys(("num_layers", "num_decoder_layers", "num_hidden_layers"), 10_000),
    **dict.fromkeys(("num_labels", "extra_ids"), 100_000),
}
"""What transformers makes one by one, in Python's memory, before it reads a weight."""
_LARGEST_SETTINGS = 64 * 2**20
"""Bytes of a configuration; a tokenizer's may list each token that was added."""
_LONGEST_MESSAGE = 400  # characters: transformers lists every model that it knows
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Which names these have may differ between versions: config.json names others (config.4.0.json).
_SETTINGS = "*config*.json"


def load_pretrained(loader: Any, source: str | Path, **options: Any) -> Any:
    """``loader.from_pretrained(source)``, from a folder or the hub, without Python of its own.

    A tokenizer is tried, as it may be damaged in a way that shows when it is used. Raises
    ModelError as :func:`check_model_folder`; what transformers raises for other damage (it may be
    anything) becomes OSError or ValueError, with its message in one short line.
    """
    try:
        if Path(source).is_dir():
            check_model_folder(Path(source))
            return _quietly(loader, source, options)
        with hub_client():
            return _quietly(loader, source, options)
    except UqaError:
        raise
    except BaseException as error:
        # A panic of the tokenizers' Rust is no Exception, so that nothing catches it by mistake.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if "trust_remote_code" in str(error):
            raise _own_code(str(source), "config.json") from None
        said = shortened(" ".join(str(error).split()), _LONGEST_MESSAGE)
        if isinstance(error, OSError):
            raise OSError(said) from error
        told = isinstance(error, ValueError | RuntimeError)  # in whole sentences
        raise ValueError(said if told else f"{type(error).__name__}: {said}") from error


def _quietly(loader: Any, source: str | Path, options: dict[str, Any]) -> Any:
    from transformers import PreTrainedTokenizerBase

    with no_progress_bars(), _shown_messages():
        found = loader.from_pretrained(source, trust_remote_code=False, **options)
    if isinstance(found, PreTrainedTokenizerBase):
        # Without its file, transformers makes a tokenizer that knows none but the special tokens.
        names = set(found.vocab_files_names.values())
        if names and Path(source).is_dir() and not _has_vocabulary(Path(source), names):
            raise OSError(f"no file of a vocabulary in it ({', '.join(sorted(names))})")
        found("a text", add_special_tokens=False)["input_ids"]
    return found


def _has_vocabulary(folder: Path, names: Iterable[str]) -> bool:
    patterns = (
        "*.model",
        "*vocab*",
        "*.tiktoken",
        "tokenizer.json",
        "tekken.json",
        "*.gguf",
        *names,
    )
    return any(path.is_file() for pattern in patterns for path in folder.glob(pattern))


def check_vocabulary(source: str | Path, model: Any, tokenizer: Any) -> None:
    """ModelError if the tokenizer gives a token that the model has no embedding of.

    The padding may have none: no model of ours reads it.
    """
    rows = model.get_input_embeddings().num_embeddings
    vocabulary = {**tokenizer.get_vocab()}
    vocabulary.pop(tokenizer.pad_token, None)
    if lost := [token for token, number in vocabulary.items() if number >= rows]:
        raise ModelError(
            f"{source}: the tokenizer is of another model: {len(lost):,} of its tokens, such as "
            f"{quoted(lost[0])}, are not among the model's {rows:,}; copy both again"
        )


def check_model_folder(folder: Path) -> None:
    """Raise ModelError, naming the file, for a folder that would run code or has absurd sizes.

    Reads the folder's configurations only, no weights; imports nothing.
    """
    for path in sorted(folder.glob(_SETTINGS)):
        try:
            document = json.loads(read_small(path, _LARGEST_SETTINGS).decode("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path} can't be read, copy the model again: {error}") from error
        if not isinstance(document, dict):
            raise ModelError(f"{path} holds no object ({{…}}): copy the model again")
        for key, value in _settings(document):
            if key == "auto_map" and value:
                raise _own_code(str(folder), path.name)
            if key in _KERNELS and "/" in str(value):
                raise ModelError(
                    f"{path} asks for code of another repository ({key}: {quoted(value)}), which "
                    f"is never run: delete {key} from it, or use another model"
                )
            if key in _SIZES and value is not None and not _is_size(value):
                raise ModelError(
                    f"{path}: {key} is {quoted(value)}, it must be a whole number from 1: copy "
                    "the model again"
                )
            if isinstance(value, int) and value > _COUNTS.get(key, value):
                raise ModelError(
                    f"{path}: {key} is {quoted(value)}, more than {_COUNTS[key]:,}: copy the model "
                    "again"
                )
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{folder} has an adapter (adapter_config.json), which names another model: merge both "
            "into one model, with its own weights"
        )


_KERNELS = ("attn_implementation", "_attn_implementation", "experts_implementation")


def _own_code(source: str, file: str) -> ModelError:
    return ModelError(
        f"{source} asks to run its own Python (auto_map in {file}), which is never run: use a "
        "model that transformers has the code of, or a copy without auto_map if it is one"
    )


def _settings(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each key with its value, in this object and in those inside it."""
    inner: list[Any] = [document]
    while inner:
        one = inner.pop()
        if isinstance(one, dict):
            yield from one.items()
            inner += one.values()
        elif isinstance(one, list):
            inner += one


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST


@contextmanager
def _shown_messages() -> Iterator[None]:
    """Show control characters in transformers' messages, which name what is in the files."""
    from transformers.utils import logging as transformers_logging

    handlers = transformers_logging.get_logger().handlers
    for handler in handlers:
        handler.addFilter(_show)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_show)


def _show(record: LogRecord) -> bool:
    """Its message as an error's, without transformers' own colours."""
    record.msg, record.args = message(_COLOURS.sub("", record.getMessage())), ()
    return True


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Hide transformers' progress bars, one for each file of weights that it reads."""
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as above
