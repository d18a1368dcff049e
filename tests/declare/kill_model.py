"""kill -9 in the model stage, again and again: test_model_kills.py starts this.

    python tests/declare/kill_model.py CHECKPOINT ROWS FOLDER KILLS

Each run is a fork that has the libraries already, so that a kill costs no five seconds of imports.
It converts ROWS with CHECKPOINT and writes down every batch it puts to the model, before it does.
Prints what happened as JSON; the test judges.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# In the parent, so that no child imports them; nothing here may run them before the fork.
import torch
import transformers.models.t5.modeling_t5

import unifiedqa_convert.pipeline
from unifiedqa_convert.cli import main
from unifiedqa_convert.declare.seq2seq import Seq2Seq

LIBRARIES = (torch, transformers.models.t5.modeling_t5, unifiedqa_convert.pipeline)


def child(arguments: list[str], cache: Path, log: Path) -> None:
    os.environ["UQA_CACHE"] = str(cache)
    real = Seq2Seq.generate

    def logged(self: Seq2Seq, ids: Sequence[Sequence[int]], forced: int | None = None) -> list[str]:
        with log.open("a") as file:
            file.write(json.dumps([list(one) for one in ids]) + "\n")
        return real(self, ids, forced)

    Seq2Seq.generate = logged  # type: ignore[method-assign]
    sys.argv = ["uqa", *arguments]
    try:
        main()
    except SystemExit as stop:
        os._exit(stop.code if isinstance(stop.code, int) else 0)


def run(arguments: list[str], folder: Path, kill_after: float | None) -> bool:
    """Whether the run was killed; a failed one is an error."""
    pid = os.fork()
    if pid == 0:
        child([*arguments, "--out", str(folder / "out")], folder / "cache", folder / "log")
        os._exit(0)
    if kill_after is not None:
        deadline = time.monotonic() + kill_after
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                assert status == 0, f"a run failed: {status}"
                return False
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), f"a run failed: {status}"
    return status != 0


def outcome(folder: Path) -> dict[str, object]:
    final = folder / "out" / "commonsenseqa" / "train"
    digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(final.iterdir())}
    batches = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return {"digests": digests, "batches": batches}


def campaign(checkpoint: str, rows: str, folder: Path, kills: int) -> dict[str, object]:
    arguments = ["convert", "commonsenseqa", "--split", "train", "-q", "--raw", rows]
    arguments += ["--question-converter", checkpoint, "--device", "cpu", "--to", "jsonl"]
    arguments += ["--shard-rows", "6", "--batch-tokens", "256"]
    whole = folder / "whole"
    whole.mkdir(parents=True)
    started = time.monotonic()
    run(arguments, whole, None)
    duration = time.monotonic() - started
    seeded = random.Random(2026)
    rounds, hit = [], 0
    while hit < kills:
        place = folder / f"round-{len(rounds)}"
        place.mkdir()
        here = 0
        while run(arguments, place, seeded.uniform(0.3, 0.9) * duration if hit < kills else None):
            hit, here = hit + 1, here + 1
        rounds.append({"kills": here, **outcome(place)})
    return {"whole": outcome(whole), "rounds": rounds, "seconds": duration}


if __name__ == "__main__":
    print(json.dumps(campaign(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
