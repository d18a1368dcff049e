"""What a training run is: one frozen configuration, and presets as data. Loads no torch."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from unifiedqa_convert.errors import UsageError

Scoring = Literal["mce+bce", "mce", "bce", "margin"]
"""The scoring loss (Liu et al. 2023, section 3.2): multi-class and/or binary cross-entropy."""

Contrastive = Literal[0, 1, 2, 3, 4]
"""0 none; 1 and 3 InfoNCE with the anchor as its own positive, 2 and 4 supervised contrastive;
1 and 2 by dot product, 3 and 4 by cosine. The numbers are upstream's."""

ContrastiveLabels = Literal["label", "upstream"]
"""What makes two statements alike: their truth, or (upstream) both being in column 0 or not."""


class Encoder(BaseModel):
    """The shape of a T5 v1.1 encoder that starts from random weights."""

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
    """Name of the preset the values started from; see :data:`PRESETS`."""
    data: tuple[Path, ...] = Field(min_length=1)
    """Shards to train on: Arrow files, or folders searched for converted splits."""
    valid: tuple[Path, ...] = ()
    """Shards to evaluate on; empty: ``valid_fraction`` of the problems of ``data``."""
    valid_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the problems held out where ``valid`` is empty."""
    split_seed: int = 0
    """Decides which problems are held out; apart from ``seed``, so that seeds can be compared."""
    out: Path
    """The run folder; must be absent or empty unless ``overwrite``."""
    overwrite: bool = False
    """Replace what an earlier run left in ``out``."""
    allow_sample: bool = False
    """Accept the embedded samples, whose rows are invented."""
    seed: int = 19260817
    """Of the first weights, the dropout and the order; upstream's default."""
    steps: int = Field(ge=1)
    """Weight updates."""
    batch_size: int = Field(ge=1)
    """Problems per update."""
    lr: float = Field(gt=0)
    """Adam's learning rate, constant: no warm-up, no decay, as upstream."""
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
    train_statements: int = Field(default=4, ge=1)
    """Statements of a group trained on: its gold and the first distractors."""
    eval_statements: int | None = Field(default=None, ge=1)
    """Statements of a group evaluated; None is all (fewer would make accuracy easier)."""
    max_tokens: int = Field(default=128, ge=2)
    """Tokens of one text, ``</s>`` included; longer texts are cut and counted."""
    cut: Literal["start", "end"] = "start"
    """Where a longer text is cut: ``start`` loses context, ``end`` (upstream) the statement."""
    eval_batch_size: int = Field(default=256, ge=1)
    """Statements scored at a time."""
    device: Literal["auto", "cpu"] = "auto"
    """``auto`` takes what accelerate finds."""
    encoder: Encoder
    """The model, trained from scratch."""


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "steps": 300,
        "batch_size": 16,
        "lr": 1e-3,
        "encoder": {
            "vocab_size": 2000,
            "d_model": 64,
            "d_kv": 16,
            "d_ff": 128,
            "num_layers": 2,
            "num_heads": 4,
            "dropout": 0.1,
        },
    },
}
"""Where a configuration starts. ``tiny`` proves the way from shards to metrics on two CPU cores,
without a download; it is too small to learn common sense."""


def from_preset(preset: str = "tiny", **given: Any) -> TrainConfig:
    """Build the preset's configuration with the values ``given`` instead; None means not given.

    Raises UsageError, naming each field that is wrong.
    """
    if preset not in PRESETS:
        raise UsageError(f"no preset is named {preset!r}; there is: {', '.join(sorted(PRESETS))}")
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return TrainConfig.model_validate({**PRESETS[preset], **chosen, "preset": preset})
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        raise UsageError(f"the training configuration is wrong: {'; '.join(faults)}") from error
