"""What `/metrics` tells. A registry per service, so that two in one process don't mix."""

import platform
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TOKENS = (64, 256, 1024, 4096, 8192, 16384, 32768)


class Meters:
    """Counters, gauges and histograms; labels hold names of ours only, never a client's text."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        model = ("model",)
        self.requests = Counter(
            "uqa_requests", "Requests answered.", ("route", "code", "reason"), registry=registry
        )
        self.seconds = Histogram(
            "uqa_request_seconds",
            "From a request's head to its answer.",
            ("route",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.queue_items = Gauge(
            "uqa_queue_items", "Items that wait for the model.", model, registry=registry
        )
        self.queue_tokens = Gauge(
            "uqa_queue_tokens", "Their estimated tokens.", model, registry=registry
        )
        self.queue_seconds = Histogram(
            "uqa_queue_seconds",
            "How long an item waited.",
            model,
            registry=registry,
            buckets=_SECONDS,
        )
        self.batch_tokens = Histogram(
            "uqa_batch_tokens",
            "Tokens of a batch, with padding.",
            model,
            registry=registry,
            buckets=_TOKENS,
        )
        self.batch_items = Counter(
            "uqa_batch_items", "Items that reached the model.", model, registry=registry
        )
        self.inference_seconds = Histogram(
            "uqa_inference_seconds",
            "How long the model took for a batch.",
            model,
            registry=registry,
            buckets=_SECONDS,
        )
        self.shared = Counter(
            "uqa_shared_items",
            "Items answered with an equal one's answer.",
            model,
            registry=registry,
        )
        self.cancelled = Counter(
            "uqa_cancelled_items",
            "Items dropped because their client left or gave up.",
            model,
            registry=registry,
        )
        self.failures = Counter(
            "uqa_batch_failures",
            "Batches without answers.",
            registry=registry,
            labelnames=("model", "kind"),
        )
        build = Info("uqa_build", "What is running.", registry=registry)
        build.info({"version": version("unifiedqa-convert"), "python": platform.python_version()})

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
