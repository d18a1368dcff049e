"""`uqa convert` compared with a minimal loop and with datasets.map, which do the same job.

    python benchmarks/conversion.py [--rows 300000]
    python benchmarks/conversion.py --memory [--rows 5000000]

Rows have CommonsenseQA's nested shape, as its authors publish it. Two baselines do no more than
write the record, with no checks, counts or manifest, to one TSV:

- the bare loop: for each line `json.loads`, one f-string, one `write`;
- `datasets.Dataset.map` with the same f-string, then `to_csv` (package `datasets`, in the extra
  `model`; left out where it is not installed).

The conversion is `uqa convert` with everything but statements (`--question-converter none`): typed
rows, examples, records and whether they parse back, flags, digests, shards, manifest. Each line
gives rows per second of wall clock, CPU seconds of the process with its children, both with their
ratio to the bare loop and the CPU's to `datasets.map`, and the peak memory of the largest process.
The bare loop runs before and after, and the faster run counts, so that other work on the machine
does not make the conversion look faster. `uqa` and `datasets` run once on 1,000 rows first, so that
their bytecode is there, as it is in an installed package. Start and end of each process count.

With --memory, a file of --rows rows is converted once to each format, and its peak memory is
printed, and that of a tenth of the rows. Goal: 500 MB, whatever the number of rows.
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SEED = 20261124
WORDS = (
    "water light energy plant cell rock heat sound force wave earth moon metal leaf root bone "
    "heart blood acid salt gas liquid solid star planet animal insect bird fish river wind"
).split()

BARE_LOOP = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
    for line in rows:
        row = json.loads(line)
        a, b, c, d, e = row["question"]["choices"]
        gold = row["question"]["choices"]["ABCDE".index(row["answerKey"])]["text"]
        out.write(
            f"{row['question']['stem']} \\\\n (a) {a['text']} (b) {b['text']} (c) {c['text']} "
            f"(d) {d['text']} (e) {e['text']}\\t{gold}\\n"
        )
"""
DATASETS_MAP = """
import sys
import datasets
datasets.disable_progress_bars()
def record(row):
    a, b, c, d, e = row["question"]["choices"]
    gold = row["question"]["choices"]["ABCDE".index(row["answerKey"])]["text"]
    text = (
        f"{row['question']['stem']} \\\\n (a) {a['text']} (b) {b['text']} (c) {c['text']} "
        f"(d) {d['text']} (e) {e['text']}"
    )
    return {"input": text, "output": gold}
rows = datasets.load_dataset("json", data_files=sys.argv[1], split="train")
records = rows.map(record, remove_columns=rows.column_names)
records.to_csv(sys.argv[2], sep="\\t", header=False, index=False)
"""
OURS = """
import sys
from unifiedqa_convert.cli import main
sys.argv = ["uqa", *sys.argv[1:]]
try: main()
except SystemExit as stop:
    if stop.code: raise
"""
REPORT = """
import resource
own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print("PEAK", max(own.ru_maxrss, children.ru_maxrss) // 1024, file=sys.stderr)
"""


class Cost(NamedTuple):
    """Time and memory of one process with its children."""

    seconds: float
    cpu: float
    peak_mb: int


def make_rows(path: Path, count: int) -> None:
    seeded = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            words = seeded.sample(WORDS, k=22)
            choices = [
                {"label": letter, "text": " ".join(words[n * 2 : n * 2 + 1 + n % 2])}
                for n, letter in enumerate("ABCDE")
            ]
            question = {
                "question_concept": words[10],
                "choices": choices,
                "stem": f"What {' '.join(words[11:])}?",
            }
            row = {"answerKey": seeded.choice("ABCDE"), "id": f"{number:032x}"}
            file.write(json.dumps({**row, "question": question}) + "\n")


def measure(program: str, *arguments: object) -> Cost:
    # No caches between runs, no network, and bytecode as an installed package has it.
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "HF_HOME": cache, "HF_HUB_OFFLINE": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program + REPORT, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
        )
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, int(done.stderr.rsplit("PEAK", 1)[1]))


def print_row(
    name: str, rows: int, cost: Cost, bare: Cost, mapped: Cost | None, more: str = ""
) -> None:
    against = "" if mapped is None else f" {mapped.cpu / cost.cpu:5.2f} x map"
    print(
        f"{name:28} {rows / cost.seconds:9,.0f} rows/s {bare.seconds / cost.seconds:5.2f} x bare"
        f"  cpu {cost.cpu:6.2f} s {bare.cpu / cost.cpu:5.2f} x bare{against}"
        f"  peak {cost.peak_mb} MB{more}",
        flush=True,
    )


def convert(raw: Path, out: Path, to: str, workers: int) -> Cost:
    command = f"convert commonsenseqa --split train --to {to} --workers {workers} -q"
    command += " --question-converter none"
    return measure(OURS, *command.split(), "--raw", raw, "--out", out)


def measure_memory(folder: Path, rows: int, formats: list[str]) -> None:
    """Peak memory at a tenth of the rows and at all of them."""
    for count in (rows // 10, rows):
        raw = folder / f"rows-{count}.jsonl"
        make_rows(raw, count)
        size = raw.stat().st_size / 2**20
        for to in formats:
            cost = convert(raw, folder / f"{to}-{count}", to, workers=1)
            print(
                f"{count:,} rows, {size:,.0f} MiB, to {to}: peak {cost.peak_mb} MB, "
                f"{cost.seconds:.0f} s",
                flush=True,
            )


def measure_speed(folder: Path, rows: int, formats: list[str]) -> None:
    """The baselines, the conversion with one worker and with two, the bare loop again."""
    raw, few, out = folder / "rows.jsonl", folder / "few.jsonl", folder / "baseline.tsv"
    make_rows(raw, rows)
    make_rows(few, 1_000)
    print(f"{rows:,} rows, {raw.stat().st_size / 2**20:.0f} MiB, seed {SEED}")
    print(f"The bare loop, run by this Python:\n{BARE_LOOP}")
    has_datasets = importlib.util.find_spec("datasets") is not None
    if has_datasets:
        print(f"datasets.map:\n{DATASETS_MAP}")
        measure(DATASETS_MAP, few, out)
    for to in formats:
        convert(few, folder / f"{to}-few", to, workers=1)
    bare_runs = [measure(BARE_LOOP, raw, out)]
    written = out.read_bytes()
    mapped = measure(DATASETS_MAP, raw, out) if has_datasets else None
    if out.read_bytes() != written:
        sys.exit("the two baselines write different bytes")
    costs = {
        (to, workers): convert(raw, folder / f"{to}-{workers}", to, workers)
        for to in formats
        for workers in (1, 2)
    }
    bare_runs.append(measure(BARE_LOOP, raw, out))
    bare = Cost(*map(min, zip(*bare_runs, strict=True)))
    print_row("bare loop (tsv)", rows, bare, bare, mapped)
    if mapped is not None:
        print_row("datasets.map (tsv)", rows, mapped, bare, mapped)
    for (to, workers), cost in costs.items():
        ratio = costs[to, 1].seconds / cost.seconds
        more = f"  {ratio:.2f} x one worker" if workers > 1 else ""
        name = f"uqa convert, {to}, {workers} worker{'s' * (workers > 1)}"
        print_row(name, rows, cost, bare, mapped, more)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rows", type=int, help="number of rows; default 300,000, with --memory 5,000,000"
    )
    parser.add_argument("--formats", nargs="+", default=["tsv", "arrow"])
    parser.add_argument(
        "--memory", action="store_true", help="measure peak memory instead of speed"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.memory:
            measure_memory(Path(name), options.rows or 5_000_000, options.formats)
        else:
            measure_speed(Path(name), options.rows or 300_000, options.formats)


if __name__ == "__main__":
    main()
