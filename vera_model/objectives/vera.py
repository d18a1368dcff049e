"""Vera's objective: an encoder scores statements; losses and metrics are those of groups."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from vera_model.config import TrainConfig
from vera_model.data.batching import Batch, batches_of, collate
from vera_model.data.loading import Holdout
from vera_model.data.problems import Problems
from vera_model.data.tokenized import TokenizedProblem, tokenize
from vera_model.distributed import Processes
from vera_model.metrics.functions import problem_correct
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.scoring import predict, score_problems
from vera_model.metrics.summary import summarise
from vera_model.model.saving import write_model
from vera_model.objectives.base import (
    SAME_TOKENS,
    BestMetric,
    ForwardPass,
    choose_accuracy,
    no_problem_told_apart,
)
from vera_model.objectives.loss import Loss, to_grid, vera_loss
from vera_model.objectives.upstream_evaluation import choose_as_upstream, evaluate_as_upstream
from vera_model.run_folder import PREDICTIONS


class VeraObjective:
    """Groups of statements, tokenised; see :class:`vera_model.objectives.base.Objective`."""

    def __init__(
        self,
        config: TrainConfig,
        tokenizer: PreTrainedTokenizerBase,
        holdout: Holdout[Problems],
        processes: Processes,
    ) -> None:
        """Tokenise both parts."""
        self.config, self.tokenizer, self.processes = config, tokenizer, processes
        given = tokenize(holdout.train, tokenizer, config, config.train_statements)
        # As equal sentences with different labels; upstream trains on both.
        self.train = given.told_apart() if config.recipe == "clean" else given
        self._alike = (len(given) - len(self.train), given.statements - self.train.statements)
        if len(given) and not len(self.train):
            raise no_problem_told_apart(len(given))
        self.evaluation = tokenize(holdout.evaluation, tokenizer, config, config.eval_statements)
        self.unseen = {"trained_on": given.unseen, "evaluated_on": self.evaluation.unseen}
        self._pad = tokenizer.pad_token_id or 0  # if it has none: what stands there is masked
        self.predictions: Predictions | None = None
        """Of the last evaluation; None after another update."""

    def batches(self, epoch: int) -> Sequence[Sequence[TokenizedProblem]]:
        """See :func:`vera_model.data.batching.batches_of`."""
        return batches_of(self.config, self.train, epoch)

    def loss(self, model: nn.Module, batch: Sequence[TokenizedProblem]) -> ForwardPass:
        """The loss of the whole batch, with the gradient of this process's share."""
        self.predictions = None
        share = self.processes.share(len(batch))
        mine = collate([batch[item] for item in share.items], self._pad)
        whole = (mine if self.processes.number == 1 else collate(batch, self._pad)).to(
            self.processes.device
        )
        given = mine.to(self.processes.device)
        output = model(given.input_ids, given.attention_mask)
        rows = self._rows(batch)
        logits = to_grid(self.processes.gather(output.raw_logits, rows), whole.mask)
        hidden = to_grid(self.processes.gather(output.hidden, rows), whole.mask)
        loss = self._vera_loss(logits, hidden, whole)
        return ForwardPass(
            loss=self.processes.scale(loss.total),
            values=partial(self._values, _detached(loss), logits.detach(), whole),
            problems=len(batch),
            tokens=sum(len(row) for problem in batch for row in problem.tokens),
        )

    def is_finite(self, values: dict[str, float]) -> bool:
        """Whether the loss is finite; upstream's without its contrastive part, often infinite."""
        upstream = self.config.contrastive_labels == "upstream"
        return math.isfinite(values["loss_scoring" if upstream else "loss"])

    def evaluate(self, model: nn.Module) -> dict[str, Any]:
        """Metrics by task, by partition and overall; under recipe ``vera`` upstream's too."""
        problems = self.evaluation
        if self.config.recipe == "vera":
            self.predictions, metrics = evaluate_as_upstream(
                model, problems, self.config, self._pad, self._vera_loss
            )
            return metrics
        logits = score_problems(
            model,
            problems,
            batch_size=self.config.eval_batch_size,
            pad=self._pad,
            processes=self.processes,
        )
        self.predictions = predict(problems, logits)
        return summarise(self.predictions)

    def choose(self, metrics: dict[str, Any]) -> BestMetric:
        """As upstream; AUROC if there is no choice."""
        if metrics.get("upstream"):
            return choose_as_upstream(metrics["upstream"])
        return choose_accuracy(metrics, ("auroc", "statement_accuracy"))

    def save(self, folder: Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
        """Write a Vera model's folder, with the predictions of an evaluation just before."""
        write_model(folder, model, self.tokenizer, weights)
        if self.predictions is not None:
            self.predictions.write(folder / PREDICTIONS)

    def describe(self) -> dict[str, Any]:
        """Groups and statements of both parts."""
        return {
            "groups": {
                "trained_on": len(self.train),
                "evaluated_on": len(self.evaluation),
            },
            "dropped": {SAME_TOKENS: self._alike[0]},
            "unseen": {"max_tokens": self.config.max_tokens, **self.unseen},
            "statements": {
                "trained_on": self.train.statements,
                "evaluated_on": self.evaluation.statements,
                "cut_to_max_tokens": {
                    "trained_on": self.train.cut,
                    "evaluated_on": self.evaluation.cut,
                },
            },
            "left_out": {
                "over the limit per group": self.train.over_limit + self.evaluation.over_limit,
                SAME_TOKENS: self._alike[1],
            },
        }

    def _rows(self, batch: Sequence[TokenizedProblem]) -> list[list[int]]:
        """The rows of the batch's statements that each process computes."""
        ends = np.cumsum([len(problem.tokens) for problem in batch])
        shares = [self.processes.share(len(batch), index) for index in range(self.processes.number)]
        return [
            [row for item in share.items for row in _range(batch, ends, item)]
            if share.counted
            else []
            for share in shares
        ]

    def _vera_loss(self, logits: Tensor, hidden: Tensor, batch: Batch) -> Loss:
        config = self.config
        return vera_loss(
            logits,
            hidden,
            batch.labels,
            batch.mask,
            batch.is_choice,
            scoring=config.scoring,
            contrastive=config.contrastive,
            contrastive_labels=config.contrastive_labels,
            temperature=config.temperature,
            weight=config.contrastive_weight,
        )

    def _values(self, loss: Loss, logits: Tensor, batch: Batch) -> dict[str, float]:
        arrays = (logits.float(), batch.labels, batch.mask, batch.is_choice)
        numbers = [array.cpu().numpy() for array in arrays]
        if self.config.recipe == "vera":  # upstream counts every yes/no statement as right
            right = np.where(numbers[2], numbers[0], -np.inf).argmax(axis=1) == 0
        else:
            right = problem_correct(*numbers)
        return {
            "loss": loss.total.item(),
            "loss_scoring": loss.scoring.item(),
            "loss_contrastive": loss.contrastive.item(),
            "accuracy": float(right.mean()),
        }


def _range(batch: Sequence[TokenizedProblem], ends: Any, item: int) -> range:
    return range(int(ends[item]) - len(batch[item].tokens), int(ends[item]))


def _detached(loss: Loss) -> Loss:
    return Loss(*(part.detach() for part in loss))
