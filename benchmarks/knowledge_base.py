"""Six million statements of a knowledge base in bounded memory.

    python benchmarks/knowledge_base.py [--rows 1500000]

Rows are triples of ATOMIC 2020's shape, made here from a fixed seed: heads with a few tails each,
nine relations of events. `uqa convert atomic2020_3d` makes four statements of each row, one true,
three drawn from other heads' tails, into Arrow shards. Printed for a fifth of the rows and for all:
statements/s by the wall clock and the peak memory of the process, which may grow by the eight
bytes of each row's tail in the pool only.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

from conversion import OURS, measure

SEED = 20261124
RELATIONS = "oEffect oReact oWant xAttr xEffect xIntent xNeed xReact xWant".split()
VERBS = "takes finds keeps loses moves breaks mends sells paints counts washes carries".split()
NOUNS = "kettle ladder garden letter drum basket window coat clock bridge lamp rope".split()
PLACES = "in the kitchen|by the river|after school|at noon|on the train|before dinner".split("|")


def make_triples(path: Path, rows: int) -> None:
    seeded = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            if number % 5 == 0:
                noun, place = seeded.choice(NOUNS), seeded.choice(PLACES)
                head = f"PersonX {seeded.choice(VERBS)} {noun} {number} {place}"
            tail = f"to {seeded.choice(NOUNS)} {seeded.randrange(200_000)} {seeded.choice(PLACES)}"
            file.write(f"{head}\t{seeded.choice(RELATIONS)}\t{tail}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_500_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows in (options.rows // 5, options.rows):
            raw = folder / f"{rows}.tsv"
            make_triples(raw, rows)
            out = folder / f"out-{rows}"
            command = "convert atomic2020_3d --split train --to arrow -q".split()
            cost = measure(OURS, *command, "--raw", raw, "--out", out)
            manifest = out / "atomic2020_3d" / "train" / "manifest.json"
            counts = json.loads(manifest.read_bytes())["counts"]["statements"]
            made = counts["true"] + counts["false"]
            print(
                f"{rows:>9,} rows, {made:>9,} statements: {made / cost.seconds:8,.0f}/s, "
                f"peak {cost.peak_mb} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
