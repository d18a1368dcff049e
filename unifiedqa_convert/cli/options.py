"""Options that several commands share, and how a command answers."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from unifiedqa_convert.errors import UsageError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
RawFiles = Annotated[
    list[Path] | None,
    typer.Option("--raw", help="A file of raw rows; repeat the option for several."),
]


def print_either(document: Any, render: Callable[[Any], None], as_json: bool) -> None:
    """The document as JSON on stdout, or rendered for people."""
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        render(document)


def tell(line: str, quiet: bool) -> None:
    """A line for people, on stderr."""
    if not quiet:
        print(line, file=sys.stderr)


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Imports of libraries that come with an extra; UsageError names it where one is absent."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"this needs {error.name}: pip install 'unifiedqa-convert[{extra}]'"
        ) from error
