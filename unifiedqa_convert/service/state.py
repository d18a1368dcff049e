"""The state of a running service: its models' queues, metrics and API keys, and its shutdown."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import orjson

from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.errors import UqaError, UsageError
from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.service.config import Config
from unifiedqa_convert.service.models.process import ModelProcess
from unifiedqa_convert.service.models.queue import Batcher, estimated_tokens
from unifiedqa_convert.service.monitoring import Metrics
from unifiedqa_convert.service.problems import ProblemDetails

MIN_KEY_CHARACTERS = 16


class Keys:
    """The API keys of one file, one a line, ``#`` begins a comment; read again when it changes.

    Only digests are kept. All of them are compared in constant time, so that the time of an answer
    reveals nothing about a key.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError if it can't be read or has no key that is long enough."""
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._digests: tuple[bytes, ...] = ()
        try:
            self._refresh()
        except OSError as error:
            raise UsageError(
                f"--api-key-file {path} can't be read, give another file: {error.strerror}"
            ) from None
        if not self._digests:
            raise UsageError(
                f"--api-key-file {path} has no key of {MIN_KEY_CHARACTERS} characters or more, "
                "one a line; make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )

    def accept(self, key: bytes) -> bool:
        """Whether the key is in the file now; False if the file is gone."""
        try:
            self._refresh()
        except OSError:
            self._digests, self._version = (), None
        digest = sha256(key).digest()
        matches = [hmac.compare_digest(digest, own) for own in self._digests]
        return any(matches)

    def _refresh(self) -> None:
        stat = self._path.stat()
        version = stat.st_mtime_ns, stat.st_ino, stat.st_size
        if version == self._version:
            return
        lines = self._path.read_bytes().split(b"\n")
        keys = [line.strip() for line in lines if not line.lstrip().startswith(b"#")]
        self._digests = tuple(
            sha256(key).digest() for key in keys if len(key) >= MIN_KEY_CHARACTERS
        )
        self._version = version


_Result = TypeVar("_Result")


class Service:
    """State shared by the request handlers and the server."""

    def __init__(self, config: Config, declare: list[ModelProcess] | None = None) -> None:
        """``declare``: question converter processes to use instead of the configuration's."""
        self.config = config
        self.limits = limits = config.limits
        self.metrics = Metrics()
        self.keys = Keys(config.api_key_file) if config.api_key_file else None
        if declare is None:
            declare = [_converter_process(config, k) for k in range(config.workers)]
        self.declarer: Batcher[Ask] = Batcher(
            "question converter", declare, lambda ask: estimated_tokens(*ask), limits, self.metrics
        )
        self._scorer: Batcher[str] | None = None
        if config.vera is not None:
            score = ModelProcess.of("score", str(config.vera))
            self._scorer = Batcher("vera", [score], estimated_tokens, limits, self.metrics)
        self._thread_limiter = anyio.CapacityLimiter(1)
        self.draining = False
        self.fatal: UqaError | None = None

    @property
    def batchers(self) -> list[Batcher[Ask] | Batcher[str]]:
        """The queue of each model."""
        return [self.declarer, *([self._scorer] if self._scorer else [])]

    @property
    def scorer(self) -> Batcher[str]:
        """Vera's queue; ProblemDetails (404) without --vera."""
        if self._scorer is None:
            raise ProblemDetails("no-model", "this service was started without --vera MODEL")
        return self._scorer

    @property
    def has_scorer(self) -> bool:
        """Whether the service was started with --vera."""
        return self._scorer is not None

    async def start(self) -> None:
        """Load the models; the error of one that can't be loaded goes to ``fatal``."""
        # Imports all adapters now, so that no request waits for it.
        adapters = asyncio.to_thread(catalogue)
        try:
            await asyncio.gather(adapters, *(batcher.start() for batcher in self.batchers))
        except UqaError as error:
            self.fatal = error

    async def stop(self) -> None:
        """End the models' processes."""
        await asyncio.gather(*(batcher.stop() for batcher in self.batchers))

    async def run_in_thread(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Run a long function in a thread, one at a time, so that the event loop stays free."""
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self._thread_limiter)

    def not_ready_reason(self) -> str | None:
        """Why /health/ready says 503; None if the service is ready."""
        if self.draining:
            return "the service is shutting down"
        loading = [batcher.name for batcher in self.batchers if not batcher.ready]
        return f"loading: {', '.join(loading)}" if loading else None


def _converter_process(config: Config, worker: int) -> ModelProcess:
    """Question converter process number ``worker``; with several GPUs each gets its own."""
    options = replace(config.options, turn=(worker, config.workers))
    text = orjson.dumps(asdict(options)).decode()
    return ModelProcess.of("declare", config.question_converter, text)
