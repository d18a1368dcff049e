"""What a run with ``--objective text`` will take. A Vera run's plan is plan.py's affair."""

import math
from typing import Any

import numpy as np
from torch import nn

from vera_model.config import TrainConfig
from vera_model.objective_text import Pairs, TextObjective
from vera_model.plan import (
    KEPT,
    SHAPES,
    STATE,
    bytes_of_a_number,
    decoder_parameters,
    machine,
    numbers_per_token,
    parameters_of,
    published_shape,
)


def plan_text(config: TrainConfig, objective: TextObjective, model: Any) -> dict[str, Any]:
    """As ``plan_training``, of a T5 that is here and of records that are tokenised: no time.

    FLOPs are those of the blocks' and the output layer's weights: the encoder's once a source
    token, the others' once a target token; generating an answer takes as many.
    """
    parameters = sum(weight.numel() for weight in model.parameters())
    source, target = _mean_tokens(objective.train)
    records = config.batch_tokens / source if config.batch_tokens else config.batch_size
    records *= config.accumulate
    update = 3 * records * _forward(model, source, target)
    evaluation = len(objective.evaluation) * _forward(model, *_mean_tokens(objective.evaluation))
    evaluations = math.ceil(config.steps / (config.eval_every or config.steps))
    total = config.steps * update + evaluations * evaluation
    tokens = records * (source + target)
    kept = tokens / config.accumulate * numbers_per_token(model.config) * bytes_of_a_number(config)
    return {
        "model": config.model or str(config.start_from or "from scratch"),
        "parameters": parameters,
        "parameters_are_exact": True,
        "download_bytes": 0,  # it is here
        "disk_bytes": KEPT * parameters * 12 if config.save else 0,
        "memory_bytes": int(parameters * STATE + kept),
        "machine": machine(config.out),
        "largest_model_that_fits": _largest_that_fits(config, kept),
        "tokens": {
            "tokens_per_update": tokens,
            "counted": True,
            "estimated": False,
            "updates": config.steps,
            "evaluations": evaluations,
        },
        "flops": {"update": update, "evaluation": evaluation, "run": total},
        "evaluation_share": evaluations * evaluation / total,
        "measured_flops_per_second": None,
        "seconds": None,
    }


def _mean_tokens(pairs: Pairs) -> tuple[float, float]:
    lengths = [(len(pair.source), len(pair.target)) for pair in pairs]
    source, target = np.array(lengths).mean(axis=0)
    return float(source), float(target)


def _forward(model: Any, source: float, target: float) -> float:
    """FLOPs of one record, read and written."""
    encoder, decoder = (_numbers(stack.block) for stack in (model.encoder, model.decoder))
    return 2 * (encoder * source + (decoder + _numbers(model.lm_head)) * target)


def _numbers(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _largest_that_fits(config: TrainConfig, kept: float) -> str | None:
    """The largest published T5, with activations like these."""
    memory = machine(config.out)["memory_bytes"]
    fitting = [
        name
        for name, shape in ((name, published_shape(name)) for name in SHAPES)
        if (parameters_of(shape) + decoder_parameters(shape)) * STATE + kept <= memory
    ]
    return fitting[-1] if fitting else None
