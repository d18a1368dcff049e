"""Options that several commands share, and functions that print a command's result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from unifiedqa_convert.errors import UsageError, missing_library
from unifiedqa_convert.printing import print_json, say
from unifiedqa_convert.vera_tasks import GroupName

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no summary.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing --out.")]
AllowSample = Annotated[
    bool, typer.Option("--allow-sample", help="Accept the invented rows of the embedded samples.")
]
Resamples = Annotated[
    int, typer.Option(metavar="N", min=1, help="Number of bootstrap resamples for the intervals.")
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="CPU threads.", show_default="torch's: a core each"),
]
RawFiles = Annotated[
    list[Path] | None,
    typer.Option("--raw", metavar="FILE", help="File of raw rows; repeat the option for several."),
]


def dataset_names(incomplete: str) -> list[str]:
    """Shell completions of a dataset's name."""
    from unifiedqa_convert.datasets.registry import completions

    return completions(incomplete)


def known_dataset(typed: str, quiet: bool = False) -> str:
    """The dataset's own name; tells what another name is taken for."""
    from unifiedqa_convert.datasets.registry import load_adapter

    if typed in get_args(GroupName):
        raise UsageError(
            f"{typed} is a group, not a dataset: `uqa fetch` and `uqa convert` take --group {typed}"
        )
    name = load_adapter(typed).name
    say(f"{typed}: taken as {name}", quiet=quiet or name == typed)
    return name


def print_either(document: Any, render: Callable[[Any], None], as_json: bool) -> None:
    """Print the document as JSON, or by ``render``."""
    if as_json:
        print_json(document)
    else:
        render(document)


_EXTRAS = {"metrics": "rouge_score", "model": "torch", "serve": "fastapi"}


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Around imports of an extra's libraries: UsageError names the extra if one is missing."""
    try:
        if find_spec(_EXTRAS[extra]) is None:  # before importing torch, which takes seconds
            raise ModuleNotFoundError(name=_EXTRAS[extra])
        yield
    except ModuleNotFoundError as error:
        raise missing_library(error.name, extra) from error
