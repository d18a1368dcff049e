"""`uqa score`: how plausible sentences are, by a trained model."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch

from unifiedqa_convert.errors import ModelError
from vera_model.data.batching import pad_right
from vera_model.data.tokenized import Encoded, TextLimits, token_ids
from vera_model.embedded import is_language_model
from vera_model.model.initial_model import load_scorer
from vera_model.model.modeling_vera import VeraModel

_MOST_TOKENS = 16_384  # per batch: little memory in comparison with a model's


class Scored(NamedTuple):
    """The scores of one text."""

    text: str
    logit: float
    """The head's output; above 0: more likely true than false."""
    score: float
    """sigmoid(logit)."""
    calibrated: float
    """sigmoid(logit / temperature): the probability to report."""
    cut: bool
    """Whether the text was longer than the model's limit and was cut."""
    tokens: int
    """Tokens that the model gets, without the end token."""
    tokens_cut_off: int
    unknown_tokens: int
    """How many stand for characters that the model's vocabulary lacks."""
    same_tokens: bool
    """Whether another of the texts has the same tokens, and so the same score."""


class Scorer:
    """A loaded model that scores texts."""

    def __init__(self, path: Path) -> None:
        """Load the model (or the run's best model) at ``path``; ModelError if it can't be read."""
        self._path = path
        self.name = path.name if is_language_model(path) else "vera"
        """To show beside its scores."""
        self._model, self._tokenizer = load_scorer(path)
        self._model.to("cuda" if torch.cuda.is_available() else "cpu")  # type: ignore[arg-type]

    def token_digests(self, texts: Sequence[str]) -> list[str]:
        """A digest of the tokens that the model gets of each text: equal ones get one score."""
        ids = self._encoded(texts).ids
        return [sha256(",".join(map(str, row)).encode()).hexdigest()[:32] for row in ids]

    def _encoded(self, texts: Sequence[str]) -> Encoded:
        config = self._model.config
        return token_ids(self._tokenizer, texts, TextLimits(config.max_tokens, config.cut))

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score the texts, in their order; ModelError if a logit is not finite."""
        config, given = self._model.config, self._encoded(texts)
        ids = given.ids
        logits = torch.empty(len(texts), dtype=torch.float64)
        for places in _batches([len(row) for row in ids]):
            logits[places] = _logits(self._model, [ids[place] for place in places])
        if not logits.isfinite().all():
            raise ModelError(
                f"{self._path} gives logits that are not finite: use another checkpoint"
            )
        scores, calibrated = logits.sigmoid(), (logits / config.temperature).sigmoid()
        of_ids: dict[tuple[int, ...], set[str]] = {}
        for row, text in zip(ids, texts, strict=True):
            of_ids.setdefault(tuple(row), set()).add(text)
        columns = (
            *(logits.tolist(), scores.tolist(), calibrated.tolist(), map(bool, given.lost)),
            *([len(row) - 1 for row in ids], given.lost, given.unknown),
            [len(of_ids[tuple(row)]) > 1 for row in ids],
        )
        return [Scored(*row) for row in zip(texts, *columns, strict=True)]


def score_texts(path: Path, texts: Sequence[str], threads: int | None = None) -> list[Scored]:
    """Score texts with the model (or the run's best model) at ``path``, in their order.

    ``threads``: CPU threads, of this process from now on; None: as they are. Raises ModelError for
    a model that can't be read or whose logits are not finite.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    return Scorer(path).score(texts)


def score_lines(scored: Sequence[Scored]) -> str:
    """A table with one text per line, its numbers first."""
    lines = ["calibrated   score    logit  text"]
    lines += [
        f"{one.calibrated:10.4f} {one.score:7.4f} {one.logit:8.3f}  {one.text}" for one in scored
    ]
    return "\n".join(lines)


def score_warnings(scored: Sequence[Scored]) -> list[str]:
    """Lines about what the model does not see of the texts."""
    of, lines = f"of {len(scored)} texts", []
    if cut := sum(one.cut for one in scored):
        lost = sum(one.tokens_cut_off for one in scored)
        lines.append(
            f"{cut} {of} exceed the model's maximum length and were cut, by {lost} tokens in all"
        )
    if unknown := sum(one.unknown_tokens for one in scored):
        some, tokens = sum(one.unknown_tokens > 0 for one in scored), sum(o.tokens for o in scored)
        lines.append(
            f"{unknown} of {tokens} tokens are unknown to the model, in {some} {of}: it can't tell "
            "characters that its vocabulary lacks from each other"
        )
    if same := sum(one.same_tokens for one in scored):
        lines.append(f"{same} {of} have the same tokens as another one, and so the same score")
    return [f"WARNING: {line}" for line in lines]


def _logits(model: VeraModel, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    input_ids, mask = pad_right(rows, pad=0)  # the model ignores padding
    with torch.inference_mode():
        output = model(input_ids.to(model.device), mask.to(model.device))
    logits: torch.Tensor = output.raw_logits.double().cpu()
    return logits


def _batches(sizes: Sequence[int]) -> Iterable[list[int]]:
    """Indices sorted by size, in batches that stay within the limit when padded."""
    batch: list[int] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if batch and (len(batch) + 1) * sizes[place] > _MOST_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
