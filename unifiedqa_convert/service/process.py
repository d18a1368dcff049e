"""The server's end of the pipe: starts a model's process, asks it, replaces it when it is lost.

A process and not a thread: a hung or crashed model can be killed, its memory comes back, and it
never holds up the loop that answers clients.
"""

import asyncio
import os
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import orjson

from unifiedqa_convert.errors import ModelError, UqaError, UsageError

Kind = Literal["model-failed", "model-hung", "model-died"]

_LENGTH = struct.Struct(">I")
_MARGIN = 2.0
"""Seconds after a batch's own time-out until its process is killed."""
_LONGEST_PAUSE = 30.0
_LONGEST_LOAD = 1_800.0
"""Seconds: eleven gigabytes from a network disk take their time."""


class Failure(NamedTuple):
    """Why a batch has no answers."""

    kind: Kind
    detail: str


Identity = dict[str, Any]
"""A model's name, its version and whatever else decides its answers: what a manifest says."""


class ModelProcess:
    """One process that holds one model. Not for two tasks at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: Process | None = None
        self._failures = 0
        self.identity: Identity | None = None
        self.restarts = 0

    @classmethod
    def of(cls, kind: Literal["declare", "score"], *arguments: str) -> "ModelProcess":
        """The process that loads the model of that kind; see worker.py for its arguments."""
        return cls([sys.executable, "-m", "unifiedqa_convert.service.worker", kind, *arguments])

    @property
    def ready(self) -> bool:
        """Whether its model is loaded."""
        return self._process is not None and self.identity is not None

    async def start(self) -> Identity:
        """Start it and wait until its model is loaded; UqaError where it can't be."""
        # A session of its own: Ctrl-C in a terminal is for the server, which drains first.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        try:
            hello = await asyncio.wait_for(self._read(), _LONGEST_LOAD)
        except (asyncio.IncompleteReadError, TimeoutError):
            await self.kill()
            raise ModelError("the model's process ended while loading; see above") from None
        if "error" in hello:
            await self.kill()
            raise (UsageError if hello.get("usage") else ModelError)(hello["error"])
        identity: Identity = hello["identity"]
        self.identity = identity
        return identity

    async def ask(self, items: Sequence[Any], seconds: float) -> list[Any] | Failure:
        """Answers in order, or why there are none; a process that was lost is started anew."""
        if self._process is None:
            await self._restart()
        try:
            self._write({"items": items, "seconds": seconds})
            answer = await asyncio.wait_for(self._read(), seconds + _MARGIN)
        except TimeoutError:
            await self.kill()
            return Failure("model-hung", f"no answer within {seconds:.1f} s; its process was ended")
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.kill()
            return Failure("model-died", f"its process ended ({code})")
        except asyncio.CancelledError:
            await self.kill()  # half an answer may be in the pipe
            raise
        if "error" in answer:
            return Failure(answer["error"], answer["detail"])
        self._failures = 0
        return list(answer["answers"])

    async def kill(self) -> int | None:
        """End it at once; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        return await process.wait()

    async def _restart(self) -> None:
        """Start it again, at growing intervals where it fails at once."""
        while True:
            await asyncio.sleep(min(_LONGEST_PAUSE, (2**self._failures - 1) / 4))
            self._failures = min(self._failures + 1, 10)
            self.restarts += 1
            before = self.identity
            try:
                after = await self.start()
            except UqaError:
                continue
            if before is not None and after != before:
                self.identity = before
                await self.kill()  # its files were changed: answers must not change under a client
                continue
            return

    def _write(self, document: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        body = orjson.dumps(document, default=list)  # an Ask is a tuple with names
        self._process.stdin.write(_LENGTH.pack(len(body)) + body)

    async def _read(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        head = await self._process.stdout.readexactly(_LENGTH.size)
        body = await self._process.stdout.readexactly(_LENGTH.unpack(head)[0])
        return dict(orjson.loads(body))
