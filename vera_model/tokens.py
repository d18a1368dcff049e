"""Texts → token ids, once: kept in an Arrow file named by the digest of all it depends on.

The file is mapped into memory and read batch by batch; it appears whole or not at all, so that
several processes, or a kill, do no harm.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.files import flush
from vera_model.problems import Ints, Problems

Ids = NDArray[np.int32]

_VERSION = 1  # of what the digest covers
_AT_ONCE = 32_768  # statements per record batch
_SCHEMA = pa.schema(
    [
        pa.field("tokens", pa.list_(pa.int32()), nullable=False),
        pa.field("cut", pa.bool_(), nullable=False),
    ]
)


class Limits(NamedTuple):
    """How long a text may be, and what happens to a longer one."""

    max_tokens: int
    """``</s>`` included."""
    cut: Literal["start", "end"]
    """``start`` loses context, ``end`` (upstream) the statement."""


class TokenFile:
    """The token ids of m statements, mapped."""

    def __init__(self, path: Path) -> None:
        """Map what :func:`tokenise` wrote."""
        batches = list(_batches(path))
        lists = [batch.column("tokens") for batch in batches]
        self._values: list[Ids] = [item.values.to_numpy() for item in lists]
        self._offsets: list[NDArray[np.int32]] = [item.offsets.to_numpy() for item in lists]
        sizes = [np.diff(offsets) for offsets in self._offsets]
        self.lengths: Ints = np.concatenate([*sizes, np.zeros(0)]).astype(np.int64)
        """Tokens of each statement, (m,)."""
        cuts = [batch.column("cut").to_numpy(zero_copy_only=False) for batch in batches]
        self.cut: NDArray[np.bool_] = np.concatenate([*cuts, np.zeros(0, bool)])
        """Whether each was longer than the most allowed, (m,)."""

    def __getitem__(self, statement: int) -> Ids:
        """The ids of one statement; a view of the file."""
        batch, row = divmod(statement, _AT_ONCE)
        start, end = self._offsets[batch][row : row + 2]
        return self._values[batch][start:end]


def tokenise(
    problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: Limits, cache: Path | None
) -> TokenFile:
    """Token ids of all statements of all problems in their order, each ending in ``</s>``.

    ``cache``: the folder of token files; None is :func:`cache_folder`. Raises OutputError where
    it can't be written.
    """
    folder = cache or cache_folder()
    path = folder / f"{_digest(problems, tokenizer, limits)}.arrow"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write(path, problems, tokenizer, limits)
    except OSError as error:
        raise OutputError(
            f"the token cache {folder} can't be written, set UQA_CACHE to another folder: {error}"
        ) from error
    return TokenFile(path)


def cache_folder() -> Path:
    """``tokens`` in UQA_CACHE, or else in the user's cache; anything in it may be deleted."""
    root = os.environ.get("UQA_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "unifiedqa-convert") / "tokens"


def token_ids(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limits: Limits
) -> tuple[list[list[int]], list[bool]]:
    """The ids of each text, no start mark and ``</s>`` last; and which texts were cut.

    ``</s>``, where the model reads, always stays; so it is with T5 and LLaMA upstream.
    """
    if not texts:
        return [], []
    plain: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    room = limits.max_tokens - 1
    end = tokenizer.eos_token_id
    kept = [ids[-room:] if limits.cut == "start" else ids[:room] for ids in plain]
    return [[*ids, end] for ids in kept], [len(ids) > room for ids in plain]


def _write(
    path: Path, problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: Limits
) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:16]}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, pa.ipc.new_file(file, _SCHEMA) as writer:
            texts = (text for problem in problems for text in problem.texts)
            while chunk := list(islice(texts, _AT_ONCE)):
                ids, cut = token_ids(tokenizer, chunk, limits)
                columns = [pa.array(ids, _SCHEMA.field("tokens").type), pa.array(cut, pa.bool_())]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    for number in range(file.num_record_batches):
        yield file.get_batch(number)


def _digest(problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: Limits) -> str:
    # Truncation and padding are the tokenizer's last use, not its vocabulary.
    vocabulary = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary |= {"truncation": None, "padding": None}
    facts = [_VERSION, problems.digest(), *limits, tokenizer.eos_token_id, vocabulary]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
