"""A TSV and a question converter → the JSON that upstream Vera's prepare_data.py would write.

    uqa declare dev.tsv --compat vera --task openbookqa --out dev.json

declare/compat.py says what upstream does with a line; here lines are read as upstream's ``open``
reads them (any line end, a byte order mark is text), the asks of many lines go to the converter
together, and the JSON has upstream's very bytes. Nothing is written under the final name until all
of it is there; a killed run finds its sentences in the cache.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from unifiedqa_convert.declare import Ask, QuestionConverter
from unifiedqa_convert.declare.asking import answers
from unifiedqa_convert.declare.compat import TASKS, Line, SkippedLine, read_line
from unifiedqa_convert.declare.model import ModelConverter
from unifiedqa_convert.errors import SourceError, UsageError

CHUNK_LINES = 1_000


def vera_json(
    path: Path,
    task: str,
    converter: QuestionConverter,
    sink: IO[bytes],
    told: Callable[[int], None],
    skipped: Callable[[str], None],
) -> Counter[str]:
    """Write the problems of ``path``; returns what became of its lines.

    UsageError for a task that upstream does not know; SourceError where the file is not text.
    """
    if task not in TASKS:
        raise UsageError(f"--task {task!r} is none of upstream's: {', '.join(TASKS)}")
    counts: Counter[str] = Counter()
    separator = "[\n"
    try:
        with path.open(encoding="utf-8") as file:
            while part := list(islice(file, CHUNK_LINES)):
                for problem in _problems(part, task, converter, counts, skipped):
                    text = json.dumps(problem, indent=4).replace("\n", "\n    ")
                    sink.write(f"{separator}    {text}".encode())
                    separator = ",\n"
                told(counts["read"])
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: {error}") from error
    sink.write(b"[]" if separator == "[\n" else b"\n]")
    return counts


def _problems(
    lines: Sequence[str],
    task: str,
    converter: QuestionConverter,
    counts: Counter[str],
    skipped: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    read: list[Line] = []
    for line in lines:
        counts["read"] += 1
        try:
            read.append(read_line(task, line.strip("\n")))
        except SkippedLine as why:
            counts[f"skipped: {why.kind}"] += 1
            skipped(f"line {counts['read']}: {why}; skipped, as upstream does")
    asks = [draft.ask for made in read for draft in made.drafts() if draft.ask is not None]
    said = _texts(converter, list(dict.fromkeys(asks)))
    counts["asks"] += len(asks)
    for made in read:
        counts["problems"] += 1
        counts["blanks miscounted"] += sum(draft.blanks for draft in made.drafts())
        yield {
            "golds": [draft.said(said.__getitem__) for draft in made.golds],
            "distractors": [draft.said(said.__getitem__) for draft in made.distractors],
        }


def _texts(converter: QuestionConverter, asks: Sequence[Ask]) -> dict[Ask, str]:
    """What a model says as it says it: the final stop is upstream's to set."""
    if isinstance(converter, ModelConverter):
        return dict(zip(asks, converter.texts(asks), strict=True))
    return {ask: sentence.text for ask, sentence in answers(converter, asks).items()}
