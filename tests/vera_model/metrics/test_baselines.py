"""The baselines beside a model's numbers: each finds what it can see, and nothing else."""

from collections.abc import Sequence

import numpy as np
import pytest

from vera_model.data.problems import Problem
from vera_model.metrics.baselines import FOLDS, baselines
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.predictions import Predictions

COLOURS = ("red", "green", "blue", "grey", "white", "black", "brown", "pink")


def problem(number: int, texts: Sequence[str], task: str = "planted") -> Problem:
    labels = (True, *(False for _ in texts[1:]))
    return Problem(task, "train", f"{task}-{number}", len(texts) > 1, tuple(texts), labels)


def predictions(problems: Sequence[Problem]) -> Predictions:
    return Predictions.of(problems, [np.zeros(len(one.texts)) for one in problems])


def accuracy(problems: Sequence[Problem], trained: Sequence[Problem] | None) -> dict[str, float]:
    found = baselines(predictions(problems), trained)
    return {name: one["choice_accuracy"] for name, one in found["overall"].items()}


def words(number: int) -> Problem:
    """The true choice is always a colour; both are as long."""
    colour = COLOURS[number % len(COLOURS)]
    return problem(
        number, [f"Thing {number} is {colour}.", f"Thing {number} is {'x' * len(colour)}."]
    )


def lengths(number: int) -> Problem:
    """The true statement is the longer one; its words are new each time."""
    return problem(number, [f"q{number} w{number} e{number} r{number}.", f"t{number}."])


def common(number: int) -> Problem:
    """What tells true from false stands in all statements of a problem: it can't choose."""
    return problem(number, [f"Yes {'x' * (number % 5 + 1)} a.", f"Yes {'x' * (number % 5 + 1)} a."])


def test_each_finds_what_it_can_see() -> None:
    trained, asked = [words(n) for n in range(40)], [words(n) for n in range(100, 140)]
    found = accuracy(asked, trained)
    assert found == {"chance": 0.5, "length_only": 0.5, "choice_only": 1, "bag_of_words": 1}
    found = accuracy([lengths(n) for n in range(100, 140)], [lengths(n) for n in range(40)])
    assert found["length_only"] == 1
    assert found["bag_of_words"] == 0.5
    found = accuracy([common(n) for n in range(100, 140)], [common(n) for n in range(40)])
    assert set(found.values()) == {0.5}


def test_without_the_training_problems_folds_of_the_evaluated_ones() -> None:
    asked = [words(n) for n in range(60)]
    found = baselines(predictions(asked), None, Resampling(50))
    assert found["fitted_on"] == {"planted": f"{FOLDS} folds"}
    own = found["tasks"]["planted"]["bag_of_words"]
    assert own["choice_accuracy"] == 1
    assert own["intervals"]["choice_accuracy"] == (1, 1)


def test_no_problem_is_scored_by_what_was_fitted_on_it() -> None:
    """Each statement has words of its own: what saw them in training would know their labels."""
    asked = [problem(n, [f"a{n} b{n}.", f"c{n} d{n}."]) for n in range(60)]
    assert accuracy(asked, asked)["bag_of_words"] == 1
    assert accuracy(asked, None)["bag_of_words"] == 0.5


def test_a_dataset_that_was_not_trained_on_is_scored_by_what_all_others_gave() -> None:
    asked = [words(n)._replace(task="unseen") for n in range(100, 130)]
    found = baselines(predictions(asked), [words(n) for n in range(40)])
    assert found["fitted_on"] == {"unseen": 40}
    assert found["overall"]["bag_of_words"]["choice_accuracy"] == 1


def test_what_can_not_be_learnt_is_a_tie() -> None:
    true = [problem(n, [f"Fact {n}."]) for n in range(12)]
    found = baselines(predictions(true), true)["overall"]
    assert found["bag_of_words"]["choice_accuracy"] is None
    assert found["bag_of_words"]["auroc"] is None
    assert found["chance"]["statement_accuracy"] == 1
    blank = [problem(n, ["?", "!"]) for n in range(12)]
    assert accuracy(blank, blank)["bag_of_words"] == 0.5


@pytest.mark.parametrize("trained", [None, [words(n) for n in range(40)]])
def test_the_same_numbers_again(trained: list[Problem] | None) -> None:
    asked = [words(n) for n in range(100, 140)]
    assert baselines(predictions(asked), trained) == baselines(predictions(asked), trained)
