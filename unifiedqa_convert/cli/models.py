"""`uqa model` and `uqa cache`: the question converters' weights, and what they have said."""

from typing import Annotated

import typer

from unifiedqa_convert.cli.options import AsJson, Quiet, print_either

model = typer.Typer(
    no_args_is_help=True, help="Models: fetch a question converter; import and export Vera."
)
cache = typer.Typer(no_args_is_help=True, help="Sentences that models have made already.")


@model.command(epilog="Examples: uqa model fetch --plan; uqa model fetch QA2D-t5-small")
def fetch(
    name: Annotated[
        str, typer.Argument(help="A preset, OWNER/NAME, or a ./folder whose pickle to convert.")
    ] = "question_converter-3b",
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION", help="A branch or commit; what is used later is its commit."
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it costs; fetch nothing.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring a model's safetensors here, or convert its pickle once; print the folder."""
    from unifiedqa_convert.fetch_report import fetch_and_tell

    fetch_and_tell(name, revision, plan, as_json, quiet)


@cache.command(epilog="Example: uqa cache info --json")
def info(as_json: AsJson = False) -> None:
    """Say where the cache is, its size, and whose sentences it holds."""
    from unifiedqa_convert.declare import store
    from unifiedqa_convert.declare.cache import SentenceCache, print_info

    print_either(SentenceCache(store.sentences()).info(), print_info, as_json)


@cache.command(epilog="Example: uqa cache clear --converter domenicrosati/question_converter-3b")
def clear(
    converter: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this one's.", show_default="all")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forget sentences; they are made again when they are asked for."""
    from unifiedqa_convert.declare import store
    from unifiedqa_convert.declare.cache import SentenceCache

    gone = SentenceCache(store.sentences()).clear(converter)
    print_either({"forgotten": gone}, lambda _: print(f"{gone} sentences forgotten"), as_json)
