"""`uqa plan train`: the run that the same flags of `uqa train` would start, before it starts."""

from collections.abc import Callable
from typing import Any

from unifiedqa_convert.errors import UqaError, UsageError
from vera_model.command import configure
from vera_model.config import TrainConfig
from vera_model.data import read_problems
from vera_model.objective_vera import VeraObjective
from vera_model.plan import TOKENS_ASSUMED, Work, plan_training, warm_up_flops
from vera_model.plan_lines import render
from vera_model.planned_text import plan_text
from vera_model.problems import Problems
from vera_model.tasks import Part, find_tasks

UPSTREAM_PROBLEMS = 2000
"""Upstream evaluates so many of each task at most."""

_LONG = 100
"""Times the warm-up's FLOPs: what a run has at least that is worth measuring."""
_SAMPLED = 500  # problems whose texts are counted
_CHARACTERS = 4.2  # of a T5 token, in English sentences


def plan_of_flags(flags: dict[str, Any], *, measure: bool) -> dict[str, Any]:
    """Plan what ``flags`` configure; data that lie here are counted, others are assumed.

    Raises UsageError as `uqa train` does, and for ``--objective text``.
    """
    config = configure(flags)
    if config.objective == "text":
        raise UsageError(
            "--objective text is planned once its records are tokenised: `uqa train` says the plan "
            "before its first update, and Ctrl-C is safe there"
        )
    plan = plan_training(config, estimated_work(config), measure=measure)
    return {**plan, "splits_to_convert": _absent(config)}


def render_flags(plan: dict[str, Any]) -> list[str]:
    """Lines for people, with the splits that `uqa train` would convert first."""
    absent = plan["splits_to_convert"]
    more = f"; the first: {', '.join(absent[:3])}" if absent else ""
    return [*render(plan), f"convert     {len(absent)} splits are not here yet{more}"]


def announce(config: TrainConfig, objective: Any, model: Any, say: Callable[[str], None]) -> None:
    """Say at a run's start what it will take; of a long one the time, from a measured warm-up.

    A short one's time, and that of ``--objective text``, is soon seen in its progress.
    """
    if isinstance(objective, VeraObjective):
        plan = _plan_counted(config, objective)
    else:
        plan = plan_text(config, objective, model)
    for line in render(plan):
        say(line)


def _plan_counted(config: TrainConfig, objective: VeraObjective) -> dict[str, Any]:
    """Of a run whose statements are tokenised."""
    tokens = objective.train.problems.tokens()
    evaluated = objective.evaluation.problems.tokens()
    per_update = config.accumulate * (config.batch_tokens or config.batch_size * tokens.mean())
    work = Work(float(per_update), float(evaluated.sum()), counted=True)
    plan = plan_training(config, work, measure=False)
    return (
        plan_training(config, work, measure=True)
        if plan["flops"]["run"] > _LONG * warm_up_flops(config)
        else plan
    )


def estimated_work(config: TrainConfig) -> Work:
    """The same from the texts' lengths; of tasks that are not here yet, from upstream's sizes."""
    train, evaluation = _problems(config, "train"), _problems(config, "dev")
    each = _tokens_of_a_problem(train, config.train_statements)
    per_problem = each or config.train_statements * TOKENS_ASSUMED
    per_update = config.accumulate * (config.batch_tokens or config.batch_size * per_problem)
    whole = _tokens_of_a_problem(evaluation or train, None) or per_problem
    asked = _evaluated(config, train, evaluation)
    return Work(float(per_update), float(asked * whole), counted=not _absent(config))


def _evaluated(config: TrainConfig, train: Problems | None, evaluation: Problems | None) -> float:
    """Problems of an evaluation; a task that is not here has the most that upstream takes."""
    here = len(evaluation) if evaluation is not None else 0
    absent = find_tasks(
        config.valid_tasks, "dev", config.data_root, allow_sample=config.allow_sample
    ).absent
    if config.valid or config.valid_tasks:
        return here + UPSTREAM_PROBLEMS * len(absent)
    return config.valid_fraction * len(train) if train is not None else UPSTREAM_PROBLEMS


def _problems(config: TrainConfig, part: Part) -> Problems | None:
    paths = config.data if part == "train" else config.valid
    tasks = config.train_tasks if part == "train" else config.valid_tasks
    if not paths and tasks:
        found = find_tasks(tasks, part, config.data_root, allow_sample=config.allow_sample)
        paths = tuple(found.paths.values())
    if not paths:
        return None
    try:
        return read_problems(paths, allow_sample=True, recipe=config.recipe).problems
    except UqaError:
        return None  # not there yet, or not readable: `uqa train` will say so


def _tokens_of_a_problem(problems: Problems | None, most: int | None) -> float | None:
    if problems is None:
        return None
    step = max(1, len(problems) // _SAMPLED)
    chosen = [problems[place] for place in range(0, len(problems), step)]
    lengths = [len(text) / _CHARACTERS + 1 for one in chosen for text in one.texts[:most]]
    return sum(lengths) / len(chosen)


def _absent(config: TrainConfig) -> list[str]:
    parts: tuple[tuple[Part, tuple[str, ...]], ...] = (
        ("train", config.train_tasks),
        ("dev", config.valid_tasks),
    )
    return [
        f"{one.task} ({one.part})"
        for part, tasks in parts
        for one in find_tasks(
            tasks, part, config.data_root, allow_sample=config.allow_sample
        ).absent
    ]
