"""The configuration of a training run, whose fields are the flags of `uqa train`. No torch here."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from unifiedqa_convert.errors import UsageError
from vera_model.embedded import named_model
from vera_model.presets import PRESETS, RECIPES
from vera_model.shapes import Encoder, Lora

Scoring = Literal["margin", "bce", "mce", "mce+bce"]
"""The scoring loss (Liu et al. 2023, section 3.2): multi-class and/or binary cross-entropy."""

Contrastive = Literal[0, 1, 2, 3, 4]
"""0: none; 1 and 3 InfoNCE with the anchor as its own positive, 2 and 4 supervised contrastive;
1 and 2 by dot product, 3 and 4 by cosine. The numbers are upstream's."""

ContrastiveLabels = Literal["label", "upstream"]
"""The two classes of the contrastive loss: by label, or (upstream) first statement and others."""

Objective = Literal["vera", "text"]
"""``vera``: an encoder scores statements. ``text``: a seq2seq T5 generates a record's output."""

TextRecords = Literal["question", "declarative"]
"""What ``text`` trains on: UnifiedQA's questions, or statements answered ``yes`` or ``no``."""

Mix = Literal["size", "equal"]
"""How ``text`` mixes datasets: each record once an epoch, or as many records of each dataset."""

FP16_REFUSED = (
    "fp16 is refused: T5's activations exceed its maximum, 65,504, and the loss becomes NaN; "
    "use bf16 (the same speed, fp32's range) or fp32"
)

_data = partial(typer.Option, rich_help_panel="Data")
_optimiser = partial(typer.Option, rich_help_panel="Optimiser")
_loss = partial(typer.Option, rich_help_panel="Loss")
_log = partial(typer.Option, rich_help_panel="Checkpoints and logs")


class TrainConfig(BaseModel):
    """Everything that decides a run. The same configuration and data give the same losses.

    A field with ``typer.Option`` is a flag of `uqa train` and `uqa plan train`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    # The run
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Configuration to start from: tiny, smol, stage-a, stage-b or upstream.",
            show_default="upstream with --run_name, else tiny",
        ),
    ]
    recipe: Annotated[
        Literal["clean", "vera"],
        typer.Option(help="clean: without upstream's defects; vera: with them, to compare."),
    ] = "clean"
    objective: Annotated[
        Objective,
        typer.Option(help="vera: an encoder scores statements; text: a seq2seq T5 writes answers."),
    ] = "vera"
    records: Annotated[
        TextRecords, typer.Option(help="With --objective text: the records to train on.")
    ] = "question"
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Folder of the run.", show_default="runs/RUN_NAME or PRESET"
        ),
    ]
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in --out.")
    ] = False
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="auto|FOLDER",
            help="auto: resume from the newest valid checkpoint in --out, if any; or a "
            "checkpoint's folder.",
        ),
    ] = None
    seed: Annotated[
        int,
        typer.Option(help="Seed of the initial weights, of dropout and of the problems' order."),
    ] = 19260817
    device: Annotated[
        Literal["auto", "cpu"], typer.Option(help="auto: a GPU if accelerate finds one.")
    ] = "auto"

    threads: Annotated[
        int | None,
        Field(ge=1),
        typer.Option(help="CPU threads of each process.", show_default="torch's: a core each"),
    ] = None

    # The model
    encoder: Encoder | None = None
    """Train from scratch, in this shape, with a vocabulary of the training texts."""
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "--model_type",
            metavar="MODEL",
            help="Pretrained T5 to start from: a local folder or a name on the hub.",
        ),
    ] = None
    likelihood: tuple[float, float] | None = None
    """With ``model``, a decoder: how its log-probability is part of the score, see VeraConfig."""
    lora: Lora | None = None
    """Train such matrices and the head only; None: every weight."""
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            "--load_from_ckpt",
            metavar="PATH",
            help="Checkpoint whose weights to start from, or to evaluate.",
        ),
    ] = None
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle", help="Read upstream's .pth checkpoints (pickle, tensors only)."
        ),
    ] = False
    max_tokens: Annotated[
        int,
        Field(ge=2),
        typer.Option(
            "--max-tokens", "--max_input_len", help="Maximum tokens per text; longer ones are cut."
        ),
    ] = 128
    cut: Literal["start", "end"] = "start"
    """Where a longer text is cut: ``start`` loses context, ``end`` (upstream) the statement."""
    eval_batch_size: int = Field(default=256, ge=1)
    """Statements per batch in evaluation."""

    # The data
    data: Annotated[
        tuple[Path, ...],
        _data(
            metavar="PATH",
            help="Shard, or folder of converted splits, to train on; repeat it for several.",
            show_default="data/converted, for the preset tiny",
        ),
    ] = ()
    valid: Annotated[
        tuple[Path, ...],
        _data(
            metavar="PATH",
            help="Shard or folder to evaluate on, given like --data; without it some problems of "
            "--data are held out.",
        ),
    ] = ()
    train_tasks: Annotated[
        tuple[str, ...],
        _data(
            "--train-tasks",
            "--train_tasks",
            metavar="NAMES",
            help="Names of datasets to train on, separated by commas, instead of --data.",
        ),
    ] = ()
    valid_tasks: Annotated[
        tuple[str, ...],
        _data(
            "--valid-tasks",
            "--valid_tasks",
            metavar="NAMES",
            help="Names of datasets whose validation split is evaluated, instead of --valid.",
        ),
    ] = ()
    eval_tasks: Annotated[
        tuple[str, ...],
        _data(
            "--eval-tasks",
            "--eval_tasks",
            metavar="NAMES",
            help="With --mode eval: names of datasets to evaluate on, separated by commas.",
        ),
    ] = ()
    data_root: Annotated[
        Path,
        _data(
            metavar="FOLDER",
            help="Folder of the tasks' converted splits; missing ones are converted into it.",
        ),
    ] = Path("data/converted")
    missing: Annotated[
        Literal["error", "skip"],
        _data(
            help="If a task's data are not found: error: stop; skip: leave it out and record that.",
            show_default="error; skip for upstream's own list",
        ),
    ] = "error"
    valid_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Fraction of the problems held out if there are no data to evaluate on."""
    split_seed: int = 0
    """Seed of the held-out problems; separate from ``seed``, so that seeds can be compared."""
    allow_sample: Annotated[
        bool, _data("--allow-sample", help="Accept the invented rows of the embedded samples.")
    ] = False
    mix: Annotated[
        Mix,
        _data(
            help="With --objective text and several datasets: size: each record once an epoch; "
            "equal: as many records of each dataset in each batch, as UnifiedQA; an epoch has as "
            "many of each as the largest dataset has."
        ),
    ] = "size"
    mix_limit: Annotated[
        int | None,
        Field(ge=1),
        _data(help="With --mix size: maximum records of a dataset in an epoch (T5's limit)."),
    ] = None
    mix_together: Annotated[
        tuple[str, ...],
        _data(
            metavar="NAMES",
            help="With --mix equal or --mix-limit: datasets that count as one, joined by +, such "
            "as race_high+race_middle; several such groups separated by commas.",
        ),
    ] = ()
    min_confidence: Annotated[
        float | None,
        Field(ge=0, le=1),
        _data(
            metavar="X",
            help="Leave out a group of --data, with all of its statements, if the confidence in "
            "one of them is less than X; --valid is evaluated whole.",
            show_default="all are kept",
        ),
    ] = None
    train_statements: int = Field(default=4, ge=1)
    """Statements per group in training: its gold and distractors."""
    distractors: Annotated[
        Literal["first", "sampled"],
        _data(help="first: the first three distractors; sampled: others in each epoch."),
    ] = "first"
    eval_statements: int | None = Field(default=None, ge=1)
    """Statements per group in evaluation; None: all (fewer make the task easier)."""
    eval_problems: int | None = Field(default=None, ge=1)
    """Problems evaluated per task, drawn as upstream draws its 2,000; None: all."""
    eval_first: int | None = Field(default=None, ge=0)
    """Evaluate only the first of those (upstream's ``--eval_loop_cap``); 0: none."""

    # The optimiser
    steps: Annotated[
        int,
        Field(ge=1),
        _optimiser(
            "--steps",
            "--total_steps",
            help="Number of weight updates.",
            show_default="the preset's",
        ),
    ]
    batch_size: Annotated[
        int,
        Field(ge=1),
        _optimiser(
            "--batch-size",
            "--batch_size",
            help="Problems per forward pass, over all processes together.",
            show_default="the preset's",
        ),
    ]
    batch_tokens: Annotated[
        int | None,
        Field(ge=1),
        _optimiser(help="Maximum tokens per forward pass, instead of --batch-size."),
    ] = None
    accumulate: Annotated[
        int,
        Field(ge=1),
        _optimiser(
            "--accumulate",
            "--accumulate_grad_batches",
            help="Forward passes per update; their losses are averaged.",
        ),
    ] = 1
    lr: Annotated[
        float,
        Field(gt=0),
        _optimiser(help="Adam's learning rate.", show_default="the preset's"),
    ]
    warmup: Annotated[
        int, Field(ge=0), _optimiser(help="Updates in which the learning rate rises from 0.")
    ] = 0
    decay: Annotated[
        Literal["constant", "linear", "cosine"],
        _optimiser(help="How the learning rate falls to 0 after the warm-up."),
    ] = "constant"
    clip: Annotated[
        float | None,
        Field(gt=0),
        _optimiser(help="Maximum norm of the gradient; without it nothing is clipped."),
    ] = None
    fused: Annotated[
        bool, _optimiser("--fused/--no-fused", help="Run Adam's update as one kernel.")
    ] = True
    precision: Annotated[
        Literal["auto", "fp32", "bf16"],
        _optimiser(
            parser=str,
            help="Precision of the activations: fp32 or bf16.",
            show_default="accelerate's",
        ),
    ] = "auto"
    activation_checkpointing: Annotated[
        bool,
        _optimiser(
            "--activation-checkpointing",
            help="Recompute activations in the backward pass: less memory, a third more work.",
        ),
    ] = False

    # The loss of ``vera``
    scoring: Annotated[Scoring, _loss("--scoring", "--loss_fn", help="Loss on the logits.")] = (
        "mce+bce"
    )
    contrastive: Annotated[
        Contrastive,
        _loss(
            "--contrastive",
            "--contrastive_loss_type",
            help="Contrastive loss on the hidden states: 0: none; 1, 2: dot product; 3, 4: cosine; "
            "1, 3: InfoNCE; 2, 4: supervised.",
        ),
    ] = 4
    temperature: Annotated[
        float,
        Field(gt=0),
        _loss(
            "--temperature",
            "--contrastive_loss_temp",
            help="Temperature of the contrastive loss (the paper's tau).",
        ),
    ] = 0.05
    contrastive_weight: Annotated[
        float,
        Field(ge=0),
        _loss(
            "--contrastive-weight",
            "--contrastive_loss_coef",
            help="Weight of the contrastive loss in the sum (the paper's gamma).",
        ),
    ] = 0.1
    contrastive_labels: Annotated[
        ContrastiveLabels,
        _loss(
            help="Classes of the contrastive loss: label: true and false statements; upstream: the "
            "first statement of a problem and the others."
        ),
    ] = "label"

    # Checkpoints and logs
    log_every: Annotated[
        int,
        Field(ge=1),
        _log(
            "--log-every",
            "--log_interval",
            help="Updates between two entries in the log.",
            show_default="the preset's",
        ),
    ] = 1
    save_every: Annotated[
        int | None,
        Field(ge=1),
        _log(
            "--save-every",
            "--save_interval",
            help="Updates between checkpoints; the last and the best are kept.",
            show_default="one, at the end",
        ),
    ] = None
    eval_every: Annotated[
        int | None,
        Field(ge=1),
        _log(
            "--eval-every",
            "--eval_interval",
            help="Updates between evaluations.",
            show_default="one, at the end",
        ),
    ] = None
    save: bool = True
    """Write checkpoints."""
    track: Annotated[
        tuple[Literal["wandb", "trackio"], ...],
        _log(
            metavar="NAME",
            help="Tracker besides TensorBoard and JSON lines: wandb or trackio; repeat the option "
            "for both.",
        ),
    ] = ()

    @model_validator(mode="before")
    @classmethod
    def _refuse_fp16(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("precision") == "fp16":
            raise ValueError(FP16_REFUSED)
        return given

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if bool(self.data) == bool(self.train_tasks):
            raise ValueError("give either --data SHARDS or --train-tasks NAMES")
        if self.valid and self.valid_tasks:
            raise ValueError("give either --valid SHARDS or --valid-tasks NAMES, not both")
        self._check_mixture()
        if self.encoder is None and self.model is None and self.start_from is None:
            raise ValueError("give a model to start from: --model or --start-from")
        return self

    @property
    def updates(self) -> int:
        """Updates that are made: under recipe ``vera`` one after ``steps``, as upstream."""
        return self.steps + (self.recipe == "vera")

    def _check_mixture(self) -> None:
        mixed = self.mix != "size" or self.mix_limit is not None
        if (mixed or self.mix_together) and self.objective == "vera":
            raise ValueError(
                "--mix, --mix-limit and --mix-together are for --objective text: Vera trains on "
                "each problem once an epoch, as in the paper, which is mixing by size"
            )
        if self.mix == "equal" and self.mix_limit is not None:
            raise ValueError("give --mix-limit with --mix size only: equal shares have no limit")
        if self.mix_together and not mixed:
            raise ValueError("give --mix-together with --mix equal or --mix-limit only")
        names = [name for group in self.mix_together for name in group.split("+")]
        if (
            len(set(names)) < len(names)
            or not all(names)
            or len(names) < 2 * len(self.mix_together)
        ):
            raise ValueError(
                "--mix-together is names of datasets joined by +, each once, such as "
                "race_high+race_middle,mctest_mc160+mctest_mc500"
            )


def from_preset(preset: str = "tiny", **given: Any) -> TrainConfig:
    """The preset's configuration with the values ``given`` instead of its own; None: not given.

    A given value also removes the preset's values that can't be combined with it: ``data`` the
    preset's tasks, ``model`` the preset's checkpoint. Raises UsageError, naming each wrong field.
    """
    if preset not in PRESETS:
        raise UsageError(f"unknown preset {preset!r}; presets: {', '.join(sorted(PRESETS))}")
    chosen = {name: value for name, value in given.items() if value is not None}
    recipe = RECIPES.get(chosen.get("recipe", "clean"), {})
    excluded = {name for key in chosen for name in _EXCLUDES.get(key, ())}
    start = {name: value for name, value in PRESETS[preset].items() if name not in excluded}
    fields = {**start, **recipe, **chosen, "preset": preset}
    if (name := fields.get("model")) is not None:
        fields["model"] = named_model(name)
    try:
        return TrainConfig.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"the training configuration is wrong: {_faults(error)}") from error


_EXCLUDES = {
    "data": ("train_tasks", "valid_tasks"),
    "train_tasks": ("valid_tasks",),
    "valid": ("valid_tasks",),
    "model": ("encoder", "start_from"),
    "start_from": ("encoder",),
    "encoder": ("model", "start_from"),
}


def _faults(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        place = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{place}: {message}" if place else message)
    return "; ".join(faults)
