"""Hostile and slow clients: bodies that lie, heads and bodies that never end (faults 15, 16)."""

import contextlib
import gzip
import json
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
CROWD = 500
HEAD = "POST /v1/declare HTTP/1.1\nHost: 127.0.0.1\n"
JSON = HEAD + "Content-Type: application/json\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with faulty_service(tmp_path_factory.mktemp("bodies"), limits=LIMITS) as service:
        yield service


def told(client: socket.socket) -> bytes:
    """Everything the service says until it closes."""
    said = b""
    with client:
        while part := client.recv(65_536):
            said += part
    return said


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def big(size: int) -> bytes:
    return json.dumps({"items": [item("x" * size)]}).encode()


def test_a_declared_length_over_the_limit_is_refused_unread(service: Running) -> None:
    client = send(service.port, f"{JSON}Content-Length: 300001\n\n")
    said = told(client)
    assert status(said) == 413
    assert b"connection: close" in said


def test_a_whole_body_over_the_limit_is_told_so(service: Running) -> None:
    body = big(1_000_000)
    said = told(send(service.port, f"{JSON}Content-Length: {len(body)}\n\n", body))
    assert status(said) == 413
    assert b"urn:uqa:problem:too-large" in said


def test_a_chunked_body_is_counted_as_it_comes(service: Running) -> None:
    client = send(service.port, f"{JSON}Transfer-Encoding: chunked\n\n")
    before = psutil.Process(service.process.pid).memory_info().rss
    sent = 0
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    client.settimeout(2)
    with contextlib.suppress(OSError):  # it is closed
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
    said = told(
        send(service.port, f"{JSON}Transfer-Encoding: chunked\nConnection: close\n\n", chunks)
    )
    assert status(said) == 200


@pytest.mark.parametrize(
    ("head", "least", "default"),
    [(f"{HEAD}X-Slow: ", 1, 8), (f"{JSON}Content-Length: 1000\n\n", 2, 20)],
    ids=["head", "body"],
)
def test_a_head_and_a_body_shorter_than_they_say_are_cut_off(
    service: Running, head: str, least: float, default: float
) -> None:
    started = time.monotonic()
    said = told(send(service.port, head, b'{"items":'))
    assert status(said) == 408
    assert least <= time.monotonic() - started < default


@pytest.mark.parametrize("limit", ["header_seconds", "body_seconds"])
def test_a_busy_service_is_not_taken_for_a_slow_client(service: Running, limit: str) -> None:
    """What has come by the end of its time is read, however late the service gets to it."""
    body = json.dumps({"items": [item("in time")]}).encode()
    request = f"{JSON}Content-Length: {len(body)}\n\n".replace("\n", "\r\n").encode() + body
    first = 20 if limit == "header_seconds" else len(request) - 5
    with socket.create_connection(("127.0.0.1", service.port), timeout=GUARD) as client:
        client.sendall(request[:first])
        assert service.declare(item("meanwhile")).status_code == 200  # so the first part was read
        service.process.send_signal(signal.SIGSTOP)
        try:
            client.sendall(request[first:])
            time.sleep(LIMITS[limit] + 0.2)
        finally:
            service.process.send_signal(signal.SIGCONT)
        assert client.recv(12) == b"HTTP/1.1 200"


def test_a_body_longer_than_it_says_is_no_second_request(service: Running) -> None:
    body = json.dumps({"items": [item("long")]}).encode()
    said = told(
        send(service.port, f"{JSON}Content-Length: {len(body)}\n\n", body + b"rubbish\r\n\r\n")
    )
    answers = [part for part in said.split(b"HTTP/1.1 ") if part]
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
def test_what_is_not_json_is_refused(service: Running, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["type"] in ("urn:uqa:problem:invalid-json", "urn:uqa:problem:invalid")


def test_a_number_without_end_is_no_text(service: Running) -> None:
    body = b'{"items":[{"question":' + b"9" * 4_301 + b',"answer":"a"}]}'
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/v1/declare", content=body, headers=headers)
    assert answer.status_code in (400, 422)


def test_what_is_not_http_is_refused(service: Running) -> None:
    assert status(told(send(service.port, "\x16\x03\x01 hello\n\n"))) == 400


def test_a_head_without_end_is_refused(service: Running) -> None:
    client = send(service.port, HEAD)
    said = b""
    with contextlib.suppress(OSError):  # it is closed
        for number in range(2_000):
            client.sendall(b"x-%d: %s\r\n" % (number, b"y" * 100))
    with contextlib.suppress(ConnectionError):  # with more of ours unread, the answer may be lost
        said = told(client)
    assert not said or status(said) == 431
    assert service.declare(item("after it")).status_code == 200


def crowd(service: Running, head: str) -> list[socket.socket]:
    return [send(service.port, head) for _ in range(CROWD)]


def closed(clients: list[socket.socket]) -> int:
    """How many of the connections the service closes, while they send on, slowly."""
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
            with contextlib.suppress(OSError):  # its end comes with the next look
                client.sendall(b"x")
    for client in clients:
        client.close()
    return len(clients) - len(left)


@pytest.mark.parametrize(
    "head",
    [HEAD + "X-Slow: ", JSON + "Content-Length: 5000\n\n"],
    ids=["slow-heads", "slow-bodies"],
)
def test_a_crowd_of_slow_clients_is_cut_off_while_others_are_answered(
    service: Running, head: str
) -> None:
    """Fault 15; limits of 1 and 2 s here, 8 and 20 s by default."""
    clients = crowd(service, head)
    assert service.declare(item("meanwhile")).status_code == 200
    assert closed(clients) == CROWD
    assert service.declare(item("afterwards")).status_code == 200


def test_one_connection_too_many_is_refused_with_a_time_to_come_again(tmp_path: Path) -> None:
    limits = {"connections": 5, "header_seconds": 600.0}
    with faulty_service(tmp_path, limits=limits) as service:
        assert service.client.get("/health/live").status_code == 200  # its connection is the first
        held = [send(service.port, HEAD) for _ in range(4)]
        said = told(send(service.port, ""))
        assert status(said) == 503
        assert b"retry-after: 2" in said
        for client in held:
            client.close()


def test_a_client_that_takes_no_answer_is_cut_off(service: Running) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert flood(service, request, 0.02) < 18  # by default more than 20


def test_a_flood_of_requests_on_one_connection_is_cut_off(service: Running) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert flood(service, request * 1_000, 0) < GUARD
