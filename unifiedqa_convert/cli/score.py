"""`uqa score`: how plausible a sentence is."""

from pathlib import Path
from typing import Annotated

import typer

from unifiedqa_convert.cli.options import AsJson, Quiet, needing, print_either, tell

EPILOG = (
    "Examples: uqa score 'A penguin is a kind of bird.' --model models/vera; "
    "uqa score --file sentences.txt --model runs/tiny --json"
)


def score(
    sentences: Annotated[
        list[str] | None, typer.Argument(help="Declarative sentences, each in quotes.")
    ] = None,
    model: Annotated[Path, typer.Option(help="A Vera model's folder, or a run's.")] = Path(
        "models/vera"
    ),
    file: Annotated[Path | None, typer.Option(help="A text file, one sentence a line.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score sentences: logit, its sigmoid, and the calibrated probability of being true."""
    with needing("model"):
        from vera_model.sentences import asked_texts

        texts = asked_texts(model, sentences or [], file)
        from vera_model.score import render, score_texts

    scored = score_texts(model, texts)
    print_either([one._asdict() for one in scored], lambda _: print(render(scored)), as_json)
    if cut := sum(one.cut for one in scored):
        tell(f"{cut} of {len(scored)} texts are longer than the model reads, and were cut", quiet)
