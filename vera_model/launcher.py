"""What `accelerate launch` is told when its program ends with an error. Loads no torch.

The launcher answers any exit code but 0 with a traceback of its own, below our message. Where it
asks for the reason in a file (several processes: torch's elastic launcher), its last lines say
ours; where it does not (one process), a line of ours says what the traceback is.
"""

import json
import os
import sys
import time
from pathlib import Path

from unifiedqa_convert.errors import UqaError

_FILE = "TORCHELASTIC_ERROR_FILE"
_OF_ACCELERATE = "ACCELERATE_MIXED_PRECISION"  # it sets this for every program that it starts


def tell_failure(error: UqaError) -> None:
    """Say the error once, on the main process's stderr, and give it to the launcher."""
    if os.environ.get("RANK", "0") == "0":  # every process has found the same
        print(f"uqa train: {error}", file=sys.stderr)
        if _OF_ACCELERATE in os.environ:
            print(
                "(Below is the launcher's own traceback: it says no more than that this program "
                f"ended with exit code {error.exit_code}.)",
                file=sys.stderr,
                flush=True,
            )
    if file := os.environ.get(_FILE):
        told = {"message": str(error), "timestamp": str(int(time.time()))}
        Path(file).write_text(json.dumps(told), encoding="utf-8")
