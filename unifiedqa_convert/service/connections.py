"""One connection: uvicorn's HTTP protocol with the time-outs and limits that it lacks.

There is a time limit for a request's head, for its body, and for reading the answer. Every byte is
counted before anything is asked of the request: those of the head, of a chunk's extension and of
the trailers by ``header_bytes``, those of the whole request by ``_WIRE_FACTOR``. At shutdown an
idle connection stays open for a moment, since a request may be on its way.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from unifiedqa_convert.service.admission import Admission, check_head, http_response
from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.problems import ProblemDetails

_IDLE_SECONDS_AT_SHUTDOWN = 0.5
_READ_SECONDS = 0.002
"""Time for the event loop to read what has already arrived."""
_MAX_PIPELINED = 16
"""Requests that may wait on one connection while another is answered."""
_MAX_HEADERS = 100
"""Of one request: each takes some 200 bytes of memory, however short it is."""
_PART = 16 * 2**10
"""Bytes that are parsed before they are counted again."""
_WIRE_FACTOR = 8
"""A request may take this many times ``body_bytes``: chunks of one byte take six bytes each."""
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 4 * 2**20
"""How long, and how much, a refused client may go on sending; closed at once, it would not see the
answer."""


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
        self._unparsed = 0  # bytes since the last head, piece of a body, or request
        self._queued = 0  # bytes of the heads that wait while another request is answered
        self._request_bytes = 0
        self._in_head = True
        self._complete = False  # whether the data received last ended a request
        self._refused = 0  # requests in the data received last that were refused early
        self._closing = False  # whether the client was refused: what it still sends is discarded
        self._discarded = 0
        self._answer_last: ProblemDetails | None = None

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
        """Parse and count what arrived."""
        if self._closing:
            self._discarded += len(data)
            if self._discarded > _LINGER_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        self._complete, self._refused = False, 0
        for start in range(0, len(data), _PART):
            if self._closing or self.transport.is_closing():
                return
            part = data[start : start + _PART]
            self._unparsed += len(part)
            self._request_bytes += len(part)
            self._parse(part)
            self._check_counts()
        if self._reading is None and self._idle and not self._closing:
            if not self._complete:
                self._set_read_timeout(self.limits.header_seconds)  # blank lines before a request
            elif self.timeout_keep_alive_task is None:
                self._keep_alive()  # it was answered before its body had arrived

    def _parse(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below; refuse what is not HTTP."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                problem = error.__context__  # what one of the methods below raised
                if not isinstance(problem, ProblemDetails):
                    problem = ProblemDetails("invalid-http", "it can't be parsed as HTTP/1.1")
                self._refuse(problem)
                return
            else:
                return

    def _check_counts(self) -> None:
        limits = self.limits
        if self._unparsed > limits.header_bytes:
            self._refuse(ProblemDetails("head-too-large", f"more than {limits.header_bytes} bytes"))
        elif self._request_bytes > limits.header_bytes + _WIRE_FACTOR * limits.body_bytes:
            self._refuse(self.admission.too_large())

    def _head_without_upgrade(self) -> bytes:
        """The head for a new parser: the old one takes no body after an ``Upgrade`` header.

        The service has no other protocol, so the request is answered as if it had none.
        """
        version = self.parser.get_http_version().encode()
        line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        kept = [pair for pair in self.headers if pair[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        return line + b"".join(b"%s: %s\r\n" % pair for pair in kept) + b"\r\n"

    def on_message_begin(self) -> None:
        """Start the time for the head."""
        super().on_message_begin()
        self._in_head = True
        if self._reading is None:
            self._set_read_timeout(self.limits.header_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; a trailer has no meaning here and is dropped."""
        if not self._in_head:
            return
        if len(self.headers) == _MAX_HEADERS:
            raise ProblemDetails("head-too-large", f"more than {_MAX_HEADERS} headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the time for the body; refuse the request if its queue is full."""
        check_head(self.parser.get_http_version(), self.parser.get_method(), self.url, self.headers)
        if self.parser.should_upgrade():
            return
        self._queued = 0 if self._idle else self._queued + self._unparsed
        if len(self.pipeline) >= _MAX_PIPELINED or self._queued > self.limits.header_bytes:
            # uvicorn reads on after each answer, so a flood of requests would fill the memory.
            self.transport.abort()
            raise ConnectionAbortedError("too many pipelined requests on one connection")
        if not self._refused_early():
            super().on_headers_complete()
        self._in_head, self._unparsed = False, 0
        self._set_read_timeout(self.limits.body_seconds)

    def on_chunk_header(self) -> None:
        """A chunk begins, or the trailers."""
        self._unparsed = 0

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body; that of a refused request is discarded."""
        self._unparsed = 0
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._in_head:
            return  # ended by an upgrade, and parsed again without it
        self._clear_read_timeout()
        self._complete = self._in_head = True
        self._unparsed = self._request_bytes = 0
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
        part = "head" if self._in_head else "body"
        self._refuse(ProblemDetails("slow-client", f"the request's {part} took too long to arrive"))

    def _refuse(self, problem: ProblemDetails) -> None:
        """Answer without the app, after the requests before this one, and close."""
        if self._closing or self.transport.is_closing():
            return
        self._closing = True
        self._clear_read_timeout()
        if self.pipeline and not self._in_head:  # the body of the last of those that wait
            self.pipeline.popleft()
            self._in_head = True
        if self._in_head and not self._idle:
            self._answer_last = problem
        else:
            self._close_with(problem)

    def on_response_complete(self) -> None:
        """Begin the next request, or refuse the one that was refused meanwhile."""
        super().on_response_complete()
        idle = self.timeout_keep_alive_task is not None  # no other request is begun or waits
        if self._answer_last is not None and idle:
            self._unset_keepalive_if_required()
            self._close_with(self._answer_last)

    def _close_with(self, problem: ProblemDetails) -> None:
        """Answer, unless the app has begun to, and close."""
        if self._in_head or not (self.cycle is None or self.cycle.response_started):
            problem.headers["connection"] = "close"
            self.transport.write(http_response(problem, (), self.admission.next_id()))
        if self.cycle is not None:
            self.cycle.disconnected, self.cycle.waiting_for_100_continue = True, False
            self.cycle.message_event.set()
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def protocol_with(limits: ServiceLimits, admission: Admission) -> type[LimitedProtocol]:
    """The protocol class of one service, as uvicorn takes it."""
    return type("Protocol", (LimitedProtocol,), {"limits": limits, "admission": admission})
