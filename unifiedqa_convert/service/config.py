"""Service configuration and its validation."""

import re
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import isfinite
from pathlib import Path

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.question_converters.base import Options

_HOST = re.compile(r"(\[(?P<ip>[^\[\]]+)\]|(?P<name>[^\[\]:]+))(:(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """All limits of the service: per request, connection, queue and batch.

    Times are in seconds. A token is estimated as four bytes of UTF-8 (``models/queue.py``): the
    server process has no tokenizer.
    """

    body_bytes: int = 2 * 2**20
    items: int = 256
    """Rows, questions, examples, records or statements of one request."""
    characters: int = 20_000
    """Of one text of a request."""
    deadline: float = 30.0
    """From when a request enters the queue to its answer; then 504."""

    queue_items: int = 4_096
    queue_tokens: int = 262_144
    queue_seconds: float = 5.0
    """Maximum expected wait, at the speed measured so far; then 429."""
    batch_items: int = 512
    batch_tokens: int = 16_384
    """Of one batch with padding: number of items times tokens of the longest."""
    batch_seconds: float = 2.0
    """Maximum expected time of one batch, at the speed measured so far."""
    hang: float = 20.0
    """Maximum time for one batch; then its model's process is replaced."""
    hang_min: float = 2.0
    """Once the model's speed is known, a batch may take 20 times its expected time, at least this
    and at most ``hang``."""

    header_seconds: float = 8.0
    body_seconds: float = 20.0
    write_seconds: float = 20.0
    """Time for a client to send the head, to send the body, and to read the answer."""
    header_bytes: int = 32 * 2**10
    connections: int = 2_048
    held_bytes: int = 64 * 2**20
    """Total size of all bodies that are being received."""

    notice: float = 1.0
    """After SIGTERM: how long /health/ready says 503 while requests are still accepted."""
    grace: float = 35.0
    """After that: time for accepted requests to finish."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The options of `uqa serve`."""

    host: str = "127.0.0.1"
    port: int = 8017
    """0: any free port."""
    question_converter: str = "rules"
    options: Options = field(default_factory=Options)
    """Options of the question converter."""
    vera: Path | None = None
    workers: int = 1
    """Number of question converter processes."""
    api_key_file: Path | None = None
    insecure: bool = False
    allowed_hosts: tuple[str, ...] = ()
    limits: ServiceLimits = field(default_factory=ServiceLimits)

    def __post_init__(self) -> None:
        """UsageError if others could connect without a key, or the converter can't be served."""
        if not (is_loopback(self.host) or self.api_key_file or self.insecure):
            raise UsageError(
                f"--host {self.host} accepts connections from other machines: give --api-key-file "
                "FILE, or --insecure to allow every client that can reach this machine"
            )
        for name in ("deadline", "hang"):
            if not isfinite(getattr(self.limits, name)):
                raise UsageError(f"--{name} takes a number of seconds")
        if self.question_converter == "none":
            raise UsageError("--question-converter none cannot be served; use rules or a model")
        if self.question_converter.startswith(("http://", "https://")):
            raise UsageError(
                "--question-converter URL cannot be served: a service cannot forward to another "
                "service; use rules or a model"
            )

    def answers_to(self, host: str) -> bool:
        """Whether a request's Host header names this service.

        Protects against DNS rebinding: another site can make its own host name resolve to this
        address, but not an IP address or ``localhost``. Other names need --allowed-host NAME, which
        allows every port (a proxy's may be another than ours), or --allowed-host NAME:PORT.
        """
        found = _HOST.fullmatch(host)
        if found is None or not 0 < int(found["port"] or 80) < 2**16:
            return False
        name = (found["ip"] or found["name"]).rstrip(".").lower()
        known = {"localhost", *map(str.lower, (self.host, *self.allowed_hosts))}
        if name in known or f"{name}:{found['port']}" in known:
            return True
        return is_address(name) or (not is_loopback(self.host) and name == _own_name())


def is_loopback(host: str) -> bool:
    """Whether the host is a loopback address or ``localhost``."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether the host is an IPv4 or IPv6 address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _own_name() -> str:
    return socket.gethostname().lower()
