"""The outermost ASGI layer: admission, body limits, response headers, the request log.

What can be refused from the head is refused before the body is read. Every error, a bug included,
is answered with a problem document and never with a traceback.
"""

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unifiedqa_convert.service.admission import HEADERS, QUEUED, Admission
from unifiedqa_convert.service.models.queue import Batcher, QueueReservation
from unifiedqa_convert.service.monitoring import log, log_bug
from unifiedqa_convert.service.problems import MEDIA_TYPE, ProblemDetails
from unifiedqa_convert.service.state import Service

_DISCARD_SECONDS = 1.0
_DISCARD_BYTES = 16 * 2**20


class RequestMiddleware:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, service: Service, admission: Admission) -> None:
        self._app = app
        self._admission = admission
        self._service = service
        self._limits = service.limits
        self._held = 0  # bytes of all bodies in memory
        self._parsing = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._admission.next_id(), scope, send, self._service)
        try:
            headers = dict(scope["headers"])
            queue = self._admission.admit(scope["method"], scope["path"], headers)
            await self._answer(scope, headers, receive, exchange, queue)
        except ProblemDetails as problem:
            if problem.status == 413 and b"expect" not in headers:
                await _discard_body(receive)
            await exchange.refuse(problem)
        except asyncio.CancelledError:  # the grace time of the shutdown is over
            await exchange.refuse(
                ProblemDetails("not-ready", "the service is shutting down", retry_after=2)
            )
        except Exception as error:  # noqa: BLE001 (a bug: logged, and answered with 500)
            log_bug(error, request=exchange.id)
            await exchange.refuse(
                ProblemDetails(
                    "bug",
                    f"a bug in the service; please report it with the request ID {exchange.id}",
                )
            )
        finally:
            exchange.record()

    async def _answer(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
        exchange: "_Exchange",
        queue: Batcher[Any] | None,
    ) -> None:
        """Receive the body and let the app answer."""
        body = await self._body(headers, receive)
        reservation = None
        try:
            if queue is not None:
                reservation = QueueReservation(self._parsing, queue, len(body))
                await reservation.acquire()
                scope["state"]["reservation"] = reservation
            await self._app(scope, _replay(body, receive), exchange.send)
        finally:
            if reservation is not None:
                reservation.release()
            self._held -= len(body)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, counted in ``_held``; ProblemDetails if it is over a limit."""
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return b""
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ProblemDetails("client-gone", "the client disconnected")
                part = message.get("body", b"")
                body += part
                self._held += len(part)
                more = message.get("more_body", False)
                if len(body) > self._limits.body_bytes:
                    raise self._admission.too_large()
                if more and self._held > self._limits.held_bytes:
                    raise ProblemDetails("busy", "too many large bodies at once", retry_after=1)
        except BaseException:
            self._held -= len(body)
            raise
        return bytes(body)


class _Exchange:
    """One request and its response, with what the log and the metrics record about it."""

    def __init__(self, request_id: str, scope: Scope, send: Send, service: Service) -> None:
        self.id = request_id
        self._scope = scope
        self._send = send
        self._service = service
        self._started = time.perf_counter()
        self._status = 0
        scope.setdefault("state", {})["reason"] = "ok"

    async def send(self, message: Message) -> None:
        """Send a message, with the headers that every response has."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = [*message.get("headers", []), *HEADERS]
            headers.append((b"x-request-id", self.id.encode()))
            names = {name.lower() for name, _ in headers}
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            if self._service.draining:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, problem: ProblemDetails) -> None:
        """Answer with a problem document, unless a response has started."""
        if self._status:
            return
        self._scope["state"]["reason"] = problem.kind
        body = problem.body()
        headers = {
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            **problem.headers,
        }
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    def record(self) -> None:
        """Count the request and write its log line."""
        route = getattr(self._scope.get("route"), "path", None) or "-"
        if route == "-" and self._scope["path"] in QUEUED:
            route = self._scope["path"]  # refused before routing
        reason = self._scope["state"]["reason"]
        seconds = self._service.metrics.count(route, self._status or 499, reason, self._started)
        if reason != "queue-full":  # thousands a second; the metrics count them
            log.info(
                "request",
                id=self.id,
                method=self._scope["method"],
                route=route,
                status=self._status or 499,
                reason=reason,
                milliseconds=round(seconds * 1000, 1),
            )


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that first returns the body that was already read."""
    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _discard_body(receive: Receive) -> None:
    """Discard the rest of a body: a client that is still sending may not read the answer."""
    read = 0
    try:
        async with asyncio.timeout(_DISCARD_SECONDS):
            message: dict[str, Any] = {"more_body": True}
            while message.get("more_body") and read < _DISCARD_BYTES:
                message = dict(await receive())
                read += len(message.get("body", b""))
    except TimeoutError:
        return
