"""`uqa train`, and the same command as a program of its own for ``accelerate launch``:

    accelerate launch --num_processes 1 --cpu vera_model/run.py --preset tiny --data … --out …

Plain ``python -m vera_model.run`` takes the same flags. Importing this module loads no torch.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

if __name__ == "__main__" and not __package__:
    # Started as a file: its folder is on the path, where config.py or evaluate.py would hide
    # other packages of those names. The folder above is what `python -m` would have put there.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)


def train(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Shards or folders of converted splits; repeat it for several.",
            show_default="data/converted",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder.", show_default="runs/PRESET")
    ] = None,
    preset: Annotated[str, typer.Option(help="Where the configuration starts.")] = "tiny",
    valid: Annotated[
        list[Path] | None, typer.Option(help="Evaluate on these; default: held-out problems.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, dropout and order.")] = None,
    steps: Annotated[int | None, typer.Option(help="Weight updates.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Problems per update.")] = None,
    lr: Annotated[float | None, typer.Option(help="Adam's learning rate.")] = None,
    device: Annotated[
        Literal["auto", "cpu"], typer.Option(help="auto takes what accelerate finds.")
    ] = "auto",
    allow_sample: Annotated[
        bool, typer.Option("--allow-sample", help="Accept invented sample rows.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in OUT.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json on stdout.")] = False,
) -> None:
    """Train a Vera model on converted shards, evaluate it, write metrics.json.

    The preset tiny starts from scratch and downloads nothing: a SentencePiece vocabulary and a
    small T5 encoder, about a minute on two cores.
    """
    from unifiedqa_convert.errors import UsageError
    from vera_model.config import from_preset

    config = from_preset(
        preset,
        data=data or [Path("data/converted")],
        valid=valid,
        out=out or Path("runs") / preset,
        seed=seed,
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        device=device,
        allow_sample=allow_sample,
        overwrite=overwrite,
    )
    try:
        from vera_model.train import run
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs {error.name}: pip install 'unifiedqa-convert[model]'"
        ) from error
    path = run(config)
    _tell(path, json.loads(path.read_bytes()), as_json)


def _tell(path: Path, document: dict[str, Any], as_json: bool) -> None:
    """The folder (or the metrics) on stdout, the overall numbers on stderr."""
    metrics, groups = document["metrics"]["overall"], document["data"]["groups"]
    shown = {
        "choice accuracy": metrics["choice_accuracy"],
        "by chance": metrics["choice_accuracy_by_chance"],
        "AUROC": metrics["auroc"],
        "ECE": metrics["ece"],
    }
    numbers = ", ".join(
        f"{name} {'-' if value is None else format(value, '.3f')}" for name, value in shown.items()
    )
    print(
        f"trained on {groups['trained_on']} problems; on {metrics['problems']} others: {numbers}",
        file=sys.stderr,
    )
    print(json.dumps(document, indent=2) if as_json else path)


def main() -> None:
    """Run the command by itself; errors are one line and an exit code, as in `uqa`."""
    from unifiedqa_convert.errors import UqaError

    try:
        typer.run(train)
    except UqaError as error:
        print(f"uqa train: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
