"""One connection: uvicorn's protocol, with the time-outs and bounds that it lacks.

A client has so long for a request's head, so long for its body, and so long to take an answer. At
shutdown an idle connection is kept a moment, since a request may be on its way.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from unifiedqa_convert.service.admission import Admission, written
from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.problems import ProblemDetails

_LINGER = 0.5
"""Seconds that an idle connection is kept at shutdown."""
_LAST_LOOK = 0.002
"""Seconds: time enough for the loop to read what has come already. It calls what is due before it
looks at its connections, and it may have been held up: then what is due is not yet true."""
_PIPELINED = 16
"""Requests that may wait on one connection while another is answered."""


class GuardedProtocol(HttpToolsProtocol):
    """Cuts off slow clients. A subclass, one per service, sets ``limits`` and ``porter``."""

    limits: ServiceLimits
    porter: Admission

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of the head that is being received
        self._in_head = True
        self._whole = False  # whether what was received last ended a request
        self._refused = 0  # requests of what is being received that were turned away

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse one connection too many; give the others so long for their first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.connections:
            self._refuse(ProblemDetails("busy", "too many connections", retry_after=2))
            return
        self._set_timer(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives the connection."""
        self._clear_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bound the head."""
        if self._in_head:
            self._head += len(data)
        if self.transport.is_closing():
            return
        self._whole, self._refused = False, 0
        super().data_received(data)
        if self._timer is None and self._idle:
            if not self._whole:
                self._set_timer(self.limits.header_seconds)  # it begins, if with blank lines
            elif self.timeout_keep_alive_task is None:
                self._keep_alive()  # the answer came before the end of its request
        if self._in_head and self._head > self.limits.header_bytes:
            self._refuse(
                ProblemDetails("head-too-large", f"more than {self.limits.header_bytes} bytes")
            )

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True
        if self._timer is None:
            self._set_timer(self.limits.header_seconds)

    def on_headers_complete(self) -> None:
        """The head is whole; the body has its own time."""
        if len(self.pipeline) >= _PIPELINED:
            # Each answer makes uvicorn read on, so a flood of requests would fill the memory.
            self.transport.abort()
            raise ConnectionAbortedError("too many requests at a time on one connection")
        self._in_head, self._head = False, 0
        self._set_timer(self.limits.body_seconds)
        if not self._turned_away():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body; nobody wants that of a request that was turned away."""
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._clear_timer()
        self._whole = True
        if self.cycle is not None:
            super().on_message_complete()

    def _keep_alive(self) -> None:
        handler = self.timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, handler)

    def _turned_away(self) -> bool:
        """Whether the porter has refused the request, and it is over but for its body."""
        plain = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        if not plain or self.expect_100_continue or not self._idle:
            return False
        if self.flow.write_paused or self._refused == _PIPELINED:
            return False  # the longer way has its bounds
        answer = self.porter.refusal(self.parser.get_method(), self.url, self.headers)
        if answer is None:
            return False
        self._refused += 1
        self.transport.write(answer)
        self.cycle = None  # type: ignore[assignment]  # as before the first request
        self.on_response_complete()
        return True

    def send_400_response(self, msg: str) -> None:
        """Say in our words that this is not HTTP."""
        del msg
        self._refuse(ProblemDetails("invalid-http", "it can't be parsed"))

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._writing = self.loop.call_later(self.limits.write_seconds, self._not_taken)

    def _not_taken(self) -> None:
        self._writing = self.loop.call_later(_LAST_LOOK, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        super().resume_writing()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def timeout_keep_alive_handler(self) -> None:
        """Nobody asks any more: close, unless something was received while the loop was busy."""
        close = super().timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(_LAST_LOOK, close)

    def shutdown(self) -> None:
        """Answer what is under way or just coming, then close."""
        if self._idle:
            self.loop.call_later(_LINGER, self._close_soon)
        else:
            self.cycle.keep_alive = False

    def _close_soon(self) -> None:
        self.loop.call_later(_LAST_LOOK, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._idle:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _set_timer(self, seconds: float) -> None:
        self._clear_timer()
        self._timer = self.loop.call_later(seconds, self._late)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = self.loop.call_later(_LAST_LOOK, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        if self._idle and not self._in_head:
            self.transport.close()  # it was answered at the door; its body alone is late
            return
        part = "head" if self._in_head else "body"
        self._refuse(ProblemDetails("slow-client", f"the request's {part} came too slowly"))

    def _refuse(self, problem: ProblemDetails) -> None:
        """Answer without the app, unless it has begun to, and close."""
        if self.transport.is_closing():
            return
        if self._idle or not self.cycle.response_started:
            problem.headers["connection"] = "close"
            self.transport.write(written(problem, (), self.porter.next_id()))
        self.transport.close()


def protocol_with(limits: ServiceLimits, porter: Admission) -> type[GuardedProtocol]:
    """The protocol with these limits and that porter."""
    return type("Protocol", (GuardedProtocol,), {"limits": limits, "porter": porter})
