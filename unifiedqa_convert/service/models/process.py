"""The server's end of the pipe: starts a model's process, sends it batches, replaces a lost one.

A process and not a thread: a hung or crashed model can be killed, its memory is freed, and it never
blocks the event loop.
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

FailureKind = Literal["model-failed", "model-hung", "model-died"]

_LENGTH = struct.Struct(">I")
_KILL_AFTER = 2.0
"""Seconds after a batch's time-out until its process is killed."""
_MAX_RESTART_DELAY = 30.0
_LOAD_TIMEOUT = 1_800.0
"""Seconds; long enough for eleven gigabytes from a network disk."""


class Failure(NamedTuple):
    """Why a batch has no answers."""

    kind: FailureKind
    detail: str


Identity = dict[str, Any]
"""A model's name, version and other settings that change its answers, as in a manifest."""


class ModelProcess:
    """A process with one model, which answers one batch after the other, in order."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: Process | None = None
        self._loaded: Process | None = None  # the same, once its model is loaded
        self._turn = asyncio.Lock()  # fair: answers are read in the order the batches were sent
        # For each batch that waits for its turn: the process it was sent to, None if not sent yet.
        self._waiting: list[Process | None] = []
        self._failures = 0
        self.identity: Identity | None = None

    @classmethod
    def of(cls, kind: Literal["declare", "score"], *arguments: str) -> "ModelProcess":
        """A process that runs worker.py with these arguments."""
        return cls(
            [sys.executable, "-m", "unifiedqa_convert.service.models.worker", kind, *arguments]
        )

    @property
    def ready(self) -> bool:
        """Whether the process runs and its model is loaded."""
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
        """Start the process and wait until its model is loaded; UqaError if it can't be."""
        # In a session of its own, so that Ctrl-C reaches only the server, which drains first.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        try:
            greeting = await asyncio.wait_for(self._read(), _LOAD_TIMEOUT)
        except (asyncio.IncompleteReadError, TimeoutError):
            await self.kill()
            raise ModelError(
                "the model's process ended while loading; its output is above"
            ) from None
        if "error" in greeting:
            await self.kill()
            raise (UsageError if greeting.get("usage") else ModelError)(greeting["error"])
        identity: Identity = greeting["identity"]
        self.identity = identity
        self._loaded = self._process
        return identity

    async def supervise(self) -> None:
        """Restart the process whenever it ends, also between batches."""
        while True:
            if self._process is not None:
                await self._process.wait()
            async with self._turn:
                await self._ensure_running()

    async def ask(self, items: Sequence[Any], seconds: float) -> tuple[list[Any] | Failure, float]:
        """Send a batch: the answers in order or a Failure, and the seconds that the model took.

        A lost process is restarted first. The time-out of ``seconds`` starts with the batch's turn.
        A batch is written before its turn only if all batches that wait are in the same pipe, so
        that the order of the batches stays that of the turns even if the process is restarted.
        """
        batch = {"items": items, "seconds": seconds}
        early = not self._lost and all(process is self._loaded for process in self._waiting)
        sent_to = self._loaded if early else None
        try:
            if sent_to is not None:
                self._write(batch)
            await self._take_turn(sent_to)
            try:
                await self._ensure_running()
                if self._loaded is not sent_to:
                    self._write(batch)
                return await self._answers(seconds)
            finally:
                self._turn.release()
        except asyncio.CancelledError:
            await self.kill()  # the pipe may hold this batch's answer, or a part of it
            raise

    async def _take_turn(self, sent_to: Process | None) -> None:
        self._waiting.append(sent_to)
        try:
            await self._turn.acquire()
        finally:
            self._waiting.remove(sent_to)

    async def _answers(self, seconds: float) -> tuple[list[Any] | Failure, float]:
        try:
            answer = await asyncio.wait_for(self._read(), seconds + _KILL_AFTER)
        except TimeoutError:
            await self.kill()
            detail = f"no answer within {seconds:.1f} s; its process was killed"
            return Failure("model-hung", detail), seconds
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self.kill()
            return Failure("model-died", f"its process ended with exit code {code}"), seconds
        if "error" in answer:
            return Failure(answer["error"], answer["detail"]), seconds
        self._failures = 0
        return list(answer["answers"]), answer["seconds"]

    async def kill(self) -> int | None:
        """Kill the process; return its exit code, None if there is none."""
        process, self._process, self._loaded = self._process, None, None
        if process is None:
            return None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        return await process.wait()

    async def _ensure_running(self) -> None:
        while self._lost:
            await self.kill()
            await self._restart()

    async def _restart(self) -> None:
        """Start the process again, with growing delays while it fails."""
        while True:
            await asyncio.sleep(min(_MAX_RESTART_DELAY, (2**self._failures - 1) / 4))
            self._failures = min(self._failures + 1, 10)
            before = self.identity
            try:
                after = await self.start()
            except (UqaError, OSError):  # OSError: out of memory or file descriptors
                continue
            if before is not None and after != before:
                # The model's files have changed: a client must not get answers of two models.
                self.identity = before
                await self.kill()
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
