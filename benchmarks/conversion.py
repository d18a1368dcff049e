"""The whole conversion against the barest loop that could do the job, in one run.

    python benchmarks/conversion.py [--rows 500000]

Rows have CommonsenseQA's nested shape, as its authors publish it. The baseline is ours: for each
line `json.loads`, one f-string, one `write`, to one TSV; no checks, no counts, no manifest. The
conversion is `uqa convert` with everything but statements (`--question-converter none`): typed
rows, examples, records and whether they parse back, flags, digests, shards, manifest. Printed:
rows/s by the wall clock, CPU seconds, the ratio of rows/s, two workers against one, peak memory of
the largest process. Goals: 0.40 x the bare loop with one worker, two workers 1.5 x one.
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
    """What one process, with its children, took."""

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


def tell(name: str, rows: int, cost: Cost, base: Cost, more: str = "") -> None:
    print(
        f"{name:30} {rows / cost.seconds:10,.0f} rows/s {base.seconds / cost.seconds:6.2f} x bare"
        f"  cpu {cost.cpu:6.1f} s  peak {cost.peak_mb} MB{more}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--formats", nargs="+", default=["tsv", "arrow"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "rows.jsonl"
        make_rows(raw, options.rows)
        print(f"{options.rows:,} rows, {raw.stat().st_size / 2**20:.0f} MiB, seed {SEED}")
        base = measure(BASELINE, raw, folder / "baseline.tsv")
        tell("bare loop (tsv)", options.rows, base, base)
        for to in options.formats:
            costs: list[Cost] = []
            for workers in (1, 2):
                out = folder / f"{to}-{workers}"
                command = f"convert commonsenseqa --split train --to {to} --workers {workers} -q"
                command += " --question-converter none"
                costs.append(measure(OURS, *command.split(), "--raw", raw, "--out", out))
                ratio = costs[0].seconds / costs[-1].seconds
                more = f"  {ratio:.2f} x one worker" if workers > 1 else ""
                label = f"uqa convert, {to}, {workers} worker{'s' if workers > 1 else ''}"
                tell(label, options.rows, costs[-1], base, more)


if __name__ == "__main__":
    main()
