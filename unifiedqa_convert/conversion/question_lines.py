r"""JSON lines of questions and answers → the same lines with their statements; `uqa declare`.

    {"question": "What melts?", "answer": "ice"}
    {"question": "What melts?", "answer": "ice", "statement": "Ice melts.", "via": "rules"}

A chunk of lines is read, answered and written before the next: memory does not grow. Into a file,
the output grows beside its name, with a note of how far it is after each chunk; killed, the same
command goes on from there, to the same bytes.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson
from filelock import FileLock, Timeout

from unifiedqa_convert.errors import OutputError, OutputLocked, SourceError, TooManyRejects
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, converter_facts
from unifiedqa_convert.question_converters.select import answers
from unifiedqa_convert.records.profiles import collapse
from unifiedqa_convert.storage import fsync, sha256_of, write_json

CHUNK_LINES = 1_000
LONGEST_LINE = 1 << 20
"""Bytes; a longer line is rejected, and never held."""


class QuestionLine(NamedTuple):
    """One line that is not blank."""

    number: int
    """From 1, as editors count."""
    end: int
    """Where it ends in the file, in bytes."""
    ask: Ask | None
    document: dict[str, Any]
    reason: str = ""
    """Why it is no question and answer; empty where it is."""


@dataclass
class State:
    """How far it is: what has been read and written."""

    line: int = 0
    end: int = 0
    written: int = 0
    """Bytes."""
    counts: Counter[str] = field(default_factory=Counter)


def declare(
    source: IO[bytes],
    converter: QuestionConverter,
    sink: IO[bytes],
    state: State,
    max_rejects: int,
    told: Callable[[State], None],
    rejected: Callable[[str], None],
) -> None:
    """Answer the lines of ``source``, from where ``state`` says; ``told`` hears of each chunk.

    Raises TooManyRejects, once the lines before the bad one are written, naming it.
    """
    lines = read_lines(source, state)
    while part := list(islice(lines, CHUNK_LINES)):
        good = [line for line in part if line.ask is not None]
        bad = [line for line in part if line.ask is None]
        too_many = bad[max_rejects - state.counts["rejected"] :] if bad else []
        if too_many:
            good = [line for line in good if line.number < too_many[0].number]
        said = answers(converter, [line.ask for line in good if line.ask is not None])
        for line in good:
            assert line.ask is not None
            sentence = said[line.ask]
            document = {**line.document, "statement": sentence.text, "via": sentence.via}
            state.written += sink.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
            state.counts[f"via {sentence.via}"] += 1
        if too_many:
            sink.flush()
            raise TooManyRejects(
                f"line {too_many[0].number}: {too_many[0].reason}; {max_rejects} bad lines are "
                "allowed: mend it, or pass --max-rejects N to leave such lines out"
            )
        for line in bad:
            rejected(f"line {line.number}: {line.reason}; left out")
        state.counts.update({"read": len(part), "rejected": len(bad), "statements": len(good)})
        state.line, state.end = part[-1].number, part[-1].end
        told(state)


def declare_file(
    path: Path,
    converter: QuestionConverter,
    out: Path,
    max_rejects: int,
    overwrite: bool,
    told: Callable[[int], None],
    rejected: Callable[[str], None],
) -> tuple[State, int]:
    """``path`` → ``out``, resumed where a run of the same job was killed; lines resumed from.

    Raises OutputError where ``out`` is there already, OutputLocked where it is being written.
    """
    note, growing = (out.with_name(f".{out.name}.{end}") for end in ("state.json", "growing"))
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    with _held(out):
        if out.exists() and not growing.exists():
            note.unlink(missing_ok=True)  # killed between the rename and this
        if out.exists() and not overwrite:
            raise OutputError(f"{out} exists; --overwrite replaces it, --out FILE goes elsewhere")
        job = {"source": sha256_of(path), "question_converter": converter_facts(converter)}
        state = _found(note, growing, job)
        since = state.line
        with path.open("rb") as source, growing.open("r+b" if since else "wb") as sink:
            source.seek(state.end)
            sink.truncate(state.written)
            sink.seek(state.written)

            def chunk_done(now: State) -> None:
                sink.flush()
                fsync(growing)
                write_json(note, {"job": job, "state": vars(now)})
                told(now.line)

            declare(source, converter, sink, state, max_rejects, chunk_done, rejected)
        growing.replace(out)
        fsync(out.parent)
        note.unlink(missing_ok=True)
    return state, since


def read_lines(file: IO[bytes], state: State) -> Iterator[QuestionLine]:
    """The lines that are not blank, each a question and its answer or a reason why not."""
    number, end = state.line, state.end
    while raw := file.readline(LONGEST_LINE + 1):
        number, end = number + 1, end + len(raw)
        whole = raw
        while len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            raw = file.readline(LONGEST_LINE + 1)  # thrown away: only its end is looked for
            end += len(raw)
        if len(whole) > LONGEST_LINE:
            yield QuestionLine(number, end, None, {}, f"longer than {LONGEST_LINE:,} bytes")
        elif whole.strip():
            yield _line(number, end, whole.removeprefix(b"\xef\xbb\xbf") if number == 1 else whole)


def _line(number: int, end: int, raw: bytes) -> QuestionLine:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return QuestionLine(number, end, None, {}, f"no JSON: {error}")
    if not isinstance(document, dict):
        return QuestionLine(number, end, None, {}, "no JSON object")
    for name in ("question", "answer"):
        if not isinstance(document.get(name), str):
            found = "is absent" if name not in document else "is no text"
            return QuestionLine(number, end, None, {}, f"field {name} {found}")
    ask = Ask(collapse(document["question"]), collapse(document["answer"]))
    return QuestionLine(number, end, ask, document)


def _found(note: Path, growing: Path, job: dict[str, Any]) -> State:
    """How far a killed run of the same job came; the start where there was none."""
    if note.is_file() and growing.is_file():
        noted = json.loads(note.read_bytes())
        state = State(**{**noted["state"], "counts": Counter(noted["state"]["counts"])})
        if noted["job"] == job and growing.stat().st_size >= state.written:
            return state
    note.unlink(missing_ok=True)
    return State()


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """One process at a time writes ``out``; what the system refuses comes out as OutputError."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out.with_name(f".{out.name}.lock"))
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise OutputLocked(f"{out} is being written by another process") from None
    except OSError as error:
        named = f"{error.strerror or error}: {error.filename or out}"
        raise OutputError(f"cannot write {out}: {named}") from error


def open_lines(path: Path) -> IO[bytes]:
    """The file to read; SourceError where there is none."""
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; give a file of JSON lines, or - for stdin"
        ) from error
