"""What a running service holds: its models' queues, its meters, and whether it is going down."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeVar

import anyio
import anyio.to_thread
import orjson

from unifiedqa_convert.declare import Ask
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.registry import catalogue
from unifiedqa_convert.service.batcher import Batcher
from unifiedqa_convert.service.config import Config
from unifiedqa_convert.service.keys import Keys
from unifiedqa_convert.service.meters import Meters
from unifiedqa_convert.service.problems import Problem
from unifiedqa_convert.service.process import ModelProcess
from unifiedqa_convert.service.tokens import tokens

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
            raise Problem("no-model", "this service was started without --vera MODEL")
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

    async def aside(self, function: Callable[..., _Made], *arguments: object) -> _Made:
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
