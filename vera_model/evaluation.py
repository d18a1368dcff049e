"""Evaluate a checkpoint without training: ``--mode eval``."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.files import write_json
from vera_model.bootstrap import Resampling
from vera_model.config import TrainConfig
from vera_model.data import Holdout, Reading, read_problems, subsample
from vera_model.document import describe_missing, describe_shards, environment
from vera_model.inputs import task_paths
from vera_model.objective_vera import VeraObjective
from vera_model.overlap import statement_overlap
from vera_model.problems import Problems
from vera_model.processes import Processes
from vera_model.progress import TrainingProgress
from vera_model.results import write_results
from vera_model.run_folder import CONFIG, check_unevaluated
from vera_model.starting import starting_point
from vera_model.tasks import Absent
from vera_model.train import start_processes
from vera_model.trained import trained_problems


def evaluate_run(config: TrainConfig) -> Path:
    """:func:`evaluate` with all that it takes by itself."""
    return evaluate(config)


def evaluate(
    config: TrainConfig,
    *,
    trained_on: Sequence[Path] = (),
    resampling: Resampling | None = None,
) -> Path:
    """Score ``start_from`` on ``valid`` or ``eval_tasks``; return the path of ``metrics.json``.

    ``trained_on``: shards whose statements are looked for among those evaluated; none: those of
    the model's own run, where that is known. Raises as :func:`vera_model.train.run` does.
    """
    if config.start_from is None:
        raise UsageError("say what to evaluate: --load_from_ckpt RUN/model/best")
    path = check_unevaluated(config.out, overwrite=config.overwrite)
    processes = start_processes(config)
    reading, absent = _read(config, processes)
    problems = _chosen(config, reading)
    model, tokenizer = starting_point(config, ())
    objective = VeraObjective(config, tokenizer, Holdout(problems[:0], problems), processes)
    metrics = objective.evaluate(processes.accelerator.prepare(model))
    if processes.main:
        assert objective.predictions is not None  # it has just evaluated
        how: dict[str, Any] = {"recipe": config.recipe, "temperature": model.config.temperature}
        config.out.mkdir(parents=True, exist_ok=True)
        metrics = write_results(
            config.out, objective.predictions, metrics, resampling=resampling, **how
        )
        overlap = _overlap(config, problems, trained_on)
        document = {
            "metrics": metrics,
            "checkpoint": {"measured": str(config.start_from)},
            "missing": describe_missing(absent),
            "data": {**_describe(reading, problems), "overlap": overlap},
            "model": {"recipe": config.recipe, "parameters": model.num_parameters()},
            "run": environment(processes),
        }
        write_json(config.out / CONFIG, config.model_dump(mode="json"))
        write_json(path, document)
    return path


def _chosen(config: TrainConfig, reading: Reading) -> Problems:
    problems = reading.problems
    if config.eval_problems is not None:
        problems = subsample(problems, config.eval_problems)
    chosen = problems[: config.eval_first]
    if not len(chosen):
        raise UsageError("no problem is left to evaluate: leave out --eval_loop_cap 0")
    return chosen


def _describe(reading: Reading, problems: Problems) -> dict[str, Any]:
    return {
        "sample": any(shard.sample for shard in reading.shards),
        "groups": {
            "read": reading.groups,
            "dropped": dict(sorted(reading.dropped.items())),
            "not_drawn": len(reading.problems) - len(problems),
            "evaluated_on": len(problems),
        },
        "valid_shards": describe_shards(reading.shards),
    }


def _overlap(
    config: TrainConfig, problems: Problems, trained_on: Sequence[Path]
) -> dict[str, Any] | None:
    """None: nobody knows what the model was trained on."""
    assert config.start_from is not None  # it was evaluated
    if trained_on:
        read = partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
        trained: Problems | None = read(trained_on).problems
    else:
        trained = trained_problems(config.start_from)
    return None if trained is None else statement_overlap(trained, problems)


def _read(config: TrainConfig, processes: Processes) -> tuple[Reading, tuple[Absent, ...]]:
    say = TrainingProgress(0, 0, shown=processes.main).note
    tasks = config.eval_tasks or config.valid_tasks
    found = task_paths(config, () if config.valid else tasks, "dev", processes, say)
    paths = config.valid or found.evaluation
    if not paths:
        raise UsageError("say what to evaluate on: --eval_tasks NAMES, or --valid SHARDS")
    reading = read_problems(paths, allow_sample=config.allow_sample, recipe=config.recipe)
    return reading, found.absent
