"""A server that speaks the OpenAI chat completions protocol as vLLM, llama.cpp and Ollama do.

``ChatServer`` answers each question with the sentence that the rules make of it, after the faults
that a test puts before: a list of answers per question, and what every question gets.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, NamedTuple

from hostile_service import Answer, Hostile

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules.converter import Rules

_ASKED = re.compile(
    r"(?:Before the question: [^\n]*\n)?Question: ([^\n]*)\nAnswer: ([^\n]*)"
    r"(?:\n\n(This is not .*))?",
    re.DOTALL,
)


class Asked(NamedTuple):
    """What the last message of a request asks."""

    ask: Ask
    again: str
    """What was wrong with the first sentence; empty at the first time."""


def completion(text: str | None, **more: Any) -> dict[str, Any]:
    """A whole answer, as vLLM writes it."""
    message = {"role": "assistant", "content": text, "refusal": None, "tool_calls": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", **more}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "tiny",
        "choices": [choice],
        "usage": {"prompt_tokens": 9, "total_tokens": 18, "completion_tokens": 9},
    }


def problem(message: str, status: int, **more: str) -> Answer:
    """A refusal, as OpenAI writes it."""
    return Answer({"error": {"message": message, "type": "invalid", **more}}, status)


def rightly(asked: Asked) -> str:
    """The sentence that the rules make."""
    return Rules().convert([asked.ask])[0].text


@dataclass
class ChatServer(Hostile):
    """One model, what it says, and what was asked of it."""

    says: Callable[[Asked], str | Answer | None] = rightly
    faults: list[Answer] = field(default_factory=list)
    """Answers to the next requests, whatever these ask."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    """Of work on each request."""
    most: int = 0
    """The largest number of requests at a time."""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The question converter."""
        return f"openai:org/tiny:1b@{self.url}/v1"

    def questions(self) -> list[Asked]:
        """All that was asked, in order."""
        return [_asked(request["messages"]) for request in self.requests]

    def posted(self, path: str, headers: Message, document: Any) -> Answer:
        with self._lock:
            self.requests.append(document)
            self.keys.append(headers["Authorization"])
            self.paths.append(path)
            self.times.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
            fault = self.faults.pop(0) if self.faults else None
        try:
            if fault is not None:
                return fault
            self.released.wait(self.seconds)
            said = self.says(_asked(document["messages"]))
            return said if isinstance(said, Answer) else Answer(completion(said))
        finally:
            with self._lock:
                self._now -= 1


def _asked(messages: Sequence[dict[str, str]]) -> Asked:
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"], roles
    found = _ASKED.fullmatch(messages[-1]["content"])
    assert found, messages[-1]["content"]
    return Asked(Ask(found[1], found[2]), found[3] or "")
