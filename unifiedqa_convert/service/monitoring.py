"""Logs and metrics of the service."""

import logging
import platform
import sys
import time
import traceback
from importlib.metadata import version
from typing import Any, NamedTuple

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from structlog.typing import EventDict, FilteringBoundLogger

log: FilteringBoundLogger = structlog.get_logger()
"""One JSON line per event on stderr, never with a client's text or key in it."""


def configure_logging(quiet: bool) -> None:
    """Write the service's events, and uvicorn's warnings, to stderr as JSON lines."""
    level = logging.WARNING if quiet else logging.INFO
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="time"),
            _time_level_event_first,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.handlers, uvicorn.propagate = [_UvicornHandler(logging.WARNING)], False


def log_bug(error: BaseException, **fields: Any) -> None:
    """Log where an exception was raised; not its message, which may quote a client's text."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("bug", error=type(error).__name__, frames=places, **fields)


def _time_level_event_first(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: event.pop(key) for key in ("time", "level", "event")} | dict(event)


class _UvicornHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, record.getMessage())


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TOKENS = (64, 256, 1024, 4096, 8192, 16384, 32768)


class ModelMetrics(NamedTuple):
    """The metrics of one model's queue; see ``Metrics``."""

    queue_items: Gauge
    queue_tokens: Gauge
    queue_seconds: Histogram
    batch_tokens: Histogram
    batch_items: Counter
    inference_seconds: Histogram
    shared: Counter
    cancelled: Counter


class Metrics:
    """The metrics of one service, in their own registry; labels never have a client's text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests answered.", "route", "code", "reason")
        self.seconds = self._histogram(
            "request_seconds", "Seconds from a request's head to its answer.", _SECONDS, "route"
        )
        self.queue_items = self._gauge("queue_items", "Items in the queue.")
        self.queue_tokens = self._gauge(
            "queue_tokens", "Estimated tokens of the items in the queue."
        )
        self.queue_seconds = self._histogram(
            "queue_seconds", "Seconds that the oldest item of a batch has waited.", _SECONDS
        )
        self.batch_tokens = self._histogram(
            "batch_tokens", "Tokens of a batch, padding included.", _TOKENS
        )
        self.batch_items = self._counter("batch_items", "Items sent to the model.")
        self.inference_seconds = self._histogram(
            "inference_seconds", "Seconds that the model took for a batch.", _SECONDS
        )
        self.shared = self._counter(
            "shared_items", "Items not sent because an equal one was in the queue."
        )
        self.cancelled = self._counter(
            "cancelled_items", "Items dropped because their clients disconnected or timed out."
        )
        self.failures = self._counter("batch_failures", "Batches that failed.", "model", "kind")
        build = Info("uqa_build", "Versions of the service.", registry=self.registry)
        build.info({"version": version("unifiedqa-convert"), "python": platform.python_version()})

    def of(self, model: str) -> "ModelMetrics":
        """The metrics of one model; looked up once, since each lookup by label takes time."""
        return ModelMetrics(
            self.queue_items.labels(model),
            self.queue_tokens.labels(model),
            self.queue_seconds.labels(model),
            self.batch_tokens.labels(model),
            self.batch_items.labels(model),
            self.inference_seconds.labels(model),
            self.shared.labels(model),
            self.cancelled.labels(model),
        )

    def count(self, route: str, status: int, reason: str, started: float) -> float:
        """Count a request that started at ``started`` (perf_counter); return its seconds."""
        seconds = time.perf_counter() - started
        self.requests.labels(route, status, reason).inc()
        self.seconds.labels(route).observe(seconds)
        return seconds

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"uqa_{name}", about, labels or ("model",), registry=self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"uqa_{name}", about, ("model",), registry=self.registry)

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], label: str = "model"
    ) -> Histogram:
        return Histogram(f"uqa_{name}", about, (label,), registry=self.registry, buckets=buckets)
