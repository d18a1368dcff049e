"""A model that fails on purpose: words in a question choose the fault of its batch.

python tests/helpers/faulty.py SEEN SECONDS    the worker: appends each batch to the file SEEN
                                               and takes SECONDS per item
python tests/helpers/faulty.py serve JSON      a service with that worker; prints its URL
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unifiedqa_convert.service.models.worker import Answers, Model, answer_batches

NAME, VERSION = "faulty", "7"


class Faulty:
    def __init__(self, seen: Path, pace: float) -> None:
        self._seen = seen
        self._pace = pace

    def answer(self, items: Sequence[Any]) -> Answers:
        with self._seen.open("a") as file:
            file.write(json.dumps(items) + "\n")
        time.sleep(self._pace * len(items))
        text = " ".join(question for question, _ in items)
        while "GATE" in text and not self._seen.with_name("open").exists():
            time.sleep(0.005)
        if "POISON" in text:
            raise ValueError(f"the canary {text}")
        if "HANG" in text:
            time.sleep(3_600)
        if "STUCK" in text:  # like a native call: no signal interrupts it
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            time.sleep(3_600)
        if "DIE" in text:
            os._exit(7)
        if "FEWER" in text:
            return []
        return [
            ["" if question == "EMPTY" else f"{question} {answer}.", NAME]
            for question, answer in items
        ]


def command(seen: Path, pace: float = 0.0) -> list[str]:
    return [sys.executable, __file__, str(seen), str(pace)]


def main() -> None:
    if sys.argv[1] != "serve":
        faulty = Faulty(Path(sys.argv[1]), float(sys.argv[2]))
        answer_batches(lambda: Model(NAME, VERSION, faulty.answer))
        return
    from unifiedqa_convert.service.config import Config, ServiceLimits
    from unifiedqa_convert.service.models.process import ModelProcess
    from unifiedqa_convert.service.server import serve

    settings = json.loads(sys.argv[2])
    limits = ServiceLimits(**settings.get("limits", {}))
    config = Config(port=settings.get("port", 0), limits=limits)
    model = ModelProcess(command(Path(settings["seen"]), settings.get("pace", 0.0)))
    serve(config, declare=[model])


if __name__ == "__main__":
    main()
