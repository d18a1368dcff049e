"""The outermost layer: who may come in, with what, for how long; and what is told about it.

Everything that can be refused without reading a body is refused before it is read. Whatever
happens inside, a client gets a problem document and never a traceback.
"""

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unifiedqa_convert.service.admission import HEADERS, QUEUED, Admission
from unifiedqa_convert.service.models.queue import Batcher, QueueReservation
from unifiedqa_convert.service.monitoring import tell, tell_bug
from unifiedqa_convert.service.problems import MEDIA_TYPE, ProblemDetails
from unifiedqa_convert.service.state import Service

_DRAIN_SECONDS = 1.0
_DRAIN_BYTES = 16 * 2**20


class RequestMiddleware:
    """ASGI middleware around the app."""

    def __init__(self, app: ASGIApp, service: Service, porter: Admission) -> None:
        self._app = app
        self._porter = porter
        self._service = service
        self._limits = service.limits
        self._held = 0
        self._desk = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._porter.next_id(), scope, send, self._service)
        try:
            headers = dict(scope["headers"])
            queue = self._porter.admit(scope["method"], scope["path"], headers)
            await self._enter(scope, headers, receive, visit, queue)
        except ProblemDetails as problem:
            if problem.status == 413 and b"expect" not in headers:
                await _drain(receive)
            await visit.refuse(problem)
        except asyncio.CancelledError:  # the time for going down is over
            await visit.refuse(ProblemDetails("not-ready", "the service went down", retry_after=2))
        except Exception as error:  # noqa: BLE001 (a bug of ours: the client hears that, no more)
            tell_bug(error, request=visit.id)
            await visit.refuse(ProblemDetails("bug", f"please report it; request {visit.id}"))
        finally:
            visit.note()

    async def _enter(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
        visit: "_Visit",
        queue: Batcher[Any] | None,
    ) -> None:
        """Receive the body, and have the app answer."""
        body = await self._body(headers, receive)
        seat = None
        try:
            if queue is not None:
                seat = QueueReservation(self._desk, queue, len(body))
                await seat.take()
                scope["state"]["seat"] = seat
            await self._app(scope, _replay(body, receive), visit.send)
        finally:
            if seat is not None:
                seat.leave()
            self._held -= len(body)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, never more than allowed; its length is counted as held."""
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return b""
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ProblemDetails("client-gone", "the client left")
                part = message.get("body", b"")
                body += part
                self._held += len(part)
                more = message.get("more_body", False)
                if len(body) > self._limits.body_bytes:
                    raise self._porter.too_large()
                if more and self._held > self._limits.held_bytes:
                    raise ProblemDetails("busy", "too many large bodies at a time", retry_after=1)
        except BaseException:
            self._held -= len(body)
            raise
        return bytes(body)


class _Visit:
    """One request as the log and the meters see it."""

    def __init__(self, number: str, scope: Scope, send: Send, service: Service) -> None:
        self.id = number
        self._scope = scope
        self._send = send
        self._service = service
        self._began = time.perf_counter()
        self._status = 0
        scope.setdefault("state", {})["reason"] = "ok"

    async def send(self, message: Message) -> None:
        """Send, with our headers on every response."""
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
        """Answer with a problem document, unless an answer has begun."""
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

    def note(self) -> None:
        """Count the request, and write its line."""
        route = getattr(self._scope.get("route"), "path", None) or "-"
        if route == "-" and self._scope["path"] in QUEUED:
            route = self._scope["path"]  # refused at the door
        reason = self._scope["state"]["reason"]
        seconds = self._service.meters.count(route, self._status or 499, reason, self._began)
        if reason != "queue-full":  # thousands a second of them; the meters count them
            tell(
                "request",
                id=self.id,
                method=self._scope["method"],
                route=route,
                status=self._status or 499,
                reason=reason,
                milliseconds=round(seconds * 1000, 1),
            )


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body that was read, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _drain(receive: Receive) -> None:
    """Let a client that is still sending finish, for a moment, so that it hears the answer."""
    read = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            message: dict[str, Any] = {"more_body": True}
            while message.get("more_body") and read < _DRAIN_BYTES:
                message = dict(await receive())
                read += len(message.get("body", b""))
    except TimeoutError:
        return
