"""Texts → token ids, in an Arrow file that is named by the digest of all it depends on.

The file is mapped into memory and written atomically: several processes may write the same one.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.storage import cache_folder, fsync
from vera_model.config import TrainConfig
from vera_model.data.problems import Ints, Problem, Problems

Ids = NDArray[np.int32]

_VERSION = 1  # of the digest
_AT_ONCE = 32_768  # statements per record batch
_SCHEMA = pa.schema(
    [
        pa.field("tokens", pa.list_(pa.int32()), nullable=False),
        pa.field("cut", pa.bool_(), nullable=False),
    ]
)


class TextLimits(NamedTuple):
    """How long a text may be, and where a longer one is cut."""

    max_tokens: int
    """``</s>`` included."""
    cut: Literal["start", "end"]
    """``start`` loses context, ``end`` (upstream) the statement."""


class TokenFile:
    """The token ids of m statements, mapped."""

    def __init__(self, path: Path) -> None:
        """Map a file that :func:`token_file` wrote."""
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
        batch, row = divmod(statement, _AT_ONCE)
        start, end = self._offsets[batch][row : row + 2]
        return self._values[batch][start:end]


def token_file(
    problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: TextLimits, cache: Path | None
) -> TokenFile:
    """Token ids of all statements of all problems in their order, each ending in ``</s>``.

    ``cache``: the folder of token files; None is ``tokens`` in the cache folder. Raises OutputError
    if it can't be written.
    """
    folder = cache or cache_folder() / "tokens"
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


def token_ids(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limits: TextLimits
) -> tuple[list[list[int]], list[bool]]:
    """The ids of each text, ``</s>`` last and no start token; and which texts were cut.

    ``</s>``, whose hidden state is read, is never cut, as upstream.
    """
    if not texts:
        return [], []
    plain: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    most = limits.max_tokens - 1
    end = tokenizer.eos_token_id
    kept = [ids[-most:] if limits.cut == "start" else ids[:most] for ids in plain]
    return [[*ids, end] for ids in kept], [len(ids) > most for ids in plain]


def _write(
    path: Path, problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: TextLimits
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
        fsync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    for number in range(file.num_record_batches):
        yield file.get_batch(number)


def _digest(problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: TextLimits) -> str:
    # The tokenizer keeps truncation and padding of its last call; they don't change the ids.
    vocabulary = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary |= {"truncation": None, "padding": None}
    facts = [_VERSION, problems.digest(), *limits, tokenizer.eos_token_id, vocabulary]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class TokenizedProblem(NamedTuple):
    """A problem with the kept statements only, and their token ids, ``</s>`` last in each."""

    problem: Problem
    tokens: tuple[Ids, ...]

    @property
    def labels(self) -> tuple[bool, ...]:
        """The labels of the statements kept."""
        return self.problem.labels

    @property
    def longest(self) -> int:
        """Tokens of the longest statement."""
        return max(map(len, self.tokens))


class TokenizedProblems(Sequence[TokenizedProblem]):
    """Problems as token ids, each read from the mapped files when it is indexed."""

    def __init__(self, problems: Problems, file: TokenFile, limit: int | None) -> None:
        """``limit``: the first statement and the next ``limit`` - 1 distractors are kept."""
        self._problems, self._file = problems, file
        self._starts: Ints = np.concatenate([[0], np.cumsum(problems.sizes())])
        self._most = _most_kept(problems, limit)
        self._kept = _first(self._starts, self._most)

    def __len__(self) -> int:
        return len(self._problems)

    @overload
    def __getitem__(self, index: int) -> TokenizedProblem: ...
    @overload
    def __getitem__(self, index: slice) -> list[TokenizedProblem]: ...
    def __getitem__(self, index: int | slice) -> TokenizedProblem | list[TokenizedProblem]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        start, end = int(self._starts[index]), int(self._starts[index + 1])
        kept = np.flatnonzero(self._kept[start:end])
        problem = self._problems.read(index, kept)
        return TokenizedProblem(problem, tuple(self._file[start + int(place)] for place in kept))

    def sampled(self, seed: int, epoch: int) -> "TokenizedProblems":
        """The same problems, with distractors drawn at random for this epoch."""
        drawn = TokenizedProblems.__new__(TokenizedProblems)
        drawn.__dict__.update(self.__dict__)
        drawn._kept = _drawn(self._starts, self._most, np.random.default_rng([seed, epoch, 1]))
        return drawn

    @property
    def statements(self) -> int:
        """Statements kept."""
        return int(self._kept.sum())

    @property
    def over_limit(self) -> int:
        """Statements left out because of the limit."""
        return len(self._kept) - self.statements

    @property
    def cut(self) -> int:
        """Kept statements that were cut to the maximum number of tokens."""
        return int((self._file.cut & self._kept).sum())

    def longest(self) -> Ints:
        """Tokens of the longest kept statement of each problem."""
        return self._reduced(np.maximum)

    def tokens(self) -> Ints:
        """Tokens of each problem, padding not counted."""
        return self._reduced(np.add)

    def _reduced(self, how: np.ufunc) -> Ints:
        lengths = np.where(self._kept, self._file.lengths, 0)
        reduced: Ints = how.reduceat(lengths, self._starts[:-1]) if len(self) else lengths
        return reduced


def tokenize(
    problems: Problems,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainConfig,
    limit: int | None,
) -> TokenizedProblems:
    """Tokenise all statements, once for all runs; keep ``limit`` of each problem (None: all)."""
    file = token_file(problems, tokenizer, TextLimits(config.max_tokens, config.cut), None)
    return TokenizedProblems(problems, file, limit)


def _most_kept(problems: Problems, limit: int | None) -> Ints:
    sizes = problems.sizes()
    if limit is None:
        return sizes
    # As upstream: a problem without a gold has one statement fewer, its distractors' limit stays.
    most = np.where(problems.first_labels(), limit, max(limit - 1, 1))
    return np.minimum(sizes, most)


def _first(starts: Ints, most: Ints) -> NDArray[np.bool_]:
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
    kept: NDArray[np.bool_] = place < np.repeat(most, np.diff(starts))
    return kept


def _drawn(starts: Ints, most: Ints, generator: np.random.Generator) -> NDArray[np.bool_]:
    """The first statement of each group, and others drawn at random."""
    sizes = np.diff(starts)
    group = np.repeat(np.arange(len(sizes)), sizes)
    keys = generator.random(len(group))
    keys[starts[:-1]] = -1
    order = np.lexsort((keys, group))
    kept = np.zeros(len(group), bool)
    kept[order] = _first(starts, most)
    return kept
