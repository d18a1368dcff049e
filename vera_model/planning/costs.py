"""What a run will cost before it starts: downloads, disk, memory, tokens, FLOPs, time.

Counts come from the model's shape and the data, limits from this machine. Time comes from a
measured warm-up: real updates of a model as wide, with few blocks, so that any model can be timed
where it would not fit.
"""

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch
from transformers import AutoConfig, PreTrainedConfig, T5Config

from vera_model.config import TrainConfig
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.modeling_vera import VeraModel, from_scratch
from vera_model.run_folder import model_folder

SHAPES: dict[str, dict[str, int]] = {
    "google/t5-v1_1-small": {"d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6},
    "google/t5-v1_1-base": {"d_model": 768, "d_ff": 2048, "num_layers": 12, "num_heads": 12},
    "google/t5-v1_1-large": {"d_model": 1024, "d_ff": 2816, "num_layers": 24, "num_heads": 16},
    "google/t5-v1_1-xl": {"d_model": 2048, "d_ff": 5120, "num_layers": 24, "num_heads": 32},
    "google/t5-v1_1-xxl": {"d_model": 4096, "d_ff": 10240, "num_layers": 24, "num_heads": 64},
}
"""The encoders upstream trains, smallest first, from the models' published ``config.json``
(d_kv 64, 32,128 embeddings, a decoder as deep beside). Their files are float32."""

TOKENS_ASSUMED = 30
"""Tokens of a statement where there are no data to count: the mean of Vera's tasks is 20 to 40."""

_FP32, _BF16 = 4, 2  # bytes
STATE = 4 * _FP32  # of a parameter in training: weight, gradient, Adam's two moments
KEPT = 3  # checkpoints on disk at the worst moment: last, best, and one being written
_WARMUP_FLOPS = {"cpu": 2e10, "cuda": 2e13}  # of one measured update: a second at the most
_UPDATES = 3  # measured, after one that is not


class Work(NamedTuple):
    """How much there is to do."""

    tokens_per_update: float
    tokens_per_evaluation: float
    counted: bool
    """Token by token, as the run will read them."""
    estimated: bool = False
    """From the lengths of texts that are here; neither: assumed, there are no data to count."""
    tokens_per_statement: float = TOKENS_ASSUMED


class Cost(NamedTuple):
    """What a model of one shape needs; bytes and FLOPs."""

    parameters: int
    download: int
    """Of the published seq2seq model whose encoder is used; 0 for a model of one's own."""
    training_memory: int
    checkpoints: int


def plan_training(
    config: TrainConfig, work: Work, *, measure: bool, shape: PreTrainedConfig | None = None
) -> dict[str, Any]:
    """Everything known before a run, as JSON; plan_lines.py says it in lines.

    ``shape``: the model's, where it is known; None is :func:`backbone_of`'s.
    """
    exact = shape is not None or config.encoder is None
    shape = backbone_of(config) if shape is None else shape
    cost = cost_of(shape, config, work, local=_is_local(config))
    flops = flops_of(shape, work, config)
    evaluations = math.ceil(config.steps / (config.eval_every or config.steps))
    shares = {
        "updates": config.steps * flops["update"],
        "evaluations": evaluations * flops["evaluation"],
    }
    total = sum(shares.values())
    rate = measured_rate(shape, config, work) if measure else None
    return {
        "model": config.model or str(config.start_from or "from scratch"),
        "parameters": cost.parameters,
        "parameters_are_exact": exact,
        "download_bytes": cost.download,
        "disk_bytes": cost.download + cost.checkpoints,
        "memory_bytes": cost.training_memory,
        "machine": machine(config.out),
        "largest_model_that_fits": largest_that_fits(config, work),
        "tokens": {**work._asdict(), "updates": config.steps, "evaluations": evaluations},
        "flops": {**flops, "run": total},
        "evaluation_share": shares["evaluations"] / total,
        "measured_flops_per_second": rate,
        "seconds": None if rate is None else total / rate,
    }


def backbone_of(config: TrainConfig, vocabulary: int | None = None) -> PreTrainedConfig:
    """The shape of the model that a run trains; of a checkpoint not yet there, of its model.

    ``vocabulary``: of a model from scratch, pieces and sentinels; None is as many as it may have.
    """
    if config.encoder is not None:
        with torch.device("meta"):
            pieces = vocabulary or config.encoder.vocab_size + 100
            return from_scratch(config.encoder, pieces).config.backbone
    if config.start_from is not None and is_here(config.start_from):
        folder = model_folder(config.start_from)
        own = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return VeraConfig(text_config=own["text_config"]).backbone
    name = config.model or "google/t5-v1_1-small"
    if name in SHAPES and not Path(name).is_dir():
        return published_shape(name)
    found: PreTrainedConfig = AutoConfig.from_pretrained(name)
    return found


def is_here(start_from: Path) -> bool:
    """Whether it is a model's folder, or a run's, that can be started from."""
    return (model_folder(start_from) / "config.json").is_file()


def cost_of(shape: PreTrainedConfig, config: TrainConfig, work: Work, *, local: bool) -> Cost:
    """Bytes on disk, over the network, and in the memory that holds the model."""
    parameters = parameters_of(shape)
    activations = work.tokens_per_update * numbers_per_token(shape) * bytes_of_a_number(config)
    if config.activation_checkpointing:
        activations /= max(1, _layers(shape)) ** 0.5
    return Cost(
        parameters=parameters,
        download=0 if local else (parameters + decoder_parameters(shape)) * _FP32,
        training_memory=int(parameters * STATE + activations / config.accumulate),
        checkpoints=KEPT * parameters * 3 * _FP32 if config.save else 0,
    )


def parameters_of(shape: PreTrainedConfig) -> int:
    """Of a Vera model: the blocks' matrices and norms, the embedding, the head."""
    wide = int(shape.hidden_size)
    rest = (2 * _layers(shape) + 1) * wide + int(shape.vocab_size) * wide + wide + 1
    if isinstance(shape, T5Config):
        rest += shape.relative_attention_num_buckets * shape.num_heads
    return _multiplied(shape) + rest


def flops_of(shape: PreTrainedConfig, work: Work, config: TrainConfig) -> dict[str, float]:
    """Of one update (forward, and backward at twice that) and of one evaluation."""
    forward = 2 * _multiplied(shape)
    again = 1 if config.activation_checkpointing else 0
    return {
        "update": (3 + again) * forward * work.tokens_per_update,
        "evaluation": forward * work.tokens_per_evaluation,
    }


def largest_that_fits(config: TrainConfig, work: Work) -> str | None:
    """The largest published encoder whose training fits into this machine's memory."""
    memory = machine(config.out)["memory_bytes"]
    fitting = [
        name
        for name in SHAPES
        if cost_of(published_shape(name), config, work, local=True).training_memory <= memory
    ]
    return fitting[-1] if fitting else None


def machine(out: Path) -> dict[str, Any]:
    """Where the model would live, how much is free there, and how much of the disk."""
    existing = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    disk = shutil.disk_usage(existing).free
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return {"device": torch.cuda.get_device_name(), "memory_bytes": free, "disk_bytes": disk}
    available = psutil.virtual_memory().available
    return {"device": "cpu", "memory_bytes": available, "disk_bytes": disk}


def measured_rate(shape: PreTrainedConfig, config: TrainConfig, work: Work) -> float:
    """FLOPs per second of whole updates of a model as wide, of one block, on this machine.

    Statements are as long, and as many, as the run's: attention and small models depend on it.
    """
    device = "cuda" if torch.cuda.is_available() and config.device == "auto" else "cpu"
    slice_shape = type(shape).from_dict({**shape.to_dict(), **_one_block(shape), "vocab_size": 512})
    model = VeraModel(VeraConfig(text_config=slice_shape)).to(device)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    tokens = max(1, round(work.tokens_per_statement))
    per_token = 6 * _multiplied(slice_shape)
    most = int(work.tokens_per_update / config.accumulate / tokens)
    statements = max(1, min(most, int(_WARMUP_FLOPS[device] / (per_token * tokens))))
    ids = torch.randint(3, 500, (statements, tokens), device=device)
    precise = bytes_of_a_number(config) == _FP32
    started = 0.0
    for number in range(_UPDATES + 1):
        if number == 1:  # the first pays for what happens once
            _wait(device)
            started = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=not precise):
            loss = model(ids).raw_logits.square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    _wait(device)
    return _UPDATES * per_token * statements * tokens / (time.perf_counter() - started)


def published_shape(name: str) -> T5Config:
    """One of ``SHAPES``, as transformers has it."""
    fixed: dict[str, Any] = {"d_kv": 64, "vocab_size": 32128, "feed_forward_proj": "gated-gelu"}
    return T5Config(**{**fixed, **SHAPES[name]})


def decoder_parameters(shape: PreTrainedConfig) -> int:
    """What a published T5 v1.1 has beside its encoder: a decoder, and an output embedding."""
    assert isinstance(shape, T5Config)  # the only ones that are downloaded by these names
    attention = 4 * shape.d_model * shape.d_kv * shape.num_heads
    norms = (shape.num_layers + 1) * shape.d_model + shape.num_layers * 2 * shape.d_model
    rest = shape.relative_attention_num_buckets * shape.num_heads - (shape.d_model + 1)
    embedding = shape.vocab_size * shape.d_model
    return _multiplied(shape) + shape.num_layers * attention + norms + rest + embedding


def _is_local(config: TrainConfig) -> bool:
    if config.encoder is not None or (config.start_from and is_here(config.start_from)):
        return True
    return config.model not in SHAPES or _cached(config)


def _cached(config: TrainConfig) -> bool:
    from huggingface_hub import try_to_load_from_cache

    names = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(try_to_load_from_cache(str(config.model), name), str) for name in names)


def _layers(shape: PreTrainedConfig) -> int:
    return int(shape.num_hidden_layers)


def _one_block(shape: PreTrainedConfig) -> dict[str, int]:
    name = "num_layers" if isinstance(shape, T5Config) else "num_hidden_layers"
    return {name: 1}


def _multiplied(shape: PreTrainedConfig) -> int:
    """Weights that every token is multiplied with: the blocks' matrices, not the embedding."""
    wide = int(shape.hidden_size)
    if isinstance(shape, T5Config):
        gates = 3 if shape.is_gated_act else 2
        block = 4 * wide * shape.d_kv * shape.num_heads + gates * wide * shape.d_ff
    else:
        share = shape.num_key_value_heads / shape.num_attention_heads
        block = int((2 + 2 * share) * wide * wide) + 3 * wide * shape.intermediate_size
    return int(_layers(shape) * block)


def numbers_per_token(shape: PreTrainedConfig) -> float:
    """Activations kept for the backward pass: of a block about 10 hidden states, its attention's
    queries, keys, values and sums, and the feed-forward layer's gate, its input and product."""
    if isinstance(shape, T5Config):
        wide, inner = shape.d_ff, shape.d_kv * shape.num_heads
    else:
        wide, inner = shape.intermediate_size, shape.hidden_size
    return float(_layers(shape) * (10 * shape.hidden_size + 4 * inner + 4 * wide))


def bytes_of_a_number(config: TrainConfig) -> int:
    """In a forward pass."""
    return _BF16 if config.precision == "bf16" else _FP32


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
