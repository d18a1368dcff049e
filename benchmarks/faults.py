"""The figures of docs/guarantees.md: what kills, stops, a full disk and hostile requests do.

    python benchmarks/faults.py [--only kills two stopped disk connection mix] [--seconds 60]

kills        `uqa convert`, `train` and `calibrate` are killed (SIGKILL) before their N-th fsync,
             rename, exchange, unlink, mkdir …, for every N (training: every ``--every``-th); then
             the same command runs again. Printed: kills, and how often the result differed from
             that of a run that was not killed (goal 0).
two          two processes write one output at the same time, 20 times: one wins (exit code 0), the
             other says so (0, 5 or 6); the output is whole.
stopped      a conversion is stopped (SIGSTOP); another one of the same output says so with exit
             code 6; the first goes on and gives the same bytes.
disk         an output on a tmpfs that is too small, 12 sizes: exit code 5, then, with more space,
             the same bytes. Needs root, for mount.
connection   what the service holds for one connection, for each part of a request that can be long.
mix          ``--seconds`` of requests to `uqa serve` at random times, beside clients that send
             damaged requests, endless heads, bodies, chunks and trailers, while its model is killed
             every five seconds. Printed: answers by status, lost connections, 99th percentile,
             memory.

It uses the helpers of the tests: processes that are forks, and the kill at a step.
"""

import argparse
import asyncio
import collections
import contextlib
import hashlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from open_loop import Load
from served import BenchmarkServer, serving
from service import p50_p99, requests

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
import started  # noqa: E402
import wire  # noqa: E402
from kill import count_steps, killed_at_step  # noqa: E402
from running import uqa_serve  # noqa: E402
from vera_shards import choice, write_split  # noqa: E402

SEED = 20261201
COPA = ["convert", "copa", "--split", "validation", "--source", "sample", "--quiet"]
LOCKED, FULL = 6, 5


def digest(folder: Path) -> str:
    """Of the names and bytes of all files in a folder that are not hidden."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.parts[-4:]):
            whole.update(f"{path.relative_to(folder)}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


class Killed(NamedTuple):
    """A command that is killed at its steps."""

    name: str
    server: started.Server
    command: Callable[[Path], list[object]]
    """Its words, given the folder it writes into."""
    result: Callable[[Path], str]
    """Equal for equal results."""
    before: Callable[[Path], object] = lambda _: None
    """What is done first, to an empty folder."""
    every: int = 1


def kills(folder: Path, killed: Killed) -> str:
    whole = folder / "whole"
    whole.mkdir(parents=True)
    killed.before(whole)
    steps = count_steps(killed.server, killed.command(whole))
    expected, different, codes = killed.result(whole), 0, collections.Counter[int]()
    limits = range(1, steps + 1, killed.every)
    for limit in limits:
        one = folder / str(limit)
        one.mkdir()
        killed.before(one)
        command = killed.command(one)
        program = partial(killed_at_step, limit)
        codes[killed.server.run(command, program=program).returncode] += 1
        again = killed.server.run(command)
        different += again.returncode != 0 or killed.result(one) != expected
        shutil.rmtree(one)
    return (
        f"{killed.name}: {steps} steps, {codes[-signal.SIGKILL]} kills, afterwards the same "
        f"command gave another result {different} times"
    )


def weights(run: Path) -> str:
    return hashlib.sha256((run / "run/model/last/model.safetensors").read_bytes()).hexdigest()


def all_kills(folder: Path, every: int) -> Iterator[str]:
    data = folder / "data"
    groups = [
        choice(n, [f"Cause {n} has effect {n + k}." for k in range(4)], n % 4) for n in range(16)
    ]
    write_split(data, groups)
    model = ["--preset", "tiny", "--data", data, "--device", "cpu", "--quiet", "--save-every", 1]

    def train(out: Path, steps: int, *more: object) -> list[object]:
        return ["train", *model, "--out", out / "run", "--steps", steps, *more]

    def trained(out: Path) -> None:
        once = folder / "trained"
        if not once.exists():
            done = started.models.run(train(once, 2))
            assert done.returncode == 0, done.stderr
        shutil.copytree(once, out, symlinks=True, dirs_exist_ok=True)

    def converted(out: Path) -> None:
        done = started.core.run([*COPA, "--out", out, "--to", "arrow", "--profile", "unifiedqa"])
        assert done.returncode == 0, done.stderr

    def arrow(out: Path, more: str = "--quiet") -> list[object]:
        return [*COPA, "--to", "arrow", "--shard-rows", 2, "--out", out, more]

    def temperature(out: Path) -> str:
        return (out / "run/model/last/config.json").read_text() + weights(out)

    def resumed(out: Path) -> list[object]:
        return train(out, 3, "--resume", "auto")

    core, models = started.core, started.models
    for one in (
        Killed("convert", core, arrow, digest),
        Killed("convert --overwrite", core, partial(arrow, more="--overwrite"), digest, converted),
        Killed("train --resume auto", models, resumed, weights, trained, every),
        Killed(
            *("train --overwrite", models, lambda out: train(out, 1, "--overwrite")),
            *(weights, trained, every),
        ),
        Killed(
            *("calibrate", models, lambda out: ["calibrate", out / "run"]),
            *(temperature, trained, every),
        ),
    ):
        yield kills(folder / one.name.replace(" ", ""), one)


def two(folder: Path) -> Iterator[str]:
    command: list[object] = [*COPA, "--to", "arrow", "--shard-rows", 2]
    codes, torn, results = collections.Counter[tuple[int, ...]](), 0, set()
    for number in range(20):
        out = folder / f"two-{number}"
        both = [started.core.begin([*command, "--out", out]) for _ in range(2)]
        for process in both:
            process.join()
        codes[tuple(sorted(process.exitcode or 0 for process in both))] += 1
        torn += started.core.run(["check", out, "--quiet"]).returncode != 0
        results.add(digest(out))
    yield f"two processes, one output: exit codes {dict(codes)}, {torn} torn, {len(results)} result"


def big(folder: Path, rows: int) -> list[object]:
    """A conversion that takes a second or more."""
    raw = folder / "rows.jsonl"
    line = '{"premise": "The bell rang %d times.", "choice1": "It was noon.", '
    line += '"choice2": "It was lost.", "question": "cause", "label": %d, "idx": %d}\n'
    raw.write_text("".join(line % (n, n % 2, n) for n in range(rows)))
    return ["convert", "copa", "--split", "train", "--raw", raw, "--to", "jsonl", "--quiet"]


def stopped(folder: Path) -> Iterator[str]:
    command = [*big(folder, 60_000), "--shard-rows", 2_000]
    started.core.run([*command, "--out", folder / "whole"])
    out = folder / "stopped"
    process = started.core.begin([*command, "--out", out])
    while not list(out.rglob("data-00003.*")):
        time.sleep(0.001)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    other = started.core.run([*command, "--out", out])
    seconds = time.monotonic() - began
    os.kill(process.pid, signal.SIGCONT)
    process.join()
    same = digest(out) == digest(folder / "whole")
    yield (
        f"stopped: the other one said so after {seconds:.1f} s (exit code {other.returncode}, "
        f"expected {LOCKED}); the first went on: exit code {process.exitcode}, "
        f"{'the same' if same else 'OTHER'} bytes"
    )


def disk(folder: Path) -> Iterator[str]:
    if os.geteuid():
        yield "disk: not run, mount needs root"
        return
    command = [*big(folder, 20_000), "--shard-rows", 2_000]
    whole = started.core.run([*command, "--out", folder / "whole"])
    assert whole.returncode == 0, whole.stderr
    place = folder / "tmpfs"
    place.mkdir()
    codes, same = collections.Counter[int](), 0
    sizes = [200 * 1.5**n for n in range(12)]  # KB, up to most of what is needed
    for size in sizes:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size:.0f}k", "tmpfs", str(place)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            yield "disk: not run, this machine allows no mount"
            return
        try:
            codes[started.core.run([*command, "--out", place / "out"]).returncode] += 1
            subprocess.run(["mount", "-o", "remount,size=500m", place], check=True)
            started.core.run([*command, "--out", place / "out"])
            same += digest(place / "out") == digest(folder / "whole")
        finally:
            subprocess.run(["umount", place], check=True)
    yield (
        f"disk full: exit codes {dict(codes)} (expected {FULL}); with more space the same bytes "
        f"{same} of {len(sizes)} times"
    )


def connection(folder: Path) -> Iterator[str]:
    for name, request in wire.ENDLESS.items():
        with uqa_serve(folder / f"{name}.log", "-q") as service:
            held = wire.memory_of_a_connection(service, request)
            sent, answer = wire.pour(service.port, request)
        yield (
            f"{name}: limit {request.most // 1024:,} KB, held {held / 1024:,.0f} KB; without end: "
            f"{sent // 1024:,} KB sent, then {answer[9:12].decode() or 'closed'}"
        )


WHOLE = [
    wire.JSON + b"Content-Length: %d\r\n\r\n" % len(wire.BODY) + wire.BODY,
    wire.CHUNKED + wire.chunk(wire.BODY) + b"0\r\nT: 1\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n",
]
INSERTED = (b"\r\n", b"\r\n\r\n", b"\0", b":", b"9" * 5_000, b"Upgrade: x\r\n", b"\xff", b"0\r\n")


def damaged(seeded: random.Random) -> bytes:
    """A request with one to six bytes changed, cut, repeated or inserted."""
    request = bytearray(seeded.choice(WHOLE))
    for _ in range(seeded.randint(1, 6)):
        at = seeded.randrange(len(request) or 1)
        to = at + seeded.randint(1, 40)
        kind = seeded.randrange(5)
        if kind == 0 and request:
            request[at] = seeded.randrange(256)
        elif kind == 1:
            del request[at:to]
        elif kind == 2:
            request[at:at] = request[at:to] * seeded.choice((1, 2, 50, 900))
        elif kind == 3:
            request[at:at] = seeded.choice(INSERTED)
        else:
            del request[at:]
    return bytes(request)


def attack(port: int, seed: int, end: float, sent: collections.Counter[str]) -> None:
    """Send damaged and endless requests until the time is over."""
    seeded = random.Random(seed)
    for number in itertools.count():
        if time.monotonic() > end:
            return
        with contextlib.suppress(OSError):
            if number % 50 == 49:
                endless = seeded.choice(list(wire.ENDLESS.values()))
                wire.pour(port, endless, most=2**23)
                sent["endless"] += 1
                continue
            with socket.create_connection(("127.0.0.1", port), timeout=0.05) as client:
                client.sendall(damaged(seeded))
                client.recv(65_536)
        sent["damaged"] += 1


async def mixed(server: BenchmarkServer, rate: float, seconds: float) -> str:
    end, sent, killed = time.monotonic() + seconds, collections.Counter[str](), 0
    attackers = [
        threading.Thread(target=attack, args=(server.port, SEED + n, end, sent)) for n in range(4)
    ]
    monitor = server.monitor()
    sampling = asyncio.create_task(monitor.sample())
    made = requests(4, server.port)
    load = Load(server.port, lambda: next(made))
    for attacker in attackers:
        attacker.start()

    async def kill_models() -> None:
        nonlocal killed
        while True:
            await asyncio.sleep(5)
            for model in server.models():
                model.kill()
                killed += 1

    killing = asyncio.create_task(kill_models())
    outcomes = await load.open_loop(rate, seconds, SEED)
    killing.cancel()
    sampling.cancel()
    load.close()
    for attacker in attackers:
        await asyncio.to_thread(attacker.join)
    statuses = collections.Counter(one.status for one in outcomes)
    _, p99 = p50_p99([one.seconds for one in outcomes if one.status == 200])
    memory, _ = monitor.memory()
    return (
        f"mix of {seconds:.0f} s: {sum(sent.values()):,} hostile requests {dict(sent)}, {killed} "
        f"kills of the model; {len(outcomes):,} others: {dict(sorted(statuses.items()))} "
        f"(0: lost), p99 of the answers {p99:,.0f} ms; server: {memory}"
    )


def mix(folder: Path, seconds: float) -> Iterator[str]:
    with serving("rules", folder) as server:
        yield asyncio.run(mixed(server, 50, seconds))
        answer = wire.talk(
            server.port, WHOLE[0].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        )
        errors = sum(
            '"level": "error"' in line for line in (folder / "log").read_text().splitlines()
        )
        yield f"after it: a request is answered {wire.statuses(answer)}; {errors} errors in the log"


def main() -> None:
    about, _, _ = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=about)
    parts: dict[str, Callable[[Path, argparse.Namespace], Iterator[str]]] = {
        "kills": lambda folder, given: all_kills(folder, given.every),
        "two": lambda folder, _: two(folder),
        "stopped": lambda folder, _: stopped(folder),
        "disk": lambda folder, _: disk(folder),
        "connection": lambda folder, _: connection(folder),
        "mix": lambda folder, given: mix(folder, given.seconds),
    }
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=int, default=7, help="train, calibrate: of the steps")
    given = parser.parse_args()
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            for line in parts[name](Path(folder), given):
                print(line, flush=True)


if __name__ == "__main__":
    main()
