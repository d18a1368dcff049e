"""One request at a time is parsed and put into the queue; refusals go past it.

Parsing is the loop's longest step. Were a crowd let in at once, whoever is only to be refused would
wait until all of them are parsed.
"""

import asyncio
from typing import Any

from unifiedqa_convert.service.batcher import Batcher


class Seat:
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
