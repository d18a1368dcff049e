"""`uqa serve` under load: capacity, latency and refusals, up to ten times the capacity.

    python benchmarks/service.py [--seconds 60] [--models rules t5] [--at 0.5 0.8 1 2 10]

For each model the capacity is measured with 64 clients that each send the next request when
answered, or a second after a refusal (closed loop: the queue is never empty). Then requests are
sent at a multiple of it at random times (open loop, seeded), whether or not others were answered.
A request has 32 different items. Printed: requests offered and answered, median and 99th percentile
of answers and of refusals, from when a request was due; refusals without Retry-After; the memory
growth of the server and of its model in the second half of the run; the CPU time of generator,
server and model (Linux), which share the cores. `rules` caches words in tables of limited size, and
each item here has a new number, so the tables are filled first. Then 32 clients with one item each,
batched, against a server with batches of one as the baseline. `t5` is a T5 of two layers of 64,
trained at the start to write one sentence.

Goals at 10 x: only statuses 200, 429 and 503, each refusal with Retry-After, refusals' p99 <= 100
ms, goodput >= 0.9 of the capacity, memory flat. Batching: t5 >= 5 x the baseline.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import uvloop
from open_loop import Load, Outcome
from served import BenchmarkServer, ResourceMonitor, serving

SEED = 20261124
ITEMS = 32
CLIENTS = 64
WORDS = "river kettle garden ladder blanket window pocket candle basket mirror".split()
SHAPES = (
    ("Where would you find a {word} number {n}?", "in the {other}"),
    ("What do people use {word} number {n} for?", "cleaning a {other}"),
    ("Why does {word} number {n} break?", "because of the {other}"),
    ("What can happen to {word} number {n} at night?", "falling off a {other}"),
)


def requests(items: int, port: int) -> Iterator[bytes]:
    """Endless requests of ``items`` items, no two equal, each with a word of its own.

    Made from templates, since the generator shares the cores with the model.
    """
    shapes, words = itertools.cycle(SHAPES), itertools.cycle(WORDS)
    templates = []
    for _ in range(len(SHAPES) * len(WORDS)):
        filled = []
        for question, answer in itertools.islice(shapes, items):
            named = {"word": next(words), "other": next(words), "n": "%08d"}
            filled.append({"question": question.format(**named), "answer": answer.format(**named)})
        body = json.dumps({"items": filled})
        head = (
            f"POST /v1/declare HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: "
            f"application/json\r\nContent-Length: {len(body % (*range(items),))}\r\n\r\n"
        )
        templates.append((head + body).encode())
    numbers = itertools.count(time.time_ns() % 10**7)
    for template in itertools.cycle(templates):
        yield template % tuple(itertools.islice(numbers, items))


def p50_p99(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    if len(seconds) < 2:
        return (float("nan"), float("nan"))
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1_000, cuts[98] * 1_000


async def capacity(server: BenchmarkServer, seconds: float) -> float:
    """Requests per second, from clients that wait for each answer."""
    made = requests(ITEMS, server.port)
    load = Load(server.port, lambda: next(made))
    await load.closed_loop(CLIENTS, seconds / 3)  # warm-up: the server measures its model's speed
    started = time.perf_counter()
    outcomes = await load.closed_loop(CLIENTS, seconds)
    took = time.perf_counter() - started
    load.close()
    return sum(outcome.status == 200 for outcome in outcomes) / took


async def fill(server: BenchmarkServer, seconds: float) -> None:
    """Fill the model's word tables, which are limited in size."""
    made = requests(ITEMS, server.port)
    load = Load(server.port, lambda: next(made))
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        monitor = server.monitor()
        sampling = asyncio.ensure_future(monitor.sample())
        outcomes = await load.closed_loop(CLIENTS, min(left, 15))
        sampling.cancel()
        model = monitor.memory()[1]
        print(f"  filling, {len(outcomes) * ITEMS:,} new items: model {model}", flush=True)
    load.close()


async def overload(
    server: BenchmarkServer, rate: float, seconds: float
) -> tuple[list[Outcome], ResourceMonitor, str]:
    made = requests(ITEMS, server.port)
    load = Load(server.port, lambda: next(made))
    monitor = server.monitor()
    sampling = asyncio.ensure_future(monitor.sample())
    outcomes = list(await load.open_loop(rate, seconds, SEED))
    shares = monitor.cpu_shares()
    sampling.cancel()
    load.close()
    return outcomes, monitor, shares


def print_row(
    times: float, rate: float, capacity: float, outcomes: list[Outcome], seconds: float
) -> None:
    started = min(outcome.due for outcome in outcomes)
    answered = [outcome for outcome in outcomes if outcome.status == 200]
    within = sum(outcome.due - started + outcome.seconds <= seconds for outcome in answered)
    refused = [outcome for outcome in outcomes if outcome.status in (429, 503)]
    without = sum(not outcome.retry_after for outcome in refused)
    codes = dict(sorted(Counter(outcome.status for outcome in outcomes).items()))
    fast, slow = p50_p99([outcome.seconds for outcome in answered])
    refused_fast, refused_slow = p50_p99([outcome.seconds for outcome in refused])
    print(
        f"  {times:4g} x: offered {rate:7.1f}/s, sent {len(outcomes) / seconds:7.1f}/s, answered "
        f"{within / seconds:6.1f}/s ({within / seconds / capacity:.2f} of capacity)  "
        f"p50 {fast:.0f} ms p99 {slow:.0f} ms; refusals p50 {refused_fast:.1f} ms "
        f"p99 {refused_slow:.1f} ms, {without} without Retry-After; {codes}; generator delay "
        f"{p50_p99([outcome.late for outcome in outcomes])[1]:.1f} ms (p99)",
        flush=True,
    )


async def measure(name: str, folder: Path, options: argparse.Namespace) -> None:
    with serving(name, folder) as server:
        if name == "rules":
            await fill(server, options.fill_seconds)
        most = await capacity(server, options.capacity_seconds)
        print(f"  capacity {most:.1f} requests/s = {most * ITEMS:,.0f} statements/s", flush=True)
        for times in options.at:
            outcomes, monitor, shares = await overload(server, most * times, options.seconds)
            print_row(times, most * times, most, outcomes, options.seconds)
            memory, model_memory = monitor.memory()
            print(f"          memory: server {memory}; model {model_memory}")
            print(f"          processors: {shares}", flush=True)
    if not options.batching:
        return
    rates = {}
    for label, more in (("one at a time (baseline)", ["--batch-tokens", "1"]), ("batched", [])):
        with serving(name, folder, *more) as server:
            made = requests(1, server.port)
            load = Load(server.port, made.__next__)
            await load.closed_loop(32, options.capacity_seconds / 3)
            started = time.perf_counter()
            outcomes = await load.closed_loop(32, options.capacity_seconds)
            took = time.perf_counter() - started
            rates[label] = sum(outcome.status == 200 for outcome in outcomes) / took
            load.close()
            print(f"  32 clients, 1 item each, {label}: {rates[label]:,.1f} statements/s")
    baseline, batched = rates.values()
    print(f"  batched = {batched / baseline:.2f} x one at a time", flush=True)


def tiny_t5(folder: Path) -> Path:
    """Train a T5 that writes the same sentence for every prompt: all outputs are equally long."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from vera_model.model.tokenizer import train_tokenizer

    torch.manual_seed(SEED)
    prompts = [q.format(word=w, n=n, other=w) for q, _ in SHAPES for w in WORDS for n in range(9)]
    sentence = "It is where people keep it."
    tokens = train_tokenizer([*prompts, sentence], 400)
    facts: dict[str, Any] = {  # transformers, untyped
        "vocab_size": len(tokens),
        "d_model": 64,
        "d_kv": 16,
        "d_ff": 128,
        "num_layers": 2,
        "num_heads": 4,
        "dropout_rate": 0.0,
        "decoder_start_token_id": 0,
    }
    model: Any = T5ForConditionalGeneration(T5Config(**facts))
    adam = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in itertools.count():
        batch = tokens(prompts[step % 40 :: 40], padding=True, return_tensors="pt")
        wanted = tokens([sentence] * len(batch.input_ids), return_tensors="pt").input_ids
        loss = model(**batch, labels=wanted).loss
        loss.backward()
        adam.step()
        adam.zero_grad()
        if loss.item() < 0.005:
            break
    made = model.generate(**tokens(prompts[0], return_tensors="pt"), max_new_tokens=64)
    if tokens.decode(made[0], skip_special_tokens=True) != sentence:
        sys.exit("the tiny T5 did not learn the sentence")
    print(f"  tiny T5: {step} steps, {wanted.shape[1]} tokens a sentence")
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="seconds of each open loop")
    parser.add_argument("--capacity-seconds", type=float, default=12, help="seconds to measure it")
    parser.add_argument(
        "--fill-seconds", type=float, default=60, help="seconds to fill the tables of `rules`"
    )
    parser.add_argument(
        "--no-batching", dest="batching", action="store_false", help="skip the baseline"
    )
    parser.add_argument("--models", nargs="+", choices=["rules", "t5"], default=["rules", "t5"])
    parser.add_argument(
        "--at",
        nargs="+",
        type=float,
        default=[0.5, 0.8, 1, 2, 10],
        help="loads, as multiples of the capacity",
    )
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before; {ITEMS} items a request, seed {SEED}")
    for model in options.models:
        print(f"{model}:", flush=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            converter = str(tiny_t5(folder / "t5")) if model == "t5" else model
            uvloop.run(measure(converter, folder, options))


if __name__ == "__main__":
    main()
