"""LoRA by peft: small matrices beside a backbone's frozen linear layers, merged when it is saved.

A checkpoint's model is whole and needs no peft; what is trained lies beside it, to resume from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from unifiedqa_convert.errors import ModelError
from vera_model.model.modeling_vera import VeraModel
from vera_model.shapes import Lora

_FILE = "lora.safetensors"


def add_lora(model: VeraModel, settings: Lora) -> None:
    """Freeze the backbone and put the matrices beside its layers; the head is trained too.

    They change nothing until they are trained. Raises ModelError for a backbone without such
    layers.
    """
    blocks = int(model.config.backbone.num_hidden_layers)
    adapter = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(settings.layers),
        layers_to_transform=list(range(max(0, blocks - settings.blocks), blocks)),
    )
    try:
        inject_adapter_in_model(adapter, model)
    except ValueError as error:
        raise ModelError(f"LoRA does not fit this model, use another --preset: {error}") from error
    model.head.requires_grad_(True)


def merged(model: nn.Module, weights: Mapping[str, Tensor] | None) -> Mapping[str, Tensor] | None:
    """``weights`` (a state dict; None: the model's own) without LoRA: its layers are summed."""
    layers = {name: one for name, one in model.named_modules() if isinstance(one, LoraLayer)}
    if not layers:
        return weights
    found = dict(model.state_dict() if weights is None else weights)
    whole = {}
    for name, tensor in found.items():
        owner, _, rest = name.partition(".base_layer.")
        if rest:
            own: Any = layers[owner]
            delta = own.get_delta_weight(own.active_adapters[0]) if rest == "weight" else None
            whole[f"{owner}.{rest}"] = tensor if delta is None else tensor + delta.to(tensor)
        elif ".lora_" not in name:
            whole[name] = tensor
    return whole


def write_lora(folder: Path, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Write what is trained of ``weights`` into ``folder``."""
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    save_file({name: weights[name].contiguous() for name in sorted(trained)}, folder / _FILE)


def restore_lora(folder: Path, model: nn.Module) -> None:
    """Load what :func:`write_lora` wrote; ModelError for a file of another model."""
    path = folder / _FILE
    own = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    try:
        saved = load_file(path)
        if {n: t.shape for n, t in saved.items()} != {n: t.shape for n, t in own.items()}:
            raise ValueError("its weights are not those that are trained")
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"{path} does not fit the model, use another checkpoint: {error}"
        ) from error
    for name, weight in own.items():
        weight.data.copy_(saved[name])
