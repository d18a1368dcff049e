"""Several processes at one job. Each commits its own shards; none of them answers with data."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from unifiedqa_convert.errors import UqaError

LOOK_AGAIN = 0.5
"""Seconds between two looks at how far the workers are."""


def run_workers(tasks: Sequence[Callable[[], None]], look: Callable[[], None]) -> None:
    """Run the tasks, a process each; ``look`` is called now and then until they are done.

    Raises the first error of a task; what other workers committed by then is kept. Processes are
    spawned, not forked: pyarrow's threads don't survive a fork.
    """
    with ProcessPoolExecutor(len(tasks), mp_context=get_context("spawn")) as pool:
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
