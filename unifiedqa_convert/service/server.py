"""Opening the door, and closing it so that nobody who came in is lost.

On SIGTERM or SIGINT: readiness says 503 and every answer closes its connection; a moment later no
new connection is taken; what was taken is answered; exit 0. A second signal ends it at once.
"""

import asyncio
import contextlib
import ctypes
import gc
import json
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Generator, Iterator

import uvicorn

from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.service.admission import Admission
from unifiedqa_convert.service.app import build
from unifiedqa_convert.service.config import Config
from unifiedqa_convert.service.connections import protocol_with
from unifiedqa_convert.service.models.process import ModelProcess
from unifiedqa_convert.service.monitoring import set_up, tell
from unifiedqa_convert.service.state import Service

# Closing the door on nobody: what the kernel does with connections while we stop taking them.
# It completes connections by itself and resets those that nobody has accepted when the door
# closes. Their clients were let in, as far as they know, and have sent a request.

_SO_ATTACH_FILTER = 26
_NO_SYN = (
    (0x30, 0, 0, 13),  # load the TCP header's flags
    (0x45, 0, 1, 0x02),  # SYN: go on, otherwise skip one
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFF),  # keep it
)
"""A classic BPF program (linux/filter.h): whoever would begin a connection hears nothing, tries
again after a second, and is refused by then. Connections that have begun go on."""


def drop_new_connections(door: socket.socket) -> None:
    """Have the kernel begin no further connection; elsewhere than on Linux it still does."""
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _NO_SYN))
    given = struct.pack("HP", len(_NO_SYN), ctypes.addressof(program))
    with contextlib.suppress(OSError):  # a sandbox that has no such filters
        door.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, given)


def waiting(door: socket.socket) -> Iterator[socket.socket]:
    """Connections that the kernel has made and nobody has accepted yet."""
    with contextlib.suppress(OSError):  # none is left
        while True:
            one, _ = door.accept()
            one.setblocking(False)
            yield one


_GARBAGE = (50_000, 20, 50)
"""New objects until the youngest are searched for garbage, how often that until the middle ones
are, and how often those until all are."""
_HANDSHAKE = 0.1
"""Seconds that a connection may take which has begun when nobody new is let in."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    config: Config,
    as_json: bool = False,
    quiet: bool = False,
    declare: list[ModelProcess] | None = None,
) -> None:
    """Serve until a signal comes; print the address once the models are loaded.

    UqaError where a model is unfit.

    ``declare``: processes of a question converter, instead of those that ``config`` names.
    """
    set_up(quiet)
    _allow_files(config.limits.connections)
    service = Service(config, declare)
    door = _listen(config)
    address = _address(config, door)
    tell("loading", url=address)
    _run(service, door, json.dumps({"url": address}) if as_json else address)
    if service.fatal is not None:
        raise service.fatal


def _run(service: Service, door: socket.socket, address: str) -> None:
    limits = service.limits
    porter = Admission(service)
    settings = uvicorn.Config(
        build(service, porter),
        http=protocol_with(limits, porter),
        loop="auto",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2_048,
        timeout_keep_alive=15,  # clients' pools keep a connection for 5 s: they shall close first
        timeout_graceful_shutdown=int(limits.grace),
    )
    _Server(settings, service, door, address).run(sockets=[door])


class _Server(uvicorn.Server):
    """uvicorn's server with a drain before its shutdown."""

    def __init__(
        self, config: uvicorn.Config, service: Service, door: socket.socket, address: str
    ) -> None:
        super().__init__(config)
        self._address: str | None = address
        self._service = service
        self._door = door
        self._draining: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals in the loop; uvicorn's own would end the process by the signal."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what is loaded by then stays, and need not be searched for garbage again.

        A full queue is some hundred thousand objects, none of them garbage: a search of them, more
        than once a second by default, would hold up the loop for 60 ms each time.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: say once that all is loaded; stop where a model can't be."""
        if self._address is not None and self._service.unready() is None:
            print(self._address, flush=True)
            self._address = None
        return self._service.fatal is not None or await super().on_tick(counter)

    def _on_signal(self) -> None:
        if self._draining is not None:
            tell("stopping at once")
            self.force_exit = self.should_exit = True
            return
        self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        tell("draining")
        self._service.draining = True
        await asyncio.sleep(self._service.limits.notice)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in who waits at the door, close it, answer everybody."""
        drop_new_connections(self._door)
        await asyncio.sleep(_HANDSHAKE)
        last = list(waiting(self._door))
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for one in last:
            await loop.connect_accepted_socket(self._protocol, one)
        await super().shutdown(sockets)
        tell("stopped")

    def _protocol(self) -> asyncio.Protocol:
        made: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return made(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


def _listen(config: Config) -> socket.socket:
    """An open socket; UqaError where the address can't be had."""
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(found[0], socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(found[4])
    except OSError as error:
        raise UqaError(
            f"can't listen on {config.host}:{config.port}: {error.strerror}; choose another with "
            "--host and --port (0: any that is free)"
        ) from None
    door.listen(2_048)
    door.setblocking(False)
    return door


def _address(config: Config, door: socket.socket) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{door.getsockname()[1]}"


def _allow_files(connections: int) -> None:
    """Each connection is an open file; say where there can't be as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if soft < wanted:
        able = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (able, hard))
        if able < wanted:
            print(f"uqa: only {able} open files are allowed here", file=sys.stderr)
