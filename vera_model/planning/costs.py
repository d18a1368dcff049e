"""Estimates before a run starts: downloads, disk, memory, tokens, FLOPs, time.

Parameters, FLOPs and activations are counted on the model itself, built on torch's meta device,
where tensors have shapes and no memory. Time comes from measured updates of a model of the same
width with two blocks, so that also a model too large for this machine's memory can be timed.
"""

import math
import time
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, PreTrainedConfig, T5Config, T5ForConditionalGeneration

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.pretrained import load_pretrained
from unifiedqa_convert.storage import free_bytes
from vera_model.config import TrainConfig
from vera_model.embedded import is_language_model
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.lora import add_lora
from vera_model.model.modeling_vera import VeraModel, from_scratch
from vera_model.model.packed_attention import Packing, pack
from vera_model.run_folder import model_folder, read_settings

SHAPES: dict[str, dict[str, int]] = {
    "google/t5-v1_1-small": {"d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6},
    "google/t5-v1_1-base": {"d_model": 768, "d_ff": 2048, "num_layers": 12, "num_heads": 12},
    "google/t5-v1_1-large": {"d_model": 1024, "d_ff": 2816, "num_layers": 24, "num_heads": 16},
    "google/t5-v1_1-xl": {"d_model": 2048, "d_ff": 5120, "num_layers": 24, "num_heads": 32},
    "google/t5-v1_1-xxl": {"d_model": 4096, "d_ff": 10240, "num_layers": 24, "num_heads": 64},
}
"""The models upstream trains, smallest first, from their published ``config.json``. Their files
are float32."""

TOKENS_ASSUMED = 30
"""Tokens of a statement if there are no data to count: the mean of Vera's tasks is 20 to 40."""

_FP32, _BF16 = 4, 2  # bytes
_STATE = 4 * _FP32  # bytes per parameter in training: weight, gradient, Adam's two moments
_CHECKPOINTS = 3  # on disk at the worst moment: last, best, and one being written
_MEASURED_FLOPS = {"cpu": 2e10, "cuda": 2e13}  # of one measured update: about a second
_MEASURED_UPDATES = 3  # after one that is not measured


class Work(NamedTuple):
    """How many tokens a run reads."""

    tokens_per_update: float
    tokens_per_evaluation: float
    counted: bool
    """Counted with the run's tokenizer."""
    estimated: bool = False
    """From the lengths of the texts. Neither counted nor estimated: assumed, without data."""
    tokens_per_statement: float = TOKENS_ASSUMED
    """Of an input, for ``--objective text``."""
    tokens_per_answer: float = 0
    """Of an output, for ``--objective text``."""


class Cost(NamedTuple):
    """What a model of one shape needs for some work; bytes and FLOPs."""

    parameters: int
    download: int
    """Of the published seq2seq model whose encoder is used; 0 if it is on this machine."""
    training_memory: int
    checkpoints: int
    update_flops: float
    """Forward, and backward at twice that."""
    evaluation_flops: float


class _PerToken(NamedTuple):
    """One forward pass, per token read."""

    flops: float
    activations: float
    """Numbers that autograd keeps for the backward pass."""


def plan_training(
    config: TrainConfig, work: Work, *, measure: bool, shape: PreTrainedConfig | None = None
) -> dict[str, Any]:
    """Everything known before a run, as JSON.

    ``shape``: the model's configuration, if it is known; None: :func:`backbone_of`.
    """
    exact = shape is not None or config.encoder is None
    shape = backbone_of(config) if shape is None else shape
    cost = cost_of(shape, config, work, local=_is_local(config))
    updates, evaluations = config.updates, _evaluations(config)
    total = updates * cost.update_flops + evaluations * cost.evaluation_flops
    rate = measured_rate(shape, config, work) if measure else None
    return {
        "model": _named(config),
        "parameters": cost.parameters,
        "parameters_are_exact": exact,
        "download_bytes": cost.download,
        "disk_bytes": 2 * cost.download + cost.checkpoints,  # the pickle, and what it becomes
        "memory_bytes": cost.training_memory,
        "machine": machine(config.out),
        "tokens": {**work._asdict(), "updates": updates, "evaluations": evaluations},
        "flops": {
            "update": cost.update_flops,
            "evaluation": cost.evaluation_flops,
            "run": total,
        },
        "evaluation_share": evaluations * cost.evaluation_flops / total,
        "measured_flops_per_second": rate,
        "seconds": None if rate is None else total / rate,
    }


def _evaluations(config: TrainConfig) -> int:
    """Under recipe ``vera`` there is one before the first update, too."""
    if config.eval_first == 0:
        return 0
    every = config.eval_every or config.steps
    more = config.steps // every + 1
    return more if config.recipe == "vera" else math.ceil(config.steps / every)


def _named(config: TrainConfig) -> str:
    """What a run starts from: a checkpoint, with its model's name where that gives the shape."""
    start = config.start_from
    if start is None:
        return config.model or "from scratch"
    return str(start) if config.model is None or is_here(start) else f"{start}, a {config.model}"


def backbone_of(config: TrainConfig, vocabulary: int | None = None) -> PreTrainedConfig:
    """The configuration of the T5 (or decoder) that a run trains.

    If ``start_from`` does not exist yet, the configuration of ``config.model``. ``vocabulary``: the
    pieces and sentinels of a model from scratch; None: the maximum of its configuration.
    """
    if config.encoder is not None:
        with torch.device("meta"):
            pieces = vocabulary or config.encoder.vocab_size + 100
            return from_scratch(config.encoder, pieces).config.backbone
    if config.start_from is not None and is_here(config.start_from):
        folder = model_folder(config.start_from)
        if not is_language_model(folder):
            own = read_settings(folder)
            return VeraConfig(text_config=own.text_config).backbone
        name = str(folder)
    else:
        name = config.model or "google/t5-v1_1-small"
    if name in SHAPES and not Path(name).is_dir():
        return published_shape(name)
    try:
        found: PreTrainedConfig = load_pretrained(AutoConfig, name)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{name} has no configuration that can be read: {error}") from error
    return found


def is_here(start_from: Path) -> bool:
    """Whether it is the folder of a model, or of a run with one."""
    return (model_folder(start_from) / "config.json").is_file()


def cost_of(shape: PreTrainedConfig, config: TrainConfig, work: Work, *, local: bool) -> Cost:
    """Bytes on disk, over the network and in memory, and FLOPs."""
    model = _on_meta(shape, config.objective)
    parameters = _parameters(model)
    trained = parameters
    if config.lora is not None and not isinstance(shape, T5Config):
        with torch.device("meta"):
            add_lora(model, config.lora)  # type: ignore[arg-type]  # a decoder's VeraModel
        trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    per_token = _forward(model, work)
    if config.likelihood is not None:  # and the output layer
        more = 2 * float(shape.vocab_size) * float(shape.hidden_size)
        per_token = per_token._replace(flops=per_token.flops + more)
    activations = work.tokens_per_update / config.accumulate * per_token.activations
    if config.activation_checkpointing:
        activations /= max(1, shape.num_hidden_layers) ** 0.5
    passes = 4 if config.activation_checkpointing else 3
    return Cost(
        parameters=parameters,
        download=0 if local else _file_bytes(shape),
        training_memory=int(
            parameters * _FP32 + trained * (_STATE - _FP32) + activations * _number_bytes(config)
        ),
        checkpoints=_CHECKPOINTS * (parameters + 2 * trained) * _FP32 if config.save else 0,
        update_flops=passes * per_token.flops * work.tokens_per_update,
        evaluation_flops=per_token.flops * work.tokens_per_evaluation,
    )


def largest_that_fits(config: TrainConfig, work: Work) -> str | None:
    """The largest published model whose training fits into this machine's memory."""
    memory = machine(config.out)["memory_bytes"]
    for name in reversed(SHAPES):
        if _published_parameters(name, config.objective) * _STATE <= memory:
            cost = cost_of(published_shape(name), config, work, local=True)
            if cost.training_memory <= memory:
                return name
    return None


def machine(out: Path) -> dict[str, Any]:
    """The device, its free memory, and the free disk space at ``out``."""
    disk = free_bytes(out)
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return {"device": torch.cuda.get_device_name(), "memory_bytes": free, "disk_bytes": disk}
    available = psutil.virtual_memory().available
    return {"device": "cpu", "memory_bytes": available, "disk_bytes": disk}


def measured_rate(shape: PreTrainedConfig, config: TrainConfig, work: Work) -> float:
    """FLOPs per second on this machine, from updates of a Vera model as wide with two blocks.

    Statements are as long, and as many, as the run's: attention and small models depend on it.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = "cuda" if torch.cuda.is_available() and config.device == "auto" else "cpu"
    two_blocks = deepcopy(shape)
    two_blocks.num_hidden_layers = min(2, shape.num_hidden_layers)
    two_blocks.vocab_size = 512
    tokens = max(1, round(work.tokens_per_statement))
    exactly = work._replace(tokens_per_statement=tokens)
    per_statement = 3 * tokens * _forward(_on_meta(two_blocks, "vera"), exactly).flops
    most = int(work.tokens_per_update / config.accumulate / tokens)
    statements = max(1, min(most, int(_MEASURED_FLOPS[device] / per_statement)))
    model: nn.Module = VeraModel(VeraConfig(text_config=two_blocks))
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    ids = torch.randint(3, 500, (statements, tokens), device=device)
    started = 0.0
    for number in range(_MEASURED_UPDATES + 1):
        if number == 1:  # the first includes what is done once
            _wait(device)
            started = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=config.precision == "bf16"):
            loss = model(ids).raw_logits.square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    _wait(device)
    return _MEASURED_UPDATES * per_statement * statements / (time.perf_counter() - started)


def published_shape(name: str) -> T5Config:
    """One of ``SHAPES`` as transformers' configuration."""
    fixed = {"d_kv": 64, "vocab_size": 32128, "feed_forward_proj": "gated-gelu"}
    return T5Config(**{**fixed, **SHAPES[name]})  # type: ignore[arg-type]


@cache
def _published_parameters(name: str, objective: str) -> int:
    return _parameters(_on_meta(published_shape(name), objective))


def _on_meta(shape: PreTrainedConfig, objective: str) -> nn.Module:
    """The model that a run trains, without memory for its weights."""
    with torch.device("meta"):
        if objective == "text":
            return T5ForConditionalGeneration(shape)  # type: ignore[arg-type]
        return VeraModel(VeraConfig(text_config=shape))


def _parameters(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _file_bytes(shape: PreTrainedConfig) -> int:
    # The files of T5 v1.1 have an output embedding, which transformers ties to the input's.
    output_embedding = int(shape.vocab_size * shape.hidden_size)
    return (_parameters(_on_meta(shape, "text")) + output_embedding) * _FP32


def _forward(model: Any, work: Work) -> _PerToken:
    """Run one text of mean length through a model on the meta device, in training mode."""
    source, target = (max(1, round(n)) for n in (work.tokens_per_statement, work.tokens_per_answer))
    ids = torch.zeros(1, source, dtype=torch.long, device="meta")
    # Views of one storage count once; parameters are kept anyway.
    weights = {weight.untyped_storage()._cdata for weight in model.parameters()}
    kept: dict[int, Any] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage  # kept alive, so that its address is not used again
        return tensor

    model.train()
    with (
        saved_tensors_hooks(keep, lambda tensor: tensor),
        FlopCounterMode(display=False) as counter,
    ):
        if isinstance(model, VeraModel):
            packing = Packing(*(each.to("meta") for each in pack(torch.ones(1, source))))
            model.backbone(input_ids=ids, packing=packing)
            tokens = source
        else:
            model(input_ids=ids, decoder_input_ids=ids.new_zeros(1, target))
            tokens = source + target
    numbers = sum(storage.nbytes() for storage in kept.values()) / _FP32
    return _PerToken(counter.get_total_flops() / tokens, numbers / tokens)


def _is_local(config: TrainConfig) -> bool:
    if config.encoder is not None or (config.start_from and is_here(config.start_from)):
        return True
    return config.model not in SHAPES or _cached(config)


def _cached(config: TrainConfig) -> bool:
    from huggingface_hub import try_to_load_from_cache

    names = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(try_to_load_from_cache(str(config.model), name), str) for name in names)


def _number_bytes(config: TrainConfig) -> int:
    return _BF16 if config.precision == "bf16" else _FP32


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
