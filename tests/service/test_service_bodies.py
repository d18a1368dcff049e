"""Hostile and slow clients: wrong lengths, heads and bodies that never end (faults 15, 16)."""

import contextlib
import gzip
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from running import GUARD, Running, faulty_service, flood, item, send

LIMITS = {"header_seconds": 1.0, "body_seconds": 2.0, "write_seconds": 1.0, "body_bytes": 300_000}
CLIENTS = 500
HEAD = "POST /v1/declare HTTP/1.1\nHost: 127.0.0.1\n"
JSON = HEAD + "Content-Type: application/json\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with faulty_service(tmp_path_factory.mktemp("bodies"), limits=LIMITS) as service:
        yield service


def read_all(client: socket.socket) -> bytes:
    """Everything the service sends until it closes the connection."""
    response = b""
    with client:
        while part := client.recv(65_536):
            response += part
    return response


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def big(size: int) -> bytes:
    return json.dumps({"items": [item("x" * size)]}).encode()


def test_a_declared_length_over_the_limit_is_refused_unread(service: Running) -> None:
    client = send(service.port, f"{JSON}Content-Length: 300001\n\n")
    response = read_all(client)
    assert status(response) == 413
    assert b"connection: close" in response


def test_a_whole_body_over_the_limit_is_refused(service: Running) -> None:
    body = big(1_000_000)
    response = read_all(send(service.port, f"{JSON}Content-Length: {len(body)}\n\n", body))
    assert status(response) == 413
    assert b"urn:uqa:problem:too-large" in response


def test_a_chunked_body_is_counted_as_it_comes(service: Running) -> None:
    client = send(service.port, f"{JSON}Transfer-Encoding: chunked\n\n")
    before = psutil.Process(service.process.pid).memory_info().rss
    sent = 0
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    client.settimeout(2)
    with contextlib.suppress(OSError):  # the service closes it
        for _ in range(800):  # 50 MB
            client.sendall(chunk)
            sent += len(chunk)
    assert sent < 50 * 2**20
    assert psutil.Process(service.process.pid).memory_info().rss - before < 8 * 2**20
    client.close()
    assert service.declare(item("after it")).status_code == 200


def test_a_chunked_body_within_the_limit_is_fine(service: Running) -> None:
    body = json.dumps({"items": [item("in parts")]}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    response = read_all(
        send(service.port, f"{JSON}Transfer-Encoding: chunked\nConnection: close\n\n", chunks)
    )
    assert status(response) == 200


@pytest.mark.parametrize(
    ("head", "least", "default"),
    [(f"{HEAD}X-Slow: ", 1, 8), (f"{JSON}Content-Length: 1000\n\n", 2, 20)],
    ids=["head", "body"],
)
def test_a_head_or_body_that_does_not_end_times_out(
    service: Running, head: str, least: float, default: float
) -> None:
    started = time.monotonic()
    response = read_all(send(service.port, head, b'{"items":'))
    assert status(response) == 408
    assert least <= time.monotonic() - started < default


@pytest.mark.parametrize("limit", ["header_seconds", "body_seconds"])
def test_a_blocked_service_does_not_time_out_a_client_that_was_in_time(
    service: Running, limit: str
) -> None:
    """Data that arrived in time is read, however late the service gets to it."""
    body = json.dumps({"items": [item("in time")]}).encode()
    request = f"{JSON}Content-Length: {len(body)}\n\n".replace("\n", "\r\n").encode() + body
    first = 20 if limit == "header_seconds" else len(request) - 5
    with socket.create_connection(("127.0.0.1", service.port), timeout=GUARD) as client:
        client.sendall(request[:first])
        assert service.declare(item("meanwhile")).status_code == 200  # so the first part was read
        os.kill(service.process.pid, signal.SIGSTOP)
        try:
            client.sendall(request[first:])
            time.sleep(LIMITS[limit] + 0.2)
        finally:
            os.kill(service.process.pid, signal.SIGCONT)
        assert client.recv(12) == b"HTTP/1.1 200"


def test_a_body_longer_than_its_content_length_is_not_a_second_request(service: Running) -> None:
    body = json.dumps({"items": [item("long")]}).encode()
    response = read_all(
        send(service.port, f"{JSON}Content-Length: {len(body)}\n\n", body + b"rubbish\r\n\r\n")
    )
    answers = [part for part in response.split(b"HTTP/1.1 ") if part]
    assert answers[-1].startswith(b"400")
    assert all(part[:3] in (b"200", b"400") for part in answers)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 400),
    ],
)
def test_only_plain_json_is_taken(service: Running, headers: dict[str, str], expected: int) -> None:
    body = gzip.compress(b'{"items":[]}')
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code == expected
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"items":[NaN]}',
        b'{"items":[{"question":"\\ud800","answer":"a"}]}',
        b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"items":[{"question":"\xff","answer":"a"}]}',
    ],
    ids=["empty", "cut", "nan", "surrogate", "deep", "not-utf8"],
)
def test_invalid_json_is_refused(service: Running, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["type"] in ("urn:uqa:problem:invalid-json", "urn:uqa:problem:invalid")


@pytest.mark.parametrize(
    "body",
    [
        b'{"items":[{"question":"Who?","answer":"a"}],"items":[]}',
        b'{"items":[{"question":"Who?","answer":"a","answer":"b"}]}',
        b'{"items":[{"question":"Who?","answer":"a","\\u0061nswer":"b"}]}',
        b'{"items":[{"question":"Who?","answer":"a: b","answer":"b"}]}',
    ],
    ids=["top", "nested", "escaped", "colon-in-text"],
)
def test_a_key_that_occurs_twice_is_refused(service: Running, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code == 400
    assert "occurs twice in one object" in answer.json()["detail"]
    once = b'{"items":[{"question":"Who: \\u003a?","answer":"a"},{"question":"Who?","answer":"a"}]}'
    assert service.client.post("/v1/declare", content=once, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("convert", b'{"dataset":"copa","rows":[{"premise":"a","premise":"b"}]}'),
        ("convert", b'{"dataset":"copa","rows":[{"x":{"y":[{"z":1,"z":1}]}}]}'),
        ("convert", b'{"dataset":"copa","dataset":"arc_easy","rows":[{}]}'),
        ("encode", b'{"items":[{"question":"a","choices":["b"],"golds":[0],"golds":[0]}]}'),
        ("parse", b'{"profile":"canonical","items":[{"input":"a"}],"profile":"rainier"}'),
    ],
)
def test_a_key_that_occurs_twice_is_refused_by_every_route(
    service: Running, route: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post(f"/v1/{route}", content=body, headers=headers)
    assert answer.status_code == 400
    assert "occurs twice in one object" in answer.json()["detail"]


def test_a_very_long_number_is_not_a_text(service: Running) -> None:
    body = b'{"items":[{"question":' + b"9" * 4_301 + b',"answer":"a"}]}'
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code in (400, 422)


def test_invalid_http_is_refused(service: Running) -> None:
    assert status(read_all(send(service.port, "\x16\x03\x01 hello\n\n"))) == 400


def test_an_endless_head_is_refused(service: Running) -> None:
    client = send(service.port, HEAD)
    response = b""
    with contextlib.suppress(OSError):  # the service closes it
        for number in range(2_000):
            client.sendall(b"x-%d: %s\r\n" % (number, b"y" * 100))
    with contextlib.suppress(ConnectionError):  # unread data of ours may reset the answer
        response = read_all(client)
    assert not response or status(response) == 431
    assert service.declare(item("after it")).status_code == 200


def slow_clients(service: Running, head: str) -> list[socket.socket]:
    return [send(service.port, head) for _ in range(CLIENTS)]


def closed(clients: list[socket.socket]) -> int:
    """How many of the connections the service closes while they go on sending, slowly."""
    until = time.monotonic() + GUARD
    left = set(clients)
    poll = select.poll()
    numbers = {client.fileno(): client for client in clients}
    for number in numbers:
        poll.register(number, select.POLLIN)
    while left and (wait := until - time.monotonic()) > 0:
        for number, _ in poll.poll(min(wait, 0.3) * 1_000):
            client = numbers[number]
            try:
                over = not client.recv(65_536)
            except ConnectionError:
                over = True
            if over:
                poll.unregister(number)
                left.discard(client)
        for client in left:
            with contextlib.suppress(OSError):  # closed: seen in the next round
                client.sendall(b"x")
    for client in clients:
        client.close()
    return len(clients) - len(left)


@pytest.mark.parametrize(
    "head",
    [HEAD + "X-Slow: ", JSON + "Content-Length: 5000\n\n"],
    ids=["slow-heads", "slow-bodies"],
)
def test_many_slow_clients_are_disconnected_while_others_are_answered(
    service: Running, head: str
) -> None:
    """Fault 15; limits of 1 and 2 s here, 8 and 20 s by default."""
    clients = slow_clients(service, head)
    assert service.declare(item("meanwhile")).status_code == 200
    assert closed(clients) == CLIENTS
    assert service.declare(item("afterwards")).status_code == 200


def test_a_connection_over_the_limit_is_refused_with_retry_after(tmp_path: Path) -> None:
    limits = {"connections": 5, "header_seconds": 600.0}
    with faulty_service(tmp_path, limits=limits) as service:
        assert service.client.get("/health/live").status_code == 200  # its connection is the first
        held = [send(service.port, HEAD) for _ in range(4)]
        response = read_all(send(service.port, ""))
        assert status(response) == 503
        assert b"retry-after: 2" in response
        for client in held:
            client.close()


def test_a_client_that_does_not_read_is_disconnected(service: Running) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert flood(service, request, 0.02) < 18  # by default more than 20


def test_a_flood_of_requests_on_one_connection_is_disconnected(service: Running) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert flood(service, request * 1_000, 0) < GUARD
