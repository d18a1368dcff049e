"""Training and evaluating Vera against upstream's algorithm, in one run, on the same batches.

    python benchmarks/training.py [--steps 3] [--threads 2]      # CPU: T5-v1.1-small's encoder
    python benchmarks/training.py --gpu                          # large, xl, xxl on one GPU, bf16

The baseline is benchmarks/upstream_vera.py, whose docstring names its source. Both take the same
problems in turn, from the same weights at every step, without dropout, so that their losses can be
compared. The lengths are drawn with a fixed seed, half of the problems like those of each of the
paper's stages: stage A's groups have 3.75 statements (6M in 1.6M) of 13 tokens in the mean, stage
B's, by the sizes of its datasets, 2.4 of 27 (log-normal, sigma 0.4). Printed: problems/s by the
wall clock, their ratio, the ratio of CPU seconds (which other programs disturb less), and the
largest difference of the losses. Goals: training 4 x at 4 problems, 9 x at 16, evaluation 9 x
(fp32); on a GPU 5 x, and 45 % of 790 TFLOP/s (a H200's dense bf16) at 4,000 tokens a step.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
import upstream_vera as upstream
from transformers import T5Config
from transformers.utils import logging

from vera_model.data.batching import collate, pad_right
from vera_model.data.problems import Problem
from vera_model.data.tokenized import TokenizedProblem
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.modeling_vera import VeraModel
from vera_model.objectives.loss import to_grid, vera_loss

SEED = 20261124
PEAK = 790e12  # FLOP/s
UPDATES = 100_000  # of the two stages
EVAL_BATCH = 64  # problems
SHAPES: dict[str, dict[str, Any]] = {
    "small": {"d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6},
    "large": {"d_model": 1024, "d_ff": 2816, "num_layers": 24, "num_heads": 16},
    "xl": {"d_model": 2048, "d_ff": 5120, "num_layers": 24, "num_heads": 32},
    "xxl": {"d_model": 4096, "d_ff": 10240, "num_layers": 24, "num_heads": 64},
}


class Stage(NamedTuple):
    """The lengths of one stage's problems."""

    sizes: list[float]
    """The probabilities of one, two, three and four statements."""
    tokens: int
    """Mean of a statement."""


STAGES = (Stage([0, 0, 0.25, 0.75], 13), Stage([0.15, 0.45, 0.25, 0.15], 27))
SIGMA = 0.4


class Pair(NamedTuple):
    """The two models with equal weights, and their optimisers."""

    ours: VeraModel
    theirs: upstream.Upstream
    our_optimizer: torch.optim.Optimizer
    their_optimizer: torch.optim.Optimizer
    device: torch.device


class Taken(NamedTuple):
    """Time, problems and losses of some steps."""

    seconds: float
    cpu: float
    problems: int
    losses: list[float]

    @property
    def rate(self) -> float:
        return self.problems / self.seconds


def make_problems(count: int, generator: np.random.Generator) -> list[TokenizedProblem]:
    made = []
    for number in range(count):
        stage = STAGES[int(generator.integers(2))]
        size = int(generator.choice([1, 2, 3, 4], p=stage.sizes))
        lengths = generator.lognormal(np.log(stage.tokens) - SIGMA**2 / 2, SIGMA, size)
        tokens = tuple(
            np.append(generator.integers(3, 32_000, length - 1), 1).astype(np.int32)
            for length in np.clip(np.rint(lengths), 4, 128).astype(int)
        )
        labels = (size > 1 or bool(generator.integers(2)), *[False] * (size - 1))
        problem = Problem("random", "train", str(number), size > 1, ("",) * size, labels)
        made.append(TokenizedProblem(problem, tokens))
    return made


def shaped(shape: str) -> T5Config:
    return T5Config(
        vocab_size=32_128,
        d_kv=64,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        **SHAPES[shape],
    )


def make_pair(shape: str, device: torch.device) -> Pair:
    torch.manual_seed(SEED)
    config = shaped(shape)
    with torch.device(device):
        ours = VeraModel(VeraConfig(text_config=config))
        theirs = upstream.Upstream(config)
    theirs.model.load_state_dict(ours.backbone.state_dict())
    theirs.linear.load_state_dict(ours.head.state_dict())
    adam = torch.optim.Adam(ours.parameters(), lr=1e-5, fused=True)
    return Pair(ours, theirs, adam, torch.optim.Adam(theirs.parameters(), lr=1e-5), device)


def our_step(pair: Pair, problems: list[TokenizedProblem]) -> list[float]:
    batch = collate(problems, 0).to(pair.device)
    output = pair.ours(batch.input_ids, batch.attention_mask)
    logits, hidden = (to_grid(t, batch.mask) for t in (output.raw_logits, output.hidden))
    loss = vera_loss(
        logits, hidden, batch.labels, batch.mask, batch.is_choice, contrastive_labels="upstream"
    ).total
    pair.our_optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch, untyped
    pair.our_optimizer.step()
    return [loss.item()]


def their_step(pair: Pair, problems: list[TokenizedProblem]) -> list[float]:
    loss = upstream.loss(pair.theirs, upstream.pad(problems, upstream.TRAIN_CAP, pair.device))
    pair.their_optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch, untyped
    pair.their_optimizer.step()
    return [loss.item()]


def our_logits(pair: Pair, problems: list[TokenizedProblem]) -> list[float]:
    """Statements of similar length together, as vera_model/metrics/scoring.py does it."""
    rows = sorted((row for problem in problems for row in problem.tokens), key=len)
    found = []
    for start in range(0, len(rows), 4 * EVAL_BATCH):
        ids, mask = pad_right(rows[start : start + 4 * EVAL_BATCH], 0)
        found += pair.ours(ids.to(pair.device), mask.to(pair.device)).raw_logits.tolist()
    return sorted(found)


def their_logits(pair: Pair, problems: list[TokenizedProblem]) -> list[float]:
    found = []
    for problem in problems:  # upstream's default batch, and the only safe one
        grid = upstream.pad([problem], upstream.EVAL_CAP, pair.device)
        logits, _, mask = pair.theirs(grid)
        found += logits[mask].tolist()
    return sorted(found)


def timed(
    step: Callable[[Pair, list[TokenizedProblem]], list[float]],
    pair: Pair,
    problems: list[TokenizedProblem],
) -> Taken:
    if pair.device.type == "cuda":
        torch.cuda.synchronize()
    started, cpu = time.perf_counter(), time.process_time()
    found = step(pair, problems)  # .item() waits for the device
    return Taken(time.perf_counter() - started, time.process_time() - cpu, len(problems), found)


def total(taken: list[Taken]) -> Taken:
    losses = [loss for one in taken for loss in one.losses]
    seconds, cpu = sum(one.seconds for one in taken), sum(one.cpu for one in taken)
    return Taken(seconds, cpu, sum(one.problems for one in taken), losses)


def same_weights(pair: Pair) -> None:
    """Copy their weights into ours: Adam amplifies the rounding of small gradients."""
    with torch.no_grad():
        pair.ours.backbone.load_state_dict(pair.theirs.model.state_dict())
        pair.ours.head.load_state_dict(pair.theirs.linear.state_dict())


def bfloat16(device: torch.device) -> AbstractContextManager[None]:
    return torch.autocast(device.type, dtype=torch.bfloat16)


def has_bfloat16() -> bool:
    """Whether this machine computes in bf16; emulated, it is slower than float32."""
    return torch.cuda.is_available() or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def print_row(name: str, theirs: Taken, ours: Taken, goal: float | None) -> None:
    pairs = zip(theirs.losses, ours.losses, strict=True)
    gap = max(0.0 if a == b else abs(a - b) for a, b in pairs)  # infinite is upstream's, and equal
    cpu = (theirs.cpu / theirs.problems) / (ours.cpu / ours.problems)
    print(
        f"{name:26} {theirs.rate:9.2f} {ours.rate:9.2f} {ours.rate / theirs.rate:8.1f} "
        f"{cpu:8.1f} {goal or '-':>5}   {len(theirs.losses)} values, at most {gap:.1e} apart",
        flush=True,
    )


def compare_training(size: int, steps: int, goal: float, device: torch.device) -> None:
    generator = np.random.default_rng([SEED, size])
    pair = make_pair("small", device)
    taken: list[list[Taken]] = []
    for _ in range(steps + 1):  # in turn, so that a busy moment of the machine hits all alike
        problems = make_problems(size, generator)
        half = Taken(1, 1, 1, [])
        if has_bfloat16():
            same_weights(pair)
            with bfloat16(device):
                half = timed(our_step, pair, problems)
        same_weights(pair)
        ours = timed(our_step, pair, problems)
        taken.append([timed(their_step, pair, problems), ours, half])
    base, ours, half = (total(list(column)) for column in zip(*taken[1:], strict=True))  # warm
    print_row(f"training, {size} problems, fp32", base, ours, goal)
    if half.losses:
        print_row(f"training, {size} problems, bf16", base, half, None)


def compare_evaluation(count: int, device: torch.device) -> None:
    pair = make_pair("small", device)
    problems = make_problems(count, np.random.default_rng([SEED, 0]))
    with torch.inference_mode():
        for name, context in (("fp32", nullcontext()), ("bf16", bfloat16(device))):
            if name == "bf16" and not has_bfloat16():
                continue
            their_logits(pair, problems[:1])
            our_logits(pair, problems)
            theirs = timed(their_logits, pair, problems)
            with context:
                ours = timed(our_logits, pair, problems)
            print_row(f"evaluation, {name}", theirs, ours, 9 if name == "fp32" else None)


def compare_large(shape: str, size: int, steps: int, device: torch.device) -> None:
    """Training in bf16, one model after the other, since two xxl do not fit into the memory."""
    generator = np.random.default_rng([SEED, size])
    batches = [make_problems(size, generator) for _ in range(steps + 1)]
    ours, weights = trained(shape, batches, device, ours=True)
    theirs, _ = trained(shape, batches, device, ours=False)
    tokens = sum(len(row) for batch in batches[1:] for one in batch for row in one.tokens)
    share = 6 * weights * tokens / ours.seconds / PEAK  # attention's few FLOPs not counted
    print(
        f"{shape + f', {size} problems, bf16':26} {theirs.rate:9.2f} {ours.rate:9.2f} "
        f"{ours.rate / theirs.rate:8.1f}   goal 5\n{'':26} {tokens / steps:,.0f} tokens a step, "
        f"{share:.0%} of {PEAK / 1e12:.0f} TFLOP/s; {UPDATES:,} updates: "
        f"{UPDATES * ours.seconds / steps / 60:.0f} minutes",
        flush=True,
    )


def trained(
    shape: str, batches: list[list[TokenizedProblem]], device: torch.device, *, ours: bool
) -> tuple[Taken, int]:
    """Steps of one of the two (the first to warm up), and its weights without the embedding."""
    torch.manual_seed(SEED)
    config = shaped(shape)
    # From xl on the weights are bf16 too: xxl's, their gradients and Adam's take 38 GB, not 76.
    dtype = torch.bfloat16 if shape in ("xl", "xxl") else torch.float32
    model: Any
    with torch.device(device):
        model = VeraModel(VeraConfig(text_config=config)) if ours else upstream.Upstream(config)
    model.to(dtype)
    weights = sum(p.numel() for name, p in model.named_parameters() if "shared" not in name)
    adam = torch.optim.Adam(model.parameters(), lr=1e-5, fused=ours)
    step = our_step if ours else their_step
    pair = Pair(model, model, adam, adam, device)  # a step uses one of the two
    with bfloat16(device):
        taken = [timed(step, pair, batch) for batch in batches]
    return total(taken[1:]), weights


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=3, help="measured steps of each part")
    parser.add_argument("--evaluate", type=int, default=16, help="number of problems to evaluate")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch")
    parser.add_argument("--sizes", type=int, nargs="*", default=[4, 16], help="problems per step")
    parser.add_argument("--gpu", action="store_true", help="measure large, xl and xxl on a GPU")
    options = parser.parse_args()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers, untyped
    torch.set_num_threads(options.threads)
    print(f"{'problems/s':26} {'upstream':>9} {'ours':>9} {'ratio':>8} {'cpu':>8} {'goal':>5}")
    if options.gpu:
        for shape in SHAPES:
            compare_large(shape, 64, options.steps, torch.device("cuda"))
        return
    device = torch.device("cpu")
    if not has_bfloat16():
        print("bf16 is not measured: this CPU has no instructions for it")
    for size in options.sizes:
        compare_training(size, options.steps, 4.0 if size < 16 else 9.0, device)
    compare_evaluation(options.evaluate, device)


if __name__ == "__main__":
    main()
