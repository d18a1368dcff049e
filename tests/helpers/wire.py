"""Requests written byte by byte, and what one connection costs the service that receives them.

benchmarks/faults.py prints that cost, for each part of a request that can be made long.
"""

import contextlib
import json
import re
import socket
import time
from typing import NamedTuple

import psutil
from running import GUARD, Running

HEAD = b"POST /v1/declare HTTP/1.1\r\nHost: 127.0.0.1\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps({"items": [{"question": "Where do fish live?", "answer": "in water"}]}).encode()


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


class Endless(NamedTuple):
    """A request that can be made long: how it begins, what is repeated, and the limit of that."""

    begin: bytes
    repeated: bytes
    most: int
    """Bytes of the part that grows, by the service's own limits (service/config.py)."""


_FRAMING, _BODY = 32 * 2**10, 2 * 2**20
ENDLESS = {
    "head of many headers": Endless(HEAD, b"a:b\r\n", _FRAMING),
    "head of one header": Endless(HEAD + b"X-Long: ", b"a", _FRAMING),
    "target": Endless(b"GET /", b"a", _FRAMING),
    "blank lines": Endless(b"", b"\r\n", _FRAMING),
    "body": Endless(JSON + b"Content-Length: 2097152\r\n\r\n", b" ", _BODY),
    "one long chunk": Endless(CHUNKED + b"fffffffff\r\n", b" ", _BODY),
    "chunks of one byte": Endless(CHUNKED, chunk(b" "), 6 * _BODY),
    "extension of a chunk": Endless(CHUNKED + b"2;", b"a", _FRAMING),
    "extensions of chunks": Endless(CHUNKED, chunk(b"x", b";" + b"a" * 1_000), 8 * _BODY),
    "many trailers": Endless(CHUNKED + chunk(b"{}") + b"0\r\n", b"a:b\r\n", _FRAMING),
    "one trailer": Endless(CHUNKED + chunk(b"{}") + b"0\r\nX-Long: ", b"a", _FRAMING),
}


def talk(port: int, *parts: bytes, wait: float = GUARD) -> bytes:
    """Send the parts and return all that comes back until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as client:
        with contextlib.suppress(ConnectionError):  # refused before the last part
            for part in parts:
                client.sendall(part)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := client.recv(65_536):
                answer += part
    return answer


def statuses(answer: bytes) -> list[int]:
    """The status of each response in what came back."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def pour(port: int, request: Endless, most: int = 64 * 2**20) -> tuple[int, bytes]:
    """Send it without end, or ``most`` bytes: the bytes sent until an answer came, and the answer.

    Up to 4 MB of them are in the kernel's buffers, not in the service.
    """
    block = request.repeated * (65_536 // len(request.repeated) + 1)
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=GUARD) as client:
        client.sendall(request.begin)
        client.settimeout(0.05)
        with contextlib.suppress(ConnectionError):
            while sent < most and not answer:
                with contextlib.suppress(TimeoutError):
                    sent += client.send(block)
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    answer = client.recv(65_536)
                client.settimeout(0.05)
    return sent, answer


def memory_of_a_connection(service: Running, request: Endless, number: int = 20) -> float:
    """Bytes that the service holds for a connection that has sent all but the last of ``most``.

    Measured with ``number`` such connections at once, as a page of memory may serve several.
    """
    data = request.begin + request.repeated * (request.most * 31 // 32 // len(request.repeated))
    address, process = ("127.0.0.1", service.port), psutil.Process(service.process.pid)
    assert service.client.get("/health/live").status_code == 200
    before = process.memory_info().rss
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(address, timeout=GUARD))
            client.sendall(data)
        for _ in range(20):  # so that what was sent is read
            assert service.client.get("/health/live").status_code == 200
            time.sleep(0.02)
        return float(process.memory_info().rss - before) / number
