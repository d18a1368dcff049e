"""Start a service in a process of its own, as `uqa serve` does, and send it requests."""

import contextlib
import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import faulty
import httpx2
import started

from unifiedqa_convert.cli import main

UQA = Path(sys.executable).with_name("uqa")
GUARD = 60.0
"""Seconds after which a wait fails; not a performance limit."""


class Running:
    """A service that is ready, and a client for it."""

    def __init__(self, process: ForkServerProcess, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.port = int(url.rsplit(":", 1)[1])
        self.folder = log.parent
        self._log = log
        self.client = httpx2.Client(base_url=url, timeout=2 * GUARD)

    def log(self) -> str:
        return self._log.read_text()

    def declare(self, *items: Any, **named: Any) -> httpx2.Response:
        return self.client.post("/v1/declare", json={"items": list(items)}, **named)

    def metric(self, name: str) -> float:
        """A metric, summed over all labels."""
        text = self.client.get("/metrics").text
        return sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)))

    def wait_until(self, name: str, reached: Callable[[float], bool]) -> None:
        wait_for(lambda: reached(self.metric(name)), lambda: f"{name} is {self.metric(name)}")

    def wait_ready(self) -> None:
        """Wait until /health/ready says 200; a lost model restarts without a request."""
        wait_for(lambda: self.client.get("/health/ready").status_code == 200, self.log)

    def wait_for_event(self, event: str) -> None:
        """Wait until the event is in the log."""
        wait_for(lambda: f'"event": "{event}"' in self.log(), self.log)


def wait_for(condition: Callable[[], bool], message: Callable[[], object]) -> None:
    """Wait until the condition is true; fail with the message after GUARD seconds."""
    until = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < until, message()
        time.sleep(0.01)


@contextlib.contextmanager
def running(
    arguments: list[Any], log: Path, program: Callable[[], object] = main
) -> Iterator[Running]:
    """`uqa ARGUMENTS`, or another program with them, in a process whose imports are done.

    test_service_start.py shows that the installed script starts a service too.
    """
    address = log.with_name(f"{log.name}.address")
    files = started.Files(stdout=address, stderr=log)
    process = started.core.begin(arguments, files=files, program=program)

    def ended_or_told() -> bool:
        return process.exitcode is not None or (address.exists() and "\n" in address.read_text())

    try:
        wait_for(ended_or_told, lambda: log.read_text())
        assert process.exitcode is None, log.read_text()
        service = Running(process, address.read_text().strip(), log)
        service.wait_ready()
        yield service
        service.client.close()
    finally:
        process.kill()
        process.join()


def uqa_serve(log: Path, *options: object) -> contextlib.AbstractContextManager[Running]:
    """`uqa serve` on a free port."""
    return running(["serve", "--port", 0, *options], log)


def faulty_service(folder: Path, **settings: Any) -> contextlib.AbstractContextManager[Running]:
    """A service with the model of faulty.py; its batches are written to ``folder/seen``."""
    document = {"seen": str(folder / "seen"), **settings}
    return running(["serve", json.dumps(document)], folder / "log", faulty.main)


def send(port: int, head: str, body: bytes = b"") -> socket.socket:
    """Open a connection and send these bytes; a blank line ends the head."""
    client = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
    client.sendall(head.replace("\n", "\r\n").encode() + body)
    return client


def post(port: int, path: str, document: Any) -> socket.socket:
    """Open a connection and send a complete request."""
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n"
    return send(port, f"{head}Content-Length: {len(body)}\n\n", body)


def flood(service: Running, request: bytes, pause: float) -> float:
    """Send requests and read nothing; return after how many seconds the service disconnected."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", service.port))
    client.settimeout(0.2)
    started = time.monotonic()
    with client, contextlib.suppress(ConnectionError):
        while time.monotonic() - started < GUARD:
            with contextlib.suppress(TimeoutError):
                client.sendall(request)
            time.sleep(pause)
    return time.monotonic() - started


def batches(folder: Path) -> list[list[str]]:
    """The questions of each batch that the model received."""
    path = folder / "seen"
    lines = path.read_text().split("\n") if path.exists() else []
    return [[question for question, _ in json.loads(line)] for line in lines if line]


def item(question: str, answer: str = "yes") -> dict[str, str]:
    return {"question": question, "answer": answer}
