"""`uqa declare`: questions and answers to statements, a line at a time."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal, NamedTuple

import typer

from unifiedqa_convert.cli.options import (
    AsJson,
    BackendName,
    BatchTokens,
    ConverterName,
    DeviceName,
    DtypeName,
    PromptName,
    Quiet,
    Revision,
)
from unifiedqa_convert.cli.progress import row_progress
from unifiedqa_convert.errors import OutputError, UsageError
from unifiedqa_convert.question_converters.base import Options, QuestionConverter
from unifiedqa_convert.storage import atomic_file

# `uqa declare` for people: what goes where, progress, and a summary on stderr.

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
    from unifiedqa_convert.question_converters.select import question_converter

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
    from unifiedqa_convert.conversion import question_lines
    from unifiedqa_convert.conversion.question_lines import State, declare_file

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
        question_lines.declare(
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
    from unifiedqa_convert.conversion.upstream_vera import vera_json

    with _sink(asked) as sink:
        return vera_json(asked.file, asked.task or "", converter, sink, progress, _complain)


@contextmanager
def _source(path: Path) -> Iterator[IO[bytes]]:
    from unifiedqa_convert.conversion.question_lines import open_lines

    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with open_lines(path) as file:
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
        with atomic_file(asked.out) as file:
            yield file
    except OSError as error:
        raise OutputError(f"cannot write {asked.out}: {error.strerror or error}") from error


def _complain(about: str) -> None:
    print(f"uqa: {about}", file=sys.stderr)


EPILOG = (
    "Examples: uqa declare asked.jsonl --out said.jsonl; "
    "uqa declare dev.tsv --compat vera --task openbookqa --out dev.json"
)


def declare(
    file: Annotated[
        Path, typer.Argument(help='JSON lines {"question", "answer"}, or - for stdin.')
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here, resumably.", show_default="stdout"),
    ] = None,
    question_converter: ConverterName = "rules",
    backend: BackendName = "transformers",
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    batch_tokens: BatchTokens = None,
    revision: Revision = None,
    prompt: PromptName = None,
    max_rejects: Annotated[
        int, typer.Option(metavar="N", min=0, help="Go on past so many bad lines.")
    ] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.")] = False,
    compat: Annotated[
        Literal["vera"] | None,
        typer.Option(help="FILE is a TSV, done as upstream's prepare_data.py does, to Vera JSON."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Under --compat vera: upstream's name of the dataset."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add "statement" and "via" to each line of questions and answers."""
    options = Options(backend, device, dtype, batch_tokens, revision, prompt)
    state(
        Stating(file, out, question_converter, options, max_rejects, overwrite, compat, task),
        as_json,
        quiet,
    )
