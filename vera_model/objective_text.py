"""The text objective: a seq2seq T5 writes a record's output from its input."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from vera_model.batches import Encoded, epoch_batches, pad_right
from vera_model.checkpoint import write_model
from vera_model.config import TrainConfig
from vera_model.evaluate import shared, summarise
from vera_model.objective import Chosen, Outcome, choose_accuracy
from vera_model.problems import Problem
from vera_model.processes import Processes
from vera_model.text_metrics import summarise_answers
from vera_model.text_records import TextRecord, by_example
from vera_model.tokens import Limits, token_ids

_IGNORED = -100  # a target that adds nothing to the loss


class Pair(NamedTuple):
    """A record as token ids, each ending in ``</s>``."""

    record: TextRecord
    source: Sequence[int]
    target: Sequence[int]


class Pairs(Sequence[Pair]):
    """All records as token ids, with what :func:`epoch_batches` asks of them."""

    def __init__(
        self, records: Sequence[TextRecord], tokenizer: PreTrainedTokenizerBase, most: int
    ) -> None:
        """Cut each text to ``most`` tokens at its end: a question stands at the start."""
        limits = Limits(most, "end")
        sources, cut = token_ids(tokenizer, [record.input for record in records], limits)
        targets, _ = token_ids(tokenizer, [record.output for record in records], limits)
        self._pairs = [Pair(*one) for one in zip(records, sources, targets, strict=True)]
        self.cut = sum(cut)

    def __len__(self) -> int:
        """Records."""
        return len(self._pairs)

    def __getitem__(self, index: Any) -> Any:
        """Read one pair, or some."""
        return self._pairs[index]

    def longest(self) -> NDArray[np.int64]:
        """Tokens of each input."""
        return np.array([len(pair.source) for pair in self._pairs], np.int64)

    def tokens(self) -> NDArray[np.int64]:
        """Tokens of each input and output together."""
        return np.array([len(p.source) + len(p.target) for p in self._pairs], np.int64)


class TextObjective:
    """Records, tokenised; see :class:`vera_model.objective.Objective`."""

    def __init__(
        self,
        config: TrainConfig,
        tokenizer: PreTrainedTokenizerBase,
        holdout: tuple[Sequence[TextRecord], Sequence[TextRecord]],
        processes: Processes,
    ) -> None:
        """Tokenise what is trained and evaluated on."""
        self.config, self.tokenizer, self.processes = config, tokenizer, processes
        self.train, self.evaluation = (
            Pairs(records, tokenizer, config.max_tokens) for records in holdout
        )
        self._pad: int = tokenizer.pad_token_id

    def batches(self, epoch: int) -> Sequence[Sequence[Pair]]:
        """Inputs of like length share a batch."""
        config = self.config
        pairs = cast("Any", self.train)  # it has the three methods that are asked for
        size, most = config.batch_size, config.batch_tokens
        batches: Any = epoch_batches(pairs, size, config.seed, epoch, most_tokens=most)
        return cast("Sequence[Sequence[Pair]]", batches)

    def loss(self, model: nn.Module, batch: Sequence[Pair]) -> Outcome:
        """Mean cross-entropy of the batch's target tokens."""
        share = self.processes.share(len(batch))
        mine = [batch[item] for item in share.items]
        logits, targets = self._run(model, mine)
        losses = functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), ignore_index=_IGNORED, reduction="sum"
        )
        count = sum(len(pair.target) for pair in batch)
        loss = losses * float(share.counted) / count
        right = ((logits.argmax(dim=-1) == targets) | (targets == _IGNORED)).all(dim=1)
        return Outcome(
            loss=self.processes.gradient_of(loss, ()),
            values=partial(self._values, loss.detach(), right.sum() * share.counted, len(batch)),
            problems=len(batch),
            tokens=sum(len(pair.source) + len(pair.target) for pair in batch),
        )

    def may_go_on(self, values: dict[str, float]) -> bool:
        """Every loss is finite."""
        return bool(np.isfinite(values["loss"]))

    def evaluate(self, model: nn.Module) -> dict[str, Any]:
        """UnifiedQA's metrics of greedy answers; or Vera's, of the statements' scores."""
        model.eval()
        records = [pair.record for pair in self.evaluation]
        if self.config.records == "question":
            answers = self._by_batch(partial(self._answers, model))
            upstream = self.config.recipe == "vera"
            return summarise_answers(records, answers, upstream=upstream)
        logits = self._by_batch(partial(self._yes_over_no, model))
        return _as_groups(records, np.array(logits))

    def choose(self, metrics: dict[str, Any]) -> Chosen:
        """As Vera's; F1 where nothing is a choice."""
        return choose_accuracy(metrics, ("auroc", "statement_accuracy", "f1"))

    def save(self, folder: Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
        """A T5's folder."""
        write_model(folder, model, self.tokenizer, weights)

    def describe(self) -> dict[str, Any]:
        """Records of both parts."""
        return {
            "groups": {"trained_on": len(self.train), "evaluated_on": len(self.evaluation)},
            "statements": {
                "cut_to_max_tokens": {
                    "trained_on": self.train.cut,
                    "evaluated_on": self.evaluation.cut,
                }
            },
            "left_out": {},
        }

    def _run(self, model: nn.Module, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """Logits (n, M, V) and target ids (n, M), teacher-forced."""
        device = self.processes.device
        ids, mask = pad_right([pair.source for pair in pairs], self._pad)
        targets, real = pad_right([pair.target for pair in pairs], self._pad)
        start = torch.full_like(targets[:, :1], self._pad)  # T5 begins to write after padding
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
        """Run over the evaluation's pairs, batched by length; results in the pairs' order."""
        order = np.argsort(self.evaluation.longest(), kind="stable")
        size = self.config.eval_batch_size
        batches = [order[at : at + size].tolist() for at in range(0, len(order), size)]
        found: dict[int, Any] = {}
        for number, counted in shared(len(batches), self.processes):
            with torch.no_grad():
                results = run([self.evaluation[place] for place in batches[number]])
            if counted:
                found.update(zip(batches[number], results, strict=True))
        for theirs in self.processes.all(found):
            found |= theirs
        return [found[place] for place in range(len(order))]

    def _answers(self, model: nn.Module, pairs: Sequence[Pair]) -> list[str]:
        ids, mask = pad_right([pair.source for pair in pairs], self._pad)
        device = self.processes.device
        written = self.processes.accelerator.unwrap_model(model).generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=self.config.max_tokens,
            do_sample=False,
            num_beams=1,
        )
        texts: list[str] = self.tokenizer.batch_decode(written, skip_special_tokens=True)
        return texts

    def _yes_over_no(self, model: nn.Module, pairs: Sequence[Pair]) -> list[float]:
        """logit(yes) - logit(no); of words that are several pieces, the sums of their log-odds."""
        sums = []
        for word in ("yes", "no"):
            pieces: list[int] = self.tokenizer(word, add_special_tokens=False)["input_ids"]
            given = [pair._replace(target=pieces) for pair in pairs]
            logits, targets = self._run(model, given)
            log_odds = logits.float().log_softmax(dim=-1)
            sums.append(log_odds.gather(2, targets[:, :, None]).sum(dim=(1, 2)))
        difference: list[float] = (sums[0] - sums[1]).tolist()
        return difference


def _as_groups(records: Sequence[TextRecord], logits: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Vera's metrics: the statements of an example are a group, its first gold before the rest."""
    problems, rows = [], []
    for places in by_example(records):
        golds = [place for place in places if records[place].label]
        others = [place for place in places if not records[place].label]
        chosen = [*golds[:1], *others]
        first = records[places[0]]
        problem = Problem(
            task=first.task,
            split=first.split,
            id=first.group,
            is_choice=first.is_choice and bool(golds) and len(chosen) > 1,
            texts=tuple(records[place].input for place in chosen),
            labels=tuple(records[place].label for place in chosen),
            numbers=tuple(places.index(place) for place in chosen),
            partition=first.partition,
        )
        problems.append(Encoded(problem, ()))
        rows.append(logits[chosen])
    return summarise(problems, rows)
