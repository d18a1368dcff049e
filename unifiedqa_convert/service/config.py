"""How a service is set up, and what it refuses to be."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from unifiedqa_convert.declare.options import Options
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.service.limits import Limits


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
    limits: Limits = field(default_factory=Limits)

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


def server() -> Callable[[Config, bool, bool], None]:
    """The function that serves; UsageError where the extra ``serve`` is not installed."""
    try:
        from unifiedqa_convert.service.server import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"uqa serve needs {error.name}: pip install 'unifiedqa-convert[serve]'"
        ) from None
    return serve
