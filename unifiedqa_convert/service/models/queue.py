"""The queue of one model: the items of many requests in common batches, oldest first.

Equal items are sent to the model once. An item whose clients have all disconnected is dropped. A
batch that fails is halved until the failing item is alone, so that only that item has no answer.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.models.process import Failure, Identity, ModelProcess
from unifiedqa_convert.service.monitoring import Metrics, log_bug
from unifiedqa_convert.service.problems import ProblemDetails

_BYTES_PER_TOKEN = 4
"""Of English text in T5's vocabulary, roughly."""
_HANG_FACTOR = 20.0
"""A batch that takes this many times its expected time counts as hung."""
_MIN_BATCHES = 3
"""Batches until the measured speed is used."""
_BODY_BYTES_PER_ITEM, _BODY_BYTES_PER_TOKEN = 90, 6
"""Estimates for a request's body that is not parsed yet."""
_SEND_AHEAD = 0.05
"""Seconds before a batch's expected end at which the next one is sent."""

_Item = TypeVar("_Item", bound=Hashable)


def estimated_tokens(*texts: str) -> int:
    """The estimated tokens of a prompt made of these texts; at least one."""
    return 1 + sum(len(text.encode()) for text in texts) // _BYTES_PER_TOKEN


@dataclass(eq=False)
class _QueueEntry(Generic[_Item]):
    item: _Item
    tokens: int
    arrived: float
    future: asyncio.Future[Any] = field(default_factory=asyncio.Future)
    requests: int = 0
    """Number of requests that wait for it."""


class Batcher(Generic[_Item]):
    """The queue of one model, and a task per process of the model that sends it batches."""

    def __init__(
        self,
        name: str,
        processes: Sequence[ModelProcess],
        tokens_of: Callable[[_Item], int],
        limits: ServiceLimits,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self._processes = tuple(processes)
        self._tokens_of = tokens_of
        self._limits = limits
        self._failures = metrics.failures
        self._metrics = metrics.of(name)
        self._queue: OrderedDict[_Item, _QueueEntry[_Item]] = OrderedDict()
        self._running: dict[_Item, _QueueEntry[_Item]] = {}
        self._tokens = 0
        self._reserved = 0  # bytes of the requests that were admitted but are not in the queue yet
        self._work = asyncio.Event()
        self._speed = 0.0  # tokens per second of one process
        self._batches = 0  # answered so far
        self._tasks: list[asyncio.Task[None]] = []
        self._running_batches: set[asyncio.Task[None]] = set()
        self._metrics.queue_items.set_function(lambda: len(self._queue))
        self._metrics.queue_tokens.set_function(lambda: self._tokens)

    async def start(self) -> None:
        """Load the model into each process; UqaError if it can't be."""
        await asyncio.gather(*(process.start() for process in self._processes))
        work = [work for p in self._processes for work in (self._send_batches(p), p.supervise())]
        self._tasks = list(map(asyncio.create_task, work))
        for task in self._tasks:
            task.add_done_callback(_log_unexpected_end)

    async def stop(self) -> None:
        """End the processes; pending requests are cancelled."""
        tasks = [*self._tasks, *self._running_batches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(process.kill() for process in self._processes))

    @property
    def identity(self) -> Identity:
        """The model's name and version; ProblemDetails (503) until it is loaded."""
        identity = self._processes[0].identity
        if identity is None:
            raise ProblemDetails("not-ready", f"loading: {self.name}", retry_after=2)
        return identity

    @property
    def ready(self) -> bool:
        """Whether at least one process can take a batch."""
        return any(process.ready for process in self._processes)

    @property
    def broken(self) -> bool:
        """Whether a task has ended, which is a bug: the queue is no longer emptied."""
        return any(task.done() for task in self._tasks)

    def check_capacity(self, size: int = 0) -> None:
        """ProblemDetails (429) if a body of ``size`` bytes, not parsed yet, does not fit."""
        busy = self._queue or self._reserved
        items = max(1, size // _BODY_BYTES_PER_ITEM)
        if busy and self._fill(items, size // _BODY_BYTES_PER_TOKEN) > 1:
            raise self._queue_full()

    def reserve(self, size: int) -> None:
        """Count a request of ``size`` bytes as queued until its items are; negative: undo that."""
        self._reserved += size

    async def answer(self, items: Sequence[_Item]) -> list[Any]:
        """The answers or Failures, in order; ProblemDetails if full or past the deadline."""
        _ = self.identity  # raises if the model is not loaded
        distinct = list(dict.fromkeys(items))
        new = {item: self._tokens_of(item) for item in distinct if self._find(item) is None}
        self._check_fit(len(new), sum(new.values()))
        self._metrics.shared.inc(len(items) - len(new))
        entries = [self._enqueue(item, new.get(item, 0)) for item in distinct]
        try:
            futures = [entry.future for entry in entries]
            _, pending = await asyncio.wait(futures, timeout=self._limits.deadline)
        finally:
            for entry in entries:
                self._withdraw(entry)
        if len(pending) == len(futures):
            raise ProblemDetails("late", f"no answer within {self._limits.deadline:g} s")
        answers = dict(zip(distinct, map(self._result, futures), strict=True))
        return [answers[item] for item in items]

    def _result(self, future: asyncio.Future[Any]) -> Any:
        if future.done():
            return future.result()
        return Failure("model-hung", f"no answer within {self._limits.deadline:g} s")

    def _find(self, item: _Item) -> _QueueEntry[_Item] | None:
        return self._queue.get(item) or self._running.get(item)

    def _check_fit(self, items: int, tokens: int) -> None:
        limits = self._limits
        if items > limits.queue_items or tokens > limits.queue_tokens:
            raise ProblemDetails(
                "invalid",
                f"{items} items with {tokens} tokens in one request, more than the queue's maximum;"
                " split the request",
            )
        if self._queue and self._fill(items, tokens) > 1:
            raise self._queue_full()

    def _fill(self, items: int, tokens: int) -> float:
        """How full the queue would be with these, 1 = full: the maximum over its three limits."""
        limits = self._limits
        items += self._reserved // _BODY_BYTES_PER_ITEM
        tokens += self._reserved // _BODY_BYTES_PER_TOKEN
        return max(
            (len(self._queue) + items) / limits.queue_items,
            (self._tokens + tokens) / limits.queue_tokens,
            self._wait(tokens) / limits.queue_seconds,
        )

    def _wait(self, tokens: int = 0) -> float:
        """Expected seconds until the queue and these tokens are done; 0 if unknown yet."""
        if self._batches < _MIN_BATCHES:
            return 0.0
        return (self._tokens + tokens) / (self._speed * len(self._processes))

    def _queue_full(self) -> ProblemDetails:
        wait = self._wait()
        return ProblemDetails(
            "queue-full", f"{len(self._queue)} items are waiting", retry_after=max(1.0, wait / 2)
        )

    def _enqueue(self, item: _Item, tokens: int) -> _QueueEntry[_Item]:
        entry = self._find(item)
        if entry is None:
            entry = _QueueEntry(item, tokens, time.monotonic())
            self._queue[item] = entry
            self._tokens += tokens
            self._work.set()
        entry.requests += 1
        return entry

    def _withdraw(self, entry: _QueueEntry[_Item]) -> None:
        entry.requests -= 1
        if entry.requests == 0 and self._queue.get(entry.item) is entry:
            del self._queue[entry.item]
            self._tokens -= entry.tokens
            self._metrics.cancelled.inc()

    async def _send_batches(self, process: ModelProcess) -> None:
        """Send one batch after the other to a process.

        While more than one batch waits, the next one is sent shortly before the model is done with
        the last. Without that, the model would idle a tenth of the time under overload, until the
        event loop gets to it.
        """
        previous: asyncio.Task[None] | None = None
        while True:
            await self._work.wait()
            batch = self._next_batch()
            if not batch:
                self._work.clear()
                continue
            running = asyncio.create_task(self._run(process, batch))
            self._running_batches.add(running)
            running.add_done_callback(self._running_batches.discard)
            if previous is not None:
                await previous
            await asyncio.wait({running}, timeout=self._send_next_after(batch))
            if not self._more_than_a_batch:
                await running
            previous = running

    def _send_next_after(self, batch: Sequence[_QueueEntry[_Item]]) -> float | None:
        """Seconds after which the next batch may be sent; None: once this one is answered."""
        if self._batches < _MIN_BATCHES:
            return None
        return max(0.0, sum(entry.tokens for entry in batch) / self._speed - _SEND_AHEAD)

    @property
    def _more_than_a_batch(self) -> bool:
        return len(self._queue) > self._limits.batch_items or self._tokens > self._max_tokens()

    def _next_batch(self) -> list[_QueueEntry[_Item]]:
        """Take the oldest items that fit into one batch; at least one item, if there is one."""
        batch: list[_QueueEntry[_Item]] = []
        longest, now, budget = 0, time.monotonic(), self._max_tokens()
        while self._queue and len(batch) < self._limits.batch_items:
            entry = next(iter(self._queue.values()))
            longest = max(longest, entry.tokens)
            if batch and longest * (len(batch) + 1) > budget:
                break
            self._queue.popitem(last=False)
            self._tokens -= entry.tokens
            self._running[entry.item] = entry
            batch.append(entry)
        if batch:
            self._metrics.queue_seconds.observe(now - batch[0].arrived)
        return batch

    def _max_tokens(self) -> float:
        """Maximum tokens of the next batch; fewer for a slow model, to bound a batch's time."""
        limit = self._limits.batch_tokens
        if self._batches < _MIN_BATCHES:
            return limit / 8
        return min(limit, self._speed * self._limits.batch_seconds)

    async def _run(self, process: ModelProcess, batch: Sequence[_QueueEntry[_Item]]) -> None:
        """Get a batch answered; if it fails, each half by itself."""
        abandoned = [entry for entry in batch if not entry.requests]
        for entry in abandoned:
            self._running.pop(entry.item)  # an equal item that comes from now on is queued again
        self._metrics.cancelled.inc(len(abandoned))
        batch = [entry for entry in batch if entry.requests]
        if not batch:
            return
        answers = await self._ask_model(process, batch)
        if not isinstance(answers, Failure):
            for entry, answer in zip(batch, answers, strict=True):
                self._resolve(entry, answer)
        elif len(batch) == 1:
            self._resolve(batch[0], answers)
        else:
            middle = len(batch) // 2
            await self._run(process, batch[:middle])
            await self._run(process, batch[middle:])

    def _resolve(self, entry: _QueueEntry[_Item], answer: Any) -> None:
        del self._running[entry.item]
        entry.future.set_result(answer)

    async def _ask_model(
        self, process: ModelProcess, batch: Sequence[_QueueEntry[_Item]]
    ) -> list[Any] | Failure:
        tokens = sum(entry.tokens for entry in batch)
        self._metrics.batch_tokens.observe(max(entry.tokens for entry in batch) * len(batch))
        self._metrics.batch_items.inc(len(batch))
        items = [entry.item for entry in batch]
        answers, seconds = await process.ask(items, self._batch_timeout(tokens))
        if isinstance(answers, Failure):
            self._failures.labels(self.name, answers.kind).inc()
        else:
            self._metrics.inference_seconds.observe(seconds)
            self._batches += 1
            weight = max(0.1, 1 / self._batches)
            self._speed += weight * (tokens / seconds - self._speed)
        return answers

    def _batch_timeout(self, tokens: int) -> float:
        """Seconds after which a batch counts as hung."""
        if self._batches < _MIN_BATCHES:
            return self._limits.hang
        expected = tokens / self._speed
        return min(self._limits.hang, max(self._limits.hang_min, _HANG_FACTOR * expected))


def _log_unexpected_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log_bug(error)


class QueueReservation:
    """A reservation in the queue, from a request's head until its items are queued.

    It also serialises parsing, the longest step on the event loop: if many requests were parsed at
    once, one that is only refused would wait for all of them.
    """

    def __init__(self, parsing: asyncio.Semaphore, queue: Batcher[Any], size: int) -> None:
        """Reserve space for a body of ``size`` bytes; ProblemDetails (429) if it does not fit."""
        queue.check_capacity(size)
        queue.reserve(size)
        self._parsing = parsing
        self._queue = queue
        self._size = size
        self._acquired = False

    async def acquire(self) -> None:
        """Wait until this request may be parsed."""
        await self._parsing.acquire()
        self._acquired = True

    def release(self) -> None:
        """End the reservation and let the next request be parsed; may be called twice."""
        self._queue.reserve(-self._size)
        self._size = 0
        if self._acquired:
            self._acquired = False
            self._parsing.release()
