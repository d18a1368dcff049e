"""Kill -9 this process before its N-th step that another process, or a later one, can see.

    steps = count_steps(started.core, arguments)
    started.core.run(arguments, program=partial(killed_at_step, N))

A step is an fsync, a rename, an exchange, or a name that is made or removed: a kill after one is a
kill before the next.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from unifiedqa_convert import storage
from unifiedqa_convert.cli import main

STEPS = ("fsync", "rename", "replace", "unlink", "remove", "rmdir", "mkdir", "symlink", "link")
steps = 0


def killed_at_step(
    limit: int, *, exchange: bool = True, program: Callable[[], object] = main
) -> None:
    """Run ``program`` up to that step; with 0 nothing is killed and the steps are counted.

    Without ``exchange`` as on a system that can't exchange two folders in one step.
    """

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            global steps
            steps += 1
            if steps == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return step

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    swap = storage._swap if exchange else lambda _one, _other: False
    storage._swap = counted(swap)
    try:
        program()
    finally:
        print("STEPS", steps, file=sys.stderr)


def count_steps(server: Any, arguments: Any, **how: Any) -> int:
    """The steps of a run of ``started``'s server that is not killed."""
    done = server.run(arguments, program=partial(killed_at_step, 0, **how))
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rsplit("STEPS", 1)[1])
