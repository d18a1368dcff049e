"""One connection: uvicorn's HTTP protocol with the time-outs and limits that it lacks.

There is a time limit for a request's head, for its body, and for reading the answer. At shutdown
an idle connection stays open for a moment, since a request may be on its way.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from unifiedqa_convert.service.admission import Admission, http_response
from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.problems import ProblemDetails

_IDLE_SECONDS_AT_SHUTDOWN = 0.5
_READ_SECONDS = 0.002
"""Time for the event loop to read what has already arrived."""
_MAX_PIPELINED = 16
"""Requests that may wait on one connection while another is answered."""


class _Timeout:
    """Calls ``callback`` after ``seconds``, but not before the loop has read what has arrived.

    The loop runs due timers before it reads from its connections. If it was blocked for a while, a
    client's data may have arrived in time although it was not read yet.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> None:
        def read_first() -> None:
            self._handle = loop.call_later(_READ_SECONDS, callback)

        self._handle = loop.call_later(seconds, read_first)

    def cancel(self) -> None:
        self._handle.cancel()


class LimitedProtocol(HttpToolsProtocol):
    """Disconnects slow clients. A subclass, one per service, sets ``limits`` and ``admission``."""

    limits: ServiceLimits
    admission: Admission

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._reading: _Timeout | None = None
        self._writing: _Timeout | None = None
        self._head_bytes = 0  # of the head that is being received
        self._in_head = True
        self._complete = False  # whether the data received last ended a request
        self._refused = 0  # requests in the data received last that were refused early

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse a connection over the limit; start the time for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.connections:
            self._refuse(ProblemDetails("busy", "too many connections", retry_after=2))
            return
        self._set_read_timeout(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        self._clear_read_timeout()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Limit the size of the head."""
        if self._in_head:
            self._head_bytes += len(data)
        if self.transport.is_closing():
            return
        self._complete, self._refused = False, 0
        super().data_received(data)
        if self._reading is None and self._idle:
            if not self._complete:
                self._set_read_timeout(self.limits.header_seconds)  # blank lines before a request
            elif self.timeout_keep_alive_task is None:
                self._keep_alive()  # it was answered before its body had arrived
        if self._in_head and self._head_bytes > self.limits.header_bytes:
            self._refuse(
                ProblemDetails("head-too-large", f"more than {self.limits.header_bytes} bytes")
            )

    def on_message_begin(self) -> None:
        """Start the time for the head."""
        super().on_message_begin()
        self._in_head = True
        if self._reading is None:
            self._set_read_timeout(self.limits.header_seconds)

    def on_headers_complete(self) -> None:
        """Start the time for the body; refuse the request if its queue is full."""
        if len(self.pipeline) >= _MAX_PIPELINED:
            # uvicorn reads on after each answer, so a flood of requests would fill the memory.
            self.transport.abort()
            raise ConnectionAbortedError("too many pipelined requests on one connection")
        self._in_head, self._head_bytes = False, 0
        self._set_read_timeout(self.limits.body_seconds)
        if not self._refused_early():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body; that of a refused request is discarded."""
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._clear_read_timeout()
        self._complete = True
        if self.cycle is not None:
            super().on_message_complete()

    def _keep_alive(self) -> None:
        handler = self.timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, handler)

    def _refused_early(self) -> bool:
        """Answer a request whose queue is full, without the app; whether that was done."""
        plain = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        if not plain or self.expect_100_continue or not self._idle:
            return False
        if self.flow.write_paused or self._refused == _MAX_PIPELINED:
            return False  # then the app refuses it, with its own limits
        response = self.admission.refusal(self.parser.get_method(), self.url, self.headers)
        if response is None:
            return False
        self._refused += 1
        self.transport.write(response)
        self.cycle = None  # type: ignore[assignment]  # uvicorn's state before the first request
        self.on_response_complete()
        return True

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem document."""
        del msg
        self._refuse(ProblemDetails("invalid-http", "the request can't be parsed as HTTP"))

    def pause_writing(self) -> None:
        """Start the time for the client to read its answer."""
        super().pause_writing()
        self._writing = _Timeout(self.loop, self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        super().resume_writing()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, unless a request has arrived meanwhile; see ``_Timeout``."""
        close = super().timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(_READ_SECONDS, close)

    def shutdown(self) -> None:
        """Close after the request that is being answered, or after a moment if there is none."""
        if self._idle:
            _Timeout(self.loop, _IDLE_SECONDS_AT_SHUTDOWN, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _close_if_idle(self) -> None:
        if self._idle:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _set_read_timeout(self, seconds: float) -> None:
        self._clear_read_timeout()
        self._reading = _Timeout(self.loop, seconds, self._too_slow)

    def _clear_read_timeout(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _too_slow(self) -> None:
        self._reading = None
        if self._idle and not self._in_head:
            self.transport.close()  # it was refused early; only its body is late
            return
        part = "head" if self._in_head else "body"
        self._refuse(ProblemDetails("slow-client", f"the request's {part} took too long to arrive"))

    def _refuse(self, problem: ProblemDetails) -> None:
        """Answer without the app, unless it has started a response, and close."""
        if self.transport.is_closing():
            return
        if self._idle or not self.cycle.response_started:
            problem.headers["connection"] = "close"
            self.transport.write(http_response(problem, (), self.admission.next_id()))
        self.transport.close()


def protocol_with(limits: ServiceLimits, admission: Admission) -> type[LimitedProtocol]:
    """The protocol class of one service, as uvicorn takes it."""
    return type("Protocol", (LimitedProtocol,), {"limits": limits, "admission": admission})
