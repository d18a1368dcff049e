"""Several processes for one job. Each commits its own shards and returns no data."""

import os
import signal
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

CHECK_SECONDS = 0.5
"""Seconds between two checks of the workers' progress."""


@contextmanager
def beside(tasks: Sequence[Callable[[], None]], look: Look) -> Iterator[Look]:
    """Run each task in a process of its own while the body runs; wait for all of them at the end.

    The body calls the function it is given from time to time: that raises the error of a failed
    task, and calls ``look``, which is also called while waiting at the end. After an error or
    SIGTERM the tasks are stopped; the shards they have committed are kept. Processes are spawned,
    not forked: pyarrow's threads don't survive a fork.
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
            if time.monotonic() - looked > CHECK_SECONDS:
                _raise_failed(running)
                look()
                looked = time.monotonic()

        try:
            with _interrupts_held():
                running |= {pool.submit(task) for task in tasks}
            yield look_now_and_then
            while running:
                done, running = wait(running, CHECK_SECONDS, return_when=FIRST_EXCEPTION)
                _raise_failed(done)
                look()
        except BaseException as error:
            ours.close()
            pool.shutdown(cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise _killed() from None
            raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that are started meanwhile never get a Ctrl-C, which a terminal sends to all: this
    one ends them. One that came meanwhile arrives afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _killed() -> UqaError:
    return UqaError(
        "a worker was killed (out of memory?); run the same command to resume, with --workers 1 to "
        "need the least memory"
    )


def _raise_failed(tasks: Iterable[Future[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def _end_with(parent: Connection) -> None:
    """In a worker: exit when the process that started it closes its end of the pipe or has ended,
    also by kill -9; the next run resumes from the committed shards.
    """

    def watch() -> None:
        parent.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
