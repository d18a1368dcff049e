"""Several processes at one job. Each commits its own shards; none of them answers with data."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from unifiedqa_convert.errors import UqaError

LOOK_AGAIN = 0.5
"""Seconds between two looks at how far the workers are."""
ORPHAN_PATIENCE = 0.1
"""Seconds that a worker may outlive its parent."""


def run_workers(tasks: Sequence[Callable[[], None]], look: Callable[[], None]) -> None:
    """Run the tasks, a process each; ``look`` is called now and then until they are done.

    Raises the first error of a task; what other workers committed by then is kept. Processes are
    spawned, not forked: pyarrow's threads don't survive a fork.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(
        len(tasks), mp_context=context, initializer=_end_with, initargs=(os.getpid(),)
    ) as pool:
        running = {pool.submit(task) for task in tasks}
        try:
            while running:
                done, running = wait(running, LOOK_AGAIN, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                look()
        except BrokenProcessPool:
            raise UqaError(
                "a worker was killed (out of memory?); the same command goes on where it stopped, "
                "with --workers 1 it needs the least memory"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with(parent: int) -> None:
    """In a worker: end when the process that started it has ended, by kill -9 too."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
