"""A language model as a question converter, by the OpenAI chat completions protocol.

    uqa declare questions.jsonl --question-converter openai:llama3:8b@http://127.0.0.1:11434/v1

vLLM, llama.cpp, Ollama and others speak it. Each question is a request of its own, decoded greedily
and several at a time. Each text goes into the sentence cache as soon as it has arrived, so that a
stopped run loses nothing, and one whose texts are all there needs no server. The checks are made
after the cache: a text that fails is asked for once more with the reason, and then the rules make
the sentence, with their own ``via``.
"""

import os
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from pydantic import Field

from unifiedqa_convert.errors import QuestionConverterError, UqaError, UsageError
from unifiedqa_convert.proxies import check_header, crosses_network
from unifiedqa_convert.question_converters.base import (
    Ask,
    Fact,
    QuestionConverter,
    Sentence,
)
from unifiedqa_convert.question_converters.local_models import sentences_file
from unifiedqa_convert.question_converters.prompts import CHAT_PROMPT, Prompt, chat_model
from unifiedqa_convert.question_converters.remote import requests
from unifiedqa_convert.question_converters.remote.requests import (
    Document,
    Manner,
    Refused,
    Requests,
    Turn,
    is_address,
    key_in_file,
    told,
)
from unifiedqa_convert.question_converters.remote.statement_check import VERSION, cleaned, fault
from unifiedqa_convert.question_converters.rules.question import split_last
from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache
from unifiedqa_convert.schema import collapse

KEY = "UQA_OPENAI_KEY"
KEY_FILE = "UQA_OPENAI_KEY_FILE"
OVER_HTTP = "UQA_OPENAI_KEY_OVER_HTTP"

_MANNER = Manner(
    "an OpenAI-compatible server",
    parallel=16,
    passing=frozenset((408, 409, 425, 429, 500, 502, 503, 504)),
    documents=3,
)
_ANSWER_SECONDS = 300.0
"""A small machine works on all requests at once."""
_SETTINGS: dict[str, Any] = {"temperature": 0, "seed": 0, "max_tokens": 512}
_BARE = Prompt("{question}")
_TEXT_CHARACTERS = 100_000
_WRONG_CHARACTERS = 1_000
"""Of a wrong sentence, as it is shown to the model."""
_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.*length", re.IGNORECASE)


class _Message(Document):
    content: Annotated[str, Field(max_length=_TEXT_CHARACTERS)] | None = None


class _Choice(Document):
    index: int = 0
    message: _Message
    finish_reason: str | None = None


class _Completion(Document):
    choices: Annotated[list[_Choice], Field(min_length=1)]

    def text(self) -> str:
        """The first choice's text; empty if it refuses, was filtered, or is not finished."""
        first = min(self.choices, key=lambda choice: choice.index)
        unfinished = first.finish_reason in ("length", "content_filter")
        return "" if unfinished else first.message.content or ""


class Chat:
    """The question converter ``openai:MODEL@ADDRESS``."""

    def __init__(self, name: str, patience: float, instead: QuestionConverter) -> None:
        """Asks nothing yet; UsageError if the name, the key or the way to the server is wrong.

        ``patience``: how long one request is retried (``--patience``). ``instead``: the rules.
        """
        self._model, address = chat_model(name)
        if not is_address(address):
            raise UsageError(
                "--question-converter takes an address http://HOST:PORT/v1 after openai:MODEL@; "
                f"put an API key into a file and its path into {KEY_FILE}"
            )
        self._requests = Requests(address, _MANNER, patience, _key_for(address))
        self._requests.seconds = _ANSWER_SECONDS
        self._answered = False
        self._cache = SentenceCache(sentences_file())
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._arrived: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        self._instead = instead
        self.name = f"openai:{self._model}"
        self.version = VERSION
        self.facts: Mapping[str, Fact] = {
            "prompt": f"sha256:{CHAT_PROMPT.digest}",
            **_SETTINGS,
            "instead": f"{instead.name} {instead.version}",
        }
        settings = ", ".join(f"{setting} {value}" for setting, value in _SETTINGS.items())
        self._cache_key = Key(self.name, f"prompt sha256:{CHAT_PROMPT.digest}", settings)
        # A slash separates the parts of a count.
        self._via = f"openai:{self._model.rstrip('/').rpartition('/')[2]}"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; ``via`` is ``openai:MODEL``, or the rules' own for those
        whose texts failed the checks twice."""
        split = [split_last(collapse(ask.question)) for ask in asks]
        bare = [Ask(last, collapse(ask.answer)) for ask, (_, last) in zip(asks, split, strict=True)]
        asked = [
            CHAT_PROMPT.asked(*ask, before) for ask, (before, _) in zip(bare, split, strict=True)
        ]
        made: dict[int, str] = {}
        # Nothing can be made of an empty answer: the rules say so.
        whole = [place for place, ask in enumerate(bare) if all(map(_has_letters, ask))]
        for _attempt in range(2):
            left = [place for place in whole if place not in made]
            texts = self._texts([asked[place] for place in left])
            for place in left:
                text = cleaned(texts[asked[place]])
                wrong = fault(bare[place], text)
                if wrong is None:
                    made[place] = _finished(split[place][0], text)
                else:
                    shown = collapse(text)[:_WRONG_CHARACTERS] or "(nothing)"
                    asked[place] = CHAT_PROMPT.asked_again(asked[place], shown, wrong)
        left = [place for place in range(len(asks)) if place not in made]
        instead = self._instead.convert([asks[place] for place in left])
        others = dict(zip(left, instead, strict=True))
        return [
            others[place] if place in others else Sentence(made[place], self._via)
            for place in range(len(asks))
        ]

    def _texts(self, asked: Sequence[str]) -> dict[str, str]:
        """The model's text for each distinct question, from the cache or the server."""
        distinct = list(dict.fromkeys(asked))
        texts = self._cache.find(self._cache_key, distinct)
        missing = [one for one in distinct if one not in texts]
        texts.update(zip(missing, self._requests.in_parallel(self._ask, missing), strict=True))
        return texts

    def _ask(self, turn: Turn, asked: str) -> str:
        body = {"model": self._model, "messages": CHAT_PROMPT.messages(asked), **_SETTINGS}
        # A wrong address is likelier than a restart, until it has answered.
        seconds = self._requests.patience
        if not self._answered:
            seconds = min(seconds, requests.FIRST_RETRY_SECONDS)
        try:
            found = self._requests.document(turn, _Completion, "/chat/completions", body, seconds)
        except Refused as error:
            raise self._refusal(error, asked) from None
        self._answered = True
        return self._kept(asked, found.text())

    def _kept(self, asked: str, text: str) -> str:
        """The text that is in the cache now: another process may have been faster, and both take
        its text. What arrives while a thread writes is written together by the next."""
        with self._lock:
            self._arrived[asked] = text
        with self._writing:
            with self._lock:
                batch, self._arrived = self._arrived, {}
            if batch:
                self._stored.update(self._cache.add(self._cache_key, batch))
            return self._stored.pop(asked, text)

    def _refusal(self, error: Refused, asked: str) -> UqaError:
        """What is wrong and what to do, by the status and what the server says."""
        where, said = self._requests.address, _said(error.content)
        status = f"status {error.status}" + (f": {said}" if said else "")
        if error.status in (401, 403):
            return UsageError(
                f"{where} needs an API key, or refuses the one it was sent: put the key into a "
                f"file and its path into {KEY_FILE}, or the key into {KEY} ({status})"
            )
        if error.status in (404, 405):
            return UsageError(
                f"{where} has no model {told(repr(self._model))}, or is no OpenAI-compatible "
                f"address (it usually ends in /v1): list its models with `curl {where}/models` "
                f"({status})"
            )
        if 300 <= error.status < 400:
            return UsageError(
                f"{where} answers with a redirect, which is not followed, as it may lead a key or "
                f"a question elsewhere: give the address that it leads to ({status})"
            )
        if error.status in (400, 413, 422) and _TOO_LONG.search(said):
            return QuestionConverterError(
                f"{where}: the model's context is too short for {told(repr(asked))}: start the "
                "server with a longer one (vLLM: --max-model-len, llama.cpp: --ctx-size, Ollama: "
                f"OLLAMA_CONTEXT_LENGTH) or leave the row out ({status})"
            )
        return QuestionConverterError(f"{where}, for {told(repr(asked))}: {status}")


def _key_for(address: str) -> str | None:
    """The key of the environment; UsageError if it can't be sent, or would be readable on its way.

    Not OPENAI_API_KEY: that one is meant for another host.
    """
    key = os.environ.get(KEY, "").strip() or None
    in_file = key_in_file(KEY_FILE)
    if key and in_file:
        raise UsageError(f"{KEY} and {KEY_FILE} are both set: unset one of them")
    if key:
        check_header(f"{KEY}: the key", key)
    key = key or in_file
    if key and os.environ.get(OVER_HTTP) != "1" and crosses_network(address):
        raise UsageError(
            f"{address}: over http:// everyone on the way can read the API key: use https://, "
            f"unset {KEY} and {KEY_FILE}, or set {OVER_HTTP}=1 on a network of your own"
        )
    return key


def _finished(before: str, text: str) -> str:
    """With a full stop, a capital (not of "eBay"), and the sentences before it."""
    whole = f"{before} {_BARE.finished(text)}".strip()
    plain = whole.split(maxsplit=1)[0].islower()
    return whole[:1].upper() + whole[1:] if plain else whole


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, text))


def _said(content: bytes) -> str:
    """The message in a refusal's body, where servers put it; empty if there is none."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return told(found) if isinstance(found, str) else ""
