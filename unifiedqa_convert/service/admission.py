"""Admission control from a request's head: host name, API key, body size, content type, queue.

At ten times the capacity nine of ten requests are refused because the queue is full, and each
refusal takes time from the event loop that answers the others. So a full queue is answered with a
single write, from the head alone: no body is read, no task started, the app not called.
"""

import itertools
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from unifiedqa_convert.service.models.queue import Batcher
from unifiedqa_convert.service.problems import MEDIA_TYPE, ProblemDetails
from unifiedqa_convert.service.state import Service

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
QUEUED = {"/v1/declare": "declare", "/v1/convert": "declare", "/v1/score": "score"}
_JSON_ROUTES = {*QUEUED, "/v1/encode", "/v1/parse"}
_NO_STORE = (b"cache-control", b"no-store")
_ONCE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"content-type",
    b"content-encoding",
    b"authorization",
)
_LENGTH = re.compile(rb"[0-9]{1,19}")


class Admission:
    """Checks request heads: the protocol for a full queue, then the middleware for all else."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._paths = {path.encode(): path for path in QUEUED}
        prefix = secrets.token_hex(4)  # differs from one start of the service to the next
        self._ids = (f"{prefix}-{number}" for number in itertools.count())

    def next_id(self) -> str:
        """The next request ID, for the log and the X-Request-Id header."""
        return next(self._ids)

    def admit(self, method: str, path: str, headers: dict[bytes, bytes]) -> Batcher[Any] | None:
        """The queue that a request needs, if any; ProblemDetails if its head is refused."""
        service = self._service
        host = headers.get(b"host", b"").decode("latin-1")
        if not service.config.answers_to(host):
            raise ProblemDetails("bad-host", "start the service with --allowed-host NAME")
        if service.keys and (path.startswith("/v1") or path == "/metrics"):
            scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not service.keys.accept(key.strip()):
                detail = "send the header Authorization: Bearer KEY"
                challenge = {"www-authenticate": 'Bearer realm="unifiedqa-convert"'}
                raise ProblemDetails("unauthorized", detail, headers=challenge)
        length = int(headers.get(b"content-length", b"0"))
        if length > service.limits.body_bytes:
            raise self.too_large()
        if method != "POST" or path not in _JSON_ROUTES:
            return None
        _check_content_type(headers)
        if path not in QUEUED:
            return None
        queue: Batcher[Any] = service.scorer if QUEUED[path] == "score" else service.declarer
        queue.check_capacity(length)
        return queue

    def too_large(self) -> ProblemDetails:
        """The problem of a body over the limit."""
        return ProblemDetails(
            "too-large",
            f"the body has more than {self._service.limits.body_bytes} bytes; split the request",
            headers={"connection": "close"},
        )

    def refusal(
        self, method: bytes, url: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> bytes | None:
        """The HTTP response to a request whose queue is full; None if the app must answer."""
        path = self._paths.get(url)
        if path is None or method != b"POST" or self._service.draining:
            return None
        began = time.perf_counter()
        try:
            self.admit("POST", path, dict(headers))
        except ProblemDetails as problem:
            if problem.kind != "queue-full":
                return None
            response = http_response(problem, [*HEADERS, _NO_STORE], self.next_id())
            self._service.metrics.count(path, problem.status, problem.kind, began)
            return response
        return None


def check_head(
    version: str, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> None:
    """ProblemDetails (400) for a head that two programs could understand in two ways.

    A proxy in front of the service may take the first of two headers, the service the last.
    """
    found = dict(headers)
    encoding = found.get(b"transfer-encoding", b"chunked").lower()
    authority = re.split(rb"[/?#]", target.partition(b"://")[2], maxsplit=1)[0]
    twice = [name.decode() for name in _ONCE if [it for it, _ in headers].count(name) > 1]
    if version not in ("1.0", "1.1") or method == b"CONNECT":
        why = "only HTTP/1.1 and 1.0 are spoken here, without CONNECT"
    elif twice:
        why = f"{twice[0]} stands twice"
    elif not _LENGTH.fullmatch(found.get(b"content-length", b"0")):
        why = "content-length is not a number of at most 19 digits"
    elif encoding != b"chunked" or (version == "1.0" and b"transfer-encoding" in found):
        why = "transfer-encoding can only be chunked, in HTTP/1.1"
    elif target[:1] != b"/" and authority.lower() != found.get(b"host", b"").lower():
        why = "the request's target is neither a path nor an address at the Host header's host"
    else:
        return
    raise ProblemDetails("invalid-http", why)


def http_response(
    problem: ProblemDetails, headers: Iterable[tuple[bytes, bytes]], request_id: str
) -> bytes:
    """A problem as a complete HTTP/1.1 response."""
    body = problem.body()
    head = b"HTTP/1.1 %d %s\r\n" % (problem.status, HTTPStatus(problem.status).phrase.encode())
    more = [
        (b"date", formatdate(usegmt=True).encode()),
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        *((n.encode(), v.encode("latin-1")) for n, v in problem.headers.items()),
        *headers,
    ]
    return head + b"".join(b"%s: %s\r\n" % pair for pair in more) + b"\r\n" + body


def _check_content_type(headers: dict[bytes, bytes]) -> None:
    """ProblemDetails unless the body is uncompressed JSON, which HTML forms can't send."""
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type != b"application/json":
        raise ProblemDetails("unsupported-media-type", "send Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise ProblemDetails("unsupported-media-type", "send the body without Content-Encoding")
