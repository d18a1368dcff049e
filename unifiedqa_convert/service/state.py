"""What a running service holds: its models' queues, its meters, and whether it is going down."""

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
from unifiedqa_convert.service.models.queue import Batcher, tokens
from unifiedqa_convert.service.monitoring import Meters
from unifiedqa_convert.service.problems import ProblemDetails

# The keys a client may come with: a file that is read again whenever it changes. Only digests
# are kept, and all of them are compared, in constant time.

SHORTEST = 16


class Keys:
    """The keys of one file: one a line, ``#`` begins a comment."""

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError where it can't be, or holds no key or too short a one."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._digests: tuple[bytes, ...] = ()
        try:
            self._refresh()
        except OSError as error:
            raise UsageError(f"--api-key-file {path}: {error.strerror}") from None
        if not self._digests:
            raise UsageError(
                f"--api-key-file {path} holds no key of {SHORTEST} characters or more, one a line; "
                "make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )

    def accept(self, key: bytes) -> bool:
        """Whether it is one of the keys in the file as it stands now; a lost file has none."""
        try:
            self._refresh()
        except OSError:
            self._digests, self._seen = (), None
        digest = sha256(key).digest()
        found = [hmac.compare_digest(digest, own) for own in self._digests]
        return any(found)

    def _refresh(self) -> None:
        stat = self._path.stat()
        now = stat.st_mtime_ns, stat.st_ino, stat.st_size
        if now == self._seen:
            return
        lines = self._path.read_bytes().split(b"\n")
        keys = [line.strip() for line in lines if not line.lstrip().startswith(b"#")]
        self._digests = tuple(sha256(key).digest() for key in keys if len(key) >= SHORTEST)
        self._seen = now


_Made = TypeVar("_Made")


class Service:
    """One service; the app's handlers and its server share it."""

    def __init__(self, config: Config, declare: list[ModelProcess] | None = None) -> None:
        """``declare``: processes to use instead of those that the configuration names."""
        self.config = config
        self.limits = limits = config.limits
        self.meters = Meters()
        self.keys = Keys(config.api_key_file) if config.api_key_file else None
        if declare is None:
            declare = [_declaring(config, k) for k in range(config.workers)]
        self.declarer: Batcher[Ask] = Batcher(
            "question converter", declare, lambda ask: tokens(*ask), limits, self.meters
        )
        self._scorer: Batcher[str] | None = None
        if config.vera is not None:
            score = ModelProcess.of("score", str(config.vera))
            self._scorer = Batcher("vera", [score], tokens, limits, self.meters)
        self._beside = anyio.CapacityLimiter(1)
        self.draining = False
        self.fatal: UqaError | None = None

    @property
    def batchers(self) -> list[Batcher[Ask] | Batcher[str]]:
        """The queue of each model."""
        return [self.declarer, *([self._scorer] if self._scorer else [])]

    @property
    def scorer(self) -> Batcher[str]:
        """Vera's queue; a 404 Problem where the service has no Vera."""
        if self._scorer is None:
            raise ProblemDetails("no-model", "this service was started without --vera MODEL")
        return self._scorer

    @property
    def has_scorer(self) -> bool:
        """Whether there is a Vera model."""
        return self._scorer is not None

    async def start(self) -> None:
        """Load the models; what is wrong with one is kept in ``fatal``."""
        looking = asyncio.to_thread(catalogue)  # so that no client waits for ninety imports
        try:
            await asyncio.gather(looking, *(batcher.start() for batcher in self.batchers))
        except UqaError as error:
            self.fatal = error

    async def stop(self) -> None:
        """End the models' processes."""
        await asyncio.gather(*(batcher.stop() for batcher in self.batchers))

    async def run_in_thread(self, function: Callable[..., _Made], *arguments: object) -> _Made:
        """Run what takes long beside the loop, one thing at a time."""
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self._beside)

    def unready(self) -> str | None:
        """Why no client should come here now; None where they may."""
        if self.draining:
            return "the service is going down"
        waiting = [batcher.name for batcher in self.batchers if not batcher.ready]
        return f"{' and '.join(waiting)}: being loaded" if waiting else None


def _declaring(config: Config, worker: int) -> ModelProcess:
    """Process number ``worker`` of the question converter; with several GPUs, on its own."""
    options = replace(config.options, turn=(worker, config.workers))
    text = orjson.dumps(asdict(options)).decode()
    return ModelProcess.of("declare", config.question_converter, text)
