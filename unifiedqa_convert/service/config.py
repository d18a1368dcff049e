"""How a service is set up, and what it refuses to be."""

import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.question_converters.base import Options

# How much the service takes on: every bound it has, in one place.


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """Bounds on one request, one connection, the queue and a batch. Seconds, bytes, counts.

    A token is estimated as four bytes of UTF-8 (``tokens.py``): the service's own process holds no
    tokenizer.
    """

    body_bytes: int = 2 * 2**20
    items: int = 256
    """Of one request: rows, asks, examples, records or statements."""
    characters: int = 20_000
    """Of one text that is asked, scored, encoded or parsed."""
    deadline: float = 30.0
    """From a request's arrival in the queue to its answer; 504 afterwards."""

    queue_items: int = 4_096
    queue_tokens: int = 262_144
    queue_seconds: float = 5.0
    """The longest expected wait: what is queued, at the rate measured so far. 429 beyond it."""
    batch_items: int = 512
    batch_tokens: int = 16_384
    """Of one batch, padding included: its items times its longest."""
    batch_seconds: float = 2.0
    """No batch is made larger than what takes about so long, at the speed measured so far."""
    hang: float = 20.0
    """The longest that a batch may take."""
    hang_least: float = 2.0
    """A batch whose usual time is known may take 20 times as long, and at least this."""

    header_seconds: float = 8.0
    body_seconds: float = 20.0
    write_seconds: float = 20.0
    """How long a client may take to send its request's head, its body, and to take an answer."""
    header_bytes: int = 32 * 2**10
    connections: int = 2_048
    held_bytes: int = 64 * 2**20
    """Of all bodies that are being received together."""

    notice: float = 1.0
    """On SIGTERM: how long readiness says 503 while requests are still taken."""
    grace: float = 35.0
    """After that: how long requests that were taken may go on."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What `uqa serve` was told."""

    host: str = "127.0.0.1"
    port: int = 8017
    """0: any that is free."""
    question_converter: str = "rules"
    options: Options = field(default_factory=Options)
    """Of the question converter."""
    vera: Path | None = None
    workers: int = 1
    """Processes of the question converter."""
    api_key_file: Path | None = None
    insecure: bool = False
    allowed_hosts: tuple[str, ...] = ()
    limits: ServiceLimits = field(default_factory=ServiceLimits)

    def __post_init__(self) -> None:
        """UsageError for an open door, or for a converter that is another service."""
        if not (is_loopback(self.host) or self.api_key_file or self.insecure):
            raise UsageError(
                f"--host {self.host} lets others in: give --api-key-file FILE, or --insecure if "
                "everybody who can reach this machine may use it"
            )
        if self.question_converter == "none":
            raise UsageError("--question-converter none leaves nothing to serve; try rules")
        if self.question_converter.startswith(("http://", "https://")):
            raise UsageError("--question-converter of a service can't be another service")

    def answers_to(self, host: str) -> bool:
        """Whether a request's Host header names this service.

        A page elsewhere can make its own name point here (DNS rebinding), but it can't make a
        number or ``localhost`` its name; every other name must have been allowed.
        """
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").rstrip(".").lower()
        if name in ("localhost", self.host.lower(), *map(str.lower, self.allowed_hosts)):
            return True
        return is_address(name) or (not is_loopback(self.host) and name == _own_name())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether it is a number, IPv4 or IPv6."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _own_name() -> str:
    return socket.gethostname().lower()
