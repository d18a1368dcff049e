"""The plan of a training run: printed by `uqa plan train`, and by the run itself at its start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.filesize import decimal
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from vera_model.config import TrainConfig
from vera_model.data.batching import Batches, batches_of
from vera_model.data.loading import read_problems
from vera_model.data.mixing import Mixture
from vera_model.data.problems import Problems
from vera_model.data.splits import Inputs, Paths, read_inputs
from vera_model.data.tasks import find_tasks
from vera_model.data.tokenized import TokenizedProblems, tokenize
from vera_model.model.tokenizer import load_tokenizer, train_tokenizer
from vera_model.objectives.text import Pairs
from vera_model.objectives.vera import VeraObjective
from vera_model.planning.costs import (
    TOKENS_ASSUMED,
    Work,
    backbone_of,
    is_here,
    largest_that_fits,
    plan_training,
)
from vera_model.run_folder import model_folder

UPSTREAM_PROBLEMS = 2000
"""The most problems of each task that upstream evaluates."""

_COUNTED = 100_000  # statements at most; of more, a sample of the texts' lengths is taken
_SAMPLED = 500  # problems
_CHARACTERS = 4.2  # of a T5 token, in English sentences


def plan_of(config: TrainConfig, *, measure: bool) -> dict[str, Any]:
    """Plan a run: tokens are counted, estimated from the texts' lengths, or assumed without data.

    Raises SourceError and UsageError as `uqa train` does for the data.
    """
    paths = _paths(config)
    counted = None if paths.missing else _count(config, paths)
    work, shape = counted or (_estimate(config, paths), None)
    plan = plan_training(config, work, measure=measure, shape=shape)
    start = config.start_from
    absent = start is not None and not (start.is_file() or is_here(start))
    return {
        **plan,
        "largest_model_that_fits": largest_that_fits(config, work),
        "splits_to_convert": [f"{one.task} ({one.part})" for one in paths.missing],
        "start_from_absent": str(start) if absent else None,
    }


def announce_plan(
    config: TrainConfig, objective: Any, model: Any, say: Callable[[str], None]
) -> None:
    """Print the plan at a run's start; the time left is in the progress lines."""
    if isinstance(objective, VeraObjective):
        train, evaluation = objective.train, objective.evaluation
        shape = model.config.backbone
    else:
        train, evaluation, shape = objective.train, objective.evaluation, model.config
    work = _work(config, train, evaluation, objective.batches(0))
    lines = plan_lines(plan_training(config, work, measure=False, shape=shape))
    if not isinstance(objective, VeraObjective):
        lines += _mixture_lines(config, objective.mixture, objective.batches(0).mean_size)
    for line in lines:
        say(line)


def _mixture_lines(config: TrainConfig, mixture: Mixture, batch: float) -> list[str]:
    """Of each dataset: its share, its records, and how often the run sees each of them."""
    records = config.steps * config.accumulate * batch
    epochs = records / max(int(mixture.per_epoch.sum()), 1)
    columns = zip(mixture.names, mixture.rates, mixture.records, strict=True)
    limit = f" of at most {mixture.limit:,}" if mixture.limit is not None else ""
    return [
        f"mixture     {'equal shares' if mixture.mix == 'equal' else 'by size'}{limit}, "
        f"{int(mixture.per_epoch.sum()):,} records an epoch, {epochs:.3g} epochs",
        *(
            f"{'':12}{rate:.1%} {name}, {own:,} records, each {rate * records / own:.3g} times"
            for name, rate, own in columns
        ),
    ]


def render_plan(plan: dict[str, Any]) -> list[str]:
    """The lines of `uqa plan train`."""
    splits, start = plan["splits_to_convert"], plan["start_from_absent"]
    more = f"; the first: {', '.join(splits[:3])}" if splits else ""
    largest = plan["largest_model_that_fits"]
    return [
        *plan_lines(plan),
        f"largest     {largest} is the largest published model that fits into memory"
        if largest
        else "largest     no published model fits into memory",
        f"convert     {len(splits)} splits to convert first{more}",
        *([f"start from  {start} does not exist yet: train it first"] if start else []),
    ]


def plan_lines(plan: dict[str, Any]) -> list[str]:
    """The lines that a run prints at its start."""
    here, tokens, flops = plan["machine"], plan["tokens"], plan["flops"]
    memory, disk = plan["memory_bytes"], plan["disk_bytes"]
    lines = [
        f"model       {plan['model']}, {'' if plan['parameters_are_exact'] else 'about '}"
        f"{plan['parameters']:,} parameters",
        f"download    {decimal(plan['download_bytes'])}",
        f"disk        {decimal(disk)} of {decimal(here['disk_bytes'])} free"
        + ("" if disk <= here["disk_bytes"] else ": DOES NOT FIT"),
        f"memory      {decimal(memory)} of {decimal(here['memory_bytes'])} free on "
        f"{here['device']}" + ("" if memory <= here["memory_bytes"] else ": DOES NOT FIT"),
        f"work        {tokens['updates']:,} updates of {tokens['tokens_per_update']:,.0f} tokens"
        + _basis(tokens),
        f"FLOPs       {flops['update']:.3g} per update, {flops['run']:.3g} in total, "
        f"{plan['evaluation_share']:.0%} of them in evaluations ({tokens['evaluations']})",
    ]
    if plan["seconds"] is not None:
        rate = plan["measured_flops_per_second"]
        lines.append(
            f"time        {_time(plan['seconds'])} at {rate:.3g} FLOP/s, measured on this machine"
        )
    return lines


def _basis(tokens: dict[str, Any]) -> str:
    if tokens["counted"]:
        return ""
    if tokens["estimated"]:
        return " (estimated from the texts' lengths)"
    return " (assumed: no data to count)"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:,.0f} days"


def _paths(config: TrainConfig) -> Paths:
    root, sample = config.data_root, config.allow_sample
    train = find_tasks(config.train_tasks, "train", root, allow_sample=sample)
    dev = find_tasks(config.valid_tasks, "dev", root, allow_sample=sample)
    return Paths(
        config.data or tuple(train.paths.values()),
        config.valid or tuple(dev.paths.values()),
        (*train.missing, *dev.missing),
    )


def _count(config: TrainConfig, paths: Paths) -> tuple[Work, PreTrainedConfig] | None:
    """With the run's tokenizer; None if there are too many texts, or no tokenizer here yet."""
    inputs = read_inputs(config, paths)
    if sum(int(part.sizes().sum()) for part in inputs.holdout) > _COUNTED:
        return None
    tokenizer = _tokenizer(config, inputs)
    if tokenizer is None:
        return None
    train, evaluation = (
        tokenize(part, tokenizer, config, limit)
        for part, limit in zip(
            inputs.holdout, (config.train_statements, config.eval_statements), strict=True
        )
    )
    work = _work(config, train, evaluation, batches_of(config, train, 0))
    return work, backbone_of(config, len(tokenizer))


def _work(
    config: TrainConfig,
    train: TokenizedProblems | Pairs,
    evaluation: TokenizedProblems | Pairs,
    batches: Batches,
) -> Work:
    tokens = float(train.tokens().sum())
    if isinstance(train, Pairs):
        source = float(train.longest().mean())
        target = tokens / len(train) - source
    else:
        source, target = tokens / max(train.statements, 1), 0.0
    return Work(
        tokens_per_update=config.accumulate * batches.mean_tokens,
        tokens_per_evaluation=float(evaluation.tokens().sum()),
        counted=True,
        tokens_per_statement=source,
        tokens_per_answer=target,
    )


def _tokenizer(config: TrainConfig, inputs: Inputs) -> PreTrainedTokenizerBase | None:
    if config.encoder is not None:
        return train_tokenizer(inputs.texts(), config.encoder.vocab_size)
    if config.start_from is not None and is_here(config.start_from):
        source = model_folder(config.start_from)
    elif config.model is not None and (Path(config.model) / "config.json").is_file():
        source = Path(config.model)
    else:
        return None
    return load_tokenizer(str(source), backbone_of(config))


def _estimate(config: TrainConfig, paths: Paths) -> Work:
    """From a sample of the texts' lengths; for missing tasks, from upstream's sizes."""
    train, evaluation = (_problems(config, part) for part in (paths.train, paths.evaluation))
    each = _tokens_per_problem(train, config.train_statements)
    per_problem = each or config.train_statements * TOKENS_ASSUMED
    per_update = config.accumulate * (config.batch_tokens or config.batch_size * per_problem)
    whole = _tokens_per_problem(evaluation or train, None) or per_problem
    if config.valid or config.valid_tasks:
        absent = sum(one.part == "dev" for one in paths.missing)
        evaluated: float = len(evaluation or ()) + UPSTREAM_PROBLEMS * absent
    else:
        evaluated = UPSTREAM_PROBLEMS if train is None else config.valid_fraction * len(train)
    estimated = train is not None and not paths.missing
    return Work(float(per_update), float(evaluated * whole), counted=False, estimated=estimated)


def _problems(config: TrainConfig, paths: tuple[Path, ...]) -> Problems | None:
    if not paths:
        return None
    reading = read_problems(paths, allow_sample=config.allow_sample, recipe=config.recipe)
    return reading.problems


def _tokens_per_problem(problems: Problems | None, most: int | None) -> float | None:
    if problems is None:
        return None
    step = max(1, len(problems) // _SAMPLED)
    chosen = [problems[place] for place in range(0, len(problems), step)]
    lengths = [len(text) / _CHARACTERS + 1 for one in chosen for text in one.texts[:most]]
    return sum(lengths) / len(chosen)
