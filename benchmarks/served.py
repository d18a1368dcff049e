"""Start `uqa serve` for a benchmark and measure the memory and CPU time of its processes."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

import psutil


class Memory(NamedTuple):
    """Peak memory, and its growth in the second half of a run."""

    peak_mb: float
    slope_mb_per_min: float

    @classmethod
    def of(cls, samples: list[tuple[float, float]]) -> "Memory":
        """From samples of (seconds, MB)."""
        half = samples[len(samples) // 2 :]
        times, sizes = zip(*half, strict=True)
        slope = linear_regression(times, sizes).slope * 60 if len(half) > 2 else float("nan")
        return cls(max(size for _, size in samples), slope)

    def __str__(self) -> str:
        return (
            f"{self.peak_mb:.0f} MB at most, {self.slope_mb_per_min:+.1f} MB/min in the second half"
        )


class CpuShare(NamedTuple):
    """The fraction of the time that a process ran, and that it waited for a core; 1 = one core."""

    ran: float
    waited: float

    def __str__(self) -> str:
        return f"{self.ran:.2f} (waited {self.waited:.2f})"


class ResourceMonitor:
    """Measures the load generator (this process), the server and its model."""

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._models = server.children(recursive=True)
        self._samples: list[tuple[float, float, float]] = []
        self._started = self._now()

    async def sample(self) -> None:
        """Record the memory twice a second."""
        while True:
            model = sum(map(_memory, self._models))
            server = self._server.memory_info().rss
            self._samples.append((time.perf_counter(), server / 2**20, model / 2**20))
            await asyncio.sleep(0.5)

    def memory(self) -> tuple[Memory, Memory]:
        """The server's memory, and its model's."""
        server = Memory.of([(at, size) for at, size, _ in self._samples])
        return server, Memory.of([(at, size) for at, _, size in self._samples])

    def cpu_shares(self) -> str:
        """The CPU shares of generator, server and model since the start, and the idle cores."""
        took, *now = (new - old for new, old in zip(self._now(), self._started, strict=True))
        ran = [seconds / took for seconds in now]
        generator, server, model = (CpuShare(*ran[n : n + 2]) for n in (0, 2, 4))
        return (
            f"generator {generator}, server {server}, model {model} of a core; "
            f"idle {ran[6]:.2f} of {os.cpu_count()} cores"
        )

    def _now(self) -> list[float]:
        mine, server = _scheduled(os.getpid()), _scheduled(self._server.pid)
        model = [sum(n) for n in zip(*(_scheduled(one.pid) for one in self._models), strict=True)]
        return [time.perf_counter(), *mine, *server, *model, psutil.cpu_times().idle]


class BenchmarkServer:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.port = int(url.rsplit(":", 1)[1])
        self._url = url
        self._server = psutil.Process(process.pid)

    def wait(self) -> None:
        """Wait until it is ready."""
        for _ in range(3_000):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self._url}/health/ready").close()
                return
            time.sleep(0.1)
        sys.exit("the service did not become ready")

    def models(self) -> list[psutil.Process]:
        """The processes of its models."""
        every = self._server.children(recursive=True)
        return [one for one in every if "service.models.worker" in " ".join(one.cmdline())]

    def monitor(self) -> ResourceMonitor:
        """Start to measure."""
        return ResourceMonitor(self._server)


@contextlib.contextmanager
def serving(name: str, folder: Path, *options: str) -> Iterator[BenchmarkServer]:
    """Run `uqa serve` with that question converter."""
    command = [str(Path(sys.executable).with_name("uqa")), "serve", "--port", "0", "-q"]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [*command, "--question-converter", name, *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "UQA_CACHE": str(folder / "cache")},
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                sys.exit((folder / "log").read_text())
            server = BenchmarkServer(process, url)
            server.wait()
            yield server
        finally:
            process.terminate()
            process.wait(60)


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:  # a model that was killed
        return 0


def _scheduled(pid: int) -> list[float]:
    """Seconds that a process' threads ran, and waited to run (Linux only)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    pairs = [task.read_text().split()[:2] for task in tasks]
    return [sum(int(pair[n]) for pair in pairs) / 1e9 for n in (0, 1)]
