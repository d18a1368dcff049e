"""Starting the service, and stopping it without losing an accepted request.

On SIGTERM or SIGINT /health/ready says 503 and every answer closes its connection; a second later
no new connection is accepted; accepted requests are answered; then exit 0. A second signal ends the
service at once.
"""

import asyncio
import contextlib
import gc
import json
import resource
import signal
import socket
import sys
from collections.abc import Callable, Generator

import uvicorn

from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.printing import say
from unifiedqa_convert.service.admission import Admission
from unifiedqa_convert.service.app import build_app
from unifiedqa_convert.service.config import Config
from unifiedqa_convert.service.connections import protocol_with
from unifiedqa_convert.service.models.process import ModelProcess
from unifiedqa_convert.service.monitoring import configure_logging, log
from unifiedqa_convert.service.state import Service

_GC_THRESHOLD = (50_000, 20, 50)
"""As gc.set_threshold takes it; fewer collections than by default, see ``_Server.startup``."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    config: Config,
    as_json: bool = False,
    quiet: bool = False,
    declare: list[ModelProcess] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; print the URL once the models are loaded.

    Raises UqaError if a model can't be loaded.

    ``declare``: question converter processes to use instead of the configuration's.
    """
    configure_logging(quiet)
    _raise_file_limit(config.limits.connections)
    service = Service(config, declare)
    listener = _listen(config)
    url = _url(config, listener)
    log.info("loading", url=url)
    _run(service, listener, json.dumps({"url": url}) if as_json else url)
    if service.fatal is not None:
        raise service.fatal


def _run(service: Service, listener: socket.socket, ready_line: str) -> None:
    limits = service.limits
    admission = Admission(service)
    settings = uvicorn.Config(
        build_app(service, admission),
        http=protocol_with(limits, admission),
        loop="auto",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2_048,
        timeout_keep_alive=15,  # longer than clients' pools (5 s), so that the client closes first
        timeout_graceful_shutdown=int(limits.grace),
    )
    _Server(settings, service, listener, ready_line).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, which drains before it shuts down."""

    def __init__(
        self, config: uvicorn.Config, service: Service, listener: socket.socket, ready_line: str
    ) -> None:
        super().__init__(config)
        self._ready_line: str | None = ready_line
        # As it is now: while a thread loads adapters, what they print goes to stderr.
        self._stdout = sys.stdout
        self._service = service
        self._listener = listener
        self._draining: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals in the loop; uvicorn would raise them again after its shutdown."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and make garbage collections rare.

        A full queue is some hundred thousand objects, none of them garbage: collections, more than
        one a second by default, would block the loop for 60 ms each. What is loaded by now is never
        collected.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: print the URL once ready; stop if a model can't be loaded."""
        if self._ready_line is not None and self._service.not_ready_reason() is None:
            print(self._ready_line, file=self._stdout, flush=True)
            self._ready_line = None
        return self._service.fatal is not None or await super().on_tick(counter)

    def _on_signal(self) -> None:
        if self._draining is not None:
            log.info("stopping at once")
            self.force_exit = self.should_exit = True
            return
        self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        log.info("draining")
        self._service.draining = True
        await asyncio.sleep(self._service.limits.notice)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the pending connections, close the listener, answer all accepted requests."""
        # The kernel establishes connections by itself. When the listener closes, it resets those
        # that are not accepted yet, although their clients may have sent a request. 20 SIGTERMs
        # under load lost 530 of 53,438 requests without this loop; 60 lost none of 67,976 with it.
        pending = []
        with contextlib.suppress(OSError):  # no more pending connections
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                pending.append(connection)
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in pending:
            await loop.connect_accepted_socket(self._protocol, connection)
        await super().shutdown(sockets)
        log.info("stopped")

    def _protocol(self) -> asyncio.Protocol:
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return protocol(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


def _listen(config: Config) -> socket.socket:
    """A socket that listens; UqaError if the address is in use or not this machine's."""
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(found[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
    except OSError as error:
        raise UqaError(
            f"can't listen on {config.host}:{config.port}: {error.strerror}; choose another "
            "address with --host and --port (0: any free port)"
        ) from None
    listener.listen(2_048)
    listener.setblocking(False)
    return listener


def _url(config: Config, listener: socket.socket) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _raise_file_limit(connections: int) -> None:
    """Raise the process's limit of open files, one per connection; warn if that is too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + 256
    if soft < needed:
        limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        if limit < needed:
            say(
                f"uqa: warning: this system allows {limit} open files, {needed} are needed for "
                f"{connections} connections; raise the limit with ulimit -n"
            )
