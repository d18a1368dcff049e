"""Speed of models as question converters, compared with upstream's loop in one run.

    python benchmarks/question_converter.py [--rows commonsenseqa=dev.jsonl ...]

The model is t5-small's shape with random weights, and every sentence is 24 forced tokens: speed
depends on the shape, not on the words. The baseline is written after liujch1998/vera's
prepare_data.py (d722244): fp32, one prompt at a time, no cache: tokenize, generate, decode. Parts
alternate, so that a busy moment of the machine hits all alike; rates are over all rounds.

Goals: transformers 10 x, CTranslate2 int8 30 x the baseline. The baseline was 2.4-3.9 statements/s
on two free cores; below 0.8 x 2.4 the machine is busy with something else and the run is INVALID.

With --rows, the raw rows of a dataset are read and drafted as `uqa convert` does, and the asks are
counted, all and distinct ones. With --agree CHECKPOINT, the sentences of a real checkpoint
under each backend and dtype are compared with those of transformers in fp32. Where CUDA is, the
shape of T5-3b in bf16 is measured too (--no-gpu leaves it out), against a roofline that the same
run measures.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.question_converters.base import Ask, Dtype, Options
from unifiedqa_convert.question_converters.ctranslate2_backend import Ct2
from unifiedqa_convert.question_converters.drafts import draft
from unifiedqa_convert.question_converters.local_models import Checkpoint, at_path
from unifiedqa_convert.question_converters.model import Generator, token_batches
from unifiedqa_convert.question_converters.prompts import PROMPTS
from unifiedqa_convert.question_converters.transformers_backend import Seq2Seq
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import Row

FORCED = 24
SLOWEST_BASELINE = 2.4  # statements/s: reference/performance.md gives 2.4-3.9
Shape = Mapping[str, int]
SMALL: Shape = {"d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_heads": 8}
BIG: Shape = {"d_model": 1024, "d_kv": 128, "d_ff": 16384, "num_layers": 24, "num_heads": 32}
FLOP = 142e9  # of one statement at T5-3b's shape, as reference/performance.md counts
GOAL = 0.4 * 4_800  # statements/s


def asks(count: int) -> list[Ask]:
    """Our own questions: about 20 words with their answers, as CommonsenseQA's are."""
    people = "nurse farmer driver painter teacher sailor baker guard child judge".split()
    things = "ladder basket lantern kettle blanket hammer mirror bottle saddle whistle".split()
    places = "harbour kitchen orchard station library meadow workshop cellar market tower".split()
    made = [
        Ask(
            f"Where in the {old} {place} would a tired {person} look for the {thing}?",
            f"under a {other}",
        )
        for old in ("old", "new", "quiet")
        for place in places
        for person in people
        for thing, other in zip(things, things[1:] + things[:1], strict=True)
    ]
    return made[:: max(1, len(made) // count)][:count]


def save(folder: Path, shape: Shape, device: str) -> Checkpoint:
    torch.manual_seed(0)
    facts: dict[str, Any] = {"vocab_size": 32128, "decoder_start_token_id": 0, **shape}
    with torch.device(device):
        model: Any = T5ForConditionalGeneration(T5Config(**facts))  # transformers, untyped
    model.to(torch.float32 if device == "cpu" else torch.bfloat16).save_pretrained(folder)
    words = {word.strip("?") for ask in asks(3_000) for text in ask for word in text.split()}
    # A piece for each word, as T5's own vocabulary has for common ones.
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("?", -3.0), ("\u2581", -4.0)]
    pieces += [(f"\u2581{word}", -5.0) for word in sorted(words)]
    T5Tokenizer(vocab=pieces, extra_ids=0).save_pretrained(folder)
    return at_path(f"path:{folder}")


def upstreams(checkpoint: Checkpoint) -> Callable[[Sequence[str]], None]:
    """Upstream's loop: one prompt at a time."""
    model: Any = T5ForConditionalGeneration.from_pretrained(checkpoint.folder)  # untyped
    model.eval()
    ours = Seq2Seq(checkpoint, Options(device="cpu"))
    ours.encode(["warm up"])
    assert ours._tokens is not None
    tokens = ours._tokens.tokenizer  # the vocabulary is the same

    def run(prompts: Sequence[str]) -> None:
        for prompt in prompts:
            ids = tokens(prompt, return_tensors="pt").input_ids
            made = model.generate(
                input_ids=ids, max_new_tokens=FORCED, min_new_tokens=FORCED, do_sample=False
            )
            tokens.batch_decode(made, skip_special_tokens=True)

    return run


def ours(generator: Generator) -> Callable[[Sequence[str]], None]:
    def run(prompts: Sequence[str]) -> None:
        ids = generator.encode(prompts)
        for batch in token_batches([len(one) for one in ids], generator.batch_tokens):
            generator.generate([ids[place] for place in batch], FORCED)  # type: ignore[call-arg]

    return run


def on_the_cpu(rounds: int) -> None:
    prompts = [PROMPTS["question_converter"].of(ask) for ask in asks(512)]
    with tempfile.TemporaryDirectory() as name:
        os.environ["UQA_CACHE"] = f"{name}/cache"
        checkpoint = save(Path(name) / "t5-small-shaped", SMALL, "cpu")
        parts: dict[str, tuple[Callable[[Sequence[str]], None], int]] = {
            "upstream's loop, fp32, one at a time": (upstreams(checkpoint), 8),
            "transformers fp32": (ours(Seq2Seq(checkpoint, Options(device="cpu"))), 192),
            "ct2 fp32": (ours(Ct2(checkpoint, Options(device="cpu", dtype="fp32"))), 256),
            "ct2 int8": (ours(Ct2(checkpoint, Options(device="cpu", dtype="int8"))), 512),
        }
        lengths = list(map(len, Seq2Seq(checkpoint, Options(device="cpu")).encode(prompts)))
        tokens = sum(lengths) / len(lengths)
        for run, _ in parts.values():
            run(prompts[:4])
        seconds, cpu = dict.fromkeys(parts, 0.0), dict.fromkeys(parts, 0.0)
        for _ in range(rounds):
            for part, (run, count) in parts.items():
                torch.set_num_threads(os.cpu_count() or 1)  # CTranslate2 takes it down to one
                started, before = time.perf_counter(), time.process_time()
                run(prompts[:count])
                seconds[part] += time.perf_counter() - started
                cpu[part] += time.process_time() - before
    rates = {part: rounds * count / seconds[part] for part, (_, count) in parts.items()}
    costs = {part: cpu[part] / rounds / count for part, (_, count) in parts.items()}
    print(
        f"t5-small's shape, random weights, {tokens:.0f} tokens in, {FORCED} forced out, "
        f"{os.cpu_count()} cores, CPU"
    )
    print_rates(rates, costs)


def print_rates(rates: dict[str, float], costs: dict[str, float]) -> None:
    """Statements/s and CPU seconds of each part, the baseline first; whether it is valid."""
    base, cost = next(iter(rates.values())), next(iter(costs.values()))
    for part, rate in rates.items():
        less = cost / costs[part]
        print(
            f"  {part:38} {rate:8.2f} statements/s {rate / base:6.1f} x"
            f"   {costs[part]:6.3f} CPU s each {less:6.1f} x less"
        )
    valid = base >= 0.8 * SLOWEST_BASELINE
    print(
        f"baseline: ours after prepare_data.py, {base:.2f}/s; reference 2.4-3.9/s: "
        + (
            "valid"
            if valid
            else f"INVALID, less than 0.8 of {SLOWEST_BASELINE}: the machine is slower, or busy "
            f"(load {os.getloadavg()[0]:.1f}), and the ratios are those of such a machine"
        )
    )


def duplicates(named: str) -> None:
    """Count the asks of a dataset's rows, and how many of them are distinct."""
    dataset, _, path = named.partition("=")
    adapter = load_adapter(dataset)
    split = next(iter(adapter.source.splits))
    total = 0
    distinct: set[Ask] = set()
    for numbered in typed_rows(adapter, split, with_companions(adapter, split, (Path(path),))):
        if isinstance(numbered.row, Row):
            for example in adapter.examples(numbered.row):
                found = [entry for entry in draft(example) if isinstance(entry, Ask)]
                total += len(found)
                distinct.update(found)
    saved = 1 - len(distinct) / total if total else 0.0
    print(f"  {dataset:20} {total:8,} asks {len(distinct):8,} distinct, {saved:6.2%} saved")


def agreement(folder: str) -> None:
    """How many sentences of a checkpoint are equal to those of transformers in fp32."""
    checkpoint = at_path(folder if folder.startswith((".", "/", "path:")) else f"./{folder}")
    prompts = [PROMPTS["question_converter"].of(ask) for ask in asks(200)]
    kinds: dict[str, Callable[[Checkpoint, Options], Generator]] = {
        "transformers": Seq2Seq,
        "ct2": Ct2,
    }
    ways: list[tuple[str, Dtype]] = [("transformers", "fp32"), ("transformers", "bf16")]
    ways += [("ct2", "fp32"), ("ct2", "int8")]
    expected: list[str] = []
    for backend, dtype in ways:
        generator = kinds[backend](checkpoint, Options(device="cpu", dtype=dtype))
        ids = generator.encode(prompts)
        sentences = [""] * len(ids)
        for batch in token_batches([len(one) for one in ids], generator.batch_tokens):
            texts = generator.generate([ids[place] for place in batch])
            for place, text in zip(batch, texts, strict=True):
                sentences[place] = text
        expected = expected or sentences
        same = sum(one == other for one, other in zip(sentences, expected, strict=True))
        print(f"  {backend:12} {dtype:5} {same:4} of {len(ids)} sentences as transformers fp32")


def on_a_gpu() -> None:
    """T5-3b's shape in bf16: statements/s, against matmul's own speed; the GPU's idle share."""
    from torch.profiler import ProfilerActivity, profile

    prompts = [PROMPTS["question_converter"].of(ask) for ask in asks(2_048)]
    with tempfile.TemporaryDirectory() as name:
        generator = Seq2Seq(save(Path(name) / "t5-3b-shaped", BIG, "cuda"), Options(device="cuda"))
        run = ours(generator)
        run(prompts[:512])
        torch.cuda.synchronize()
        started = time.perf_counter()
        run(prompts)
        torch.cuda.synchronize()
        rate = len(prompts) / (time.perf_counter() - started)
        with profile(activities=[ProfilerActivity.CUDA]) as profiled:
            started = time.perf_counter()
            run(prompts[:512])
            torch.cuda.synchronize()
            wall = time.perf_counter() - started
        busy = sum(event.self_device_time_total for event in profiled.key_averages()) / 1e6
    flops = _matmul_flops()
    print(f"T5-3b's shape, bf16, batches of 512, {torch.cuda.get_device_name()}")
    print(f"  {rate:.0f} statements/s, {rate / GOAL:.2f} x the goal of {GOAL:.0f}")
    print(
        f"  roofline {flops / FLOP:.0f}/s at matmul's {flops / 1e12:.0f} TFLOP/s: "
        f"{rate * FLOP / flops:.0%} of it"
    )
    print(f"  GPU idle {max(0.0, 1 - busy / wall):.0%} of the time")


def _matmul_flops() -> float:
    """What a large bf16 product reaches on this card."""
    size, times = 8192, 20
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        a @ b
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(times):
        a @ b
    torch.cuda.synchronize()
    return times * 2 * size**3 / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rows", nargs="+", default=[], metavar="DATASET=FILE", help="count the asks of these rows"
    )
    parser.add_argument("--agree", metavar="CHECKPOINT", help="folder of a trained checkpoint")
    parser.add_argument("--rounds", type=int, default=3, help="times each part is measured")
    parser.add_argument("--no-cpu", action="store_true", help="skip the part on the CPU")
    parser.add_argument("--no-gpu", action="store_true", help="skip the part on a GPU")
    options = parser.parse_args()
    if not options.no_cpu:
        on_the_cpu(options.rounds)
    if options.rows:
        print("asks of one run:")
        for named in options.rows:
            duplicates(named)
    if options.agree:
        print(f"{options.agree}, 200 prompts:")
        agreement(options.agree)
    if options.no_gpu:
        return
    if torch.cuda.is_available():
        on_a_gpu()
    else:
        print("no CUDA device: the part with T5-3b's shape was not run", file=sys.stderr)


if __name__ == "__main__":
    main()
