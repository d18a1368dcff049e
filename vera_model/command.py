"""From flags to a run: what `uqa train` and run.py do once the flags are parsed. Loads no torch."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unifiedqa_convert.errors import UsageError
from vera_model.closing import closing_lines
from vera_model.config import TrainConfig, from_preset

_LISTS = ("train_tasks", "valid_tasks", "eval_tasks")


def configure(flags: dict[str, Any]) -> TrainConfig:
    """One configuration of what was given; None is not given. Raises UsageError."""
    given = {name: value for name, value in flags.items() if name in TrainConfig.model_fields}
    for name in _LISTS:
        if given[name] is not None:
            given[name] = [task.strip() for task in given[name].split(",") if task.strip()]
    evaluation = flags["mode"] == "eval"
    preset = given.pop("preset") or ("upstream" if flags["run_name"] or evaluation else "tiny")
    asked = given["eval_tasks" if evaluation else "train_tasks"] or given["data"]
    if preset == "upstream" and not asked:
        given["missing"] = given["missing"] or "skip"
    if not asked and preset == "tiny":
        given["data"] = [Path("data/converted")]
    given["out"] = given["out"] or Path("runs") / (flags["run_name"] or preset)
    given["save"] = False if flags["nosave"] else None
    given["track"] = () if flags["nolog"] else tuple(given["track"] or ())
    cap, size = flags["eval_loop_cap"], given["batch_size"] or 1
    given["eval_first"] = None if cap is None else cap * size
    return from_preset(preset, **given)


def configure_plan(flags: dict[str, Any]) -> TrainConfig:
    """The same for `uqa plan train`, with the refusals of `uqa train`. Raises UsageError."""
    config = configure(flags)
    if config.objective == "text":
        raise UsageError(
            "--objective text is planned once its records are tokenised: `uqa train` says the plan "
            "before its first update, and Ctrl-C is safe there"
        )
    from vera_model.refusals import check_data  # numpy, which the light core lacks

    check_data(config)
    return config


def warn(config: TrainConfig, flags: dict[str, Any], say: Callable[[str], None]) -> None:
    """Say loudly what upstream's commands do when they name no tasks."""
    if config.preset != "upstream" or flags["mode"] == "eval" or flags["train_tasks"]:
        return
    if config.data:
        return
    say(
        f"NO TASK LIST: {config.out.name} trains on upstream's default, the "
        f"{len(config.train_tasks)} tasks of stage B: {', '.join(config.train_tasks)}.\n"
        "Upstream's command for stage A does so too, and then trains both stages on the same data. "
        "The paper's stage A is atomic2020_3d and genericskb_3d: --preset stage-a; its stage B: "
        "--preset stage-b. Tasks that can't be had are left out, listed, and recorded."
    )


def run_command(flags: dict[str, Any]) -> None:
    """Train or evaluate; the run's folder (or metrics.json) on stdout, the rest on stderr."""
    config = configure(flags)
    main = os.environ.get("RANK", "0") == "0"
    say = _quiet if flags["quiet"] or not main else _say
    warn(config, flags, say)
    try:
        run = _checked(config, evaluation=flags["mode"] == "eval")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs {error.name}: pip install 'unifiedqa-convert[model]'"
        ) from error
    path = run(config)
    if main:
        _tell(path, json.loads(path.read_bytes()), flags["as_json"], say)


def _checked(config: TrainConfig, *, evaluation: bool) -> Callable[[TrainConfig], Path]:
    """What runs it, imported once all that can be refused without torch has been."""
    from vera_model import refusals

    if evaluation:
        refusals.check_evaluation_run(config)
        from vera_model.evaluation import evaluate_run

        return evaluate_run
    refusals.check_training(config)
    from vera_model.train import run

    return run


def _tell(path: Path, document: dict[str, Any], as_json: bool, say: Callable[[str], None]) -> None:
    """The path (or the metrics) on stdout, what a person wants to know on stderr."""
    for line in closing_lines(path, document):
        say(line)
    print(json.dumps(document, indent=2) if as_json else path)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _quiet(_: str) -> None:
    return
