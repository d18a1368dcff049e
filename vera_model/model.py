"""Vera's model: a T5 encoder and one linear head on the hidden state of ``</s>``.

Liu et al. 2023, section 3.1; upstream run.py. A ``transformers`` model, so that
``save_pretrained`` and ``from_pretrained`` (safetensors) work as for any other.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import T5Config, T5EncoderModel
from transformers.models.t5.modeling_t5 import T5PreTrainedModel

from vera_model.config import Encoder


class VeraConfig(T5Config):  # type: ignore[no-untyped-call]  # transformers, untyped
    """A T5 encoder's configuration under a name of its own."""

    model_type = "vera"


class Scores(NamedTuple):
    """What the model says of n statements: ``logits`` (n,), ``hidden`` (n, D)."""

    logits: Tensor
    hidden: Tensor


class VeraModel(T5PreTrainedModel):  # type: ignore[no-untyped-call]  # transformers, untyped
    """T5 encoder + linear head. Its encoder can be loaded from a plain T5 checkpoint."""

    config_class = VeraConfig
    base_model_prefix = "t5"

    def __init__(self, config: VeraConfig) -> None:
        """Build the model with random weights, drawn from torch's global generator."""
        super().__init__(config)
        self.t5 = T5EncoderModel(config)
        self.head = nn.Linear(config.d_model, 1)
        self.post_init()  # type: ignore[no-untyped-call]  # transformers, untyped

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # Upstream's head is a plain nn.Linear; T5's scheme has no rule for it and would draw
        # weights of size 1, hence logits far from 0 before the first step.
        if module is self.head and not getattr(module, "_is_hf_initialized", False):
            self.head.reset_parameters()
        elif module is not self.head:
            super()._init_weights(module)  # type: ignore[no-untyped-call]  # as above

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Scores:
        """Score right-padded texts: both (n, L) int64, at least one token each."""
        states = self.t5(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        last = attention_mask.sum(dim=1) - 1  # the last real token, which is </s>
        hidden = states[torch.arange(len(states), device=states.device), last]
        return Scores(self.head(hidden).squeeze(-1), hidden)


def from_scratch(encoder: Encoder, vocab_size: int) -> VeraModel:
    """Build a T5-v1.1-shaped model with random weights for ``vocab_size`` token ids."""
    config = VeraConfig(
        vocab_size=-(-vocab_size // 64) * 64,  # rounded up: matrix products like multiples of 64
        d_model=encoder.d_model,
        d_kv=encoder.d_kv,
        d_ff=encoder.d_ff,
        num_layers=encoder.num_layers,
        num_heads=encoder.num_heads,
        dropout_rate=encoder.dropout,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
    )
    return VeraModel(config)
