"""JSON lines of questions and answers → the same lines with their statements.

    {"question": "What melts?", "answer": "ice"}
    {"question": "What melts?", "answer": "ice", "statement": "Ice melts.", "via": "rules", …}

A chunk of lines is read, converted and written before the next: memory does not grow with the file.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import IO, Any, NamedTuple

import orjson

from unifiedqa_convert.errors import TooManyRejects
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence, answers
from unifiedqa_convert.rows.json_rows import repeated_key
from unifiedqa_convert.schema import NO_ANSWER, collapse

CHUNK_LINES = 1_000
"""Lines whose questions go to the converter together."""
MAX_LINE_BYTES = 1 << 20
"""A longer line is rejected, and is never in memory as a whole."""

NO_STATEMENT = f"is {NO_ANSWER}: a question without an answer has no statement"


class QuestionLine(NamedTuple):
    """One line that is not blank."""

    number: int
    """From 1, as in an editor."""
    ask: Ask | None
    """None: the line is rejected."""
    document: dict[str, Any]
    reason: str = ""
    """Why it is rejected; empty otherwise."""


def declare_lines(
    source: IO[bytes],
    converter: QuestionConverter,
    sink: IO[bytes],
    max_rejects: int,
    progress: Callable[[int], None],
    warn: Callable[[str], None],
    min_confidence: float | None = None,
) -> Counter[str]:
    """Write each line of ``source`` with its statement; returns the counts of the summary.

    Lines after each other with the same question are one question: if the confidence in one of
    its statements is less than ``min_confidence``, none of its lines is written.

    ``progress`` is called with the number of lines read, ``warn`` with each rejected line. Raises
    TooManyRejects, naming the line, after the lines before it are written.
    """
    counts = Counter(read=0, statements=0, rejected=0)
    for part in _parts(read_lines(source), whole=min_confidence is not None):
        bad = [line for line in part if line.ask is None]
        too_many = bad[max_rejects - counts["rejected"] :]
        good = part if not too_many else part[: part.index(too_many[0])]
        asks = {line.number: line.ask for line in good if line.ask is not None}
        sentences = answers(converter, list(asks.values()))
        kept = good if min_confidence is None else _sure(good, sentences, min_confidence)
        if min_confidence is not None and len(kept) < len(good):
            counts[f"left out (confidence below {min_confidence:g})"] += len(good) - len(kept)
        for line in kept:
            if line.ask is not None:
                text, via, confidence = sentences[line.ask]
                made = {"statement": text, "via": via, "confidence": confidence}
                document = {**line.document, **made}
                sink.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
                counts[f"via {via}"] += 1
        if too_many:
            sink.flush()
            raise TooManyRejects(
                f"line {too_many[0].number}: {too_many[0].reason}; --max-rejects is {max_rejects}: "
                "correct the line, or raise --max-rejects to skip such lines"
            )
        for line in bad:
            warn(f"line {line.number}: {line.reason}; skipped")
        written = len(asks) - (len(good) - len(kept))
        counts.update(read=len(part), statements=written, rejected=len(bad))
        progress(part[-1].number)
    return counts


def _parts(lines: Iterator[QuestionLine], *, whole: bool) -> Iterator[list[QuestionLine]]:
    """The lines in parts; ``whole``: no part ends between two lines of one question."""
    held: list[QuestionLine] = []
    for line in lines:
        if len(held) >= CHUNK_LINES and not (whole and _question(held[-1]) == _question(line)):
            yield held
            held = []
        held.append(line)
    if held:
        yield held


def _question(line: QuestionLine) -> str | None:
    return line.ask.question if line.ask is not None else None


def _sure(
    lines: list[QuestionLine], sentences: dict[Ask, Sentence], least: float
) -> list[QuestionLine]:
    """The lines of the questions of which no statement is doubted, and all rejected lines."""
    found: list[QuestionLine] = []
    for _, group in groupby(lines, key=_question):
        own = list(group)
        told = [sentences[line.ask].confidence for line in own if line.ask is not None]
        if all(one is None or one >= least for one in told):
            found += own
    return found


def read_lines(file: IO[bytes]) -> Iterator[QuestionLine]:
    """The lines that are not blank, each with its question and answer or why it is rejected."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        start = raw
        while len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            raw = file.readline(MAX_LINE_BYTES + 1)  # skip to the end of the line
        if len(start) > MAX_LINE_BYTES:
            yield QuestionLine(number, None, {}, f"longer than {MAX_LINE_BYTES:,} bytes")
        elif start.strip():
            yield _line(number, start.removeprefix(b"\xef\xbb\xbf") if number == 1 else start)


def _line(number: int, raw: bytes) -> QuestionLine:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return QuestionLine(number, None, {}, f"not JSON: {error}")
    if not isinstance(document, dict):
        return QuestionLine(number, None, {}, "not a JSON object")
    if key := repeated_key(raw, document):
        return QuestionLine(number, None, {}, f"the key {key!r} is there twice")
    for name in ("question", "answer"):
        if not isinstance(document.get(name), str):
            problem = "is missing" if name not in document else "is not a string"
            return QuestionLine(number, None, {}, f"field {name} {problem}")
    ask = Ask(collapse(document["question"]), collapse(document["answer"]))
    if ask.answer == NO_ANSWER:
        return QuestionLine(number, None, {}, f"field answer {NO_STATEMENT}")
    return QuestionLine(number, ask, document)
