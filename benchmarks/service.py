"""`uqa serve` under load: how much it does, and what it does with more than it can.

    python benchmarks/service.py [--seconds 60] [--models rules t5] [--at 0.5 0.8 1 2 10]

For each model: the capacity is measured with 64 clients that each ask again when answered, or a
second after a refusal (closed loop: the queue is never empty, so the model never idles); then
requests come at a multiple of it at random moments (open loop, seeded), whether or not others were
answered. A request has 32 items, all of them different. Printed: what was offered and answered, the
median and 99th percentile of answers and of refusals, counted from when a request was due, refusals
without Retry-After, how the memory of the server and of its model changed in the last half of the
run, and the processor time of the generator, the server and the model (Linux): they share the
cores, so what the generator takes, the model lacks. `rules` keeps words it has seen in bounded
tables, and each item here has a new number: they are filled first. Then 32 clients with one item
each: batched, against the same server with batches of one, which is the baseline. `t5` is a T5 of
two layers of 64, trained on the spot to say one sentence.

Goals at 10 x: only 200, 429, 503, each refusal with Retry-After, refusals' p99 <= 100 ms, goodput
>= 0.9 of the capacity, memory flat. Batching: t5 >= 5 x the baseline.
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
from open_loop import Fate, Load
from served import Served, Watch, serving

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
    """Requests of so many items; no two items are equal, and each has a word of its own.

    Made from templates: what a request costs the generator, the model lacks.
    """
    shapes, words = itertools.cycle(SHAPES), itertools.cycle(WORDS)
    templates = []
    for _ in range(len(SHAPES) * len(WORDS)):
        asked = []
        for question, answer in itertools.islice(shapes, items):
            named = {"word": next(words), "other": next(words), "n": "%08d"}
            asked.append({"question": question.format(**named), "answer": answer.format(**named)})
        body = json.dumps({"items": asked})
        head = (
            f"POST /v1/declare HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: "
            f"application/json\r\nContent-Length: {len(body % (*range(items),))}\r\n\r\n"
        )
        templates.append((head + body).encode())
    numbers = itertools.count(time.time_ns() % 10**7)
    for template in itertools.cycle(templates):
        yield template % tuple(itertools.islice(numbers, items))


def p50_p99(seconds: list[float]) -> tuple[float, float]:
    """Milliseconds."""
    if len(seconds) < 2:
        return (float("nan"), float("nan"))
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1_000, cuts[98] * 1_000


async def capacity(served: Served, seconds: float) -> float:
    """Requests of 32 items a second, from clients that wait for each answer."""
    made = requests(ITEMS, served.port)
    load = Load(served.port, lambda: next(made))
    await load.closed_loop(CLIENTS, seconds / 3)  # it learns its model's speed
    began = time.perf_counter()
    fates = await load.closed_loop(CLIENTS, seconds)
    took = time.perf_counter() - began
    load.close()
    return sum(fate.status == 200 for fate in fates) / took


async def fill(served: Served, seconds: float) -> None:
    """Have words that were not seen before kept, until the tables that keep them are full."""
    made = requests(ITEMS, served.port)
    load = Load(served.port, lambda: next(made))
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        watch = served.watch()
        watching = asyncio.ensure_future(watch.go_on())
        fates = await load.closed_loop(CLIENTS, min(left, 15))
        watching.cancel()
        model = watch.memory()[1]
        print(f"  filling, {len(fates) * ITEMS:,} new items: model {model}", flush=True)
    load.close()


async def overload(served: Served, rate: float, seconds: float) -> tuple[list[Fate], Watch, str]:
    made = requests(ITEMS, served.port)
    load = Load(served.port, lambda: next(made))
    watch = served.watch()
    watching = asyncio.ensure_future(watch.go_on())
    fates = list(await load.open_loop(rate, seconds, SEED))
    shares = watch.shares()
    watching.cancel()
    load.close()
    return fates, watch, shares


def tell(times: float, rate: float, capacity: float, fates: list[Fate], seconds: float) -> None:
    began = min(fate.due for fate in fates)
    answered = [fate for fate in fates if fate.status == 200]
    within = sum(fate.due - began + fate.seconds <= seconds for fate in answered)
    refused = [fate for fate in fates if fate.status in (429, 503)]
    bare = sum(not fate.retry_after for fate in refused)
    codes = dict(sorted(Counter(fate.status for fate in fates).items()))
    fast, slow = p50_p99([fate.seconds for fate in answered])
    refused_fast, refused_slow = p50_p99([fate.seconds for fate in refused])
    print(
        f"  {times:4g} x: offered {rate:7.1f}/s, sent {len(fates) / seconds:7.1f}/s, answered "
        f"{within / seconds:6.1f}/s ({within / seconds / capacity:.2f} of capacity)  "
        f"p50 {fast:.0f} ms p99 {slow:.0f} ms; refusals p50 {refused_fast:.1f} ms "
        f"p99 {refused_slow:.1f} ms, {bare} without Retry-After; {codes}; generator late by "
        f"{p50_p99([fate.late for fate in fates])[1]:.1f} ms (p99)",
        flush=True,
    )


async def measure(name: str, folder: Path, options: argparse.Namespace) -> None:
    with serving(name, folder) as served:
        if name == "rules":
            await fill(served, options.fill_seconds)
        most = await capacity(served, options.capacity_seconds)
        print(f"  capacity {most:.1f} requests/s = {most * ITEMS:,.0f} statements/s", flush=True)
        for times in options.at:
            fates, watch, shares = await overload(served, most * times, options.seconds)
            tell(times, most * times, most, fates, options.seconds)
            server, model = watch.memory()
            print(f"          memory: server {server}; model {model}")
            print(f"          processors: {shares}", flush=True)
    if not options.batching:
        return
    rates = {}
    for label, more in (("one at a time (baseline)", ["--batch-tokens", "1"]), ("batched", [])):
        with serving(name, folder, *more) as served:
            made = requests(1, served.port)
            load = Load(served.port, made.__next__)
            await load.closed_loop(32, options.capacity_seconds / 3)
            began = time.perf_counter()
            fates = await load.closed_loop(32, options.capacity_seconds)
            took = time.perf_counter() - began
            rates[label] = sum(fate.status == 200 for fate in fates) / took
            load.close()
            print(f"  32 clients, 1 item each, {label}: {rates[label]:,.1f} statements/s")
    baseline, batched = rates.values()
    print(f"  batched = {batched / baseline:.2f} x one at a time", flush=True)


def tiny_t5(folder: Path) -> Path:
    """A T5 that says the same sentence to every prompt: each generation is equally long."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from vera_model.model.tokenizer import train_tokenizer

    torch.manual_seed(SEED)
    asked = [q.format(word=w, n=n, other=w) for q, _ in SHAPES for w in WORDS for n in range(9)]
    said = "It is where people keep it."
    tokens = train_tokenizer([*asked, said], 400)
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
        batch = tokens(asked[step % 40 :: 40], padding=True, return_tensors="pt")
        wanted = tokens([said] * len(batch.input_ids), return_tensors="pt").input_ids
        loss = model(**batch, labels=wanted).loss
        loss.backward()
        adam.step()
        adam.zero_grad()
        if loss.item() < 0.005:
            break
    made = model.generate(**tokens(asked[0], return_tensors="pt"), max_new_tokens=64)
    if tokens.decode(made[0], skip_special_tokens=True) != said:
        sys.exit("the tiny T5 did not learn its sentence")
    print(f"  tiny T5: {step} steps, {wanted.shape[1]} tokens a sentence")
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="of each open loop")
    parser.add_argument("--capacity-seconds", type=float, default=12)
    parser.add_argument("--fill-seconds", type=float, default=60, help="before `rules` is measured")
    parser.add_argument("--no-batching", dest="batching", action="store_false")
    parser.add_argument("--models", nargs="+", choices=["rules", "t5"], default=["rules", "t5"])
    parser.add_argument("--at", nargs="+", type=float, default=[0.5, 0.8, 1, 2, 10])
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
