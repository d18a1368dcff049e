"""The interface of an objective: batches, a loss, an evaluation."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.vera_tasks import SEEN

SAME_TOKENS = "same tokens as another label"
"""Why problems and statements are left out that the model can't tell apart."""


def no_problem_told_apart(problems: int) -> UsageError:
    """The error where no training problem is left."""
    return UsageError(
        f"in each of {problems} training problems the true statement has the same tokens as a "
        "false one: raise --max-tokens, or give a --model whose vocabulary has their characters"
    )


class ForwardPass(NamedTuple):
    """One forward pass over a batch, by all processes."""

    loss: Tensor
    """To call backward on."""
    values: Callable[[], dict[str, float]]
    """``loss`` and the other values of a log line; slow, since it waits for the device."""
    problems: int
    tokens: int


class BestMetric(NamedTuple):
    """The metric of an evaluation by which the best checkpoint is chosen."""

    name: str
    value: float
    """Higher is better; NaN is never better."""


def choose_accuracy(metrics: dict[str, Any], otherwise: Sequence[str]) -> BestMetric:
    """The plain mean of the seen tasks' choice accuracies, as upstream.

    Without a seen task, that of all tasks; without a choice (upstream: never an improvement), the
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
        """The loss of the batch; the model runs on this process's share of it."""

    def is_finite(self, values: dict[str, float]) -> bool:
        """Whether these values of an update are finite, so that training can continue."""

    def evaluate(self, model: nn.Module) -> dict[str, Any]:
        """Metrics, the same in every process; the model stays in evaluation mode."""

    def choose(self, metrics: dict[str, Any]) -> BestMetric:
        """The metric by which the best checkpoint is chosen."""

    def save(self, folder: Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
        """Write the model, with these gathered weights, and the tokenizer into ``folder``."""

    def describe(self) -> dict[str, Any]:
        """Groups and statements that are used, left out and not seen whole, for metrics.json."""
