"""Train a model on converted shards, top to bottom.

    uqa train --preset tiny --data converted --out runs/tiny
    accelerate launch vera_model/run.py --preset stage-a --run_name stage-a

The run folder gets ``config.json``, ``train_log.jsonl`` (a line per update), ``eval_log.jsonl``,
``tensorboard/``, ``model/`` (checkpoints) and, when the run is complete, ``metrics.json``. Logs and
metrics hold no times: the same configuration and data give the same bytes on the same machine.
"""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import set_seed  # type: ignore[import-untyped]  # ships no types

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.storage import atomic_file, write_json
from vera_model.config import TrainConfig
from vera_model.data.splits import Inputs, Paths, read_inputs
from vera_model.distributed import Processes, start_processes
from vera_model.metrics.baselines import baselines
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.summary import measured_predictions, with_intervals
from vera_model.model.initial_model import load_text_model, starting_point, text_starting_point
from vera_model.model.lora import restore_lora
from vera_model.model.saving import load_checkpoint
from vera_model.objectives.base import Objective
from vera_model.objectives.text import TextObjective
from vera_model.objectives.vera import VeraObjective
from vera_model.planning.plan import announce_plan
from vera_model.programs.fetched_models import with_fetched_model
from vera_model.programs.missing_tasks import find_paths
from vera_model.report.run_metadata import describe_data, describe_missing, environment
from vera_model.report.terminal import unseen_warnings
from vera_model.run_folder import ANSWERS, CONFIG, METRICS, check_unused, clear_run, only_run
from vera_model.training.checkpoints import (
    Checkpoints,
    Resumed,
    check_same_run,
    find_resumed,
    fixed_settings,
)
from vera_model.training.loop import MEASURED, Loop
from vera_model.training.progress import TrainingProgress, line_printer
from vera_model.training.tracking import Tracking


def run(config: TrainConfig) -> Path:
    """Train, evaluate, and return the path of ``metrics.json`` in the run folder.

    Raises SourceError and UsageError for the data, OutputError for the run folder, ModelError
    for a checkpoint or a loss that is not finite; Terminated or Interrupted at SIGTERM or Ctrl-C,
    after a checkpoint. Seeds torch's, numpy's and Python's global generators.
    """
    processes = start_processes(config)
    say = line_printer(shown=processes.main)
    paths = find_paths(config, processes, say)
    inputs = read_inputs(config, paths)
    with only_run(config.out) if processes.main else nullcontext():
        resumed = processes.from_main(find_resumed(config, say) if processes.main else None)
        facts: dict[str, Any] = {
            "settings": fixed_settings(config, inputs.shards, processes.number),
            "missing": tuple(one.task for one in paths.missing),
        }
        if resumed is not None:
            check_same_run(resumed.state, facts["settings"])
            say(f"resuming from {resumed.folder}, after {resumed.state.step} updates")
        if processes.main:
            _prepare_folder(config, resumed, say)
        processes.wait()
        objective, model = _build(config, inputs, processes, resumed, say)
        for line in [
            *_mixed_warnings(inputs, objective),
            *unseen_warnings(objective.describe()["unseen"]),
        ]:
            say(line)
        if processes.main:
            announce_plan(config, objective, model, say)
        loop = Loop(config, objective, model, processes, facts, resumed)
        with Tracking(config, loop.done) if processes.main else nullcontext() as tracking:
            loop.run(tracking, TrainingProgress(loop.updates, loop.done, shown=processes.main))
        if processes.main:
            document = _document(loop, model, inputs, paths)
            write_json(config.out / METRICS, document)
    return config.out / METRICS


def _prepare_folder(
    config: TrainConfig, resumed: Resumed | None, say: Callable[[str], None]
) -> None:
    folder = config.out
    try:
        check_unused(config)
        if resumed is None:
            clear_run(folder)
        else:
            (folder / METRICS).unlink(missing_ok=True)  # where it exists, the run is complete
            for path in Checkpoints(folder / "model").resume_from(resumed):
                say(f"a checkpoint that this run will not continue was renamed: {path}")
        write_json(folder / CONFIG, config.model_dump(mode="json"))
    except OSError as error:
        raise OutputError(f"{folder} can't be written: choose another --out: {error}") from error


def _build(
    config: TrainConfig,
    inputs: Inputs,
    processes: Processes,
    resumed: Resumed | None,
    say: Callable[[str], None],
) -> tuple[Objective, Any]:
    """Objective and model; weights are equal in all processes, dropout is not."""
    set_seed(config.seed)
    text = config.objective == "text"
    if resumed is not None and config.lora is None:
        model, tokenizer = (load_text_model if text else load_checkpoint)(resumed.folder)
    else:
        start: Any = text_starting_point if text else starting_point
        model, tokenizer = start(with_fetched_model(config, processes, say), inputs.texts())
        if not text:
            model.config.temperature = 1.0  # calibration was of the weights before training
        if resumed is not None:
            restore_lora(resumed.folder, model)
    if config.activation_checkpointing:
        old = model.gradient_checkpointing_enable  # its name before transformers 5.2x
        enable = getattr(model, "activation_checkpointing_enable", old)
        enable({"use_reentrant": False})
    kind = TextObjective if text else VeraObjective
    objective = kind(config, tokenizer, inputs.holdout, processes)
    torch.manual_seed(config.seed + processes.index)
    return objective, model


def _mixed_warnings(inputs: Inputs, objective: Objective) -> list[str]:
    """Lines about datasets without a record to train on, and records that are written unlike."""
    if not isinstance(objective, TextObjective):
        return []
    lines = []
    if names := {shard.dataset for shard in inputs.data.shards} - {*objective.train.tasks()}:
        lines.append(
            f"no record to train on, so no part of the mixture: {', '.join(sorted(names))}"
        )
    profiles: dict[str, set[str]] = {}
    for shard in inputs.shards:
        profiles.setdefault(str(shard.profile), set()).add(f"{shard.dataset} {shard.split}")
    if len(profiles) > 1:
        each = "; ".join(f"{name}: {', '.join(sorted(of))}" for name, of in profiles.items())
        lines.append(f"the shards were converted with several --profile ({each})")
    return [f"WARNING: {line}" for line in lines]


def _document(loop: Loop, model: Any, inputs: Inputs, paths: Paths) -> dict[str, Any]:
    config = loop.config
    best = config.out / "model" / "best"
    measured = best / MEASURED
    metrics = json.loads(measured.read_bytes()) if measured.is_file() else loop.metrics
    if isinstance(loop.objective, TextObjective):
        _publish_answers(config.out, best / ANSWERS, loop.objective)
    return {
        "metrics": with_intervals(config, loop.objective, best, metrics),
        "baselines": _baselines(loop, inputs, best),
        "checkpoint": {
            "measured": best.resolve().name if measured.is_file() else None,
            "chosen_by": [one.model_dump() for one in loop.evaluations],
        },
        "missing": describe_missing(paths.missing),
        "data": describe_data(config, inputs, loop.objective),
        "mixture": _mixture(loop),
        "model": {
            "objective": config.objective,
            "preset": config.preset,
            "recipe": config.recipe,
            "parameters": model.num_parameters(),
            "vocabulary": model.get_input_embeddings().num_embeddings,
        },
        "run": {"seed": config.seed, "steps": config.steps, **environment(loop.processes)},
    }


def _baselines(loop: Loop, inputs: Inputs, best: Path) -> dict[str, Any] | None:
    """See :func:`vera_model.metrics.baselines.baselines`; None where questions are answered."""
    predictions = measured_predictions(loop.objective, best)
    if predictions is None:
        return None
    trained: Any = inputs.holdout.train if isinstance(loop.objective, VeraObjective) else None
    return baselines(predictions, trained, Resampling())


def _mixture(loop: Loop) -> dict[str, Any] | None:
    """How datasets were mixed for ``text``, and what was seen of each."""
    objective = loop.objective
    return objective.seen(*loop.position) if isinstance(objective, TextObjective) else None


def _publish_answers(out: Path, best: Path, objective: TextObjective) -> None:
    """Write the best checkpoint's answers, without checkpoints the last ones, to the run folder."""
    if best.is_file():
        with atomic_file(out / ANSWERS) as file:
            file.write(best.read_bytes())
    else:
        objective.write_answers(out)
