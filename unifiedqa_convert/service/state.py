"""The state of a running service: its models' queues, metrics and API keys, and its shutdown."""

import asyncio
import errno
import hmac
import shlex
import stat
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
from unifiedqa_convert.printing import say
from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.service.config import Config
from unifiedqa_convert.service.models.process import ModelProcess
from unifiedqa_convert.service.models.queue import Batcher, estimated_tokens
from unifiedqa_convert.service.monitoring import Metrics, log
from unifiedqa_convert.service.problems import ProblemDetails
from unifiedqa_convert.storage import read_small

MIN_KEY_CHARACTERS = 16
_KEY_FILE_BYTES = 2**20


class Keys:
    """The API keys of one file, one a line, ``#`` begins a comment; read again when it changes.

    Only digests are kept. All of them are compared in constant time, so that the time of an answer
    reveals nothing about a key.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError if it can't be read or has no key that is long enough.

        Warns if other users of the machine can read it.
        """
        self._path = path
        self._version: tuple[int, ...] = ()
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
        mode = path.stat().st_mode
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            say(
                f"uqa: warning: --api-key-file {path} can be read by other users of this machine "
                f"(mode {stat.S_IMODE(mode):04o}): chmod 600 {shlex.quote(str(path))}"
            )

    def accept(self, key: bytes) -> bool:
        """Whether the key is in the file now; False if it can't be read, until it changes."""
        try:
            self._refresh()
        except OSError as error:
            self._digests = ()
            log.error("no key is accepted: --api-key-file can't be read", error=error.strerror)
        digest = sha256(key).digest()
        matches = [hmac.compare_digest(digest, own) for own in self._digests]
        return any(matches)

    def _refresh(self) -> None:
        """Read the file if it has changed; OSError if there is none to read.

        One that can't be read is tried, and told of, again only when it changes.
        """
        version: tuple[int, ...]
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
        except OSError as error:
            version = (error.errno or 0,)
            if version != self._version:
                self._version = version
                raise
            return
        if version != self._version:
            self._version = version
            self._digests = _key_digests(read_small(self._path, _KEY_FILE_BYTES))


def _key_digests(content: bytes) -> tuple[bytes, ...]:
    """The keys' digests; OSError if a key has characters that no header carries."""
    lines = [(number, line.strip()) for number, line in enumerate(content.split(b"\n"), 1)]
    keys = [(number, line) for number, line in lines if line and not line.startswith(b"#")]
    for number, key in keys:
        if not (key.isascii() and key.decode("ascii").isprintable()):
            raise OSError(
                errno.EINVAL,
                f"line {number} is not ASCII: write it without accents or "
                "a byte order mark, not as UTF-16",
            )
    return tuple(sha256(key).digest() for _, key in keys if len(key) >= MIN_KEY_CHARACTERS)


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
    if config.question_converter.startswith("openai:"):
        # Its server is given up before the batch is: the process is not replaced for that.
        options = replace(options, patience=config.limits.hang / 2)
    text = orjson.dumps(asdict(options)).decode()
    return ModelProcess.of("declare", config.question_converter, text)
