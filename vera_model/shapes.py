"""The shapes that a configuration names: an encoder from scratch, and what LoRA trains."""

from pydantic import BaseModel, ConfigDict, Field


class Encoder(BaseModel):
    """The shape of a T5 v1.1 encoder (a decoder too for text) that starts from random weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    vocab_size: int = Field(ge=1)
    """Maximum SentencePiece pieces; a small corpus has fewer, a large alphabet needs more."""
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


class Lora(BaseModel):
    """What is trained beside a head: products of two matrices, times ``alpha`` / ``rank``, in the
    linear ``layers`` (their names) of the last ``blocks`` transformer blocks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    layers: tuple[str, ...]
    blocks: int = Field(ge=1)
