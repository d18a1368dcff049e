"""`uqa plan train`: the run that the same flags of `uqa train` would start, before it starts."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.filesize import decimal
from torch import nn
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from vera_model.config import TrainConfig
from vera_model.data.batching import batches_of
from vera_model.data.loading import read_problems
from vera_model.data.problems import Problems
from vera_model.data.splits import Inputs, Paths, read_inputs
from vera_model.data.tasks import Part, find_tasks
from vera_model.data.tokenized import EncodedProblems, encode
from vera_model.model.tokenizer import load_tokenizer, train_tokenizer
from vera_model.objectives.text import Pairs, TextObjective
from vera_model.objectives.vera import VeraObjective
from vera_model.planning.costs import (
    KEPT,
    SHAPES,
    STATE,
    TOKENS_ASSUMED,
    Work,
    backbone_of,
    bytes_of_a_number,
    decoder_parameters,
    is_here,
    machine,
    numbers_per_token,
    parameters_of,
    plan_training,
    published_shape,
)
from vera_model.run_folder import model_folder

# A plan in lines for people.


def plan_lines(plan: dict[str, Any]) -> list[str]:
    """Lines for people."""
    here, tokens, flops = plan["machine"], plan["tokens"], plan["flops"]
    fits = plan["memory_bytes"] <= here["memory_bytes"]
    largest = plan["largest_model_that_fits"] or "none of the published ones"
    lines = [
        f"model       {plan['model']}, {'' if plan['parameters_are_exact'] else 'about '}"
        f"{plan['parameters']:,} parameters",
        f"download    {decimal(plan['download_bytes'])}",
        f"disk        {decimal(plan['disk_bytes'])} of {decimal(here['disk_bytes'])} free"
        + ("" if plan["disk_bytes"] <= here["disk_bytes"] else ": IT DOES NOT FIT"),
        f"memory      {decimal(plan['memory_bytes'])} of {decimal(here['memory_bytes'])} free on "
        f"{here['device']}: {'it fits' if fits else 'IT DOES NOT FIT'}; the largest that does: "
        f"{largest}",
        f"work        {tokens['updates']:,} updates of {tokens['tokens_per_update']:,.0f} tokens"
        + _basis(tokens),
        f"FLOPs       {flops['update']:.3g} an update, {flops['run']:.3g} in all, "
        f"{plan['evaluation_share']:.0%} of them in {tokens['evaluations']} evaluations",
    ]
    if plan["seconds"] is not None:
        rate = plan["measured_flops_per_second"]
        lines.append(f"time        {_time(plan['seconds'])} at {rate:.3g} FLOP/s, measured here")
    return lines


def _basis(tokens: dict[str, Any]) -> str:
    if tokens["counted"]:
        return ""
    how = (
        "estimated from the texts' lengths" if tokens["estimated"] else "assumed: no data to count"
    )
    return f" ({how})"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:,.0f} days"


# What a run with ``--objective text`` will take. A Vera run's plan is plan.py's affair.


def plan_text(config: TrainConfig, objective: TextObjective, model: Any) -> dict[str, Any]:
    """As ``plan_training``, of a T5 that is here and of records that are tokenised: no time.

    FLOPs are those of the blocks' and the output layer's weights: the encoder's once a source
    token, the others' once a target token; generating an answer takes as many.
    """
    parameters = sum(weight.numel() for weight in model.parameters())
    source, target = _mean_tokens(objective.train)
    records = config.batch_tokens / source if config.batch_tokens else config.batch_size
    records *= config.accumulate
    update = 3 * records * _forward(model, source, target)
    evaluation = len(objective.evaluation) * _forward(model, *_mean_tokens(objective.evaluation))
    evaluations = math.ceil(config.steps / (config.eval_every or config.steps))
    total = config.steps * update + evaluations * evaluation
    tokens = records * (source + target)
    kept = tokens / config.accumulate * numbers_per_token(model.config) * bytes_of_a_number(config)
    return {
        "model": config.model or str(config.start_from or "from scratch"),
        "parameters": parameters,
        "parameters_are_exact": True,
        "download_bytes": 0,  # it is here
        "disk_bytes": KEPT * parameters * 12 if config.save else 0,
        "memory_bytes": int(parameters * STATE + kept),
        "machine": machine(config.out),
        "largest_model_that_fits": _largest_that_fits(config, kept),
        "tokens": {
            "tokens_per_update": tokens,
            "counted": True,
            "estimated": False,
            "updates": config.steps,
            "evaluations": evaluations,
        },
        "flops": {"update": update, "evaluation": evaluation, "run": total},
        "evaluation_share": evaluations * evaluation / total,
        "measured_flops_per_second": None,
        "seconds": None,
    }


def _mean_tokens(pairs: Pairs) -> tuple[float, float]:
    lengths = [(len(pair.source), len(pair.target)) for pair in pairs]
    source, target = np.array(lengths).mean(axis=0)
    return float(source), float(target)


def _forward(model: Any, source: float, target: float) -> float:
    """FLOPs of one record, read and written."""
    encoder, decoder = (_numbers(stack.block) for stack in (model.encoder, model.decoder))
    return 2 * (encoder * source + (decoder + _numbers(model.lm_head)) * target)


def _numbers(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _largest_that_fits(config: TrainConfig, kept: float) -> str | None:
    """The largest published T5, with activations like these."""
    memory = machine(config.out)["memory_bytes"]
    fitting = [
        name
        for name, shape in ((name, published_shape(name)) for name in SHAPES)
        if (parameters_of(shape) + decoder_parameters(shape)) * STATE + kept <= memory
    ]
    return fitting[-1] if fitting else None


UPSTREAM_PROBLEMS = 2000
"""Upstream evaluates so many of each task at most."""

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
    lines = [*plan_lines(plan), f"convert     {len(absent)} splits are not here yet{more}"]
    start = [f"start from  {waits} is not here yet: the run that makes it comes first"]
    return [*lines, *start] if waits else lines


def announce_plan(
    config: TrainConfig, objective: Any, model: Any, say: Callable[[str], None]
) -> None:
    """Print the plan at a run's start; the time left is in the progress lines."""
    if isinstance(objective, VeraObjective):
        work = _counted_work(config, objective.train.problems, objective.evaluation.problems)
        plan = plan_training(config, work, measure=False, shape=model.config.backbone)
    else:
        plan = plan_text(config, objective, model)
    for line in plan_lines(plan):
        say(line)


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
    missing = find_tasks(
        config.valid_tasks, "dev", config.data_root, allow_sample=config.allow_sample
    ).missing
    if config.valid or config.valid_tasks:
        return here + UPSTREAM_PROBLEMS * len(missing)
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
        ).missing
    ]
