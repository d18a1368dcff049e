"""Kill -9 this process before its N-th durable step, an fsync or a rename."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from unifiedqa_convert.cli import main

steps = 0


def killed_at_step(limit: int) -> None:
    """Run ``uqa`` up to that step; with 0 nothing is killed and the steps are counted."""

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            global steps
            steps += 1
            if steps == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return step

    for name in ("fsync", "rename", "replace"):
        setattr(os, name, counted(getattr(os, name)))
    try:
        main()
    finally:
        print("STEPS", steps, file=sys.stderr)
