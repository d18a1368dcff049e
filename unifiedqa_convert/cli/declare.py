"""`uqa declare`: JSON lines of questions and answers to statements."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal

import typer

from unifiedqa_convert.cli.options import AsJson, Overwrite, Quiet, print_either
from unifiedqa_convert.cli.progress import row_progress
from unifiedqa_convert.errors import OutputError, OutputLocked, SourceError, UsageError
from unifiedqa_convert.printing import print_text, say
from unifiedqa_convert.question_converters.base import (
    PATIENCE,
    BackendName,
    BatchTokens,
    ConverterName,
    DeviceName,
    DtypeName,
    MinConfidence,
    Options,
    Patience,
    PromptName,
    Revision,
)
from unifiedqa_convert.storage import atomic_file, settle

EPILOG = (
    "Examples: uqa declare questions.jsonl --out statements.jsonl; "
    "uqa declare dev.tsv --compat vera --task openbookqa --out dev.json"
)


QuestionsFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help='JSON lines with the fields "question" and "answer"; - reads standard input.',
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Output file. A stopped run leaves no file and starts again from the first line; "
        "sentences that a model made already come from the cache.",
        show_default="standard output",
    ),
]
MaxRejects = Annotated[
    int, typer.Option(metavar="N", min=0, help="Maximum number of rejected lines.")
]
Compat = Annotated[
    Literal["vera"] | None,
    typer.Option(
        help="vera: read FILE as a TSV and write Vera JSON, as upstream's prepare_data.py does."
    ),
]
Task = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="With --compat vera: upstream's name of the dataset."),
]


def declare(
    file: QuestionsFile,
    out: Out = None,
    question_converter: ConverterName = "rules",
    backend: BackendName = "transformers",
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    batch_tokens: BatchTokens = None,
    revision: Revision = None,
    prompt: PromptName = None,
    patience: Patience = PATIENCE,
    min_confidence: MinConfidence = None,
    max_rejects: MaxRejects = 0,
    overwrite: Overwrite = False,
    compat: Compat = None,
    task: Task = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a statement for each question and answer.

    Adds the fields "statement", "via" and "confidence" to each JSON line.
    """
    from unifiedqa_convert.question_converters.select import check_tells
    from unifiedqa_convert.question_converters.select import question_converter as select

    if (compat is None) != (task is None):
        raise UsageError("--compat vera and --task NAME go together: give both or neither")
    if compat and str(file) == "-":
        raise UsageError("--compat vera reads a file, not standard input: give its path")
    if compat and min_confidence is not None:
        raise UsageError("--compat vera writes every statement: leave out --min-confidence")
    check_tells(question_converter, min_confidence)
    options = Options(backend, device, dtype, batch_tokens, revision, prompt, patience)
    converter = select(question_converter, options)
    if converter is None:
        raise UsageError(
            "--question-converter none writes no statements; use rules or a model's name"
        )
    with row_progress(f"statements by {converter.name}", None, quiet) as progress:
        if task is None:
            from unifiedqa_convert.conversion.question_lines import declare_lines

            with _input(file) as source, _output(out, overwrite) as sink:
                counts = declare_lines(
                    source, converter, sink, max_rejects, progress, _warn, min_confidence
                )
        else:
            from unifiedqa_convert.conversion.upstream_vera import vera_json

            with _output(out, overwrite) as sink:
                counts = vera_json(file, task, converter, sink, progress, _warn)
    if not quiet:
        say(_summary(file, counts))
    if out is not None:
        document = {"file": str(out), "counts": dict(counts)}
        print_either(document, lambda _: print_text(out), as_json)


@contextmanager
def _input(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; give a file of JSON lines, or - for standard input"
        ) from error
    with file:
        yield file


@contextmanager
def _output(out: Path | None, overwrite: bool) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears when it is complete; one process writes it."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from filelock import FileLock, Timeout

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(out.with_name(f".{out.name}.lock")).acquire(timeout=0):
            settle(out.parent)
            if out.exists() and not overwrite:
                raise OutputError(f"{out} exists; replace it with --overwrite, or change --out")
            with atomic_file(out) as file:
                yield file
    except Timeout:
        raise OutputLocked(f"{out} is being written by another process; wait or stop it") from None
    except OSError as error:
        named = f"{error.strerror or error}: {error.filename or out}"
        raise OutputError(f"cannot write {out}: {named}") from error


def _summary(file: Path, counts: Counter[str]) -> str:
    name = "standard input" if str(file) == "-" else file
    totals = ", ".join(f"{name} {number}" for name, number in counts.items() if number)
    return f"{name}: {totals or 'no lines'}"


def _warn(message: str) -> None:
    say(f"uqa: {message}")
