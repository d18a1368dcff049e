"""The training loop: updates, and between them evaluations, checkpoints, and stop signals.

``done`` counts updates. Under recipe ``clean`` evaluation and checkpoint number k follow update k
(counted from 1). Under ``vera``, as upstream, they come before update k, counted from 0, and one
more update than ``steps`` is made, which is never saved.
"""

import math
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, ClassVar, Self

from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import get_scheduler

from unifiedqa_convert.errors import ModelError, UqaError
from unifiedqa_convert.storage import write_json
from vera_model.config import TrainConfig
from vera_model.distributed import Processes
from vera_model.model.lora import write_lora
from vera_model.objectives.base import BestMetric, ForwardPass, Objective
from vera_model.run_folder import METRICS
from vera_model.training.checkpoints import Checkpoints, Resumed
from vera_model.training.progress import TrainingProgress
from vera_model.training.tracking import Tracking
from vera_model.training.training_state import (
    FOLDER,
    Evaluation,
    Generators,
    Position,
    TrainingState,
    optimizer_tensors,
    restore_optimizer,
    write_state,
)

_NAMES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


def optimiser(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Adam without weight decay, as upstream; ``fused`` gives the same numbers in one kernel."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    return Adam(trained, lr=config.lr, fused=config.fused)


def schedule(optimizer: Optimizer, config: TrainConfig, updates: int) -> LRScheduler:
    """The learning rate over ``updates`` updates: warm-up, then the decay."""
    built: LRScheduler = get_scheduler(
        _NAMES[config.decay],
        optimizer,
        num_warmup_steps=config.warmup,
        num_training_steps=updates,
    )
    return built


def resume_schedule(scheduler: LRScheduler, state: dict[str, object]) -> None:
    """Load the schedule's state, and set the optimiser's learning rate by it."""
    scheduler.load_state_dict(state)
    for group, rate in zip(scheduler.optimizer.param_groups, scheduler.get_last_lr(), strict=True):
        group["lr"] = rate


_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(UqaError):
    """Ctrl-C stopped the run after a checkpoint."""

    exit_code: ClassVar[int] = 130


class Terminated(UqaError):
    """SIGTERM stopped the run after a checkpoint."""

    exit_code: ClassVar[int] = 143


class StopSignal:
    """Records SIGTERM and Ctrl-C, in a ``with`` block; a second one ends the process at once."""

    def __init__(self) -> None:
        """No signal has arrived yet."""
        self.signal: signal.Signals | None = None

    def __enter__(self) -> Self:
        """Install the handlers."""
        self._before = {number: signal.signal(number, self._record) for number in _STOP_SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restore the previous handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _record(self, number: int, _: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        signal.signal(number, signal.SIG_DFL)


def stopped(number: signal.Signals | None, done: int, out: Path) -> UqaError:
    """The error that ends the run; ``number`` is None if another process got the signal."""
    kind = Interrupted if number is signal.SIGINT else Terminated
    return kind(
        f"stopped after {done} updates, saved in {out}/model/last: continue with --resume auto"
    )


MEASURED = f"{FOLDER}/{METRICS}"
"""The metrics of a checkpoint that was evaluated."""


class Loop:
    """A training run, from its start or from a checkpoint."""

    def __init__(
        self,
        config: TrainConfig,
        objective: Objective,
        model: nn.Module,
        processes: Processes,
        facts: dict[str, Any],
        resumed: Resumed | None,
    ) -> None:
        """Wrap the model for the processes, build the optimiser, load what was saved.

        ``facts`` (``settings``, ``missing``) go into every checkpoint.
        """
        self.config, self.objective, self.processes = config, objective, processes
        accelerator = processes.accelerator
        self.updates = config.updates
        self.model = accelerator.prepare(model)
        # After the model: FSDP replaces the parameters that the optimiser must hold.
        self.optimizer = optimiser(self.model, config)
        self.scheduler = schedule(self.optimizer, config, self.updates)
        self.checkpoints = Checkpoints(config.out / "model")
        self.facts = facts
        self.done = 0
        self.position = Position()
        self.evaluations: tuple[Evaluation, ...] = ()
        self.metrics: dict[str, Any] | None = None
        self._saved_at = self._checked_at = -1
        self._epoch: tuple[int, Sequence[Sequence[Any]]] | None = None
        self._pending: list[tuple[dict[str, Any], list[ForwardPass]]] = []
        if resumed is not None:
            self._resume(resumed)

    def run(self, tracking: Tracking | None, progress: TrainingProgress) -> None:
        """Train to the last update; raises Interrupted or Terminated after a signal."""
        with StopSignal() as stop:
            while True:
                if self._checked_at != self.done:
                    self._between(tracking, progress)
                if self.done >= self.updates:
                    break
                if self.processes.any(stop.signal is not None):
                    self._report(tracking, progress)
                    self._save(best=False)
                    raise stopped(stop.signal, self.done, self.config.out)
                self._update(progress)
                if self.done % self.config.log_every == 0 or self.done == self.updates:
                    self._report(tracking, progress)
        self._report(tracking, progress)

    def _between(self, tracking: Tracking | None, progress: TrainingProgress) -> None:
        """Evaluate and save, if it is time to."""
        self._checked_at = self.done
        best = False
        self.metrics = None
        if self._due(self.config.eval_every) and self.config.eval_first != 0:
            self._report(tracking, progress)
            progress.note(f"evaluating after {self.done} updates")
            self.metrics = self.objective.evaluate(self.model)
            chosen = self.objective.choose(self.metrics)
            best = self._judge(chosen)
            name = chosen.name if "/" in chosen.name else chosen.name.replace("_", " ")
            progress.note(f"{name} {chosen.value:.4f}" + (", the best so far" if best else ""))
            if tracking is not None:
                tracking.evaluation({"step": self.done, chosen.name: chosen.value})
        if best or self._due(self.config.save_every):
            self._report(tracking, progress)
            self._save(best=best)

    def _due(self, every: int | None) -> bool:
        if self.config.recipe == "vera":
            return self.done <= self.config.steps and self.done % (every or self.config.steps) == 0
        last = self.done >= self.updates
        return self.done > 0 and (last or (every is not None and self.done % every == 0))

    def _judge(self, chosen: BestMetric) -> bool:
        """Record an evaluation; return whether it is better than all before."""
        before = [one.value for one in self.evaluations if not math.isnan(one.value)]
        if not math.isnan(chosen.value):
            new = Evaluation(step=self.done, name=chosen.name, value=chosen.value)
            self.evaluations = (*self.evaluations, new)
        return not before or chosen.value > max(before)

    def _update(self, progress: TrainingProgress) -> None:
        accelerator, config = self.processes.accelerator, self.config
        self.model.train()
        self.optimizer.zero_grad()
        outcomes, rate = [], self.scheduler.get_last_lr()[0]
        line = {"step": self.done + (config.recipe != "vera"), "epoch": self.position.epoch}
        for number in range(config.accumulate):
            with self._no_sync(last=number == config.accumulate - 1):
                outcome = self.objective.loss(self.model, self._next_batch())
                accelerator.backward(outcome.loss / config.accumulate)
            outcomes.append(outcome._replace(loss=outcome.loss.detach()))
        if config.clip is not None:
            accelerator.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.scheduler.step()
        self.done += 1
        line["problems"] = sum(outcome.problems for outcome in outcomes)
        line["tokens"] = sum(outcome.tokens for outcome in outcomes)
        progress.count(line["problems"], line["tokens"])
        self._pending.append(({**line, "lr": rate}, outcomes))

    def _no_sync(self, *, last: bool) -> AbstractContextManager[Any]:
        """Gradients are averaged over processes after the last pass of an update only."""
        apart: AbstractContextManager[Any] = self.processes.accelerator.no_sync(self.model)
        return nullcontext() if last else apart

    def _next_batch(self) -> Sequence[Any]:
        epoch, number = self.position
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = epoch, self.objective.batches(epoch)
        batches = self._epoch[1]
        following = number + 1
        self.position = (
            Position(epoch + 1, 0) if following == len(batches) else Position(epoch, following)
        )
        return batches[number]

    def _report(self, tracking: Tracking | None, progress: TrainingProgress) -> None:
        """Fetch the numbers of the updates since the last report, log and print them."""
        lines = []
        for line, outcomes in self._pending:
            each = [outcome.values() for outcome in outcomes]
            values = {name: sum(one[name] for one in each) / len(each) for name in each[0]}
            if not self.objective.is_finite(values):
                raise ModelError(
                    f"the loss is {values['loss']} at step {line['step']}: train with a lower --lr"
                )
            lines.append({**line, **values})
        self._pending = []
        if not lines:
            return
        if tracking is not None:
            tracking.steps(lines)
        progress.update(self.done, lines[-1]["loss"], lines[-1].get("accuracy"))

    def _save(self, *, best: bool) -> None:
        """Write a checkpoint, a collective call; the main process writes."""
        if not self.config.save or self._saved_at == self.done:
            return
        weights = self.processes.accelerator.get_state_dict(self.model)
        moments = optimizer_tensors(self.model, self.optimizer)
        generators = self.processes.all(Generators.now(self.processes.device))
        if self.processes.main:
            state = TrainingState(
                step=self.done,
                position=self.position,
                scheduler=self.scheduler.state_dict(),
                evaluations=self.evaluations,
                generators=tuple(generators),
                **self.facts,
            )
            fill = partial(self._fill, weights=weights, moments=moments, state=state)
            self.checkpoints.save(self.done, fill, best=best)
        self.processes.wait()
        self._saved_at = self.done

    def _fill(
        self,
        folder: Path,
        *,
        weights: dict[str, Tensor],
        moments: dict[str, Tensor] | None,
        state: TrainingState,
    ) -> None:
        model = self.processes.accelerator.unwrap_model(self.model)
        self.objective.save(folder, model, weights)
        if self.config.lora is not None:
            write_lora(folder, model, weights)
        write_state(folder, state, moments)
        if self.metrics is not None:
            write_json(folder / MEASURED, self.metrics)

    def _resume(self, resumed: Resumed) -> None:
        state = resumed.state
        restore_optimizer(self.model, self.optimizer, resumed.folder)
        resume_schedule(self.scheduler, state.scheduler)
        self.done = self._saved_at = self._checked_at = state.step
        self.position = Position(*state.position)
        self.evaluations = state.evaluations
        # Last, since the lines above draw random numbers.
        state.generators[self.processes.index].restore(self.processes.device)
