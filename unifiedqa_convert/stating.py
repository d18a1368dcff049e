"""`uqa declare` for people: what goes where, progress, and a summary on stderr."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from unifiedqa_convert.declare import QuestionConverter
from unifiedqa_convert.declare.choose import question_converter
from unifiedqa_convert.declare.options import Options
from unifiedqa_convert.declaring import State, declare, declare_file, opened
from unifiedqa_convert.errors import OutputError, UsageError
from unifiedqa_convert.files import whole
from unifiedqa_convert.progress import row_progress
from unifiedqa_convert.vera_json import vera_json

Progress = Callable[[int], None]


class Stating(NamedTuple):
    """What the command was asked to do."""

    file: Path
    out: Path | None
    question_converter: str
    options: Options
    max_rejects: int
    overwrite: bool
    compat: str | None
    task: str | None


def state(asked: Stating, as_json: bool, quiet: bool) -> None:
    """Do it; statements go to --out or stdout, everything for people to stderr."""
    if (asked.compat is None) != (asked.task is None):
        raise UsageError("--compat vera and --task NAME go together")
    if asked.compat and str(asked.file) == "-":
        raise UsageError("--compat vera reads a file")
    converter = question_converter(asked.question_converter, asked.options)
    if converter is None:
        raise UsageError("--question-converter none states nothing; take rules or a model")
    with row_progress(f"statements by {converter.name}", None, quiet) as progress:
        make = _upstreams if asked.task else _lines
        counts = make(asked, converter, progress)
    told = ", ".join(f"{name} {number}" for name, number in counts.items() if number)
    if not quiet:
        name = "stdin" if str(asked.file) == "-" else asked.file
        print(f"{name}: {told or 'no lines'}", file=sys.stderr)
    if asked.out is not None:
        document = {"file": str(asked.out), "counts": dict(counts)}
        print(json.dumps(document, indent=2) if as_json else asked.out)


def _lines(asked: Stating, converter: QuestionConverter, progress: Progress) -> Counter[str]:
    if asked.out is not None and str(asked.file) != "-":
        made, since = declare_file(
            asked.file,
            converter,
            asked.out,
            asked.max_rejects,
            asked.overwrite,
            progress,
            _complain,
        )
        if since:
            print(f"resumed after line {since} of a stopped run", file=sys.stderr)
        return made.counts
    done = State()
    with _source(asked.file) as source, _sink(asked) as sink:
        declare(
            source,
            converter,
            sink,
            done,
            asked.max_rejects,
            lambda now: progress(now.line),
            _complain,
        )
    return done.counts


def _upstreams(asked: Stating, converter: QuestionConverter, progress: Progress) -> Counter[str]:
    with _sink(asked) as sink:
        return vera_json(asked.file, asked.task or "", converter, sink, progress, _complain)


@contextmanager
def _source(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with opened(path) as file:
        yield file


@contextmanager
def _sink(asked: Stating) -> Iterator[IO[bytes]]:
    """--out, whole or not at all; or stdout."""
    if asked.out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if asked.out.exists() and not asked.overwrite:
        raise OutputError(f"{asked.out} exists; --overwrite replaces it, --out FILE goes elsewhere")
    try:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        with whole(asked.out) as file:
            yield file
    except OSError as error:
        raise OutputError(f"cannot write {asked.out}: {error.strerror or error}") from error


def _complain(about: str) -> None:
    print(f"uqa: {about}", file=sys.stderr)
