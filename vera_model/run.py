"""`uqa train`, and the same command as a program of its own for ``accelerate launch``:

    accelerate launch vera_model/run.py --train_tasks sciq --valid_tasks sciq --run_name train

Upstream's flags keep their names and, with its preset, defaults. Importing it loads no torch.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.errors import UqaError, UsageError, missing_library
from vera_model.config import TrainConfig, from_preset
from vera_model.report.terminal import closing_lines

# From flags to a run: what `uqa train` and run.py do once the flags are parsed. Loads no torch.

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
    from vera_model.programs.preflight import check_data

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
        raise missing_library(error.name, "model") from error
    path = run(config)
    if main:
        _tell(path, json.loads(path.read_bytes()), flags["as_json"], say)


def _checked(config: TrainConfig, *, evaluation: bool) -> Callable[[TrainConfig], Path]:
    """What runs it, imported once all that can be refused without torch has been."""
    from vera_model.programs import preflight

    if evaluation:
        preflight.check_evaluation_run(config)
        from vera_model.programs.evaluate import evaluate_run

        return evaluate_run
    preflight.check_training(config)
    from vera_model.programs.train import run

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


# What `accelerate launch` is told when its program ends with an error. Loads no torch. The
# launcher answers any exit code but 0 with a traceback of its own, below our message. Where it
# asks for the reason in a file (several processes: torch's elastic launcher), its last lines
# say ours; where it does not (one process), a line of ours says what the traceback is.

_FILE = "TORCHELASTIC_ERROR_FILE"
_OF_ACCELERATE = "ACCELERATE_MIXED_PRECISION"  # it sets this for every program that it starts


def tell_failure(error: UqaError) -> None:
    """Say the error once, on the main process's stderr, and give it to the launcher."""
    if os.environ.get("RANK", "0") == "0":  # every process has found the same
        print(f"uqa train: {error}", file=sys.stderr)
        if _OF_ACCELERATE in os.environ:
            print(
                "(Below is the launcher's own traceback: it says no more than that this program "
                f"ended with exit code {error.exit_code}.)",
                file=sys.stderr,
                flush=True,
            )
    if file := os.environ.get(_FILE):
        told = {"message": str(error), "timestamp": str(int(time.time()))}
        Path(file).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__" and not __package__:
    # Started as a file: its folder is on the path, where config.py would hide other packages of
    # that name. The folder above is what `python -m` would have put there.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

_in_data = partial(typer.Option, rich_help_panel="Data")
_in_optimiser = partial(typer.Option, rich_help_panel="Optimiser")
_in_loss = partial(typer.Option, rich_help_panel="Loss")
_in_log = partial(typer.Option, rich_help_panel="Checkpoints and logs")


def train(
    mode: Annotated[Literal["train", "eval"], typer.Option(help="eval: score, don't train.")] = (
        "train"
    ),
    preset: Annotated[
        str | None,
        typer.Option(
            help="Where the configuration starts: tiny, stage-a, stage-b or upstream.",
            show_default="upstream with --run_name, else tiny",
        ),
    ] = None,
    recipe: Annotated[
        Literal["clean", "vera"], typer.Option(help="clean: right; vera: as upstream did it.")
    ] = "clean",
    objective: Annotated[
        Literal["vera", "text"], typer.Option(help="text: a seq2seq T5 on text in, text out.")
    ] = "vera",
    records: Annotated[
        Literal["question", "declarative"], typer.Option(help="Which texts, for --objective text.")
    ] = "question",
    out: Annotated[
        Path | None, typer.Option(help="The run folder.", show_default="runs/RUN_NAME or PRESET")
    ] = None,
    run_name: Annotated[
        str | None, typer.Option("--run-name", "--run_name", help="Names the run folder in runs/.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in OUT.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(help="auto: go on from the newest valid checkpoint of OUT; or name one."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, dropout and order.")] = None,
    device: Annotated[
        Literal["auto", "cpu"], typer.Option(help="auto takes what accelerate finds.")
    ] = "auto",
    model: Annotated[
        str | None,
        typer.Option("--model", "--model_type", help="A T5: a local folder or a name on the hub."),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from", "--load_from_ckpt", help="Weights to start from (or to evaluate)."
        ),
    ] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read upstream's .pth (weights_only).")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", "--max_input_len", help="Of one text.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        _in_data(
            help="Shards or folders of converted splits; repeat it for several.",
            show_default="data/converted, for the preset tiny",
        ),
    ] = None,
    valid: Annotated[
        list[Path] | None, _in_data(help="Evaluate on these; default: held-out problems.")
    ] = None,
    train_tasks: Annotated[
        str | None,
        _in_data(
            "--train-tasks",
            "--train_tasks",
            help="Instead of --data: datasets by name, with commas between.",
        ),
    ] = None,
    valid_tasks: Annotated[
        str | None, _in_data("--valid-tasks", "--valid_tasks", help="Instead of --valid.")
    ] = None,
    eval_tasks: Annotated[
        str | None, _in_data("--eval-tasks", "--eval_tasks", help="For --mode eval.")
    ] = None,
    data_root: Annotated[
        Path | None,
        _in_data(help="Where tasks lie, and are converted to.", show_default="data/converted"),
    ] = None,
    missing: Annotated[
        Literal["error", "skip"] | None,
        _in_data(
            help="A task that can't be had: stop, or leave it out and record that.",
            show_default="error; skip for upstream's own list",
        ),
    ] = None,
    allow_sample: Annotated[
        bool, _in_data("--allow-sample", help="Accept invented sample rows.")
    ] = False,
    distractors: Annotated[
        Literal["first", "sampled"] | None,
        _in_data(help="The first three, or others in each epoch."),
    ] = None,
    eval_loop_cap: Annotated[
        int | None,
        _in_data(
            "--eval-loop-cap",
            "--eval_loop_cap",
            min=0,
            help="Evaluate only so many batches; 0: none.",
        ),
    ] = None,
    steps: Annotated[
        int | None, _in_optimiser("--steps", "--total_steps", help="Weight updates.")
    ] = None,
    batch_size: Annotated[
        int | None,
        _in_optimiser(
            "--batch-size", "--batch_size", help="Problems per forward pass, over all processes."
        ),
    ] = None,
    batch_tokens: Annotated[
        int | None, _in_optimiser(help="Instead: as many problems as so many tokens.")
    ] = None,
    accumulate: Annotated[
        int | None,
        _in_optimiser(
            "--accumulate", "--accumulate_grad_batches", help="Forward passes per update."
        ),
    ] = None,
    lr: Annotated[float | None, _in_optimiser(help="Adam's learning rate.")] = None,
    warmup: Annotated[int | None, _in_optimiser(help="Updates of rising rate.")] = None,
    decay: Annotated[
        Literal["constant", "linear", "cosine"] | None,
        _in_optimiser(help="How the rate falls to 0."),
    ] = None,
    clip: Annotated[float | None, _in_optimiser(help="Largest gradient norm.")] = None,
    fused: Annotated[
        bool | None, _in_optimiser("--fused/--no-fused", help="Adam as one kernel.")
    ] = None,
    precision: Annotated[
        str | None, _in_optimiser(help="fp32 or bf16.", show_default="accelerate's")
    ] = None,
    activation_checkpointing: Annotated[
        bool, _in_optimiser("--activation-checkpointing", help="Less memory, a third more work.")
    ] = False,
    scoring: Annotated[
        Literal["margin", "bce", "mce", "mce+bce"] | None,
        _in_loss("--scoring", "--loss_fn", help="On the logits."),
    ] = None,
    contrastive: Annotated[
        int | None,
        _in_loss(
            "--contrastive", "--contrastive_loss_type", min=0, max=4, help="On the hidden states."
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        _in_loss("--temperature", "--contrastive_loss_temp", help="Of the contrastive loss."),
    ] = None,
    contrastive_weight: Annotated[
        float | None,
        _in_loss("--contrastive-weight", "--contrastive_loss_coef", help="Its weight in the sum."),
    ] = None,
    contrastive_labels: Annotated[
        Literal["label", "upstream"] | None, _in_loss(help="upstream: the column decides.")
    ] = None,
    log_every: Annotated[
        int | None, _in_log("--log-every", "--log_interval", help="Updates.")
    ] = None,
    save_every: Annotated[
        int | None,
        _in_log(
            "--save-every",
            "--save_interval",
            help="Updates between checkpoints; the last and the best are kept.",
            show_default="one, at the end",
        ),
    ] = None,
    eval_every: Annotated[
        int | None,
        _in_log(
            "--eval-every",
            "--eval_interval",
            help="Updates between evaluations.",
            show_default="one, at the end",
        ),
    ] = None,
    nosave: Annotated[bool, _in_log("--nosave", help="No checkpoints.")] = False,
    nolog: Annotated[bool, _in_log("--nolog", help="No --track.")] = False,
    track: Annotated[
        list[str] | None, _in_log(help="wandb, trackio: beside TensorBoard and JSON lines.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Train a model on converted shards, evaluate it, write metrics.json.

    The preset tiny starts from scratch and downloads nothing, about a minute on two cores.
    """
    flags = dict(locals())

    run_command(flags)


def main() -> None:
    """Run the command by itself; errors are one line and an exit code, as in `uqa`."""
    from unifiedqa_convert.errors import UqaError

    try:
        typer.run(train)
    except UqaError as error:
        tell_failure(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
