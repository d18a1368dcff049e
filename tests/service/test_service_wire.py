"""Bytes on the wire: nothing is kept without bound, no head is understood in two ways."""

from collections.abc import Iterator

import psutil
import pytest
from running import Running, uqa_serve
from wire import (
    BODY,
    CHUNKED,
    ENDLESS,
    HEAD,
    JSON,
    chunk,
    memory_of_a_connection,
    pour,
    statuses,
    talk,
)

KEY = "a-key-of-our-own-0123456789"
CLOSE = b"Connection: close\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
ANSWER = b'"statement":"Fish live in water."'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with uqa_serve(tmp_path_factory.mktemp("wire") / "log") as service:
        yield service


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that needs a key."""
    keys = tmp_path_factory.mktemp("locked") / "keys"
    keys.write_text(f"{KEY}\n")
    with uqa_serve(keys.with_name("log"), "--api-key-file", keys) as service:
        yield service


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_refused(service: Running, name: str) -> None:
    request = ENDLESS[name]
    sent, answer = pour(service.port, request)
    assert sent < request.most + 24 * 2**20  # 4 in the kernel's buffers, 16 that are discarded
    found = statuses(answer)
    if name == "body":
        # A body as long as announced is one of spaces: no JSON. What has come after it by the time
        # of the answer, which is chance, is taken for the next request: no HTTP.
        assert found in ([400], [400, 400])
    else:
        assert found == [431 if request.most < 2**20 else 413]
    assert service.client.get("/health/live").status_code == 200


@pytest.mark.parametrize("name", [name for name in ENDLESS if "chunk" in name or "trail" in name])
def test_what_does_not_end_is_refused_without_a_key(locked: Running, name: str) -> None:
    """It is answered from its head, and what comes afterwards is counted all the same."""
    before = psutil.Process(locked.process.pid).memory_info().rss
    repeated = ENDLESS[name].repeated
    answer = talk(locked.port, ENDLESS[name].begin, repeated * (17 * 2**20 // len(repeated)))
    assert statuses(answer) in ([401], [431])  # 431 if it came with the head
    assert psutil.Process(locked.process.pid).memory_info().rss - before < 4 * 2**20


@pytest.mark.parametrize("name", ["head of many headers", "one trailer", "many trailers", "body"])
def test_a_connection_costs_little_more_than_its_limit(service: Running, name: str) -> None:
    limit = ENDLESS[name].most
    more = 2**16 if limit < 2**20 else limit // 8 + 2**18  # a bytearray grows by an eighth
    assert memory_of_a_connection(service, ENDLESS[name]) < limit + more


def test_a_trailer_is_dropped(service: Running) -> None:
    trailers = b"0\r\nUpgrade: h2c\r\nHost: evil.example\r\n\r\n"
    first = CHUNKED + chunk(BODY) + trailers
    answer = talk(service.port, first + JSON + CLOSE + LENGTH + b"\r\n" + BODY)
    assert statuses(answer) == [200, 200]


HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /health/live HTTP/1.1\r\n" + HOST + CLOSE
HEADS = {
    "zeros in the length": (JSON + b"Content-Length: " + b"0" * 4_301 + b"2\r\n\r\n{}", 400),
    "digits in the length": (JSON + b"Content-Length: " + b"7" * 4_301 + b"\r\n\r\n{}", 400),
    "19 digits": (JSON + CLOSE + b"Content-Length: " + b"0" * 17 + b"70\r\n\r\n" + BODY, 200),
    "20 digits": (JSON + b"Content-Length: " + b"0" * 18 + b"70\r\n\r\n" + BODY, 400),
    "a negative length": (JSON + b"Content-Length: -2\r\n\r\n{}", 400),
    "a length with a sign": (JSON + b"Content-Length: +2\r\n\r\n{}", 400),
    "a length of other digits": (JSON + "Content-Length: ٢\r\n\r\n{}".encode(), 400),
    "two lengths": (JSON + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a list of lengths": (JSON + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    "length and chunks": (JSON + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip and chunks": (JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks and gzip": (JSON + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "chunks twice": (JSON + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400),
    "identity": (JSON + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "chunks by another name": (JSON + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n", 400),
    "a chunk of no size": (CHUNKED + b"zz\r\n", 400),
    "a chunk of any size": (CHUNKED + b"f" * 40 + b"\r\n", 400),
    "two hosts": (GET + HOST + b"\r\n", 400),
    "no host": (b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"\r\n", 400),
    "two types": (JSON + b"Content-Type: text/plain\r\n" + LENGTH + b"\r\n" + BODY, 400),
    "HTTP/2.0": (GET.replace(b"1.1", b"2.0") + b"\r\n", 400),
    "HTTP/0.9": (b"GET /health/live\r\n\r\n", 400),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/1.0": (GET.replace(b"1.1", b"1.0") + b"\r\n", 200),
    "CONNECT": (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "another method": (b"EVIL / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an address": (GET.replace(b"/health", b"http://127.0.0.1/health") + b"\r\n", 200),
    "another's address": (GET.replace(b"/health", b"http://evil.example/health") + b"\r\n", 400),
    "an address and a user": (
        GET.replace(b"/health", b"http://me@127.0.0.1/health") + b"\r\n",
        400,
    ),
    "an address alone": (GET.replace(b"/health/live", b"http://127.0.0.1") + b"\r\n", 400),
    "a star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "NUL in the path": (GET.replace(b"/health/live", b"/v1/datasets/%00") + b"\r\n", 404),
    "no UTF-8 in the path": (GET.replace(b"/health/live", b"/v1/datasets/%ff") + b"\r\n", 404),
    "a raw NUL in the path": (GET.replace(b"/live", b"/\0live") + b"\r\n", 400),
    "a header's name": (GET + "Größe: 1\r\n\r\n".encode(), 400),
    "a header's value": (GET + "X-Size: größer\xff\r\n\r\n".encode("latin-1"), 200),
    "NUL in a value": (GET + b"X-Size: a\0b\r\n\r\n", 400),
    "a space before the colon": (GET + b"X-Size : 1\r\n\r\n", 400),
    "a folded header": (GET + b"X-Size: 1\r\n 2\r\n\r\n", 400),
    "a bare line feed": (GET.replace(b"\r\n", b"\n") + b"\n", 400),
    "an expectation": (JSON + CLOSE + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY, 200),
    "another expectation": (JSON + CLOSE + LENGTH + b"Expect: more\r\n\r\n" + BODY, 200),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_understood_in_one_way(service: Running, name: str) -> None:
    request, expected = HEADS[name]
    answer = talk(service.port, request)
    assert [status for status in statuses(answer) if status != 100] == [expected]
    if expected == 400:
        assert b"application/problem+json" in answer
    assert b"urn:uqa:problem:bug" not in answer
    assert '"level": "error"' not in service.log()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"127.0.0.1:1", 200),
        (b"localhost:65535", 200),
        (b"[::1]", 200),
        (b"localhost.", 200),
        (b"localhost:0", 400),
        (b"localhost:65536", 400),
        (b"localhost:80x", 400),
        (b"localhost:-1", 400),
        (b"localhost:", 400),
        (b"localhost:1:2", 400),
        (b"localhost:" + b"0" * 5_000 + b"1", 400),
        (b"[[::1]]", 400),
        (b"[127.0.0.1", 400),
        (b"::1", 400),
        (b"localhost, localhost", 400),
        (b"me@localhost", 400),
        ("löcalhost".encode(), 400),
    ],
)
def test_the_hosts_port_is_checked(service: Running, host: bytes, expected: int) -> None:
    assert statuses(talk(service.port, GET.replace(b"127.0.0.1", host) + b"\r\n")) == [expected]


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_an_upgrade_is_answered_as_without(service: Running, chunked: bool, size: int) -> None:
    """The body and the request after it, however the bytes are cut."""
    framed = b"Transfer-Encoding: chunked\r\n\r\n" + chunk(BODY) + b"0\r\n\r\n"
    request = JSON + UPGRADE + (framed if chunked else LENGTH + b"\r\n" + BODY)
    request += GET + b"\r\n"
    parts = [request[start : start + size] for start in range(0, len(request), size)]
    answer = talk(service.port, *parts)
    assert statuses(answer) == [200, 200]
    assert ANSWER in answer


def test_a_request_for_a_web_socket_is_answered_as_without(service: Running) -> None:
    upgrade = b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    assert statuses(talk(service.port, GET.replace(CLOSE, upgrade) + b"\r\n" + GET + b"\r\n")) == [
        200,
        200,
    ]


@pytest.mark.parametrize(
    "refused", [HEAD + b"X : 1\r\n\r\n", CHUNKED + b"zz\r\n", CHUNKED + chunk(BODY) + b"zz\r\n"]
)
def test_requests_before_a_refused_one_are_answered(service: Running, refused: bytes) -> None:
    whole = JSON + LENGTH + b"\r\n" + BODY
    answer = talk(service.port, whole * 3 + refused + whole)
    assert statuses(answer) == [200, 200, 200, 400]
    assert answer.count(ANSWER) == 3
    assert '"level": "error"' not in service.log()


def test_heads_that_wait_are_counted_together(service: Running) -> None:
    """Each is within the limit; held back, fourteen of them are not."""
    padded = JSON + LENGTH + b"X-Pad: " + b"a" * 30_000 + b"\r\n\r\n" + BODY
    assert len(statuses(talk(service.port, padded * 14))) < 14
    assert service.client.get("/health/live").status_code == 200
