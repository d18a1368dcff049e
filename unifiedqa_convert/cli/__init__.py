"""The command line: `uqa`. Data on stdout, messages on stderr.

A command calls one function; the errors of errors.py are caught here. Heavy libraries are imported
by the commands that need them, so that `uqa --help` is fast.
"""

import gc
import os
import signal
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unifiedqa_convert.cli import (
    convert,
    datasets,
    declare,
    fetch,
    models,
    score_answers,
    serve,
    vera,
)
from unifiedqa_convert.errors import UqaError, check_words
from unifiedqa_convert.flags import add_command
from unifiedqa_convert.printing import message, print_text, say
from unifiedqa_convert.storage import use_stand_in_home
from vera_model import run as vera_run


class Commands(TyperGroup):
    """The commands, which take words that are UTF-8."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer; UsageError for other words."""
        check_words(args)
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help would double the time of `uqa --help`
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Question-answering datasets to UnifiedQA records, declarative statements, and Vera.",
    epilog="Start with: uqa list; uqa show copa; uqa convert copa --split validation",
)
app.command("list", epilog="Example: uqa list --json | jq '.[].name'")(datasets.list_datasets)
app.command(epilog="Example: uqa show copa --rows 2")(datasets.show)
app.command(epilog="Example: uqa cite copa sciq --bibtex")(datasets.cite)
add_command(app, "convert", convert.convert, convert.convert_flags, epilog=convert.EPILOG)
app.command(epilog=declare.EPILOG)(declare.declare)
app.add_typer(models.model, name="model")
app.add_typer(models.cache, name="cache")
app.command(
    epilog="Examples: uqa check data/converted; uqa check published.tsv. Exit code 4 if there are "
    "errors, 0 if there are only warnings or none."
)(datasets.check)
app.command(epilog="Examples: uqa sources copa; uqa sources --check; uqa sources copa --update")(
    datasets.sources
)
app.command(epilog=fetch.EPILOG)(fetch.fetch)
add_command(
    app,
    "train",
    vera_run.train,
    vera_run.train_flags,
    epilog="Example: uqa train --preset tiny --data data/converted/copa/validation",
)
app.command(epilog=serve.EPILOG)(serve.serve)
app.command(epilog=vera.EPILOG)(vera.score)
app.command(epilog=score_answers.EPILOG)(score_answers.score_answers)
app.command(
    epilog="Example: uqa evaluate --model runs/tiny --data data/converted/copa --out eval/copa"
)(vera.evaluate)
app.command(epilog="Example: uqa calibrate runs/tiny")(vera.calibrate)
app.command(epilog="Example: uqa report runs/tiny")(vera.report)
app.add_typer(vera.replicate, name="replicate")
app.add_typer(vera.plan, name="plan")


def main() -> None:
    """Run the command line. Exit codes: errors.py."""
    signal.signal(signal.SIGTERM, _stopped)
    # A name that is no UTF-8 (of a file in a folder, or of this folder) is printed escaped.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a shell's background job
        signal.signal(signal.SIGINT, _stopped)
    gc.freeze()  # imported code stays: without a search for cycles in it, 0.1 s less for a command
    try:
        try:
            if line := use_stand_in_home():
                say(line)
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()
            gc.freeze()  # nor at exit
    except UqaError as error:
        say(f"uqa: {message(str(error))}")
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `| head` has ended; the final flush would fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def _stopped(number: int, _frame: object) -> None:
    """Locks and temporary files are removed, finished work is kept."""
    name = signal.Signals(number).name
    say(f"uqa: stopped by {name}; run the same command again: what was finished is kept")
    if number == signal.SIGINT:
        raise KeyboardInterrupt  # typer exits with 130
    sys.exit(128 + number)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print_text(version("unifiedqa-convert"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...
