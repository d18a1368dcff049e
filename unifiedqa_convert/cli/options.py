"""Options that several commands share, and how a command answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
RawFiles = Annotated[
    list[Path] | None,
    typer.Option("--raw", help="A file of raw rows; repeat the option for several."),
]


def dataset_names(incomplete: str) -> list[str]:
    """What the shell offers for a dataset's name."""
    from unifiedqa_convert.registry import catalogue

    return [name for name in catalogue().adapters if name.startswith(incomplete)]


def print_either(document: Any, render: Callable[[Any], None], as_json: bool) -> None:
    """The document as JSON on stdout, or rendered for people."""
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        render(document)
