"""`uqa train`, and the same command as a program of its own for ``accelerate launch``:

    accelerate launch vera_model/run.py --train_tasks sciq --valid_tasks sciq --run_name train
    accelerate launch -m vera_model.run --preset stage-a      # from any folder, once installed

Upstream's flags keep their names and, with its preset, defaults. Importing it loads no torch.
"""

import inspect
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unifiedqa_convert.errors import UqaError, UsageError, check_words, missing_library
from unifiedqa_convert.flags import command, flags_of, given
from unifiedqa_convert.printing import message, print_json, print_text, say
from unifiedqa_convert.storage import use_stand_in_home
from vera_model.presets import PRESETS, RECIPES
from vera_model.report.terminal import closing_lines

if TYPE_CHECKING:
    from vera_model.config import TrainConfig  # pydantic, which `uqa --help` does not need

_data = partial(typer.Option, rich_help_panel="Data")
_log = partial(typer.Option, rich_help_panel="Checkpoints and logs")


@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """The flags of `uqa train` that are not fields of TrainConfig."""

    mode: Annotated[
        Literal["train", "eval"], typer.Option(help="train, or eval: evaluate without training.")
    ] = field(default="train", metadata={"before": "preset"})
    run_name: Annotated[
        str | None,
        typer.Option(
            "--run-name", "--run_name", metavar="NAME", help="Name of the run's folder in runs/."
        ),
    ] = field(default=None, metadata={"before": "overwrite"})
    eval_loop_cap: Annotated[
        int | None,
        _data(
            "--eval-loop-cap",
            "--eval_loop_cap",
            min=0,
            help="Maximum number of batches to evaluate; 0: do not evaluate.",
        ),
    ] = field(default=None, metadata={"before": "steps"})
    nosave: Annotated[bool, _log("--nosave", help="Write no checkpoints.")] = field(
        default=False, metadata={"before": "track"}
    )
    nolog: Annotated[bool, _log("--nolog", help="Ignore --track.")] = field(
        default=False, metadata={"before": "track"}
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json on stdout.")] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no progress and no summary.")
    ] = False


def train_flags() -> list[inspect.Parameter]:
    """The flags of `uqa train`; no default for a field that a preset or a recipe sets."""
    from vera_model.config import TrainConfig

    undecided = {name for start in (*PRESETS.values(), *RECIPES.values()) for name in start}
    return flags_of(TrainConfig, RunFlags, undecided=undecided)


def configure(flags: dict[str, Any]) -> "TrainConfig":
    """The configuration that the flags' values describe. Raises UsageError."""
    from vera_model.config import TrainConfig, from_preset

    own, fields = RunFlags(**given(RunFlags, flags)), given(TrainConfig, flags)
    evaluation = own.mode == "eval"
    preset = fields.pop("preset", None) or ("upstream" if own.run_name or evaluation else "tiny")
    tasks = fields.get("eval_tasks" if evaluation else "train_tasks") or fields.get("data")
    if preset == "upstream" and not tasks:
        fields.setdefault("missing", "skip")
    if not tasks and preset == "tiny":
        fields["data"] = (Path("data/converted"),)
    fields.setdefault("out", Path("runs") / (own.run_name or preset))
    if own.nosave:
        fields["save"] = False
    if own.nolog:
        fields["track"] = ()
    if own.eval_loop_cap is not None:
        fields["eval_first"] = own.eval_loop_cap * (fields.get("batch_size") or 1)
    return from_preset(preset, **fields)


def configure_plan(flags: dict[str, Any]) -> "TrainConfig":
    """The configuration of `uqa plan train`, checked as that of `uqa train`. Raises UsageError."""
    config = configure(flags)
    if config.objective == "text":
        raise UsageError(
            "--objective text can't be planned in advance: `uqa train` prints the plan before its "
            "first update; stop it there with Ctrl-C"
        )
    from vera_model.programs.preflight import check_backbone, check_data

    check_data(config)
    check_backbone(config.model if config.start_from is None else None)
    return config


def warn(config: "TrainConfig", flags: dict[str, Any], say: Callable[[str], None]) -> None:
    """Warn of the tasks that upstream's commands train on if they name none."""
    if config.preset != "upstream" or flags["mode"] == "eval" or flags["train_tasks"]:
        return
    if config.data:
        return
    say(
        f"NO TASK LIST: {config.out.name} trains on upstream's default, the "
        f"{len(config.train_tasks)} tasks of stage B: {', '.join(config.train_tasks)}.\n"
        "Upstream's command for stage A does the same, so both its stages train on the same data. "
        "For the paper's stage A (atomic2020_3d and genericskb_3d) use --preset stage-a, for its "
        "stage B --preset stage-b. Tasks whose data are not found are skipped, listed and recorded."
    )


def train(flags: dict[str, Any]) -> None:
    """Train a model on converted shards and evaluate it.

    The preset tiny starts from scratch and downloads nothing; it takes about a minute on two cores.
    """
    config = configure(flags)
    main = os.environ.get("RANK", "0") == "0"
    told = _quiet if flags["quiet"] or not main else say
    warn(config, flags, told)
    try:
        run = _checked(config, evaluation=flags["mode"] == "eval")
    except ModuleNotFoundError as error:
        raise missing_library(error.name, "model") from error
    path = run(config)
    if main:
        _report(path, json.loads(path.read_bytes()), flags["as_json"], told)


def _checked(config: "TrainConfig", *, evaluation: bool) -> Callable[["TrainConfig"], Path]:
    """The function that runs it, imported after every check that needs no torch."""
    from vera_model.programs import preflight

    if evaluation:
        preflight.check_evaluation_run(config)
        from vera_model.programs.evaluate import evaluate_run

        return evaluate_run
    preflight.check_training(config)
    from vera_model.programs.train import run

    return run


def _report(
    path: Path, document: dict[str, Any], as_json: bool, say: Callable[[str], None]
) -> None:
    """The path (or the metrics) on stdout, the summary on stderr."""
    for line in closing_lines(path, document):
        say(line)
    if as_json:
        print_json(document)
    else:
        print_text(path)


def _quiet(_: str) -> None:
    return


# `accelerate launch` answers any exit code but 0 with a traceback of its own, below our message.
# torch's elastic launcher (several processes) reads the reason from a file and prints it last; for
# one process a line of ours explains the traceback.
_ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
_SET_BY_ACCELERATE = "ACCELERATE_MIXED_PRECISION"  # in every program that it starts


def report_failure(error: UqaError) -> None:
    """Print the error on the main process's stderr, and pass it to the launcher."""
    if os.environ.get("RANK", "0") == "0":  # every process fails with the same error
        say(f"uqa train: {message(str(error))}")
        if _SET_BY_ACCELERATE in os.environ:
            say(
                "(The traceback below is the launcher's own; it only says that this program ended "
                f"with exit code {error.exit_code}.)"
            )
    if file := os.environ.get(_ERROR_FILE):
        reason = {"message": str(error), "timestamp": str(int(time.time()))}
        Path(file).write_text(json.dumps(reason), encoding="utf-8")


if __name__ == "__main__" and not __package__:
    # Started as a file: Python puts its folder on the path, where config.py would hide other
    # packages of that name. The parent folder is what `python -m` would have put there.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main() -> None:
    """Run the command by itself; errors are one line and an exit code, as in `uqa`."""
    try:
        check_words(sys.argv[1:])
        if line := use_stand_in_home():
            say(line)
        typer.run(command(train, train_flags()))
    except UqaError as error:
        report_failure(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
