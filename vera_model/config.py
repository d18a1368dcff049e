"""What a training run is: one frozen configuration. Loads no torch; presets.py has its starts."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from unifiedqa_convert.errors import UsageError
from vera_model.presets import PRESETS, RECIPES

Scoring = Literal["mce+bce", "mce", "bce", "margin"]
"""The scoring loss (Liu et al. 2023, section 3.2): multi-class and/or binary cross-entropy."""

Contrastive = Literal[0, 1, 2, 3, 4]
"""0 none; 1 and 3 InfoNCE with the anchor as its own positive, 2 and 4 supervised contrastive;
1 and 2 by dot product, 3 and 4 by cosine. The numbers are upstream's."""

ContrastiveLabels = Literal["label", "upstream"]
"""What makes two statements alike: their truth, or (upstream) both being in column 0 or not."""


Objective = Literal["vera", "text"]
"""``vera``: an encoder scores statements. ``text``: a seq2seq T5 writes a record's output."""

TextRecords = Literal["question", "declarative"]
"""What ``text`` trains on: UnifiedQA's questions, or ``yes`` or ``no`` to each statement."""

FP16_REFUSED = (
    "fp16 is refused: T5's activations pass its largest number, 65,504, and the loss becomes NaN; "
    "use bf16 (the same speed, fp32's range) or fp32"
)


class Encoder(BaseModel):
    """The shape of a T5 v1.1 encoder (a decoder too for text) that starts from random weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    vocab_size: int = Field(ge=1)
    """SentencePiece pieces wanted; a small corpus gives fewer, a rich alphabet forces more."""
    d_model: int = Field(ge=1)
    """Width of a hidden state, numbers."""
    d_kv: int = Field(ge=1)
    """Width of one attention head, numbers."""
    d_ff: int = Field(ge=1)
    """Width of the gated feed-forward layer, numbers."""
    num_layers: int = Field(ge=1)
    """Transformer blocks."""
    num_heads: int = Field(ge=1)
    """Attention heads per block."""
    dropout: float = Field(ge=0, lt=1)
    """Share of activations dropped in training."""


class TrainConfig(BaseModel):
    """Everything that decides a run. The same configuration and data give the same losses."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    preset: str
    """Name of the preset the values started from; see :data:`vera_model.presets.PRESETS`."""
    recipe: Literal["clean", "vera"] = "clean"
    """``vera``: what upstream did, defects included; see :data:`vera_model.presets.RECIPES`."""
    objective: Objective = "vera"
    """What the model learns."""
    records: TextRecords = "question"
    """The records of objective ``text``."""

    # The data
    data: tuple[Path, ...] = ()
    """Shards to train on: Arrow files, or folders searched for converted splits."""
    valid: tuple[Path, ...] = ()
    """Shards to evaluate on; neither these nor ``valid_tasks``: ``valid_fraction`` of the rest."""
    train_tasks: tuple[str, ...] = ()
    """Instead of ``data``: datasets by name, found (or converted) in ``data_root``."""
    valid_tasks: tuple[str, ...] = ()
    """Instead of ``valid``: datasets whose validation split is evaluated in training."""
    eval_tasks: tuple[str, ...] = ()
    """Datasets that an evaluation without training takes."""
    data_root: Path = Path("data/converted")
    """Where converted splits lie: ``<data_root>/<dataset>/<split>/``."""
    missing: Literal["error", "skip"] = "error"
    """A task that can't be had stops the run, or is left out, said, and recorded."""
    valid_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the problems held out where nothing is given to evaluate on."""
    split_seed: int = 0
    """Decides which problems are held out; apart from ``seed``, so that seeds can be compared."""
    allow_sample: bool = False
    """Accept the embedded samples, whose rows are invented."""
    train_statements: int = Field(default=4, ge=1)
    """Statements of a group trained on: its gold and so many distractors."""
    distractors: Literal["first", "sampled"] = "first"
    """Which ones: the first, as upstream, or others in each epoch, drawn from (seed, epoch)."""
    eval_statements: int | None = Field(default=None, ge=1)
    """Statements of a group evaluated; None is all (fewer would make accuracy easier)."""
    eval_problems: int | None = Field(default=None, ge=1)
    """Problems evaluated of each task, drawn as upstream draws its 2,000; None is all."""
    eval_first: int | None = Field(default=None, ge=0)
    """Of those, only the first so many (upstream's ``--eval_loop_cap``); 0 evaluates nothing."""
    max_tokens: int = Field(default=128, ge=2)
    """Tokens of one text, ``</s>`` included; longer texts are cut and counted."""
    cut: Literal["start", "end"] = "start"
    """Where a longer text is cut: ``start`` loses context, ``end`` (upstream) the statement."""

    # The run
    out: Path
    """The run folder; must be absent or empty unless ``overwrite`` or ``resume``."""
    overwrite: bool = False
    """Replace what an earlier run left in ``out``."""
    resume: str | None = None
    """``auto``: from the newest valid checkpoint in ``out``, if any; else a checkpoint's folder."""
    seed: int = 19260817
    """Of the first weights, the dropout and the order; upstream's default."""
    device: Literal["auto", "cpu"] = "auto"
    """``auto`` takes what accelerate finds."""
    log_every: int = Field(default=1, ge=1)
    """Updates between two visits to the device for losses, which then go to log and trackers."""
    save_every: int | None = Field(default=None, ge=1)
    """Updates between two checkpoints; None is one, at the end."""
    eval_every: int | None = Field(default=None, ge=1)
    """Updates between two evaluations; None is one, at the end."""
    save: bool = True
    """Write checkpoints."""
    track: tuple[Literal["wandb", "trackio"], ...] = ()
    """Trackers beside TensorBoard and the JSON lines, which are always written."""

    # The optimiser
    steps: int = Field(ge=1)
    """Weight updates."""
    batch_size: int = Field(ge=1)
    """Problems per forward pass, over all processes together."""
    batch_tokens: int | None = Field(default=None, ge=1)
    """Instead of ``batch_size``: as many problems as have no more tokens together."""
    accumulate: int = Field(default=1, ge=1)
    """Forward passes per update; their losses are averaged."""
    lr: float = Field(gt=0)
    """Adam's learning rate (at its height); constant as upstream unless the next two say not."""
    warmup: int = Field(default=0, ge=0)
    """Updates in which the learning rate rises from 0."""
    decay: Literal["constant", "linear", "cosine"] = "constant"
    """How the learning rate falls to 0 at the last update."""
    clip: float | None = Field(default=None, gt=0)
    """The largest norm of the gradient; None clips nothing, as upstream."""
    fused: bool = True
    """Adam's update as one kernel."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of the activations; weights and Adam are fp32. ``auto``: what `accelerate launch` says."""
    activation_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, a third more work."""

    # The loss of ``vera``
    scoring: Scoring = "mce+bce"
    """The loss on the logits."""
    contrastive: Contrastive = 4
    """The loss on the hidden states."""
    contrastive_weight: float = Field(default=0.1, ge=0)
    """Weight of the contrastive loss in the sum (the paper's gamma)."""
    temperature: float = Field(default=0.05, gt=0)
    """Divides the similarities of the contrastive loss (the paper's tau)."""
    contrastive_labels: ContrastiveLabels = "label"
    """``upstream`` is for comparison only: it takes a false yes/no statement for a true one."""

    # The model
    encoder: Encoder | None = None
    """Train from scratch, in this shape, with a vocabulary of the training texts."""
    model: str | None = None
    """Start from this pretrained T5: a local folder, or a name on the hub."""
    start_from: Path | None = None
    """Start from this checkpoint of ours (a warm start: its optimiser and step are not read)."""
    allow_pickle: bool = False
    """Read upstream's ``.pth``, a pickle, with torch's ``weights_only`` loader."""
    eval_batch_size: int = Field(default=256, ge=1)
    """Statements scored at a time."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_fp16(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("precision") == "fp16":
            raise ValueError(FP16_REFUSED)
        return given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.data) == bool(self.train_tasks):
            raise ValueError("give shards (data) or datasets by name (train_tasks), one of the two")
        if self.valid and self.valid_tasks:
            raise ValueError("give shards (valid) or datasets by name (valid_tasks), not both")
        if self.encoder is None and self.model is None and self.start_from is None:
            raise ValueError("say what to start from: encoder, model or start_from")
        return self


def from_preset(preset: str = "tiny", **given: Any) -> TrainConfig:
    """Build the preset's configuration with the values ``given`` instead; None means not given.

    What is given decides against what it excludes: data against the preset's tasks, a model or a
    checkpoint to start from against the preset's. Raises UsageError, naming each field that is
    wrong.
    """
    if preset not in PRESETS:
        raise UsageError(f"no preset is named {preset!r}; there is: {', '.join(sorted(PRESETS))}")
    chosen = {name: value for name, value in given.items() if value is not None}
    recipe = RECIPES.get(chosen.get("recipe", "clean"), {})
    excluded = {name for key in chosen for name in _EXCLUDES.get(key, ())}
    start = {name: value for name, value in PRESETS[preset].items() if name not in excluded}
    try:
        return TrainConfig.model_validate({**start, **recipe, **chosen, "preset": preset})
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
