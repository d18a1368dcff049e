"""`uqa declare`: questions and answers to statements, a line at a time."""

from pathlib import Path
from typing import Annotated, Literal

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
    from unifiedqa_convert.declare.options import Options
    from unifiedqa_convert.stating import Stating, state

    options = Options(backend, device, dtype, batch_tokens, revision, prompt)
    state(
        Stating(file, out, question_converter, options, max_rejects, overwrite, compat, task),
        as_json,
        quiet,
    )
