"""Vera's model: a T5 encoder, or a LLaMA-style decoder, and a linear head on the last token.

Liu et al. 2023, section 3.1; upstream run.py. It is a ``transformers`` model: ``from_pretrained``
(safetensors), ``push_to_hub``, the Auto classes and ``pipeline("text-classification")`` work.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import torch
from huggingface_hub import HfApi
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    T5Config,
)
from transformers.utils.generic import ModelOutput

from unifiedqa_convert.pretrained import load_pretrained
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.model_card import model_card
from vera_model.model.packed_attention import PACKED, PackedT5Encoder, Packing, pack
from vera_model.shapes import Encoder

_AT_ONCE = 1024  # tokens whose distribution over the vocabulary is in memory: 200 MB of SmolLM2's
_UPLOAD = ("commit_message", "commit_description", "revision", "create_pr")


@dataclass
class VeraOutput(ModelOutput):
    """The model's output for n statements."""

    logits: Tensor | None = None
    """(n, 1), divided by the temperature: their sigmoid is the calibrated plausibility."""
    raw_logits: Tensor | None = None
    """(n,) float32, the head's output, which the losses take."""
    hidden: Tensor | None = None
    """(n, D): the hidden state of each last token."""


class VeraModel(PreTrainedModel):
    """Backbone + linear head. ``head.weight`` and ``head.bias`` are upstream's ``linear``."""

    config_class = VeraConfig
    config: VeraConfig
    base_model_prefix = "backbone"
    supports_gradient_checkpointing = True
    _no_split_modules = ["T5Block", "LlamaDecoderLayer"]  # noqa: RUF012  # transformers' own way
    _supports_sdpa = True
    _supports_attention_backend = True

    def __init__(self, config: VeraConfig) -> None:
        """A model with random weights, drawn from torch's global generator."""
        super().__init__(config)
        config.backbone._attn_implementation = PACKED
        self.backbone: Any = _backbone(config.backbone)
        self.head = nn.Linear(config.hidden_size, 1)
        self.post_init()  # type: ignore[no-untyped-call]  # transformers, untyped

    @classmethod
    def from_encoder(
        cls, source: str, *, likelihood: tuple[float, float] | None = None, **options: Any
    ) -> Self:
        """A pretrained T5 encoder or decoder (a folder, or a name on the hub) with a new head.

        ``likelihood``: the configuration's weight and level, of a decoder; the head then adds
        nothing until it is trained. ``options`` are passed to ``from_pretrained`` (``revision``,
        ``dtype`` …). Raises OSError for a model that does not exist, ValueError for one that is not
        a text model, or not one that can be scored by likelihood.
        """
        config = load_pretrained(
            AutoConfig, source, **{key: options[key] for key in ("revision",) if key in options}
        )
        weight, level = likelihood or (0.0, 0.0)
        settings = VeraConfig(text_config=config, likelihood_weight=weight, likelihood_level=level)
        with torch.device("meta"):  # its weights are replaced below
            model = cls(settings)
        options.setdefault("use_safetensors", True)
        if isinstance(config, T5Config):
            model.backbone = load_pretrained(PackedT5Encoder, source, **options)
        else:
            options["attn_implementation"] = PACKED
            model.backbone = load_pretrained(AutoModel, source, **options)
        model.config.text_config = model.backbone.config
        model.config.forget_folder()
        model.head = nn.Linear(model.config.hidden_size, 1, dtype=model.backbone.dtype)
        if likelihood is not None:
            nn.init.zeros_(model.head.weight)
            nn.init.zeros_(model.head.bias)
        return model.eval()  # type: ignore[no-untyped-call,no-any-return]  # transformers, untyped

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # Upstream's head is a plain nn.Linear; transformers would initialise it in another way.
        if module is not self.head:
            super()._init_weights(module)  # type: ignore[no-untyped-call]  # transformers, untyped
        elif not getattr(module.weight, "_is_hf_initialized", False):
            self.head.reset_parameters()

    def get_input_embeddings(self) -> nn.Module:
        """The backbone's token embeddings."""
        embeddings: nn.Module = self.backbone.get_input_embeddings()
        return embeddings

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> VeraOutput:
        """Score texts, (n, L) int64, padded on either side; at least one token each."""
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        packing = pack(attention_mask)
        tokens = input_ids[attention_mask.bool()][None]
        if isinstance(self.backbone, PackedT5Encoder):
            states = self.backbone(input_ids=tokens, packing=packing)
            hidden = states.last_hidden_state[0]
        else:
            places = packing.positions[None]
            states = self.backbone(
                input_ids=tokens, packing=packing, position_ids=places, use_cache=False
            )
            every = states.last_hidden_state[0]
            hidden = every.index_select(0, packing.ends)
        # In float32, whatever the backbone's precision: it costs nothing and decides the score.
        with torch.autocast(hidden.device.type, enabled=False):
            raw = functional.linear(
                hidden.float(), self.head.weight.float(), self.head.bias.float()
            )
        if weight := self.config.likelihood_weight:
            likelihood = self._mean_log_probability(every, tokens[0], packing)
            raw = raw + weight * (likelihood - self.config.likelihood_level)[:, None]
        return VeraOutput(raw / self.config.temperature, raw.squeeze(-1), hidden)

    def _mean_log_probability(self, states: Tensor, tokens: Tensor, packing: Packing) -> Tensor:
        """(T, D), (T,) → (n,) float32, in nats: of each text's tokens but the first and ``</s>``.

        A text of one token has none, and gets ``likelihood_level``.
        """
        follows = packing.positions > 0
        follows[packing.ends] = False
        before = states[follows.nonzero().squeeze(1) - 1]
        embeddings: Any = self.get_input_embeddings().weight
        parts = [
            -functional.cross_entropy(
                functional.linear(rows, embeddings).float(), ids, reduction="none"
            )
            for rows, ids in zip(
                torch.split(before, _AT_ONCE), torch.split(tokens[follows], _AT_ONCE), strict=True
            )
        ]
        of = packing.cells[follows] // packing.real.shape[1]
        sums = torch.zeros(len(packing.ends), device=states.device)
        sums = sums.index_add(0, of, torch.cat(parts))
        counts = torch.bincount(of, minlength=len(sums))
        return torch.where(counts > 0, sums / counts.clamp(min=1), self.config.likelihood_level)

    def save_pretrained(  # type: ignore[override]  # transformers' own, passed through
        self, save_directory: str | Path, *args: Any, **kwargs: Any
    ) -> None:
        """Write safetensors, configuration and, if there is none yet, a model card."""
        super().save_pretrained(save_directory, *args, **kwargs)
        card = Path(save_directory) / "README.md"
        if kwargs.get("is_main_process", True) and not card.exists():
            card.write_text(model_card(self.config), encoding="utf-8")

    def push_to_hub(  # type: ignore[override]  # its options are named in _UPLOAD
        self, repo_id: str, **options: Any
    ) -> str:
        """Upload what :meth:`save_pretrained` writes; returns the commit's URL.

        ``options``: ``private``, ``token`` … (transformers' own method replaces our card by an
        empty one.)
        """
        upload = {key: options.pop(key) for key in _UPLOAD if key in options}
        api = HfApi(token=options.pop("token", None))
        api.create_repo(repo_id, private=options.pop("private", None), exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder, **options)
            return str(api.upload_folder(repo_id=repo_id, folder_path=folder, **upload))


def _backbone(config: PreTrainedConfig) -> nn.Module:
    if isinstance(config, T5Config):
        return PackedT5Encoder(config)
    make: Any = AutoModel.from_config  # transformers, untyped
    model: nn.Module = make(config, attn_implementation=PACKED, trust_remote_code=False)
    return model


def from_scratch(encoder: Encoder, vocab_size: int) -> VeraModel:
    """A model of T5 v1.1's shape with random weights, for ``vocab_size`` token ids."""
    backbone = t5_config(encoder, vocab_size, is_encoder_decoder=False, use_cache=False)
    return VeraModel(VeraConfig(text_config=backbone))


def t5_config(encoder: Encoder, vocab_size: int, **more: Any) -> T5Config:
    """T5 v1.1's configuration in the shape of ``encoder``."""
    return T5Config(
        vocab_size=-(-vocab_size // 64) * 64,  # rounded up: products of such matrices are faster
        d_model=encoder.d_model,
        d_kv=encoder.d_kv,
        d_ff=encoder.d_ff,
        num_layers=encoder.num_layers,
        num_heads=encoder.num_heads,
        dropout_rate=encoder.dropout,
        feed_forward_proj="gated-gelu",
        **more,
    )


AutoModelForSequenceClassification.register(VeraConfig, VeraModel, exist_ok=True)
