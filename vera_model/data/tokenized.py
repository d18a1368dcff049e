"""Texts → token ids, in an Arrow file that is named by the digest of all it depends on.

The file is mapped into memory and written atomically: several processes may write the same one.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.arrow_files import read_file
from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.storage import atomic_file, cache_folder
from vera_model.config import TrainConfig
from vera_model.data.problems import Ints, Problem, Problems
from vera_model.data.unseen import TokenCounts, unseen_by_task

Ids = NDArray[np.int32]

_VERSION = 2  # of the digest and the file
_AT_ONCE = 32_768  # statements per record batch
_SCHEMA = pa.schema(
    [
        pa.field("tokens", pa.list_(pa.int32()), nullable=False),
        pa.field("lost", pa.int32(), nullable=False),  # these four: see TokenCounts
        pa.field("own_cut", pa.bool_(), nullable=False),
        pa.field("unknown", pa.int32(), nullable=False),
        pa.field("same", pa.bool_(), nullable=False),
    ]
)


class TextLimits(NamedTuple):
    """How long a text may be, and where a longer one is cut."""

    max_tokens: int
    """``</s>`` included."""
    cut: Literal["start", "end"]
    """``start`` loses context, ``end`` (upstream) the statement."""


class Encoded(NamedTuple):
    """Texts as token ids."""

    ids: list[list[int]]
    """``</s>`` last in each."""
    lost: list[int]
    """How many were cut off."""
    edge: list[int]
    """The character at which a cut text begins or ends; 0 of others."""
    unknown: list[int]
    """How many stand for characters that the vocabulary lacks."""


class TokenFile:
    """The token ids of m statements, mapped."""

    def __init__(self, path: Path) -> None:
        """Map a file that :func:`token_file` wrote. SourceError if it is damaged."""
        batches = list(read_file(path, "delete it").batches)
        lists = [batch.column("tokens") for batch in batches]
        self._values: list[Ids] = [item.values.to_numpy() for item in lists]
        self._offsets: list[NDArray[np.int32]] = [item.offsets.to_numpy() for item in lists]
        sizes = [np.diff(offsets) for offsets in self._offsets]
        self.lengths: Ints = np.concatenate([*sizes, np.zeros(0)]).astype(np.int64)
        """Tokens of each statement, (m,)."""

        def column(name: str, kind: type) -> NDArray[Any]:
            parts = [batch.column(name).to_numpy(zero_copy_only=False) for batch in batches]
            return np.concatenate([*parts, np.zeros(0, kind)])

        self.counts = TokenCounts(
            tokens=self.lengths,
            lost=column("lost", np.int32),
            own_cut=column("own_cut", bool),
            unknown=column("unknown", np.int32),
            same=column("same", bool),
            answer_cut=np.zeros(len(self.lengths), bool),
        )
        """Of each statement, (m,)."""

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
        if not _is_whole(path, int(problems.sizes().sum()), len(tokenizer)):
            folder.mkdir(parents=True, exist_ok=True)
            _write(path, problems, tokenizer, limits)
    except OSError as error:
        raise OutputError(
            f"the token cache {folder} can't be written, set UQA_CACHE to another folder: {error}"
        ) from error
    return TokenFile(path)


def _is_whole(path: Path, statements: int, vocabulary: int) -> bool:
    """False for a file that is missing or damaged, which is written anew; a cache has no manifest.

    A changed id that the vocabulary has is not found.
    """
    try:
        found = list(read_file(path, "delete it").batches) if path.exists() else []
    except SourceError:
        return False
    ids = [pc.min_max(batch.column("tokens").values).as_py() for batch in found]
    known = all(
        one["max"] is not None and 0 <= one["min"] <= one["max"] < vocabulary for one in ids
    )
    return known and path.exists() and sum(batch.num_rows for batch in found) == statements


def token_ids(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limits: TextLimits
) -> Encoded:
    """The ids of each text, ``</s>`` last and no start token, and what is not in them.

    ``</s>``, whose hidden state is read, is never cut, as upstream.
    """
    if not texts:
        return Encoded([], [], [], [])
    # Not verbose: it warns of long texts, which are cut and told of by us.
    encoded = tokenizer(list(texts), add_special_tokens=False, verbose=False)
    plain: list[list[int]] = encoded["input_ids"]
    most = limits.max_tokens - 1
    end, unknown = tokenizer.eos_token_id, tokenizer.unk_token_id
    start = limits.cut == "start"
    kept = [ids[-most:] if start else ids[:most] for ids in plain]
    lost = [max(len(ids) - most, 0) for ids in plain]
    edge = [0] * len(texts)
    for row, more in enumerate(lost):
        if more:
            span = encoded.token_to_chars(row, more if start else most - 1)
            edge[row] = span.start if start else span.end
    return Encoded([[*ids, end] for ids in kept], lost, edge, [ids.count(unknown) for ids in kept])


def _write(
    path: Path, problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: TextLimits
) -> None:
    with atomic_file(path) as file, pa.ipc.new_file(file, _SCHEMA) as writer:
        for columns in _columns(problems, tokenizer, limits):
            arrays = map(pa.array, columns, _SCHEMA.types)
            writer.write_batch(pa.RecordBatch.from_arrays([*arrays], schema=_SCHEMA))


def _columns(
    problems: Problems, tokenizer: PreTrainedTokenizerBase, limits: TextLimits
) -> Iterator[tuple[Sequence[Any], ...]]:
    rows = ((problem, place) for problem in problems for place in range(len(problem.texts)))
    first: list[int] = []
    while chunk := list(islice(rows, _AT_ONCE)):
        texts = [problem.texts[place] for problem, place in chunk]
        ids, lost, edge, unknown = token_ids(tokenizer, texts, limits)
        own_cut, same = [], []
        for row, (problem, place) in enumerate(chunk):
            at_end = limits.cut == "end"
            own_cut.append(lost[row] > 0 and (at_end or edge[row] > problem.own_from))
            if place == 0:  # all others have the other label, if any has
                first = ids[row]
            same.append(problem.labels[place] != problem.labels[0] and ids[row] == first)
        yield ids, lost, own_cut, unknown, same


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
        self._places: Ints = np.arange(len(problems))
        self.over_limit = len(self._kept) - self.statements
        """Statements left out because of the limit."""

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> TokenizedProblem: ...
    @overload
    def __getitem__(self, index: slice) -> list[TokenizedProblem]: ...
    def __getitem__(self, index: int | slice) -> TokenizedProblem | list[TokenizedProblem]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        index = int(self._places[index])
        start, end = int(self._starts[index]), int(self._starts[index + 1])
        kept = np.flatnonzero(self._kept[start:end])
        problem = self._problems.read(index, kept)
        return TokenizedProblem(problem, tuple(self._file[start + int(place)] for place in kept))

    def sampled(self, seed: int, epoch: int) -> "TokenizedProblems":
        """The same problems, with distractors drawn at random for this epoch."""
        drawn = copy(self)
        drawn._kept = _drawn(self._starts, self._most, np.random.default_rng([seed, epoch, 1]))
        return drawn

    def told_apart(self) -> "TokenizedProblems":
        """Without the problems whose gold has the token ids of one of its distractors."""
        chosen = copy(self)
        alike = np.zeros(len(self._problems), bool)
        alike[self._of[self._file.counts.same]] = True
        chosen._places = np.flatnonzero(~alike)
        return chosen

    @property
    def unseen(self) -> dict[str, dict[str, int]]:
        """What is not seen of the kept statements, by dataset."""
        counts = self._file.counts
        same = counts.same.copy()
        same[self._starts[self._of[same]]] = True  # and the gold
        kept = TokenCounts(*(column[self._kept] for column in counts._replace(same=same)))
        tasks = self._problems.tasks()
        return unseen_by_task([tasks[of] for of in self._of[self._kept]], kept)

    @property
    def _of(self) -> Ints:
        """Which problem each statement is of."""
        return np.repeat(np.arange(len(self._problems)), np.diff(self._starts))

    @property
    def statements(self) -> int:
        """Statements kept."""
        return int(self._reduced(np.add, self._kept.astype(np.int64)).sum())

    @property
    def cut(self) -> int:
        """Kept statements that were cut to the maximum number of tokens."""
        return int(self._reduced(np.add, np.sign(self._file.counts.lost)).sum())

    def longest(self) -> Ints:
        """Tokens of the longest kept statement of each problem."""
        return self._reduced(np.maximum, self._file.lengths)

    def tokens(self) -> Ints:
        """Tokens of each problem, padding not counted."""
        return self._reduced(np.add, self._file.lengths)

    def _reduced(self, how: np.ufunc, values: Ints) -> Ints:
        """Of the kept statements of each problem."""
        kept = np.where(self._kept, values, 0)
        reduced: Ints = how.reduceat(kept, self._starts[:-1]) if len(self._problems) else kept
        return reduced[self._places]


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
