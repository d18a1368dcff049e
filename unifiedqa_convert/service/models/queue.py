"""Many clients' items → batches for one model: admitted or refused at once, oldest first.

Equal items are asked once. An item whose clients have all left never reaches the model. Where a
batch fails, it is halved until the culprit stands alone, and only the culprit goes without answer.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.models.process import Failure, Identity, ModelProcess
from unifiedqa_convert.service.monitoring import Meters, tell_bug
from unifiedqa_convert.service.problems import ProblemDetails

# How long a text is for a model, near enough to make batches of even size.

BYTES_EACH = 4
"""English text in T5's vocabulary has about four bytes a token."""


def tokens(*texts: str) -> int:
    """The estimated tokens of a prompt made of these texts; at least one."""
    return 1 + sum(len(text.encode()) for text in texts) // BYTES_EACH


_USUAL = 20.0
"""A batch is called hung after so many times its usual time."""
_SETTLED = 3
"""Batches until the measured speed is believed."""
_ITEM_BYTES, _TOKEN_BYTES = 90, 6
"""Of a request's body, for one item and one token: what a body holds before it is parsed."""
_AHEAD = 0.05
"""Seconds before a batch's expected end when the next one is sent after it."""


Item = TypeVar("Item", bound=Hashable)


@dataclass(eq=False)
class _Entry(Generic[Item]):
    item: Item
    tokens: int
    arrived: float
    future: asyncio.Future[Any] = field(default_factory=asyncio.Future)
    wanted: int = 0
    """By how many requests."""


class Batcher(Generic[Item]):
    """The queue before one model, and the tasks that empty it, one per process of the model."""

    def __init__(
        self,
        name: str,
        processes: Sequence[ModelProcess],
        tokens_of: Callable[[Item], int],
        limits: ServiceLimits,
        meters: Meters,
    ) -> None:
        self.name = name
        self._processes = tuple(processes)
        self._tokens_of = tokens_of
        self._limits = limits
        self._failures = meters.failures
        self._meters = meters.of(name)
        self._queue: OrderedDict[Item, _Entry[Item]] = OrderedDict()
        self._running: dict[Item, _Entry[Item]] = {}
        self._tokens = 0
        self._expected = 0  # bytes of the requests that are at the desk
        self._work = asyncio.Event()
        self._speed = 0.0  # tokens per second of one process
        self._batches = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._meters.queue_items.set_function(lambda: len(self._queue))
        self._meters.queue_tokens.set_function(lambda: self._tokens)

    async def start(self) -> None:
        """Load the model into each process; UqaError where it can't be."""
        await asyncio.gather(*(process.start() for process in self._processes))
        work = [work for p in self._processes for work in (self._consume(p), p.keep())]
        self._tasks = list(map(asyncio.create_task, work))
        for task in self._tasks:
            task.add_done_callback(_tell_of_end)

    async def stop(self) -> None:
        """End the processes; whoever still waits hears nothing more."""
        ending = [*self._tasks, *self._serving]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.gather(*(process.kill() for process in self._processes))

    @property
    def identity(self) -> Identity:
        """What the model is; a Problem until it is loaded."""
        identity = self._processes[0].identity
        if identity is None:
            raise ProblemDetails("not-ready", f"{self.name} is being loaded", retry_after=2)
        return identity

    @property
    def ready(self) -> bool:
        """Whether one process at least can take a batch."""
        return any(process.ready for process in self._processes)

    @property
    def broken(self) -> bool:
        """Whether a task of ours has ended: a bug, and nobody would empty the queue."""
        return any(task.done() for task in self._tasks)

    def knock(self, size: int = 0) -> None:
        """Raise what a request of ``size`` bytes is refused with, before its body is looked at."""
        busy = self._queue or self._expected
        items = max(1, size // _ITEM_BYTES)
        if busy and self._fill(items, size // _TOKEN_BYTES) > 1:
            raise self._refusal()

    def expect(self, size: int) -> None:
        """Count a request of ``size`` bytes that is let in; minus as many: that is in, or gone."""
        self._expected += size

    async def answer(self, items: Sequence[Item]) -> list[Any]:
        """The answers, or Failures, in order. Problem where the queue is full or time is up."""
        _ = self.identity
        distinct = list(dict.fromkeys(items))
        fresh = {item: self._tokens_of(item) for item in distinct if self._known(item) is None}
        self._admit(len(fresh), sum(fresh.values()))
        self._meters.shared.inc(len(items) - len(fresh))
        entries = [self._join(item, fresh.get(item, 0)) for item in distinct]
        try:
            futures = [entry.future for entry in entries]
            _, late = await asyncio.wait(futures, timeout=self._limits.deadline)
        finally:
            for entry in entries:
                self._leave(entry)
        if len(late) == len(futures):
            raise ProblemDetails("late", f"no answer within {self._limits.deadline:g} s")
        found = dict(zip(distinct, map(self._result, futures), strict=True))
        return [found[item] for item in items]

    def _result(self, future: asyncio.Future[Any]) -> Any:
        if future.done():
            return future.result()
        return Failure("model-hung", f"no answer within {self._limits.deadline:g} s")

    def _known(self, item: Item) -> _Entry[Item] | None:
        return self._queue.get(item) or self._running.get(item)

    def _admit(self, items: int, tokens: int) -> None:
        limits = self._limits
        if items > limits.queue_items or tokens > limits.queue_tokens:
            raise ProblemDetails("invalid", f"{tokens} tokens in one request; split it")
        if self._queue and self._fill(items, tokens) > 1:
            raise self._refusal()

    def _fill(self, items: int, tokens: int) -> float:
        """How full the queue would be with these: the fullest of its three bounds."""
        limits = self._limits
        items += self._expected // _ITEM_BYTES
        tokens += self._expected // _TOKEN_BYTES
        return max(
            (len(self._queue) + items) / limits.queue_items,
            (self._tokens + tokens) / limits.queue_tokens,
            self._wait(tokens) / limits.queue_seconds,
        )

    def _wait(self, tokens: int = 0) -> float:
        """Seconds until what is queued, and this, will be done; 0 where nobody knows yet."""
        if self._batches < _SETTLED:
            return 0.0
        return (self._tokens + tokens) / (self._speed * len(self._processes))

    def _refusal(self) -> ProblemDetails:
        wait = self._wait()
        return ProblemDetails(
            "queue-full", f"{len(self._queue)} items wait already", retry_after=max(1.0, wait / 2)
        )

    def _join(self, item: Item, tokens: int) -> _Entry[Item]:
        entry = self._known(item)
        if entry is None:
            entry = _Entry(item, tokens, time.monotonic())
            self._queue[item] = entry
            self._tokens += tokens
            self._work.set()
        entry.wanted += 1
        return entry

    def _leave(self, entry: _Entry[Item]) -> None:
        entry.wanted -= 1
        if entry.wanted == 0 and self._queue.get(entry.item) is entry:
            del self._queue[entry.item]
            self._tokens -= entry.tokens
            self._meters.cancelled.inc()

    async def _consume(self, process: ModelProcess) -> None:
        """Batch after batch. While more than one waits, the model finds the next one in its pipe:
        otherwise it would idle until the loop has time for it, one part in ten under overload.
        """
        before: asyncio.Task[None] | None = None
        while True:
            await self._work.wait()
            batch = self._take()
            if not batch:
                self._work.clear()
                continue
            serving = asyncio.create_task(self._serve(process, batch))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
            if before is not None:
                await before
            await asyncio.wait({serving}, timeout=self._undisturbed(batch))
            if not self._more_than_a_batch:
                await serving
            before = serving

    def _undisturbed(self, batch: Sequence[_Entry[Item]]) -> float | None:
        """Seconds that the model is left alone with a batch; None: until it has answered."""
        if self._batches < _SETTLED:
            return None
        return max(0.0, sum(entry.tokens for entry in batch) / self._speed - _AHEAD)

    @property
    def _more_than_a_batch(self) -> bool:
        return len(self._queue) > self._limits.batch_items or self._tokens > self._budget()

    def _take(self) -> list[_Entry[Item]]:
        """The oldest items that fit together into a batch; the very oldest always does."""
        batch: list[_Entry[Item]] = []
        longest, now, budget = 0, time.monotonic(), self._budget()
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
            self._meters.queue_seconds.observe(now - batch[0].arrived)
        return batch

    def _budget(self) -> float:
        """Tokens for the next batch: a slow model gets small ones, so that none takes for ever."""
        most = self._limits.batch_tokens
        if self._batches < _SETTLED:
            return most / 8
        return min(most, self._speed * self._limits.batch_seconds)

    async def _serve(self, process: ModelProcess, batch: Sequence[_Entry[Item]]) -> None:
        """Have a batch answered; where it fails, its halves."""
        left = [entry for entry in batch if not entry.wanted]
        for entry in left:
            self._running.pop(entry.item)  # whoever asks the same from now on queues anew
        self._meters.cancelled.inc(len(left))
        batch = [entry for entry in batch if entry.wanted]
        if not batch:
            return
        answers = await self._asked(process, batch)
        if not isinstance(answers, Failure):
            for entry, answer in zip(batch, answers, strict=True):
                self._settle(entry, answer)
        elif len(batch) == 1:
            self._settle(batch[0], answers)
        else:
            middle = len(batch) // 2
            await self._serve(process, batch[:middle])
            await self._serve(process, batch[middle:])

    def _settle(self, entry: _Entry[Item], answer: Any) -> None:
        del self._running[entry.item]
        entry.future.set_result(answer)

    async def _asked(
        self, process: ModelProcess, batch: Sequence[_Entry[Item]]
    ) -> list[Any] | Failure:
        tokens = sum(entry.tokens for entry in batch)
        self._meters.batch_tokens.observe(max(entry.tokens for entry in batch) * len(batch))
        self._meters.batch_items.inc(len(batch))
        items = [entry.item for entry in batch]
        answers, seconds = await process.ask(items, self._patience(tokens))
        if isinstance(answers, Failure):
            self._failures.labels(self.name, answers.kind).inc()
        else:
            self._meters.inference_seconds.observe(seconds)
            self._batches += 1
            share = max(0.1, 1 / self._batches)
            self._speed += share * (tokens / seconds - self._speed)
        return answers

    def _patience(self, tokens: int) -> float:
        """Seconds after which a batch is called hung."""
        if self._batches < _SETTLED:
            return self._limits.hang
        usual = tokens / self._speed
        return min(self._limits.hang, max(self._limits.hang_least, _USUAL * usual))


def _tell_of_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        tell_bug(error)


# One request at a time is parsed and put into the queue; refusals go past it. Parsing is the
# loop's longest step. Were a crowd let in at once, whoever is only to be refused would wait
# until all of them are parsed.


class QueueReservation:
    """A request's place at the desk, from the door to its queue; it may be left more than once."""

    def __init__(self, desk: asyncio.Semaphore, queue: Batcher[Any], size: int) -> None:
        """Announce a request of ``size`` bytes; Problem where the queue has no room for it."""
        queue.knock(size)
        queue.expect(size)
        self._desk = desk
        self._queue = queue
        self._size = size
        self._taken = False

    async def take(self) -> None:
        """Wait for the desk."""
        await self._desk.acquire()
        self._taken = True

    def leave(self) -> None:
        """Let the next one have it: the request goes into the queue now, or nowhere."""
        self._queue.expect(-self._size)
        self._size = 0
        if self._taken:
            self._taken = False
            self._desk.release()
