"""`uqa model import`, `export`: checkpoints in the layout in which Vera is published."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from unifiedqa_convert.cli.options import AsJson, Quiet, needing, print_either, tell

Dtype = Annotated[
    Literal["stored", "float32", "bfloat16"],
    typer.Option(help="Of the weights on disk; stored: as they are."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands in OUT.")]


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
        from vera_model.hub import model_files
        from vera_model.run_folder import check_absent

        out = out or Path("models") / Path(source).name
        check_absent(out, overwrite=overwrite)
        folder = model_files(source, revision, allow_pickle=allow_pickle)
        from vera_model.published import import_published

    moved = import_published(
        folder, out, allow_pickle=allow_pickle, dtype=dtype, overwrite=overwrite
    )
    print_either(moved._asdict(), lambda _: print(out), as_json)
    tell(moved.summary(), quiet)


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
        from vera_model.folders import checked_model
        from vera_model.run_folder import check_absent

        folder = checked_model(model, tokenizer=False)
        check_absent(out, overwrite=overwrite)
        from vera_model.published import export_published

    moved = export_published(folder, out, dtype=dtype, overwrite=overwrite)
    print_either(moved._asdict(), lambda _: print(out), as_json)
    tell(moved.summary(), quiet)


def register(model: typer.Typer) -> None:
    """Put the two under `uqa model`, beside what fetches question converters."""
    model.command(
        "import",
        epilog="Examples: uqa model import liujch1998/vera --allow-pickle; "
        "uqa model import ./folder",
    )(import_)
    model.command(epilog="Example: uqa model export runs/stage-b --out published")(export)
