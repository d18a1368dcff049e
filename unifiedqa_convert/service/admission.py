"""Who may come in, as far as a request's head tells; and the one refusal that must cost nothing.

At ten times the capacity nine requests of ten are refused because the queue is full. Whatever that
costs is taken from the loop that answers the others: so it is one write, from the head alone,
without a body, a task or the app.
"""

import itertools
import secrets
import time
from collections.abc import Iterable
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
_TAKE_JSON = {*QUEUED, "/v1/encode", "/v1/parse"}
_NO_STORE = (b"cache-control", b"no-store")


class Admission:
    """Looks at heads: the guard asks for each request, the protocol before that."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._paths = {path.encode(): path for path in QUEUED}
        run = secrets.token_hex(4)
        self._ids = (f"{run}-{number}" for number in itertools.count())

    def next_id(self) -> str:
        """What a request is called in the log and in its answer."""
        return next(self._ids)

    def admit(self, method: str, path: str, headers: dict[bytes, bytes]) -> Batcher[Any] | None:
        """The queue that a request is for, if any; its Problem where the head alone tells one."""
        service = self._service
        host = headers.get(b"host", b"").decode("latin-1")
        if not service.config.answers_to(host):
            raise ProblemDetails("bad-host", "allow the name with --allowed-host NAME")
        if service.keys and (path.startswith("/v1") or path == "/metrics"):
            scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not service.keys.accept(key.strip()):
                detail = "send the header Authorization: Bearer KEY"
                challenge = {"www-authenticate": 'Bearer realm="unifiedqa-convert"'}
                raise ProblemDetails("unauthorized", detail, headers=challenge)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > service.limits.body_bytes:
            raise self.too_large()
        if method != "POST" or path not in _TAKE_JSON:
            return None
        _check_kind(headers)
        if path not in QUEUED:
            return None
        queue: Batcher[Any] = service.scorer if QUEUED[path] == "score" else service.declarer
        queue.knock(int(length))
        return queue

    def too_large(self) -> ProblemDetails:
        """What a body over the limit is told."""
        return ProblemDetails(
            "too-large",
            f"more than {self._service.limits.body_bytes} bytes; split the request",
            headers={"connection": "close"},
        )

    def refusal(
        self, method: bytes, url: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> bytes | None:
        """The whole answer to a request whose queue is full; None where the app is to answer."""
        path = self._paths.get(url)
        if path is None or method != b"POST" or self._service.draining:
            return None
        began = time.perf_counter()
        try:
            self.admit("POST", path, dict(headers))
        except ProblemDetails as problem:
            if problem.kind != "queue-full":
                return None
            answer = written(problem, [*HEADERS, _NO_STORE], self.next_id())
            self._service.meters.count(path, problem.status, problem.kind, began)
            return answer
        return None


def written(problem: ProblemDetails, headers: Iterable[tuple[bytes, bytes]], number: str) -> bytes:
    """A problem as a whole HTTP answer."""
    body = problem.body()
    head = b"HTTP/1.1 %d %s\r\n" % (problem.status, HTTPStatus(problem.status).phrase.encode())
    more = [
        (b"date", formatdate(usegmt=True).encode()),
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", number.encode()),
        *((n.encode(), v.encode("latin-1")) for n, v in problem.headers.items()),
        *headers,
    ]
    return head + b"".join(b"%s: %s\r\n" % pair for pair in more) + b"\r\n" + body


def _check_kind(headers: dict[bytes, bytes]) -> None:
    """Problem where the body is not plain JSON. A form on another site can't send that."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise ProblemDetails("unsupported-media-type", "send Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise ProblemDetails("unsupported-media-type", "send the body without Content-Encoding")
