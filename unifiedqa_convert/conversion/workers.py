"""Several processes at one job. Each commits its own shards; none of them answers with data."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from unifiedqa_convert.errors import UqaError

Look = Callable[[], None]

LOOK_AGAIN = 0.5
"""Seconds between two looks at how far the workers are."""


@contextmanager
def beside(tasks: Sequence[Callable[[], None]], look: Look) -> Iterator[Look]:
    """Run the tasks, a process each, beside what the body does; end when all have ended.

    The body calls what it is given now and then: it raises a task's error, if one has failed, and
    calls ``look``, which is called while the tasks are waited for, too. After an error or SIGTERM
    the tasks are stopped where they are; what others committed by then is kept. Processes are
    spawned, not forked: pyarrow's threads don't survive a fork.
    """
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    running: set[Future[None]] = set()
    with (
        theirs,
        ours,
        ProcessPoolExecutor(
            len(tasks), mp_context=context, initializer=_end_with, initargs=(theirs,)
        ) as pool,
    ):
        looked = time.monotonic()

        def look_now_and_then() -> None:
            nonlocal looked
            if time.monotonic() - looked > LOOK_AGAIN:
                _raise_failed(running)
                look()
                looked = time.monotonic()

        try:
            running |= {pool.submit(task) for task in tasks}
            yield look_now_and_then
            while running:
                done, running = wait(running, LOOK_AGAIN, return_when=FIRST_EXCEPTION)
                _raise_failed(done)
                look()
        except BaseException as error:
            ours.close()
            pool.shutdown(cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise _killed() from None
            raise


def _killed() -> UqaError:
    return UqaError(
        "a worker was killed (out of memory?); the same command goes on where it stopped, with "
        "--workers 1 it needs the least memory"
    )


def _raise_failed(tasks: Iterable[Future[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def _end_with(parent: Connection) -> None:
    """In a worker: end when the process that started it closes its end, or has ended, by kill -9
    too: the next run goes on from what is committed, as after any kill.
    """

    def watch() -> None:
        parent.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
