"""`uqa score-answers`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.cli.options import (
    AllowSample,
    AsJson,
    Overwrite,
    Quiet,
    Resamples,
    needing,
    print_either,
)
from unifiedqa_convert.cli.tables import print_columns
from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.printing import say
from unifiedqa_convert.storage import write_json

EPILOG = (
    "Examples: uqa score-answers predictions.jsonl data/converted/squad2/validation; "
    "uqa score-answers predictions.txt data/converted/arc_easy --compat unifiedqa --json"
)


_Predictions = Annotated[
    Path,
    typer.Argument(
        metavar="PREDICTIONS",
        help="JSON lines with id and prediction; a file with id, tab, prediction a line, or with "
        "one prediction a line in order; SQuAD's JSON of ids and texts; or the folder of an "
        "evaluation.",
    ),
]
_Outputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="OUTPUT",
        help="Folders that `uqa convert` wrote: Arrow, Parquet, JSON lines, or TSV, which has no "
        "ids and one reference a line.",
    ),
]


def score_answers(
    predictions: _Predictions,
    outputs: _Outputs,
    compat: Annotated[
        Literal["none", "unifiedqa"],
        typer.Option(
            help="unifiedqa: as the scripts of allenai/unifiedqa, limits included, to compare."
        ),
    ] = "none",
    missing: Annotated[
        Literal["error", "empty", "leave-out"],
        typer.Option(help="Questions without a prediction: an error, empty answers, or left out."),
    ] = "error",
    foreign: Annotated[
        Literal["error", "leave-out"],
        typer.Option(help="Predictions without a question: an error, or left out."),
    ] = "error",
    allow_sample: AllowSample = False,
    resamples: Resamples = 1000,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write the result to, as JSON.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score a model's answers to converted questions.

    Accuracy of choices and of yes/no, exact match, F1 and ROUGE-L of texts, with 95 % intervals.
    """
    if out is not None and out.exists() and not overwrite:
        raise OutputError(f"{out} exists already: add --overwrite, or name another --out")
    with needing("metrics"):
        from vera_model.metrics.answers import told
        from vera_model.metrics.bootstrap import Resampling
        from vera_model.programs.score_answers import score_answers as score

    how: dict[str, Any] = {"missing": missing, "foreign": foreign, "allow_sample": allow_sample}
    found = score(predictions, outputs, compat=compat, resampling=Resampling(resamples), **how)
    if out is not None:
        write_json(out, found.document)
    print_either(found.document, lambda one: print_columns(told(one)), as_json)
    for line in found.notes:
        say(line, quiet)
