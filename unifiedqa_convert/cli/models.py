"""`uqa model` and `uqa cache`: the question converters' weights, and what they have said."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.filesize import decimal

from unifiedqa_convert.cli.options import AsJson, Quiet, needing, print_either, tell
from unifiedqa_convert.errors import UsageError

model = typer.Typer(
    no_args_is_help=True, help="Models: fetch a question converter; import and export Vera."
)
cache = typer.Typer(no_args_is_help=True, help="Sentences that models have made already.")


Dtype = Annotated[
    Literal["stored", "float32", "bfloat16"],
    typer.Option(help="Of the weights on disk; stored: as they are."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands in OUT.")]


@model.command(
    "import",
    epilog="Examples: uqa model import liujch1998/vera --allow-pickle; uqa model import ./folder",
)
def import_(
    source: Annotated[str, typer.Argument(help="A folder, or owner/name on the hub.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The model's folder.", show_default="models/NAME"),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="The hub's commit.")
    ] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read .bin files (tensors only).")
    ] = False,
    dtype: Dtype = "stored",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a published Vera checkpoint a model for `uqa score`, evaluation and training."""
    with needing("model"):
        from vera_model.programs.preflight import model_files
        from vera_model.run_folder import check_absent

        out = out or Path("models") / Path(source).name
        check_absent(out, overwrite=overwrite)
        folder = model_files(source, revision, allow_pickle=allow_pickle)
        from vera_model.model.published_layout import import_published

    moved = import_published(
        folder, out, allow_pickle=allow_pickle, dtype=dtype, overwrite=overwrite
    )
    print_either(moved._asdict(), lambda _: print(out), as_json)
    tell(moved.summary(), quiet)


@model.command(epilog="Example: uqa model export runs/stage-b --out published")
def export(
    model: Annotated[Path, typer.Argument(help="A Vera model's folder, or a run's.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to write.")],
    dtype: Dtype = "stored",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a model in the layout of liujch1998/vera, for those who read that."""
    with needing("model"):
        from vera_model.run_folder import check_absent, checked_model

        folder = checked_model(model, tokenizer=False)
        check_absent(out, overwrite=overwrite)
        from vera_model.model.published_layout import export_published

    moved = export_published(folder, out, dtype=dtype, overwrite=overwrite)
    print_either(moved._asdict(), lambda _: print(out), as_json)
    tell(moved.summary(), quiet)


# `uqa model fetch` for people: what it costs, that it is done, what to do next.


def fetch_and_tell(
    name: str, revision: str | None, only_plan: bool, as_json: bool, quiet: bool
) -> None:
    """The command: say what it costs, do it, say what to do next."""
    from unifiedqa_convert.question_converters import download, local_models
    from unifiedqa_convert.question_converters.download import convert_folder, costs

    if local_models.is_path(name):
        if revision or only_plan:
            raise UsageError("--revision and --plan are for a hub repository, not for a folder")
        made = convert_folder(name)
        document: dict[str, Any] = {"folder": str(made.folder), "revision": made.revision}
    else:
        planned = download.plan_download(name, revision)
        document = costs(planned)
        if not quiet:
            print("\n".join(rendered(document)), file=sys.stderr)
        if not only_plan:
            made = download.fetch_model(planned)
            document["folder"] = str(made.folder)
            if not quiet:
                print(f"use it: --question-converter {name}", file=sys.stderr)
    if as_json:
        print(json.dumps(document, indent=2))
    elif "folder" in document:
        print(document["folder"])


def rendered(costs: dict[str, Any]) -> list[str]:
    """The plan for people."""
    disk, memory = costs["disk"], costs["memory"]
    available = memory["available"]
    lines = [
        f"{costs['hub']} at {costs['asked']}, commit {costs['revision']}",
        *(f"  {file['name']}: {decimal(file['bytes'])}" for file in costs["files"]),
        f"download {decimal(costs['download'])}; disk {decimal(disk['needed'])} needed, "
        f"{decimal(disk['free'])} free in {disk['folder']}",
        f"memory to run it: {decimal(memory['as stored'])} as stored"
        + (f", {decimal(available)} available here" if available is not None else ""),
    ]
    if costs["asked"].startswith("refs/pr/"):
        lines.append(
            f"{costs['asked']} is a pull request that the repository's owner has not merged: its "
            "safetensors are taken because main holds a pickle"
        )
    if costs["weights"] != "safetensors":
        lines.append(
            "its weights are a pickle, which can run code when read: it is converted once to "
            "safetensors, in a process of its own, with weights_only=True"
        )
    return lines


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

    fetch_and_tell(name, revision, plan, as_json, quiet)


@cache.command(epilog="Example: uqa cache info --json")
def info(as_json: AsJson = False) -> None:
    """Say where the cache is, its size, and whose sentences it holds."""
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache, print_info

    print_either(SentenceCache(local_models.sentences_file()).info(), print_info, as_json)


@cache.command(epilog="Example: uqa cache clear --converter domenicrosati/question_converter-3b")
def clear(
    converter: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this one's.", show_default="all")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forget sentences; they are made again when they are asked for."""
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache

    gone = SentenceCache(local_models.sentences_file()).clear(converter)
    print_either({"forgotten": gone}, lambda _: print(f"{gone} sentences forgotten"), as_json)
