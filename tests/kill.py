"""Run `uqa` and kill -9 the process before its N-th durable step: test_kills.py starts this.

    python tests/kill.py N ARGUMENTS …

A durable step is an fsync or a rename. With N = 0 nothing is killed and the steps are counted.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from unifiedqa_convert.cli import main

LIMIT = int(sys.argv[1])
steps = 0


def counted(real: Callable[..., Any]) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        global steps
        steps += 1
        if steps == LIMIT:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    return step


for name in ("fsync", "rename", "replace"):
    setattr(os, name, counted(getattr(os, name)))
sys.argv = ["uqa", *sys.argv[2:]]
try:
    main()
finally:
    print("STEPS", steps, file=sys.stderr)
