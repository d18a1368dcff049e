"""`uqa convert` compared with a minimal loop that does the same job, in one run.

    python benchmarks/conversion.py [--rows 500000]
    python benchmarks/conversion.py --memory [--rows 5000000]

Rows have CommonsenseQA's nested shape, as its authors publish it. The baseline is ours: for each
line `json.loads`, one f-string and one `write` to one TSV; no checks, counts or manifest. The
conversion is `uqa convert` with everything but statements (`--question-converter none`): typed
rows, examples, records and whether they parse back, flags, digests, shards, manifest. Printed: the
baseline's source, rows/s by the wall clock, CPU seconds, the ratios of both to the bare loop, two
workers against one, peak memory of the largest process. The bare loop is run before and after, and
the faster run counts, so that other work on the machine does not make the conversion look faster.
Goals: 0.40 x the bare loop with one worker, two workers 1.5 x one.

With --memory, a file of --rows rows is converted once to each format, and its peak memory is
printed, and that of a tenth of the rows. Goal: 500 MB, whatever the number of rows.
"""

import argparse
import json
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

BASELINE = """
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
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program + REPORT, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, int(done.stderr.rsplit("PEAK", 1)[1]))


def print_row(name: str, rows: int, cost: Cost, base: Cost, more: str = "") -> None:
    print(
        f"{name:30} {rows / cost.seconds:10,.0f} rows/s {base.seconds / cost.seconds:6.2f} x bare"
        f"  cpu {cost.cpu:6.1f} s {base.cpu / cost.cpu:5.2f} x bare  peak {cost.peak_mb} MB{more}",
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
    """The bare loop, ours with one worker and with two, the bare loop again."""
    raw = folder / "rows.jsonl"
    make_rows(raw, rows)
    print(f"{rows:,} rows, {raw.stat().st_size / 2**20:.0f} MiB, seed {SEED}")
    print(f"The bare loop, ours, run by this Python:\n{BASELINE}")
    bare = [measure(BASELINE, raw, folder / "baseline.tsv")]
    costs = {
        (to, workers): convert(raw, folder / f"{to}-{workers}", to, workers)
        for to in formats
        for workers in (1, 2)
    }
    bare.append(measure(BASELINE, raw, folder / "baseline.tsv"))
    base = Cost(*map(min, zip(*bare, strict=True)))
    print_row("bare loop (tsv)", rows, base, base)
    for (to, workers), cost in costs.items():
        ratio = costs[to, 1].seconds / cost.seconds
        more = f"  {ratio:.2f} x one worker" if workers > 1 else ""
        name = f"uqa convert, {to}, {workers} worker{'s' * (workers > 1)}"
        print_row(name, rows, cost, base, more)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rows", type=int, help="number of rows; default 500,000, with --memory 5,000,000"
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
            measure_speed(Path(name), options.rows or 500_000, options.formats)


if __name__ == "__main__":
    main()
