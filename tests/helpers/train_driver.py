"""Train in processes that can be killed: test_resume.py and test_processes.py start this.

    started.models.run([JOBS.json], program=train_driver.main)

The jobs run one after the other, each in forked children, so that torch is imported once. A job
has ``config`` (for ``from_preset``) and may have ``processes``; ``kill_at_batch`` (kill -9 before
the N-th batch is fetched), ``kill_at_share`` (before such a share of the first job's fsyncs and
renames), ``sigterm_at`` (SIGTERM in the N-th batch), ``gradients`` (a file for those of the first
update), ``environment``. The exit codes, negative for a signal, are printed as JSON.
"""

import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch.utils.tensorboard  # noqa: F401  # what a run imports late is imported once, too
from safetensors.torch import save_file

from unifiedqa_convert.errors import UqaError
from vera_model.config import from_preset
from vera_model.programs.train import run
from vera_model.training.loop import Loop

batches = durable = 0


def watch_batches(job: dict[str, Any]) -> None:
    real = Loop._next_batch

    def next_batch(self: Loop) -> Any:
        global batches
        batches += 1
        if batches == job.get("kill_at_batch"):
            wait_for_all(Path(job["config"]["out"]), job.get("processes", 1))
            os.kill(os.getpid(), signal.SIGKILL)
        if batches == job.get("sigterm_at"):
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self)

    Loop._next_batch = next_batch  # type: ignore[method-assign]


def wait_for_all(out: Path, number: int) -> None:
    """Until each process is here: one that is waited for when it is killed ends the others first,
    by another code.
    """
    out.with_name(f"{out.name}.here-{os.getpid()}").touch()
    while len([*out.parent.glob(f"{out.name}.here-*")]) % number:
        time.sleep(0.005)


def watch_durable(job: dict[str, Any]) -> None:
    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            global durable
            durable += 1
            if durable == job["kill_at_durable"]:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return step

    for name in ("fsync", "rename", "replace"):
        setattr(os, name, counted(getattr(os, name)))


def watch_gradients(path: str) -> None:
    real = Loop._update

    def update(self: Loop, *given: Any) -> None:
        real(self, *given)
        if self.done == 1 and self.processes.main:
            model = self.processes.accelerator.unwrap_model(self.model)
            named = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
            save_file(named, path)

    Loop._update = update  # type: ignore[method-assign]


def child(job: dict[str, Any], durable_file: str) -> int:
    watch_batches(job)
    watch_durable(job)
    if "gradients" in job:
        watch_gradients(job["gradients"])
    try:
        run(from_preset(**job["config"]))
    except UqaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BaseException:  # noqa: BLE001  # a forked child must not return into pytest's code
        traceback.print_exc()
        return 1
    Path(durable_file).write_text(str(durable))
    return 0


def start(job: dict[str, Any], durable_file: str) -> list[int]:
    number = job.get("processes", 1)
    # Kept, so that nobody else is given this port; torch, which reuses addresses, gets it.
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        pids = []
        for rank in range(number):
            pid = os.fork()
            if pid == 0:
                if number > 1:
                    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                    os.environ |= {"WORLD_SIZE": str(number), "LOCAL_WORLD_SIZE": str(number)}
                    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                    os.environ |= job.get("environment", {})
                os._exit(child(job, durable_file if rank == 0 else os.devnull))
            pids.append(pid)
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def main() -> None:
    file = Path(sys.argv[1])
    counts = file.with_suffix(".durable")
    codes, first = [], None
    for job in json.loads(file.read_text()):
        job["kill_at_durable"] = int(job["kill_at_share"] * first) if "kill_at_share" in job else 0
        codes.append(start(job, str(counts)))
        if first is None and counts.exists():
            first = int(counts.read_text())
    print("DONE", json.dumps(codes))
