"""What `/metrics` tells. A registry per service, so that two in one process don't mix."""

import json
import logging
import platform
import sys
import time
import traceback
from importlib.metadata import version
from typing import Any, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

# One JSON line per event on stderr. Names, numbers and places in the code; never a text or a
# key. An exception's message may quote what a client sent, so only its type and its frames are
# told.

LOGGER = "unifiedqa_convert.service"


class JsonLines(logging.Formatter):
    """A record as one JSON object; ``event`` and what came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps(line, ensure_ascii=True)


def set_up(quiet: bool) -> None:
    """Send the service's events, and uvicorn's errors, to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (LOGGER, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING if quiet or name != LOGGER else logging.INFO)


def tell(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write one event."""
    logging.getLogger(LOGGER).log(level, event, extra={"facts": facts})


def tell_bug(error: BaseException, **facts: Any) -> None:
    """Write where an exception came from, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    tell("bug", level=logging.ERROR, error=type(error).__name__, frames=where, **facts)


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TOKENS = (64, 256, 1024, 4096, 8192, 16384, 32768)


class ModelMeters(NamedTuple):
    """What is measured at one model's queue; see ``Meters``."""

    queue_items: Gauge
    queue_tokens: Gauge
    queue_seconds: Histogram
    batch_tokens: Histogram
    batch_items: Counter
    inference_seconds: Histogram
    shared: Counter
    cancelled: Counter


class Meters:
    """Counters, gauges and histograms; labels hold names of ours only, never a client's text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests answered.", "route", "code", "reason")
        self.seconds = self._histogram(
            "request_seconds", "From a request's head to its answer.", _SECONDS, "route"
        )
        self.queue_items = self._gauge("queue_items", "Items that wait for the model.")
        self.queue_tokens = self._gauge("queue_tokens", "Their estimated tokens.")
        self.queue_seconds = self._histogram(
            "queue_seconds", "How long the oldest item of a batch had waited.", _SECONDS
        )
        self.batch_tokens = self._histogram(
            "batch_tokens", "Tokens of a batch, padding included.", _TOKENS
        )
        self.batch_items = self._counter("batch_items", "Items that reached the model.")
        self.inference_seconds = self._histogram(
            "inference_seconds", "How long the model took for a batch.", _SECONDS
        )
        self.shared = self._counter("shared_items", "Items answered with an equal one's answer.")
        self.cancelled = self._counter(
            "cancelled_items", "Items dropped because their clients left or gave up."
        )
        self.failures = self._counter("batch_failures", "Batches without answers.", "model", "kind")
        build = Info("uqa_build", "What is running.", registry=self.registry)
        build.info({"version": version("unifiedqa-convert"), "python": platform.python_version()})

    def of(self, model: str) -> "ModelMeters":
        """The meters of one model, looked up once: a batch has many items."""
        return ModelMeters(
            self.queue_items.labels(model),
            self.queue_tokens.labels(model),
            self.queue_seconds.labels(model),
            self.batch_tokens.labels(model),
            self.batch_items.labels(model),
            self.inference_seconds.labels(model),
            self.shared.labels(model),
            self.cancelled.labels(model),
        )

    def count(self, route: str, status: int, reason: str, began: float) -> float:
        """Count a request that began then (``time.perf_counter``); how many seconds it took."""
        seconds = time.perf_counter() - began
        self.requests.labels(route, status, reason).inc()
        self.seconds.labels(route).observe(seconds)
        return seconds

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"uqa_{name}", about, labels or ("model",), registry=self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"uqa_{name}", about, ("model",), registry=self.registry)

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], label: str = "model"
    ) -> Histogram:
        return Histogram(f"uqa_{name}", about, (label,), registry=self.registry, buckets=buckets)
