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
from contextlib import suppress
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
    """One process that holds one model. Who asks while another waits is answered after it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: Process | None = None
        self._loaded: Process | None = None  # the same, once it says that its model is
        self._turn = asyncio.Lock()  # a fair one: answers are read in the order of the questions
        self._waiting: list[Process | None] = []  # where the question of each lies
        self._failures = 0
        self.identity: Identity | None = None
        self.restarts = 0

    @classmethod
    def of(cls, kind: Literal["declare", "score"], *arguments: str) -> "ModelProcess":
        """The process that loads the model of that kind; see worker.py for its arguments."""
        return cls(
            [sys.executable, "-m", "unifiedqa_convert.service.models.worker", kind, *arguments]
        )

    @property
    def ready(self) -> bool:
        """Whether its model is loaded."""
        return not self._lost

    @property
    def _lost(self) -> bool:
        process = self._loaded
        if process is None or process.returncode is not None:
            return True
        assert process.stdin is not None
        assert process.stdout is not None
        return process.stdin.is_closing() or process.stdout.at_eof()

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
        self._loaded = self._process
        return identity

    async def keep(self) -> None:
        """Start it anew whenever it has ended, asked or not: until then nobody is sent here."""
        while True:
            if self._process is not None:
                await self._process.wait()
            async with self._turn:
                await self._revive()

    async def ask(self, items: Sequence[Any], seconds: float) -> tuple[list[Any] | Failure, float]:
        """Answers in order, or why there are none, and the seconds that the model took.

        A process that was lost is started anew. ``seconds`` count from its turn. A question is
        written before its turn only where all that wait have theirs in the same pipe: the order
        of the questions is that of the turns, through a restart too.
        """
        question = {"items": items, "seconds": seconds}
        early = not self._lost and all(where is self._loaded for where in self._waiting)
        asked = self._loaded if early else None
        try:
            if asked is not None:
                self._write(question)
            await self._take_turn(asked)
            try:
                await self._revive()
                if self._loaded is not asked:
                    self._write(question)
                return await self._answers(seconds)
            finally:
                self._turn.release()
        except asyncio.CancelledError:
            await self.kill()  # an answer that nobody waits for, or half of one, is in the pipe
            raise

    async def _take_turn(self, asked: Process | None) -> None:
        self._waiting.append(asked)
        try:
            await self._turn.acquire()
        finally:
            self._waiting.remove(asked)

    async def _answers(self, seconds: float) -> tuple[list[Any] | Failure, float]:
        try:
            answer = await asyncio.wait_for(self._read(), seconds + _MARGIN)
        except TimeoutError:
            await self.kill()
            detail = f"no answer within {seconds:.1f} s; its process was ended"
            return Failure("model-hung", detail), seconds
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.kill()
            return Failure("model-died", f"its process ended ({code})"), seconds
        if "error" in answer:
            return Failure(answer["error"], answer["detail"]), seconds
        self._failures = 0
        return list(answer["answers"]), answer["seconds"]

    async def kill(self) -> int | None:
        """End it at once; its exit code."""
        process, self._process, self._loaded = self._process, None, None
        if process is None:
            return None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        return await process.wait()

    async def _revive(self) -> None:
        while self._lost:  # with what it had been sent
            await self.kill()
            await self._restart()

    async def _restart(self) -> None:
        """Start it again, at growing intervals where it fails at once."""
        while True:
            await asyncio.sleep(min(_LONGEST_PAUSE, (2**self._failures - 1) / 4))
            self._failures = min(self._failures + 1, 10)
            self.restarts += 1
            before = self.identity
            try:
                after = await self.start()
            except (UqaError, OSError):  # of the system: no memory, no file descriptors
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
