"""How long `uqa --help` and `uqa list` take, compared with starting Python.

    python benchmarks/startup.py [--runs 15]

Goal on a quiet machine: 150 and 500 ms. Neither imports torch or transformers
(tests/test_layers.py).
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

UQA = str(Path(sys.executable).with_name("uqa"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "uqa --help": [UQA, "--help"],
    "uqa list": [UQA, "list"],
}


def milliseconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):  # in turn, so that a busy moment of the machine hits all alike
        for name, command in COMMANDS.items():
            times[name].append(milliseconds(command))
    bare = statistics.median(times["python -c pass"])
    print(f"{'command':16} {'median ms':>9} {'worst':>6} {'x bare python':>14}")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:16} {median:9.0f} {max(taken):6.0f} {median / bare:14.1f}")


if __name__ == "__main__":
    main()
