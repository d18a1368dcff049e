"""`uqa plan train`: the run that the same flags of `uqa train` would start, before it starts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from vera_model.batches import EncodedProblems, batches_of, encode
from vera_model.config import TrainConfig
from vera_model.data import read_problems
from vera_model.folders import model_folder
from vera_model.inputs import Inputs, Paths, read_inputs
from vera_model.objective_vera import VeraObjective
from vera_model.plan import (
    TOKENS_ASSUMED,
    Work,
    backbone_of,
    is_here,
    plan_training,
    warm_up_flops,
)
from vera_model.plan_lines import render
from vera_model.planned_text import plan_text
from vera_model.problems import Problems
from vera_model.tasks import Part, find_tasks
from vera_model.tokenizer import load_tokenizer, train_tokenizer

UPSTREAM_PROBLEMS = 2000
"""Upstream evaluates so many of each task at most."""

_LONG = 100
"""Times the warm-up's FLOPs: what a run has at least that is worth measuring."""
_MANY = 100_000  # statements of a plan that is to come at once; of more, lengths are sampled
_SAMPLED = 500  # problems whose texts are counted
_CHARACTERS = 4.2  # of a T5 token, in English sentences


def plan_of(config: TrainConfig, *, measure: bool) -> dict[str, Any]:
    """Plan a run; data that lie here are counted as it will count them, others are assumed.

    Raises SourceError and UsageError as `uqa train` does for the data.
    """
    absent = _absent(config)
    counted = None if absent else _counted_here(config)
    work, shape = counted or (estimated_work(config), None)
    plan = plan_training(config, work, measure=measure, shape=shape)
    start = config.start_from
    waits = str(start) if start is not None and not (start.is_file() or is_here(start)) else None
    return {**plan, "splits_to_convert": absent, "start_from_absent": waits}


def render_plan(plan: dict[str, Any]) -> list[str]:
    """Lines for people, with what must be there before."""
    absent, waits = plan["splits_to_convert"], plan["start_from_absent"]
    more = f"; the first: {', '.join(absent[:3])}" if absent else ""
    lines = [*render(plan), f"convert     {len(absent)} splits are not here yet{more}"]
    start = [f"start from  {waits} is not here yet: the run that makes it comes first"]
    return [*lines, *start] if waits else lines


def announce(config: TrainConfig, objective: Any, model: Any, say: Callable[[str], None]) -> None:
    """Say at a run's start what it will take; of a long one the time, from a measured warm-up.

    A short one's time, and that of ``--objective text``, is soon seen in its progress.
    """
    if isinstance(objective, VeraObjective):
        work = _counted_work(config, objective.train.problems, objective.evaluation.problems)
        plan = _timed_if_long(config, work, model.config.backbone)
    else:
        plan = plan_text(config, objective, model)
    for line in render(plan):
        say(line)


def _timed_if_long(config: TrainConfig, work: Work, shape: PreTrainedConfig) -> dict[str, Any]:
    plan = plan_training(config, work, measure=False, shape=shape)
    if plan["flops"]["run"] <= _LONG * warm_up_flops(config):
        return plan
    return plan_training(config, work, measure=True, shape=shape)


def _counted_work(config: TrainConfig, train: EncodedProblems, evaluated: EncodedProblems) -> Work:
    per_update = config.accumulate * batches_of(config, train, 0).mean_tokens
    each = float(train.tokens().sum() / max(train.statements, 1))
    whole = float(evaluated.tokens().sum())
    return Work(per_update, whole, counted=True, tokens_per_statement=each)


def _counted_here(config: TrainConfig) -> tuple[Work, PreTrainedConfig] | None:
    """By the tokenizer and the data of the run; None where that would take long, or one is away."""
    inputs = read_inputs(config, _paths(config))
    if sum(int(part.sizes().sum()) for part in inputs.holdout) > _MANY:
        return None
    tokenizer = _tokenizer(config, inputs)
    if tokenizer is None:
        return None
    train, evaluated = (
        encode(part, tokenizer, config, limit).problems
        for part, limit in zip(
            inputs.holdout, (config.train_statements, config.eval_statements), strict=True
        )
    )
    return _counted_work(config, train, evaluated), backbone_of(config, len(tokenizer))


def _tokenizer(config: TrainConfig, inputs: Inputs) -> PreTrainedTokenizerBase | None:
    """The run's, where it is made on the spot or lies here."""
    if config.encoder is not None:
        return train_tokenizer(inputs.texts(), config.encoder.vocab_size)
    if config.start_from is not None and is_here(config.start_from):
        source = model_folder(config.start_from)
    elif config.model is not None and (Path(config.model) / "config.json").is_file():
        source = Path(config.model)
    else:
        return None
    return load_tokenizer(str(source), backbone_of(config))


def _paths(config: TrainConfig) -> Paths:
    """Of a run whose every split is here."""
    train = config.data or _found(config, config.train_tasks, "train")
    return Paths(train, config.valid or _found(config, config.valid_tasks, "dev"), ())


def _found(config: TrainConfig, tasks: tuple[str, ...], part: Part) -> tuple[Path, ...]:
    found = find_tasks(tasks, part, config.data_root, allow_sample=config.allow_sample)
    return tuple(found.paths.values())


def estimated_work(config: TrainConfig) -> Work:
    """The same from the texts' lengths; of tasks that are not here yet, from upstream's sizes."""
    train, evaluation = _problems(config, "train"), _problems(config, "dev")
    each = _tokens_of_a_problem(train, config.train_statements)
    per_problem = each or config.train_statements * TOKENS_ASSUMED
    per_update = config.accumulate * (config.batch_tokens or config.batch_size * per_problem)
    whole = _tokens_of_a_problem(evaluation or train, None) or per_problem
    asked = _evaluated(config, train, evaluation)
    here = train is not None and not _absent(config)
    return Work(float(per_update), float(asked * whole), counted=False, estimated=here)


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
    train = part == "train"
    tasks = config.train_tasks if train else config.valid_tasks
    paths = (config.data if train else config.valid) or _found(config, tasks, part)
    if not paths:
        return None
    read = partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
    return read(paths).problems


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
