"""The worker process: loads one model and answers batches from a pipe until its input ends.

    python -m unifiedqa_convert.service.models.worker declare rules '{"dtype": "fp32"}'
    python -m unifiedqa_convert.service.models.worker score FOLDER

A frame is four bytes of length, then JSON. The first frame written has the model's name and
version, or the error that kept it from loading. Then each frame read, ``{"seconds", "items"}``, is
answered with one: ``{"answers", "seconds"}`` or ``{"error", "detail"}``. The process ends when its
input does, so it never outlives the server.
"""

import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any, NamedTuple

import orjson

from unifiedqa_convert.errors import UqaError, UsageError
from unifiedqa_convert.storage import sha256_of

LENGTH = struct.Struct(">I")

Answers = list[Any]


class Model(NamedTuple):
    """A loaded model: name, version, and the function that answers a batch of JSON items."""

    name: str
    version: str
    answer: Callable[[Sequence[Any]], Answers]
    facts: Mapping[str, Any] = {}
    """Other settings that change its answers; recorded in the manifest."""


class BatchTimeout(BaseException):
    """The batch took too long. Not an Exception, so that no model's handler catches it."""


def load_question_converter(name: str, options: str = "{}") -> Model:
    """Load a question converter, options as JSON: [question, answer] → [statement, via,
    confidence]."""
    from unifiedqa_convert.question_converters.base import Ask, Options
    from unifiedqa_convert.question_converters.select import question_converter

    converter = question_converter(name, Options(**orjson.loads(options)))
    if converter is None:
        raise UsageError("--question-converter none cannot be served; use rules or a model")

    def answer(items: Sequence[Any]) -> Answers:
        return [list(sentence) for sentence in converter.convert([Ask(*item) for item in items])]

    facts = getattr(converter, "facts", {})
    return Model(converter.name, converter.version, answer, facts)


def load_vera(folder: str) -> Model:
    """Load the Vera model in that folder: text → its score and what was not seen, by name, and a
    digest of its tokens.
    """
    from vera_model.programs.score import Scorer
    from vera_model.run_folder import model_folder

    scorer = Scorer(Path(folder))

    def answer(texts: Sequence[Any]) -> Answers:
        # Texts of several requests come together: each request compares its own by the digests.
        omitted = ("text", "same_tokens")
        return [
            {name: value for name, value in one._asdict().items() if name not in omitted}
            | {"token_digest": digest}
            for one, digest in zip(scorer.score(texts), scorer.token_digests(texts), strict=True)
        ]

    return Model(
        scorer.name, sha256_of(model_folder(Path(folder)) / "model.safetensors")[:12], answer
    )


LOADERS: dict[str, Callable[..., Model]] = {
    "declare": load_question_converter,
    "score": load_vera,
}


def answer_batches(load: Callable[[], Model]) -> None:
    """Load the model and answer until the input ends."""
    source, sink = _pipe_ends()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the server ends this process
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _interrupt)
    try:
        model = load()
    except UqaError as error:
        _write(sink, {"error": str(error), "usage": isinstance(error, UsageError)})
        return
    _write(sink, {"identity": {"name": model.name, "version": model.version, **model.facts}})
    with suppress(BrokenPipeError):  # the server was killed
        while (frame := _read(source)) is not None:
            _write(sink, _answer_batch(model, frame["items"], frame["seconds"]))


def _answer_batch(model: Model, items: Sequence[Any], seconds: float) -> dict[str, Any]:
    """The answers, or the kind of failure; not its message, which may quote a client's text."""
    started = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answers = model.answer(items)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except BatchTimeout:
        return {"error": "model-hung", "detail": f"no answer within {seconds:.1f} s"}
    except Exception as error:  # noqa: BLE001 (an error of the model fails its batch, not the process)
        return {"error": "model-failed", "detail": type(error).__name__}
    if len(answers) != len(items):
        detail = f"{len(answers)} answers for {len(items)} items"
        return {"error": "model-failed", "detail": detail}
    return {"answers": answers, "seconds": max(time.monotonic() - started, 1e-6)}


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise BatchTimeout


def _pipe_ends() -> tuple[IO[bytes], IO[bytes]]:
    """The pipe's ends; libraries get stderr as stdout, so that prints can't corrupt a frame."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return source, sink


def _read(source: IO[bytes]) -> Any:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    body = source.read(LENGTH.unpack(head)[0])
    return orjson.loads(body)


def _write(sink: IO[bytes], document: dict[str, Any]) -> None:
    body = orjson.dumps(document)
    sink.write(LENGTH.pack(len(body)) + body)
    sink.flush()


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    answer_batches(lambda: LOADERS[kind](*arguments))
