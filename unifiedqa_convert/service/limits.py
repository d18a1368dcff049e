"""How much the service takes on: every bound it has, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
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
