"""Options that several commands share, and how a command answers."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.errors import missing_library

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
RawFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--raw", metavar="FILE", help="A file of raw rows; repeat the option for several."
    ),
]


def dataset_names(incomplete: str) -> list[str]:
    """What the shell offers for a dataset's name."""
    from unifiedqa_convert.datasets.registry import catalogue

    return [name for name in catalogue().adapters if name.startswith(incomplete)]


def print_either(document: Any, render: Callable[[Any], None], as_json: bool) -> None:
    """The document as JSON on stdout, or rendered for people."""
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        render(document)


def _converter_option(help_: str, metavar: str | None = None, **more: Any) -> Any:
    return typer.Option(help=help_, metavar=metavar, rich_help_panel="Question converter", **more)


ConverterName = Annotated[
    str,
    _converter_option(
        "rules (embedded), none, question_converter-3b or any OWNER/NAME that `uqa model fetch` "
        "brought, or a folder (./folder).",
        "NAME",
    ),
]
BackendName = Annotated[Literal["transformers", "ct2"], _converter_option("What runs a model.")]
DeviceName = Annotated[
    str, _converter_option("auto, cpu, cuda (one GPU per worker) or cuda:N.", "DEVICE")
]
DtypeName = Annotated[
    Literal["auto", "bf16", "fp32", "int8", "fp16"],
    _converter_option(
        "auto: bf16 on a GPU, fp32 on the CPU; int8 (ct2 only) may change sentences."
    ),
]
BatchTokens = Annotated[
    int | None,
    _converter_option(
        "Padded prompt tokens of a batch; less needs less memory.",
        "N",
        min=1,
        show_default="by device",
    ),
]
Revision = Annotated[
    str | None,
    _converter_option(
        "A fetched commit, 40 hex digits.", "COMMIT", show_default="the one that is here"
    ),
]
PromptName = Annotated[
    str | None,
    _converter_option(
        "A template with {question} and {choice}, or question_converter or qa2d.",
        "TEMPLATE",
        show_default="the model's own",
    ),
]


def tell(line: str, quiet: bool) -> None:
    """A line for people, on stderr."""
    if not quiet:
        print(line, file=sys.stderr)


_EXTRAS = {"model": "torch", "serve": "fastapi"}


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Imports of libraries that come with an extra; UsageError names it where one is absent."""
    try:
        if find_spec(_EXTRAS[extra]) is None:  # asked first: what is refused loads no torch
            raise ModuleNotFoundError(name=_EXTRAS[extra])
        yield
    except ModuleNotFoundError as error:
        raise missing_library(error.name, extra) from error
