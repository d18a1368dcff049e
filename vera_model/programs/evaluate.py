"""Evaluate a checkpoint without training: ``--mode eval``."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.storage import write_json
from vera_model.config import TrainConfig, from_preset
from vera_model.data.loading import Holdout, Reading, read_problems, subsample
from vera_model.data.overlap import statement_overlap, trained_problems
from vera_model.data.problems import Problems
from vera_model.data.tasks import MissingTask
from vera_model.distributed import Processes, start_processes
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.calibration import Calibration, Criterion, calibrate, save_temperature
from vera_model.metrics.predictions import read_predictions
from vera_model.metrics.summary import write_results
from vera_model.model.initial_model import starting_point
from vera_model.model.published_layout import import_published
from vera_model.objectives.vera import VeraObjective
from vera_model.programs.missing_tasks import task_paths
from vera_model.programs.preflight import check_calibration, model_files
from vera_model.report.run_metadata import (
    describe_missing,
    describe_shards,
    describe_splits,
    environment,
)
from vera_model.report.terminal import unseen_warnings, warnings
from vera_model.run_folder import (
    CALIBRATION,
    CONFIG,
    PREDICTIONS,
    card_notes,
    check_unevaluated,
    checked_model,
    model_folder,
    only_run,
    read_settings,
)
from vera_model.training.progress import line_printer


def evaluate_run(config: TrainConfig) -> Path:
    """:func:`evaluate` with its defaults, as ``--mode eval`` runs it."""
    return evaluate(config)


def evaluate(
    config: TrainConfig,
    *,
    trained_on: Sequence[Path] = (),
    resampling: Resampling | None = None,
) -> Path:
    """Score ``start_from`` on ``valid`` or ``eval_tasks``; return the path of ``metrics.json``.

    ``trained_on``: the shards of the training data, to count evaluation statements among them;
    none: those of the model's own run, if known. Raises as :func:`vera_model.programs.train.run`.
    """
    if config.start_from is None:
        raise UsageError("no model to evaluate: give --load_from_ckpt RUN/model/best")
    path = check_unevaluated(config.out, overwrite=config.overwrite)
    processes = start_processes(config)
    say = line_printer(shown=processes.main)
    reading, missing = _read(config, processes, say)
    problems = _chosen(config, reading)
    model, tokenizer = starting_point(config, ())
    objective = VeraObjective(config, tokenizer, Holdout(problems[:0], problems), processes)
    unseen = objective.describe()["unseen"]
    for line in [*card_notes(config.start_from), *unseen_warnings(unseen)]:
        say(line)
    with only_run(config.out) if processes.main else nullcontext():
        check_unevaluated(config.out, overwrite=config.overwrite)
        metrics = objective.evaluate(processes.accelerator.prepare(model))
        if processes.main:
            assert objective.predictions is not None  # set by evaluate
            write_json(config.out / CONFIG, config.model_dump(mode="json"))
            how: dict[str, Any] = {"recipe": config.recipe, "temperature": model.config.temperature}
            metrics = write_results(
                config.out, objective.predictions, metrics, resampling=resampling, **how
            )
            overlap = _overlap(config, problems, trained_on)
            document = {
                "metrics": metrics,
                "checkpoint": {"measured": str(config.start_from)},
                "missing": describe_missing(missing),
                "data": {**_describe(reading, problems), "unseen": unseen, "overlap": overlap},
                "model": {"recipe": config.recipe, "parameters": model.num_parameters()},
                "run": environment(processes),
            }
            write_json(path, document)
    return path


def _chosen(config: TrainConfig, reading: Reading[Problems]) -> Problems:
    problems = reading.problems
    if config.eval_problems is not None:
        problems = subsample(problems, config.eval_problems)
    chosen = problems[: config.eval_first]
    if not len(chosen):
        raise UsageError("--eval_loop_cap 0 leaves no problem to evaluate: omit it")
    return chosen


def _describe(reading: Reading[Problems], problems: Problems) -> dict[str, Any]:
    return {
        "sample": any(shard.sample for shard in reading.shards),
        "groups": {
            "read": reading.groups,
            "dropped": dict(sorted(reading.dropped.items())),
            "not_drawn": len(reading.problems) - len(problems),
            "evaluated_on": len(problems),
        },
        "splits": describe_splits(reading.shards),
        "valid_shards": describe_shards(reading.shards),
    }


def _overlap(
    config: TrainConfig, problems: Problems, trained_on: Sequence[Path]
) -> dict[str, Any] | None:
    """None if the training data are unknown."""
    assert config.start_from is not None  # it was evaluated
    if trained_on:
        read = partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
        trained: Problems | None = read(trained_on).problems
    else:
        trained = trained_problems(config.start_from)
    return None if trained is None else statement_overlap(trained, problems)


def _read(
    config: TrainConfig, processes: Processes, say: Callable[[str], None]
) -> tuple[Reading[Problems], tuple[MissingTask, ...]]:
    tasks = config.eval_tasks or config.valid_tasks
    found = task_paths(config, () if config.valid else tasks, "dev", processes, say)
    paths = config.valid or found.evaluation
    if not paths:
        raise UsageError("no data to evaluate on: give --eval_tasks NAMES or --valid SHARDS")
    reading = read_problems(paths, allow_sample=config.allow_sample, recipe=config.recipe)
    return reading, found.missing


def local_model(source: str, *, allow_pickle: bool) -> Path:
    """A Vera model's folder: ``source``, or models/NAME, where a hub model is imported if absent.

    Raises ModelError and UnreachableError as `uqa model import` does.
    """
    if Path(source).is_dir():
        return model_folder(Path(source))
    imported = Path("models") / Path(source).name
    if not imported.is_dir():
        folder = model_files(source, None, allow_pickle=allow_pickle)
        kind = {"allow_pickle": allow_pickle, "dtype": "stored", "overwrite": False}
        import_published(folder, imported, **kind)  # type: ignore[arg-type]
    return imported


def evaluate_model(
    model: str,
    out: Path,
    *,
    resampling: Resampling,
    trained_on: Sequence[Path] = (),
    recipe: Literal["clean", "vera"] = "clean",
    allow_pickle: bool = False,
    **given: Any,
) -> Path:
    """Evaluate, with texts cut as the model's configuration says. Returns ``metrics.json``.

    ``given``: fields of TrainConfig, such as ``valid`` (shards) or ``eval_tasks`` (names).
    """
    folder = local_model(model, allow_pickle=allow_pickle)
    own = read_settings(checked_model(folder))
    limits: dict[str, Any] = {"max_tokens": own.max_tokens}
    if recipe == "clean":
        limits["cut"] = own.cut
    config = from_preset(
        "upstream", start_from=folder, out=out, recipe=recipe, batch_size=64, **limits, **given
    )
    return evaluate(config, trained_on=trained_on, resampling=resampling)


def calibrate_model(
    model: Path, evaluated: Path | None, by: Criterion, *, save: bool
) -> Calibration:
    """Fit a temperature to the predictions in ``evaluated``; ``save`` writes it into the model.

    ``evaluated``: the folder of a run or an evaluation; None: the model's own run.
    """
    check_calibration(model, evaluated)
    folder = evaluated or model
    found = calibrate(read_predictions(folder / PREDICTIONS), by)
    if save:
        save_temperature(model, found.temperature)
        write_json(folder / CALIBRATION, found._asdict())
    return found


def summary_of(document: dict[str, Any]) -> str:
    """A table of the numbers with their intervals, overall, by partition and by dataset."""
    metrics = document["metrics"]
    named = {"all": metrics["overall"], **metrics["partitions"], **metrics["tasks"]}
    wide = max(map(len, named))
    lines = [f"{'':{wide}}  problems  choice accuracy      statement accuracy   AUROC"]
    for name, found in named.items():
        cells = [_cell(found, key) for key in ("choice_accuracy", "statement_accuracy", "auroc")]
        lines.append(f"{name:{wide}}  {found['problems']:8}  {'  '.join(cells)}".rstrip())
    if document["data"]["overlap"] is None:
        lines.append("overlap with training data not checked: give --trained-on SHARDS")
    return "\n".join([*lines, *warnings(document)])


def _cell(found: dict[str, Any], key: str) -> str:
    value, interval = found.get(key), found.get("intervals", {}).get(key)
    if value is None:
        return f"{'-':19}"
    spread = f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else ""
    return f"{value:.3f} {spread:13}"
