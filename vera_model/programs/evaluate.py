"""Evaluate a checkpoint without training: ``--mode eval``."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.storage import write_json
from vera_model.config import TrainConfig, from_preset
from vera_model.data.loading import Holdout, P, Reading, read_problems, same_texts, subsample
from vera_model.data.overlap import statement_overlap, trained_problems
from vera_model.data.problems import Problems
from vera_model.data.tasks import MissingTask
from vera_model.data.text_records import read_examples
from vera_model.distributed import Processes, start_processes
from vera_model.embedded import is_language_model, named_model
from vera_model.metrics.baselines import baselines
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.calibration import Calibration, Criterion, calibrate, save_temperature
from vera_model.metrics.predictions import read_predictions
from vera_model.metrics.summary import write_results
from vera_model.model.initial_model import (
    ZERO_SHOT_LIMITS,
    starting_point,
    text_starting_point,
)
from vera_model.model.published_layout import import_published
from vera_model.objectives.text import TextObjective
from vera_model.objectives.vera import VeraObjective
from vera_model.programs.fetched_models import (
    converted_model,
    safe_source,
    with_fetched_model,
)
from vera_model.programs.missing_tasks import task_paths
from vera_model.programs.preflight import check_calibration, model_files
from vera_model.report.run_metadata import (
    describe_missing,
    describe_shards,
    describe_splits,
    environment,
)
from vera_model.report.terminal import baseline_lines, unseen_warnings, warnings
from vera_model.run_folder import (
    ANSWERS,
    CALIBRATION,
    CONFIG,
    PREDICTIONS,
    card_notes,
    check_unevaluated,
    checked_model,
    evaluated_as,
    is_hub_name,
    is_text_model,
    model_folder,
    only_run,
    read_settings,
    text_limit,
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
    text = config.objective == "text"
    start: Any = text_starting_point if text else starting_point
    model, tokenizer = start(with_fetched_model(config, processes, say), ())
    kind = TextObjective if text else VeraObjective
    objective = kind(config, tokenizer, Holdout(problems[:0], problems), processes)
    unseen = objective.describe()["unseen"]
    for line in [*card_notes(config.start_from), *unseen_warnings(unseen)]:
        say(line)
    with only_run(config.out) if processes.main else nullcontext():
        check_unevaluated(config.out, overwrite=config.overwrite)
        metrics = objective.evaluate(processes.accelerator.prepare(model))
        if processes.main:
            write_json(config.out / CONFIG, config.model_dump(mode="json"))
            trained = None if text else _trained(config, trained_on)
            document = {
                "metrics": _results(config, objective, model, metrics, resampling),
                "checkpoint": {"measured": str(config.start_from)},
                "baselines": _baselines(objective, trained, resampling),
                "missing": describe_missing(missing),
                "data": {
                    **_describe(reading, problems),
                    "unseen": unseen,
                    **(
                        _trained_on(config, problems, trained_on)
                        if text
                        else _overlap(trained, problems)
                    ),
                },
                "model": {
                    "objective": config.objective,
                    "recipe": config.recipe,
                    "zero_shot": is_language_model(config.start_from),
                    "parameters": model.num_parameters(),
                },
                "run": environment(processes),
            }
            write_json(path, document)
    return path


def _results(
    config: TrainConfig,
    objective: TextObjective | VeraObjective,
    model: Any,
    metrics: dict[str, Any],
    resampling: Resampling | None,
) -> dict[str, Any]:
    """Write the answers or the predictions, and remove those of an earlier evaluation."""
    for name in (ANSWERS, PREDICTIONS):
        (config.out / name).unlink(missing_ok=True)
    if objective.predictions is None:
        assert isinstance(objective, TextObjective)  # of questions: it has answers
        objective.write_answers(config.out)
        return metrics
    how: dict[str, Any] = {"recipe": "clean"}  # recipe vera's files are of Vera models
    if isinstance(objective, VeraObjective):
        how = {"recipe": config.recipe, "temperature": model.config.temperature}
    return write_results(config.out, objective.predictions, metrics, resampling=resampling, **how)


def _baselines(
    objective: TextObjective | VeraObjective,
    trained: Problems | None,
    resampling: Resampling | None,
) -> dict[str, Any] | None:
    """See :func:`vera_model.metrics.baselines.baselines`; None where questions were answered."""
    if objective.predictions is None:
        return None
    return baselines(objective.predictions, trained, resampling or Resampling())


def _chosen(config: TrainConfig, reading: Reading[P]) -> P:
    problems = reading.problems
    if config.eval_problems is not None:
        problems = subsample(problems, config.eval_problems)
    chosen = problems[: config.eval_first]
    if not len(chosen):
        raise UsageError("--eval_loop_cap 0 leaves no problem to evaluate: omit it")
    return chosen


def _describe(reading: Reading[P], problems: P) -> dict[str, Any]:
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


def _overlap(trained: Problems | None, problems: Problems) -> dict[str, Any]:
    """Evaluation statements that were trained on; None if the training data are unknown."""
    return {"overlap": None if trained is None else statement_overlap(trained, problems)}


def _trained(config: TrainConfig, trained_on: Sequence[Path]) -> Problems | None:
    assert config.start_from is not None  # it was evaluated
    if trained_on:
        read = partial(read_problems, allow_sample=config.allow_sample, recipe=config.recipe)
        return read(trained_on).problems
    return trained_problems(config.start_from)


def _trained_on(config: TrainConfig, examples: Any, trained_on: Sequence[Path]) -> dict[str, Any]:
    """Evaluation examples whose texts were trained on; None without ``trained_on``."""
    read = partial(read_examples, records=config.records, allow_sample=config.allow_sample)
    trained: Any = read(trained_on).problems if trained_on else ()
    both = same_texts(trained, examples) if trained_on else None
    return {"evaluation_problems_whose_texts_were_trained_on": both}


def _read(
    config: TrainConfig, processes: Processes, say: Callable[[str], None]
) -> tuple[Reading[Any], tuple[MissingTask, ...]]:
    tasks = config.eval_tasks or config.valid_tasks
    found = task_paths(config, () if config.valid else tasks, "dev", processes, say)
    paths = config.valid or found.evaluation
    if not paths:
        raise UsageError("no data to evaluate on: give --eval_tasks NAMES or --valid SHARDS")
    sample = config.allow_sample
    if config.objective == "text":
        return read_examples(paths, config.records, allow_sample=sample), found.missing
    return read_problems(paths, allow_sample=sample, recipe=config.recipe), found.missing


def local_model(source: str, *, allow_pickle: bool) -> Path:
    """A model's folder: ``source``, models/NAME, where a Vera model of the hub is imported if
    absent, or the hub's cache for a T5.

    Raises ModelError and UnreachableError as `uqa model import` does.
    """
    source = named_model(source)
    if Path(source).is_dir():
        return model_folder(Path(source))
    imported = Path("models") / Path(source).name
    if not imported.is_dir():
        there = converted_model(source) if is_hub_name(source) else None
        folder = there or model_files(source, None, allow_pickle=allow_pickle)
        if is_text_model(folder):
            return folder if allow_pickle else Path(_safe(source, folder))
        kind = {"allow_pickle": allow_pickle, "dtype": "stored", "overwrite": False}
        import_published(folder, imported, **kind)  # type: ignore[arg-type]
    return imported


def _safe(source: str, folder: Path) -> str:
    """The folder of a T5's safetensors: what was downloaded, or what its pickle is converted to."""
    if any(folder.glob("*.safetensors")):
        return str(folder)
    found = safe_source(source, line_printer(shown=True))
    return str(folder) if found == source else found


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
    limits: dict[str, Any] = {"objective": evaluated_as(folder)}
    if limits["objective"] == "text":
        limits |= {"max_tokens": text_limit(folder), "allow_pickle": allow_pickle}
    elif given.get("records") is not None:
        raise UsageError("--records is for text models: a Vera model scores statements")
    elif is_language_model(folder):
        limits |= ZERO_SHOT_LIMITS
    else:
        own = read_settings(checked_model(folder))
        limits["max_tokens"] = own.max_tokens
        if recipe == "clean":
            limits["cut"] = own.cut
    chosen = {name: value for name, value in given.items() if value is not None}
    config = from_preset(
        "upstream",
        **{**limits, **chosen, "start_from": folder, "out": out, "recipe": recipe},
        batch_size=64,
    )
    return evaluate(config, trained_on=trained_on, resampling=resampling)


def calibrate_model(
    model: Path, evaluated: Path | None, by: Criterion, *, save: bool
) -> Calibration:
    """Fit a temperature to the predictions in ``evaluated``; ``save`` writes it into the model.

    ``evaluated``: the folder of a run or an evaluation; None: the model's own run. Raises
    SourceError if no temperature is the best: then no file is changed.
    """
    check_calibration(model, evaluated)
    folder = evaluated or model
    found = calibrate(read_predictions(folder / PREDICTIONS), by)
    found.refuse_bound()
    if save:
        save_temperature(model, found.temperature)
        write_json(folder / CALIBRATION, found._asdict())
    return found


def summary_of(document: dict[str, Any]) -> str:
    """A table of the numbers with their intervals, overall, by partition and by dataset."""
    metrics, data = document["metrics"], document["data"]
    named = {"all": metrics["overall"], **metrics.get("partitions", {}), **metrics["tasks"]}
    wide = max(map(len, named))
    columns = _ANSWERED if "records" in metrics["overall"] else _SCORED
    titles = "  ".join(f"{title:19}" for title in columns.values())
    lines = [f"{'':{wide}}  problems  {titles}".rstrip()]
    for name, found in named.items():
        cells = "  ".join(_cell(found, key) for key in columns)
        lines.append(f"{name:{wide}}  {_size(found):8}  {cells}".rstrip())
    lines += baseline_lines(document)
    if data.get("overlap", data.get("evaluation_problems_whose_texts_were_trained_on")) is None:
        if document["model"].get("zero_shot"):
            lines.append("a language model's training data are not known: these may be among them")
        else:
            lines.append("overlap with training data not checked: give --trained-on SHARDS")
    return "\n".join([*lines, *warnings(document)])


_SCORED = {
    "choice_accuracy": "choice accuracy",
    "statement_accuracy": "statement accuracy",
    "auroc": "AUROC",
}
_ANSWERED = {"choice_accuracy": "choice accuracy", "exact_match": "exact match", "f1": "F1"}


def _size(found: dict[str, Any]) -> int:
    """Problems, or questions."""
    size: int = found["problems"] if "problems" in found else found["records"]
    return size


def _cell(found: dict[str, Any], key: str) -> str:
    value, interval = found.get(key), found.get("intervals", {}).get(key)
    if value is None:
        return f"{'-':19}"
    spread = f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else ""
    return f"{value:.3f} {spread:13}"
