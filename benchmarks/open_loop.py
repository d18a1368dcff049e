"""An open-loop HTTP load: requests are sent when they are due, whether or not others are answered.

Latency counts from the moment that a request was due, so it includes any time the server stalls.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import NamedTuple


class Outcome(NamedTuple):
    """The outcome of one request."""

    due: float
    status: int
    """0: the connection was lost."""
    seconds: float
    """From when it was due to its answer."""
    retry_after: bool
    late: float
    """Seconds of these by which the generator itself was late."""


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    def __init__(self, idle: list["Connection"]) -> None:
        self._idle = idle
        self._received = b""
        self._done: Callable[[int, bool], None] | None = None
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, request: bytes, done: Callable[[int, bool], None]) -> None:
        self._done, self._received = done, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        head = head.lower()
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        done, self._done = self._done, None
        assert done is not None
        done(int(head[9:12]), b"\r\nretry-after: " in head)
        if b"\r\nconnection: close" in head:
            self._transport.close()
        else:
            self._idle.append(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.open = False
        if self._done is not None:
            self._done(0, False)

    def close(self) -> None:
        self._transport.close()


class Load:
    """Requests to one server, and the connections to it."""

    def __init__(self, port: int, request: Callable[[], bytes]) -> None:
        self._port = port
        self._request = request
        self._idle: list[Connection] = []
        self.outcomes: list[Outcome] = []
        self._pending = 0

    async def open_loop(self, rate: float, seconds: float, seed: int) -> list[Outcome]:
        """Send ``rate`` requests a second at random times for ``seconds``; wait for the answers."""
        seeded = random.Random(seed)
        self.outcomes = []
        began = time.perf_counter()
        due = began
        while due < began + seconds:
            now = time.perf_counter()
            while due <= now:
                self._send(due)
                due += seeded.expovariate(rate)
            await asyncio.sleep(max(0.0, min(due - time.perf_counter(), 0.05)))
        await self._wait_for_answers(60)
        return self.outcomes

    async def closed_loop(self, clients: int, seconds: float) -> list[Outcome]:
        """Each of ``clients`` sends its next request when answered, or a second after a refusal.

        A second is the shortest ``Retry-After``. Without a delay the clients would load the server
        with refusals instead of work.
        """
        self.outcomes = []
        end = time.perf_counter() + seconds

        async def client() -> None:
            while time.perf_counter() < end:
                answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
                self._send(time.perf_counter(), answered)
                if await answered != 200:
                    await asyncio.sleep(1)

        await asyncio.gather(*(client() for _ in range(clients)))
        return self.outcomes

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    def _send(self, due: float, answered: asyncio.Future[int] | None = None) -> None:
        self._pending += 1
        late = time.perf_counter() - due

        def done(status: int, retry_after: bool) -> None:
            seconds = time.perf_counter() - due
            self.outcomes.append(Outcome(due, status, seconds, retry_after, late))
            self._pending -= 1
            if answered is not None:
                answered.set_result(status)

        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                connection.send(self._request(), done)
                return
        task = asyncio.get_running_loop().create_task(self._connect(done))

        def connected(task: asyncio.Task[None]) -> None:
            if task.exception():
                done(0, False)

        task.add_done_callback(connected)

    async def _connect(self, done: Callable[[int, bool], None]) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._idle), "127.0.0.1", self._port
        )
        connection.send(self._request(), done)

    async def _wait_for_answers(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while self._pending and time.perf_counter() < until:
            await asyncio.sleep(0.05)
