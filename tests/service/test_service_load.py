"""Overload: excess requests are refused at once, with Retry-After."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, faulty_service, flood, item, post, send, wait_for

LIMITS = {"queue_items": 40, "batch_items": 10, "deadline": 60.0, "hang": 60.0, "hang_min": 60.0}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose queue is full; its queued requests are answered at the end."""
    limits = {"queue_items": 4, "hang": 90.0, "deadline": 90.0, "write_seconds": 1.0}
    folder = tmp_path_factory.mktemp("full")
    with faulty_service(folder, limits=limits) as service:
        clients = [post(service.port, "/v1/declare", {"items": [item("GATE")]})]
        service.wait_until("uqa_batch_items_total", lambda items: items == 1)
        clients.append(post(service.port, "/v1/declare", {"items": [item(f"{n}") for n in "abcd"]}))
        service.wait_until("uqa_queue_items", lambda items: items == 4)
        yield service
        (folder / "open").touch()
        for waiting in clients:
            assert waiting.recv(12) == b"HTTP/1.1 200"
            waiting.close()


def test_an_early_refusal_is_a_problem_document_like_any_other(full: Running) -> None:
    before = full.metric("uqa_requests_total")
    answers = [full.declare(item("refused")) for _ in range(3)]
    for answer in answers:
        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:uqa:problem:queue-full"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    metrics = full.client.get("/metrics").text
    assert full.metric("uqa_requests_total") >= before + 3
    assert 'code="429",reason="queue-full",route="/v1/declare"' in metrics
    assert full.declare(item("refused"), headers={"Host": "evil.example"}).status_code == 400
    assert full.client.get("/v1/models").status_code == 200


def test_the_connection_of_a_refused_request_can_be_reused(full: Running) -> None:
    body = json.dumps({"items": [item("in two parts")]}).encode()
    head = "POST /v1/declare HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n"
    connection = send(full.port, f"{head}Content-Length: {len(body)}\n\n", body[:10])
    for rest in (body[10:] + request_bytes(head, body), b""):
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 429
        assert answer.read()
        connection.sendall(rest)
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert (answer.status, json.loads(answer.read())) == (200, {"status": "live"})
    connection.close()


def request_bytes(head: str, body: bytes) -> bytes:
    """The bytes of a request."""
    return f"{head}Content-Length: {len(body)}\n\n".replace("\n", "\r\n").encode() + body


def test_a_flood_of_refused_requests_that_does_not_read_is_disconnected(full: Running) -> None:
    head = "POST /v1/declare HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n"
    assert flood(full, request_bytes(head, b"{}") * 10, 0.001) < 18  # by default more than 20


def client(service: Running, number: int, enough: threading.Event, fates: Counter[str]) -> None:
    sent = 0
    while not enough.is_set():
        sent += 1
        items = [item(f"{number} asks {sent} {n}") for n in range(8)]
        connection = post(service.port, "/v1/declare", {"items": items})
        response = b""
        with connection:
            while b"\r\n\r\n" not in response:
                part = connection.recv(65_536)
                assert part, "no answer"
                response += part
        head = response.lower()
        fates[response.split(b" ", 2)[1].decode()] += 1
        fates["refusals without Retry-After"] += (
            b" 429 " in head[:20] and b"retry-after" not in head
        )


def test_an_overload_is_refused_and_never_waits_for_long(tmp_path: Path) -> None:
    """Fault 14 at CI size: 24 clients at once where 6 fill the queue."""
    with faulty_service(tmp_path, limits=LIMITS, pace=0.02) as service:
        fates: Counter[str] = Counter()
        enough = threading.Event()
        clients = [
            threading.Thread(target=client, args=(service, number, enough, fates))
            for number in range(24)
        ]
        for thread in clients:
            thread.start()
        try:
            wait_for(lambda: fates["200"] > 10, lambda: fates)
        finally:
            enough.set()
            for thread in clients:
                thread.join()
        assert set(fates) <= {"200", "429", "refusals without Retry-After"}, fates
        assert fates["refusals without Retry-After"] == 0
        assert fates["429"] > fates["200"] > 10, fates
        service.wait_until("uqa_queue_items", lambda items: items == 0)
        assert service.declare(item("afterwards")).status_code == 200


def test_a_deadline_is_kept(tmp_path: Path) -> None:
    with faulty_service(tmp_path, limits={"deadline": 0.3, "hang": 5.0}, pace=1.0) as service:
        answer = service.declare(item("slow"))
        assert answer.status_code == 504
        assert answer.json()["type"] == "urn:uqa:problem:late"


def _declared(log: str) -> list[tuple[int, str]]:
    """Status and reason of each /v1/declare request in the log."""
    lines = [json.loads(line) for line in log[: log.rfind("\n") + 1].split("\n") if line]
    requests = [line for line in lines if line.get("route") == "/v1/declare"]
    return [(line["status"], line["reason"]) for line in requests]


def test_a_request_larger_than_the_queue_is_invalid(tmp_path: Path) -> None:
    with faulty_service(tmp_path, limits={"queue_items": 4}) as service:
        answer = service.declare(*(item(f"{n}") for n in range(5)))
        assert answer.status_code == 422
        assert "split the request" in answer.json()["detail"]
        assert service.declare(*(item(f"{n}") for n in range(4))).status_code == 200
        service.declare(item("counted"))
        # The log has each request that the metrics count; a line may come after its answer.
        expected = [(422, "invalid"), (200, "ok"), (200, "ok")]
        wait_for(lambda: _declared(service.log()) == expected, lambda: _declared(service.log()))
        assert service.metric("uqa_batch_items_total") == 5
