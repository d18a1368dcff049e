"""Margins of the planted-signal tests (tests/helpers/planted.py), by processor and seed.

    python benchmarks/planted_signal.py [--seeds 10] [--steps 300] [--set default,COMPATIBLE …]

ATEN_CPU_CAPABILITY decides how torch computes a softmax and its like, MKL_CBWR the matrix products;
both are read at start, so each setting has a process of its own. Different rounding gives a
different model after some hundred updates, so a setting is like another seed. Printed for each: the
measured AUROC or accuracy minus the lowest accepted value (for the two controls, the distance to
the nearer bound), with ``!`` if it is outside; then the minimum of each column. Goal: no ``!``. One
thread, five seconds a cell.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HELPERS = Path(__file__).resolve().parent.parent / "tests" / "helpers"
SETTINGS = ["default,", "avx2,", "avx512,", "default,COMPATIBLE", "avx512,COMPATIBLE"]
CASES: dict[str, tuple[str, tuple[float, ...]]] = {
    "lone .95": ("found_in_statements", (0.95,)),
    "lone .75": ("found_in_statements", (0.75,)),
    "noise": ("found_in_noise", ()),
    "choice .9": ("found_in_choices", (0.9,)),
    "choice .25": ("found_in_choices", (0.25,)),
}
CONTROLS = ("noise", "choice .25")


def measure(seeds: int, steps: int | None) -> None:
    """In a process of its own: print one line of JSON per seed."""
    sys.path.insert(0, str(HELPERS))
    planted = importlib.import_module("planted")
    for seed in range(1, seeds + 1):
        row = {}
        for name, (find, strength) in CASES.items():
            with tempfile.TemporaryDirectory() as folder:
                find_it = getattr(planted, find)
                row[name] = find_it(Path(folder), *strength, seed, steps)
        print(json.dumps(row), flush=True)


def measured(setting: str, seeds: int, steps: int | None) -> Iterator[dict[str, list[float]]]:
    capability, _, products = setting.partition(",")
    settings = {"ATEN_CPU_CAPABILITY": capability, "MKL_CBWR": products}
    names = {"OMP_NUM_THREADS": "1", **{name: it for name, it in settings.items() if it}}
    env = {name: it for name, it in os.environ.items() if name not in settings} | names
    command = [sys.executable, __file__, "--measure", "--seeds", str(seeds)]
    command += ["--steps", str(steps)] if steps else []
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        yield from (json.loads(line) for line in child.stdout if line.startswith("{"))
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed: {child.returncode}")


def margin_of(name: str, value: float, low: float, high: float) -> tuple[float, bool]:
    """The margin, and whether the result is within the bounds."""
    margin = min(value - low, high - value) if name in CONTROLS else value - low
    return margin, low <= value <= high


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="seeds per setting")
    parser.add_argument("--steps", type=int, help="updates; default: those of the tests")
    parser.add_argument(
        "--set",
        dest="settings",
        nargs="+",
        default=SETTINGS,
        metavar="ATEN,MKL",
        help="values of ATEN_CPU_CAPABILITY and MKL_CBWR; empty: not set",
    )
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.seeds, given.steps)
        return
    print(f"{'ATEN, MKL_CBWR':20} seed " + "".join(f"{name:>12}" for name in CASES))
    for setting in given.settings:
        least = dict.fromkeys(CASES, float("inf"))
        for seed, row in enumerate(measured(setting, given.seeds, given.steps), 1):
            cells = ""
            for name, (value, low, high) in row.items():
                margin, within = margin_of(name, value, low, high)
                least[name] = min(least[name], margin)
                cells += f"{margin:11.4f}{' ' if within else '!'}"
            print(f"{setting:20} {seed:4} {cells}", flush=True)
        print(f"{setting:20} least" + "".join(f"{it:11.4f} " for it in least.values()), flush=True)


if __name__ == "__main__":
    main()
