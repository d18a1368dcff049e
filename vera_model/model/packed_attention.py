"""Statements without padding: one row of tokens, and attention within each statement.

Linear layers, which are nearly all of the work, get no padding. Only for the attention is each
statement padded to the longest of the batch.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, T5Config, T5EncoderModel
from transformers.models.t5.modeling_t5 import T5Attention, T5LayerSelfAttention

PACKED = "vera_packed"
"""The name of :func:`packed_attention` among transformers' attention functions."""

_ALIGNED = 8  # CUDA's memory-efficient attention needs aligned rows of the bias


class Packing(NamedTuple):
    """The places of the T tokens of n statements in a grid (n, L)."""

    cells: Tensor
    """(T,) int64: each token's cell; cells are numbered by rows, statements begin in column 0."""
    positions: Tensor
    """(T,) int64: each token's position in its statement."""
    ends: Tensor
    """(n,) int64: the number of each statement's last token among the T."""
    real: Tensor
    """(n, L) bool: the cells with a token."""

    def pad(self, values: Tensor) -> Tensor:
        """(1, H, T, d) → (n, H, L, d), 0 where there is no token."""
        _, heads, tokens, width = values.shape
        grid = values.new_zeros(self.real.numel(), heads * width)
        grid = grid.index_copy(0, self.cells, values.transpose(1, 2).reshape(tokens, -1))
        return grid.view(*self.real.shape, heads, width).transpose(1, 2)

    def unpad(self, grid: Tensor) -> Tensor:
        """(n, H, L, d) → (1, T, H, d)."""
        flat = grid.transpose(1, 2).reshape(self.real.numel(), *grid.shape[1::2])
        return flat.index_select(0, self.cells)[None]

    def last_rows(self, bias: Tensor) -> Tensor:
        """(n, H, L, L) → (n, H, 1, L): the rows of the statements' last tokens."""
        last = self.real.sum(dim=1) - 1
        return bias[torch.arange(len(bias), device=bias.device), :, last][:, :, None]


def pack(attention_mask: Tensor) -> Packing:
    """The packing of a mask, (n, L) with at least one 1 per row; padding on any side."""
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
    # Padding is on the right, and causal attention only reads to the left.
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
    """T5's self-attention on packed tokens, with the same weights and relative-position bias."""

    def forward(  # type: ignore[override]  # narrower: encoders only, no cache
        self,
        hidden_states: Tensor,
        position_bias: Tensor | None = None,
        *,
        packing: Packing,
        ends_only: bool = False,
        **_: Any,
    ) -> tuple[Tensor, Tensor, None]:
        """(1, T, D) → (1, T, D), or with ``ends_only`` (1, n, D) of the last tokens.

        The first block computes the bias (n, H, L, L) for all.
        """
        bias = self._bias(packing, hidden_states.dtype) if position_bias is None else position_bias
        key, value = (
            packing.pad(self._heads(project(hidden_states))) for project in (self.k, self.v)
        )
        queried = hidden_states.index_select(1, packing.ends) if ends_only else hidden_states
        query = self._heads(self.q(queried))
        states = functional.scaled_dot_product_attention(
            query.permute(2, 1, 0, 3) if ends_only else packing.pad(query),
            key,
            value,
            attn_mask=packing.last_rows(bias) if ends_only else bias,
            dropout_p=self.dropout if self.training else 0.0,
            scale=self.scaling,
        )
        packed = states.permute(2, 0, 1, 3) if ends_only else packing.unpad(states)
        return self.o(packed.flatten(2)), bias, None

    def _heads(self, states: Tensor) -> Tensor:
        """(1, T, H * d) → (1, H, T, d)."""
        return states.view(1, -1, self.n_heads, self.key_value_proj_dim).transpose(1, 2)

    def _bias(self, packing: Packing, dtype: torch.dtype) -> Tensor:
        columns = packing.real.shape[1]
        bias: Tensor = self.compute_bias(columns, columns)  # type: ignore[no-untyped-call]
        lowest = torch.finfo(dtype).min
        return bias.to(dtype).masked_fill(~packing.real[:, None, None, :], lowest)


class LastTokens(T5LayerSelfAttention):
    """The last block's attention, for the last tokens only: the others are not used after it."""

    def forward(  # type: ignore[override]  # narrower, as above
        self,
        hidden_states: Tensor,
        position_bias: Tensor | None = None,
        *,
        packing: Packing,
        **_: Any,
    ) -> tuple[Tensor, Tensor, None]:
        """(1, T, D) → (1, n, D)."""
        attended, bias, _attentions = self.SelfAttention(
            self.layer_norm(hidden_states),
            position_bias=position_bias,
            packing=packing,
            ends_only=True,
        )
        ends = hidden_states.index_select(1, packing.ends)
        return ends + self.dropout(attended), bias, None


class PackedT5Encoder(T5EncoderModel):  # type: ignore[no-untyped-call]  # transformers, untyped
    """T5's encoder on packed tokens: the last tokens' hidden states, (1, n, D).

    Its weights have T5's names and shapes.
    """

    def __init__(self, config: T5Config) -> None:
        super().__init__(config)
        blocks: Any = self.encoder.block
        last = LastTokens(config, layer_idx=config.num_layers - 1)
        blocks[-1].layer[0] = last
        for number, block in enumerate(blocks):
            block.layer[0].SelfAttention = PackedT5Attention(
                config, has_relative_attention_bias=number == 0, layer_idx=number
            )
        self.post_init()  # type: ignore[no-untyped-call]  # transformers, untyped
