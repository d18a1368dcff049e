"""Several processes at one job. Each commits its own shards; none of them answers with data."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from unifiedqa_convert.errors import UqaError

Look = Callable[[], None]

LOOK_AGAIN = 0.5
"""Seconds between two looks at how far the workers are."""
ORPHAN_PATIENCE = 0.1
"""Seconds that a worker may outlive its parent."""


@contextmanager
def beside(tasks: Sequence[Callable[[], None]], look: Look, stop: Look) -> Iterator[Look]:
    """Run the tasks, a process each, beside what the body does; end when all have ended.

    The body calls what it is given now and then: it raises a task's error, if one has failed, and
    calls ``look``, which is called while the tasks are waited for, too. Where the body or a task
    fails, ``stop`` is called before the others are waited for: it tells them to begin nothing new.
    What others committed by then is kept. Processes are spawned, not forked: pyarrow's threads
    don't survive a fork.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(
        len(tasks), mp_context=context, initializer=_end_with, initargs=(os.getpid(),)
    ) as pool:
        running = {pool.submit(task) for task in tasks}
        looked = time.monotonic()

        def look_now_and_then() -> None:
            nonlocal looked
            if time.monotonic() - looked > LOOK_AGAIN:
                _raise_failed(running)
                look()
                looked = time.monotonic()

        try:
            yield look_now_and_then
            while running:
                done, running = wait(running, LOOK_AGAIN, return_when=FIRST_EXCEPTION)
                _raise_failed(done)
                look()
        except BrokenProcessPool:
            raise UqaError(
                "a worker was killed (out of memory?); the same command goes on where it stopped, "
                "with --workers 1 it needs the least memory"
            ) from None
        finally:
            stop()
            pool.shutdown(cancel_futures=True)


def _raise_failed(tasks: Iterable[Future[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def _end_with(parent: int) -> None:
    """In a worker: end when the process that started it has ended, by kill -9 too."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
