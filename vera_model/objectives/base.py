"""What the training loop asks of the thing that is learnt: batches, a loss, an evaluation."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from unifiedqa_convert.vera_tasks import SEEN


class ForwardPass(NamedTuple):
    """One forward pass over a batch, by all processes together."""

    loss: Tensor
    """To call backward on."""
    values: Callable[[], dict[str, float]]
    """``loss`` and what else a log line says; asks the device, so call it seldom."""
    problems: int
    tokens: int


class BestMetric(NamedTuple):
    """The number of an evaluation that decides which checkpoint is the best."""

    name: str
    value: float
    """Higher is better; NaN never is."""


def choose_accuracy(metrics: dict[str, Any], otherwise: Sequence[str]) -> BestMetric:
    """Upstream's choice, the plain mean of the seen tasks' choice accuracy, where there is one.

    Without a seen task all tasks count; without a choice (upstream: never an improvement), the
    first of ``otherwise`` that was measured.
    """
    measured = {
        task: numbers["choice_accuracy"]
        for task, numbers in metrics["tasks"].items()
        if numbers["choice_accuracy"] is not None
    }
    seen = [value for task, value in measured.items() if task in SEEN]
    if measured:
        name = "choice_accuracy_of_seen_tasks" if seen else "choice_accuracy_of_tasks"
        values = seen or list(measured.values())
        return BestMetric(name, sum(values) / len(values))
    for name in otherwise:
        if metrics["overall"].get(name) is not None:
            return BestMetric(name, float(metrics["overall"][name]))
    return BestMetric("nothing", float("nan"))


class Objective(Protocol):
    """``vera`` or ``text``."""

    def batches(self, epoch: int) -> Sequence[Sequence[Any]]:
        """The batches of an epoch; a pure function of the data, the seed and ``epoch``."""

    def loss(self, model: nn.Module, batch: Sequence[Any]) -> ForwardPass:
        """Run the model on this process's share of the batch."""

    def may_go_on(self, values: dict[str, float]) -> bool:
        """Whether these values of an update are as finite as they must be."""

    def evaluate(self, model: nn.Module) -> dict[str, Any]:
        """Metrics, the same in every process; the model is left in evaluation mode."""

    def choose(self, metrics: dict[str, Any]) -> BestMetric:
        """Read the deciding number off the metrics."""

    def save(self, folder: Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
        """Write the model (its weights, gathered, are given) and the tokenizer into ``folder``."""

    def describe(self) -> dict[str, Any]:
        """Groups and statements: what was used and what was left out, for metrics.json."""
