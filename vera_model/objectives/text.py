"""The text objective: a seq2seq T5 generates a record's output from its input."""

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.errors import ModelError, UsageError
from vera_model.config import TrainConfig
from vera_model.data.batching import Batches, epoch_batches, pad_right
from vera_model.data.loading import Holdout
from vera_model.data.mixing import Mixture
from vera_model.data.problems import Problem
from vera_model.data.text_records import TextExamples, TextRecord, write_answers
from vera_model.data.tokenized import Encoded, Ids, TextLimits, TokenizedProblem, token_ids
from vera_model.data.unseen import TokenCounts, unseen_by_task
from vera_model.distributed import Processes
from vera_model.metrics.answers import summarise_answers
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.scoring import predict, shared
from vera_model.metrics.summary import summarise
from vera_model.model.saving import write_model
from vera_model.objectives.base import (
    SAME_TOKENS,
    BestMetric,
    ForwardPass,
    choose_accuracy,
    no_problem_told_apart,
)
from vera_model.run_folder import ANSWERS, PREDICTIONS

_IGNORED = -100  # a target that adds nothing to the loss
_AT_ONCE = 4096  # texts that are tokenised together


class Pair(NamedTuple):
    """A record as token ids, each ending in ``</s>``."""

    record: TextRecord
    source: Sequence[int] | Ids
    target: Sequence[int] | Ids


class Pairs(Sequence[Pair]):
    """All records as token ids, with the interface that :func:`epoch_batches` needs."""

    def __init__(
        self, records: Sequence[TextRecord], tokenizer: PreTrainedTokenizerBase, most: int
    ) -> None:
        """Cut each text to ``most`` tokens at its end, where a context is."""
        limits = TextLimits(most, "end")
        sources, given = _encoded(tokenizer, [record.input for record in records], limits)
        targets, answers = _encoded(tokenizer, [record.output for record in records], limits)
        self._pairs = [Pair(*one) for one in zip(records, sources, targets, strict=True)]
        cuts = list(zip(records, given.lost, given.edge, strict=True))
        alike = [*_alike_statements(self._pairs)]
        alike += _alike_choices(self._pairs, answers.unknown, tokenizer)
        self._same = np.zeros(len(records), bool)
        self._same[alike] = True
        self._counts = TokenCounts(
            tokens=self.longest(),
            lost=np.array(given.lost, np.int64),
            own_cut=np.array([lost > 0 and edge < _own_end(one) for one, lost, edge in cuts], bool),
            unknown=np.array(given.unknown, np.int64) + np.array(answers.unknown, np.int64),
            same=self._same,
            answer_cut=np.array(answers.lost, bool)
            | np.array([lost > 0 and _answer_after(one, edge) for one, lost, edge in cuts], bool),
        )
        self.cut = int(np.count_nonzero(given.lost))

    def told_apart(self) -> "Pairs":
        """Without the records that have the tokens of another answer's."""
        chosen = copy(self)
        pairs = zip(self._pairs, self._same, strict=True)
        chosen._pairs = [pair for pair, same in pairs if not same]
        return chosen

    @property
    def unseen(self) -> dict[str, dict[str, int]]:
        """What is not seen of the records, by dataset."""
        return unseen_by_task([pair.record.task for pair in self._pairs], self._counts)

    @property
    def own_cut(self) -> list[TextRecord]:
        """The records of which more than context is cut off."""
        return [self._pairs[place].record for place in np.flatnonzero(self._counts.own_cut)]

    @property
    def groups(self) -> int:
        """Examples that have a record here."""
        return len({pair.record[:3] for pair in self._pairs})

    def tasks(self) -> list[str]:
        """Each record's dataset."""
        return [pair.record.task for pair in self._pairs]

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: Any) -> Any:
        return self._pairs[index]

    def longest(self) -> NDArray[np.int64]:
        """Tokens of each input."""
        return np.array([len(pair.source) for pair in self._pairs], np.int64)

    def tokens(self) -> NDArray[np.int64]:
        """Tokens of each input and output together."""
        return np.array([len(p.source) + len(p.target) for p in self._pairs], np.int64)


class TextObjective:
    """Records, tokenised; see :class:`vera_model.objectives.base.Objective`."""

    def __init__(
        self,
        config: TrainConfig,
        tokenizer: PreTrainedTokenizerBase,
        holdout: Holdout[TextExamples],
        processes: Processes,
    ) -> None:
        """Tokenise both parts. UsageError for questions under FSDP."""
        if processes.sharded and config.records == "question":
            raise UsageError(
                "a model that FSDP shards can't generate answers: train on questions without "
                "--config_file fsdp.yaml, or on --records declarative"
            )
        self.config, self.tokenizer, self.processes = config, tokenizer, processes
        self.holdout = holdout
        given, self.evaluation = (
            Pairs(examples.records(), tokenizer, config.max_tokens) for examples in holdout
        )
        self.unseen = {"trained_on": given.unseen, "evaluated_on": self.evaluation.unseen}
        self.train = given
        if config.recipe == "clean":  # UnifiedQA cuts all at the end, and trains on all
            _check_contexts_only_cut(given, self.evaluation, tokenizer, config.max_tokens)
            self.train = given.told_apart()
            if len(given) and not len(self.train):
                raise no_problem_told_apart(given.groups)
        self._alike = (given.groups - self.train.groups, len(given) - len(self.train))
        self.mixture = Mixture(
            self.train.tasks(), config.mix, config.mix_limit, config.mix_together
        )
        self.answers: list[str] | None = None
        """Of the last evaluation, in its order, unless the model was trained since."""
        self.predictions: Predictions | None = None
        """As ``answers``, of statements."""
        if tokenizer.pad_token_id is None:
            raise ModelError("the model's tokenizer has no padding token: copy the model again")
        self._pad: int = tokenizer.pad_token_id

    def batches(self, epoch: int) -> Sequence[Sequence[Pair]]:
        """Batches of similar input lengths; with shares of the datasets, see :class:`Mixture`."""
        return cast("Sequence[Sequence[Pair]]", self._batches(epoch))

    def seen(self, epoch: int, batch: int) -> dict[str, Any]:
        """The mixture, and what was seen of each dataset before this batch of this epoch."""
        counts = self.mixture.per_epoch * epoch
        return self.mixture.describe(
            counts + self.mixture.count(self._batches(epoch)[:batch].members)
        )

    def loss(self, model: nn.Module, batch: Sequence[Pair]) -> ForwardPass:
        """Mean cross-entropy of the batch's target tokens."""
        self.answers = self.predictions = None
        share = self.processes.share(len(batch))
        mine = [batch[item] for item in share.items]
        logits, targets = self._run(model, mine)
        losses = functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), ignore_index=_IGNORED, reduction="sum"
        )
        count = sum(len(pair.target) for pair in batch)
        loss = losses * float(share.counted) / count
        right = ((logits.argmax(dim=-1) == targets) | (targets == _IGNORED)).all(dim=1)
        return ForwardPass(
            loss=self.processes.scale(loss),
            values=partial(self._values, loss.detach(), right.sum() * share.counted, len(batch)),
            problems=len(batch),
            tokens=sum(len(pair.source) + len(pair.target) for pair in batch),
        )

    def is_finite(self, values: dict[str, float]) -> bool:
        """Whether the loss is finite."""
        return bool(np.isfinite(values["loss"]))

    def evaluate(self, model: nn.Module) -> dict[str, Any]:
        """UnifiedQA's metrics of greedy answers to questions; Vera's of the statements' scores."""
        model.eval()
        examples = self.holdout.evaluation
        if self.config.records == "question":
            self.answers = self._by_batch(partial(self._answers, model))
            upstream = self.config.recipe == "vera"
            return summarise_answers(examples.records(), self.answers, upstream=upstream)
        logits = self._by_batch(partial(self._yes_over_no, model))
        self.predictions = _as_groups(examples, np.array(logits))
        return summarise(self.predictions)

    def choose(self, metrics: dict[str, Any]) -> BestMetric:
        """As Vera's objective; with other questions than choices the mean over the datasets, of
        choice accuracy where all questions have choices, else of F1."""
        tasks = metrics["tasks"].values()
        if self.config.records == "declarative" or all(_all_choices(one) for one in tasks):
            return choose_accuracy(metrics, ("auroc", "statement_accuracy"))
        values = [one["choice_accuracy" if _all_choices(one) else "f1"] for one in tasks]
        name = "choice_accuracy_or_f1_of_tasks" if any(map(_all_choices, tasks)) else "f1_of_tasks"
        return BestMetric(name, sum(values) / len(values))

    def save(self, folder: Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
        """Write a T5's folder, with the answers or predictions of an evaluation just before."""
        self.tokenizer.model_max_length = self.config.max_tokens  # evaluated with the same
        write_model(folder, model, self.tokenizer, weights)
        self.write_answers(folder)
        if self.predictions is not None:
            self.predictions.write(folder / PREDICTIONS)

    def write_answers(self, folder: Path) -> None:
        """Write the last evaluation's answers, if it was of questions."""
        if self.answers is not None:
            write_answers(folder / ANSWERS, self.holdout.evaluation.records(), self.answers)

    def describe(self) -> dict[str, Any]:
        """Examples and statements of both parts."""
        of_statements = self.config.records == "declarative"
        return {
            "groups": {
                "trained_on": self.train.groups,
                "evaluated_on": len(self.holdout.evaluation),
            },
            "dropped": {SAME_TOKENS: self._alike[0]},
            "statements": {
                "trained_on": len(self.train) * of_statements,
                "evaluated_on": len(self.evaluation) * of_statements,
                "cut_to_max_tokens": {
                    "trained_on": self.train.cut,
                    "evaluated_on": self.evaluation.cut,
                },
            },
            "left_out": {SAME_TOKENS: self._alike[1] * of_statements},
            "unseen": {"max_tokens": self.config.max_tokens, **self.unseen},
        }

    def _batches(self, epoch: int) -> Batches:
        config = self.config
        pairs = cast("Any", self.train)  # it has the methods that are needed
        size, most = config.batch_size, config.batch_tokens
        mixture = None if self.mixture.is_plain else self.mixture
        return epoch_batches(pairs, size, config.seed, epoch, most_tokens=most, mixture=mixture)

    def _run(self, model: nn.Module, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """Logits (n, M, V) under teacher forcing, and target ids (n, M)."""
        device = self.processes.device
        ids, mask = pad_right([pair.source for pair in pairs], self._pad)
        targets, real = pad_right([pair.target for pair in pairs], self._pad)
        start = torch.full_like(targets[:, :1], self._pad)  # T5's start token is its padding
        shifted = torch.cat([start, targets[:, :-1]], dim=1)
        output = model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            decoder_input_ids=shifted.to(device),
        )
        return output.logits, targets.masked_fill(real == 0, _IGNORED).to(device)

    def _values(self, loss: Tensor, right: Tensor, records: int) -> dict[str, float]:
        summed = self.processes.sum(np.array([loss.item(), right.item()]))
        return {"loss": float(summed[0]), "accuracy": float(summed[1]) / records}

    def _by_batch(self, run: Any) -> list[Any]:
        """``run`` on the evaluation's pairs, batched by length; results in the pairs' order."""
        order = np.argsort(self.evaluation.longest(), kind="stable")
        size = self.config.eval_batch_size
        batches = [order[at : at + size].tolist() for at in range(0, len(order), size)]
        found: dict[int, Any] = {}
        for number, counted in shared(len(batches), self.processes):
            with torch.no_grad():
                results = run([self.evaluation[place] for place in batches[number]])
            if counted:
                found.update(zip(batches[number], results, strict=True))
        for other in self.processes.all(found):
            found |= other
        return [found[place] for place in range(len(order))]

    def _answers(self, model: nn.Module, pairs: Sequence[Pair]) -> list[str]:
        ids, mask = pad_right([pair.source for pair in pairs], self._pad)
        device = self.processes.device
        generated = self.processes.accelerator.unwrap_model(model).generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=self.config.max_tokens,
            do_sample=False,
            num_beams=1,
        )
        texts: list[str] = self.tokenizer.batch_decode(generated, skip_special_tokens=True)
        return texts

    def _yes_over_no(self, model: nn.Module, pairs: Sequence[Pair]) -> list[float]:
        """logit(yes) - logit(no); of words of several pieces, sums of log-probabilities."""
        sums = []
        for word in ("yes", "no"):
            pieces: list[int] = self.tokenizer(word, add_special_tokens=False)["input_ids"]
            given = [pair._replace(target=pieces) for pair in pairs]
            logits, targets = self._run(model, given)
            log_probs = logits.float().log_softmax(dim=-1)
            sums.append(log_probs.gather(2, targets[:, :, None]).sum(dim=(1, 2)))
        difference: list[float] = (sums[0] - sums[1]).tolist()
        return difference


def _encoded(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limits: TextLimits
) -> tuple[list[Ids], Encoded]:
    """The ids of each text, (n,), and the counts of :func:`token_ids`.

    Some texts at a time: until it is read, an encoding takes much more memory than its ids.
    """
    ids: list[Ids] = []
    counts = Encoded([], [], [], [])
    for at in range(0, len(texts), _AT_ONCE):
        part = token_ids(tokenizer, texts[at : at + _AT_ONCE], limits)
        ids += [np.array(one, np.int32) for one in part.ids]
        for column, more in zip(counts[1:], part[1:], strict=True):
            column.extend(more)
    return ids, counts


def _all_choices(measured: dict[str, Any]) -> bool:
    return bool(measured["choice_records"] == measured["records"])


def _own_end(record: TextRecord) -> int:
    """Where the question and its choices end, or the statement."""
    return len(record.input) if record.context_at is None else record.context_at


def _answer_after(record: TextRecord, edge: int) -> bool:
    """Whether the answer stands in the input, but only after the character ``edge``."""
    text, answer = record.input.casefold(), record.output.casefold()
    return not record.is_choice and answer in text and answer not in record.input[:edge].casefold()


def _alike_statements(pairs: Sequence[Pair]) -> Iterator[int]:
    """The records of an example that have the token ids of another one with another label."""
    for _, own in groupby(range(len(pairs)), key=lambda place: pairs[place].record[:3]):
        places = list(own)
        if len(places) > 1:
            labels: dict[tuple[int, ...], set[str]] = {}
            for place in places:
                ids = tuple(pairs[place].source)
                labels.setdefault(ids, set()).add(pairs[place].record.output)
            yield from (at for at in places if len(labels[tuple(pairs[at].source)]) > 1)


def _alike_choices(
    pairs: Sequence[Pair], unknown: Sequence[int], tokenizer: PreTrainedTokenizerBase
) -> Iterator[int]:
    """The questions whose answer has the token ids of a wrong choice: it has unknown tokens."""
    for place, pair in enumerate(pairs):
        record = pair.record
        if unknown[place] and record.is_choice and record.golds:
            ids = tokenizer([*record.options], add_special_tokens=False)["input_ids"]
            golds = [ids[gold] for gold in record.golds]
            if any(one in golds for at, one in enumerate(ids) if at not in record.golds):
                yield place


def _check_contexts_only_cut(
    train: Pairs, evaluation: Pairs, tokenizer: PreTrainedTokenizerBase, most: int
) -> None:
    """Raise UsageError where more than context is cut off."""
    named = [("training", one) for one in train.own_cut]
    named += [("evaluation", one) for one in evaluation.own_cut]
    if named:
        counts = Counter(f"{part} records of {one.task}" for part, one in named)
        own = [one.input[: _own_end(one)] for _, one in named]
        ids = tokenizer(own, add_special_tokens=False, verbose=False)["input_ids"]
        longest = max(map(len, ids))
        raise UsageError(
            f"{', '.join(f'{count} {what}' for what, count in counts.items())} have more than "
            f"{most} tokens without their context (the first is {named[0][1].group} of "
            f"{named[0][1].split}): their choices or statements would be cut. Give --max-tokens "
            f"{longest + 1}, or leave these rows out"
        )


def _as_groups(examples: TextExamples, logits: NDArray[np.floating[Any]]) -> Predictions:
    """For Vera's metrics: an example's statements are a group, with its first gold first."""
    problems, rows = [], []
    start = 0
    for name, (records,) in zip(examples.names(), examples, strict=True):
        golds = [place for place, record in enumerate(records) if record.label]
        others = [place for place, record in enumerate(records) if not record.label]
        chosen = [*golds[:1], *others]
        problem = Problem(
            *name,
            is_choice=records[0].is_choice and bool(golds) and len(chosen) > 1,
            texts=tuple(records[place].input for place in chosen),
            labels=tuple(records[place].label for place in chosen),
            numbers=tuple(chosen),
            partition=records[0].partition,
        )
        problems.append(TokenizedProblem(problem, ()))
        rows.append(logits[start : start + len(records)][chosen])
        start += len(records)
    return predict(problems, rows)
