"""Statements without their padding: one row of real tokens, and attention within each statement.

Linear layers, which are nearly all of the work, see real tokens only. Attention needs a grid, so
there, and only there, each statement is padded to the longest of the batch.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, T5Config, T5EncoderModel
from transformers.models.t5.modeling_t5 import T5Attention

PACKED = "vera_packed"
"""The name of :func:`packed_attention` among transformers' attention functions."""

_ALIGNED = 8  # CUDA's memory-efficient attention wants rows of the bias aligned


class Packing(NamedTuple):
    """Where the T real tokens of n statements stand in a grid (n, L)."""

    cells: Tensor
    """(T,) int64: each token's cell, row by row, every statement from column 0."""
    positions: Tensor
    """(T,) int64: each token's place in its statement."""
    ends: Tensor
    """(n,) int64: the place among the T tokens of each statement's last."""
    real: Tensor
    """(n, L) bool: the cells that hold a token."""

    def pad(self, values: Tensor) -> Tensor:
        """(1, H, T, d) → (n, H, L, d), zeros where there is no token."""
        _, heads, tokens, width = values.shape
        grid = values.new_zeros(self.real.numel(), heads * width)
        grid = grid.index_copy(0, self.cells, values.transpose(1, 2).reshape(tokens, -1))
        return grid.view(*self.real.shape, heads, width).transpose(1, 2)

    def unpad(self, grid: Tensor) -> Tensor:
        """(n, H, L, d) → (1, T, H, d)."""
        flat = grid.transpose(1, 2).reshape(self.real.numel(), *grid.shape[1::2])
        return flat.index_select(0, self.cells)[None]


def pack(attention_mask: Tensor) -> Packing:
    """Say where the tokens of a mask, (n, L) with at least one 1 a row, go; padding on any side."""
    mask = attention_mask.bool()
    lengths = mask.sum(dim=1)
    ends = lengths.cumsum(0)
    columns = torch.arange(_columns(lengths), device=mask.device)
    real = columns < lengths[:, None]
    cells = real.flatten().nonzero().squeeze(1)
    return Packing(cells, cells % len(columns), ends - 1, real)


def _columns(lengths: Tensor) -> int:
    longest = int(lengths.max())
    return -(-longest // _ALIGNED) * _ALIGNED if lengths.is_cuda else longest


def packed_attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _attention_mask: Tensor | None,
    *,
    packing: Packing,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention within each statement, for decoders, as transformers calls it."""
    grouped = key.shape[1] != query.shape[1]
    # Padding is on the right, where causal attention never looks.
    states = functional.scaled_dot_product_attention(
        packing.pad(query),
        packing.pad(key),
        packing.pad(value),
        dropout_p=dropout,
        is_causal=True,
        scale=scaling,
        enable_gqa=grouped,
    )
    return packing.unpad(states), None


AttentionInterface.register(PACKED, packed_attention)


class PackedT5Attention(T5Attention):
    """T5's self-attention on packed tokens; the same weights, the same relative-position bias."""

    def forward(  # type: ignore[override]  # narrower: encoders only, no cache
        self,
        hidden_states: Tensor,
        position_bias: Tensor | None = None,
        *,
        packing: Packing,
        **_: Any,
    ) -> tuple[Tensor, Tensor, None]:
        """(1, T, D) → (1, T, D); the bias (n, H, L, L) is the first block's, for all of them."""
        shape = (1, -1, self.n_heads, self.key_value_proj_dim)
        query, key, value = (
            packing.pad(project(hidden_states).view(shape).transpose(1, 2))
            for project in (self.q, self.k, self.v)
        )
        if position_bias is None:
            columns = packing.real.shape[1]
            bias = self.compute_bias(columns, columns)  # type: ignore[no-untyped-call]
            bias = bias.to(query.dtype)
            lowest = torch.finfo(query.dtype).min
            position_bias = bias.masked_fill(~packing.real[:, None, None, :], lowest)
        states = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=position_bias,
            dropout_p=self.dropout if self.training else 0.0,
            scale=self.scaling,
        )
        return self.o(packing.unpad(states).flatten(2)), position_bias, None


class PackedT5Encoder(T5EncoderModel):  # type: ignore[no-untyped-call]  # transformers, untyped
    """T5's encoder, its keys and values in a checkpoint unchanged, that takes packed tokens."""

    def __init__(self, config: T5Config) -> None:
        """Build it with random weights, or empty where transformers is about to load some."""
        super().__init__(config)
        blocks: Any = self.encoder.block
        for number, block in enumerate(blocks):
            block.layer[0].SelfAttention = PackedT5Attention(
                config, has_relative_attention_bias=number == 0, layer_idx=number
            )
        self.post_init()  # type: ignore[no-untyped-call]  # transformers, untyped
