"""`uqa score`, `evaluate`, `calibrate`, `report`, `replicate` and `plan`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.cli.options import (
    AllowSample,
    AsJson,
    Overwrite,
    Quiet,
    Resamples,
    Threads,
    known_dataset,
    needing,
    print_either,
)
from unifiedqa_convert.flags import add_command, flags_of
from unifiedqa_convert.printing import print_text, say
from vera_model import run as vera_run

EPILOG = (
    "Examples: uqa score 'A penguin is a kind of bird.' --model models/vera; "
    "uqa score --file sentences.txt --model runs/tiny --json"
)


ZeroShot = Annotated[
    bool,
    typer.Option(
        "--zero-shot",
        help="Score by a language model's mean log-probability, as is always done with one; "
        "refuse any other model.",
    ),
]


def score(
    sentences: Annotated[
        list[str] | None,
        typer.Argument(metavar="SENTENCE", help="Declarative sentences, each in quotes."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Folder of a Vera model, a training run or a language model, or smol "
            "(`uqa model fetch smol`).",
            show_default="models/vera if it is there, else smol",
        ),
    ] = None,
    zero_shot: ZeroShot = False,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Text file with one sentence per line.")
    ] = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score how plausible sentences are.

    Prints the logit, its sigmoid, and the calibrated probability that the sentence is true.
    """
    with needing("model"):
        from vera_model.programs.preflight import texts_to_score

        found, texts = texts_to_score(model, sentences or [], file, zero_shot=zero_shot)
        from vera_model.embedded import scored_by
        from vera_model.programs.score import score_lines, score_texts, score_warnings
        from vera_model.run_folder import card_notes

    say(scored_by(found), quiet or not (model is None or zero_shot))
    scored = score_texts(found, texts, threads)
    document = [one._asdict() for one in scored]
    print_either(document, lambda _: print_text(score_lines(scored)), as_json)
    for line in [*score_warnings(scored), *card_notes(found)]:
        say(line, quiet)


AllowPickle = Annotated[
    bool,
    typer.Option("--allow-pickle", help="Also read pickles (.bin files), tensors only."),
]
ModelName = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="Folder of a model or of a training run, or OWNER/NAME on the Hugging Face hub.",
    ),
]

MaxTokens = Annotated[
    int | None,
    typer.Option(metavar="N", min=2, help="Maximum tokens per text.", show_default="the model's"),
]

replicate = typer.Typer(no_args_is_help=True, help="Repeat a published evaluation.")
plan = typer.Typer(
    no_args_is_help=True, help="Estimate the downloads, memory and time of a command."
)


def evaluate(
    model: ModelName,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="PATH",
            help="Shard, or folder of converted splits; repeat the option for several.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for metrics.json and the predictions.")
    ],
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Training data, given like --data; its statements that are also in --data are "
            "counted.",
        ),
    ] = None,
    recipe: Annotated[
        Literal["clean", "vera"],
        typer.Option(help="clean: without upstream's defects; vera: with them, to compare."),
    ] = "clean",
    records: Annotated[
        Literal["question", "declarative"] | None,
        typer.Option(help="Records that a T5 of --objective text reads.", show_default="question"),
    ] = None,
    max_tokens: MaxTokens = None,
    resamples: Resamples = 1000,
    threads: Threads = None,
    allow_sample: AllowSample = False,
    allow_pickle: AllowPickle = False,
    zero_shot: ZeroShot = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a model on converted splits.

    Writes metrics with intervals per dataset and partition, and all predictions. A T5 with its
    decoder (UnifiedQA's, or of --objective text) writes its answers into predictions.jsonl.
    """
    flags = {"allow_sample": allow_sample, "overwrite": overwrite}
    with needing("model"):
        from vera_model.programs.preflight import check_evaluation

        check_evaluation(model, out, [*data, *(trained_on or ())], zero_shot=zero_shot, **flags)
        from vera_model.metrics.bootstrap import Resampling
        from vera_model.programs.evaluate import evaluate_model, summary_of

    how: dict[str, Any] = {"recipe": recipe, "trained_on": trained_on or ()}
    how |= {**flags, "allow_pickle": allow_pickle, "records": records, "max_tokens": max_tokens}
    how["threads"] = threads
    path = evaluate_model(model, out, valid=data, resampling=Resampling(resamples), **how)
    document = json.loads(path.read_bytes())
    print_either(document, lambda _: print_text(path), as_json)
    say(summary_of(document), quiet)


def calibrate(
    model: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of a model or of a training run.")
    ],
    on: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of an evaluation on validation data.",
            show_default="the run's own",
        ),
    ] = None,
    by: Annotated[
        Literal["ece", "nll"], typer.Option(help="The error to minimise: ece or nll.")
    ] = "ece",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the temperature; write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit a model's temperature on validation data.

    Writes it to the model's configuration, unless --dry-run. Where the search finds no best
    temperature, nothing is written and the exit code is 4.
    """
    with needing("model"):
        from vera_model.programs.preflight import check_calibration

        check_calibration(model, on)
        from vera_model.programs.evaluate import calibrate_model
        from vera_model.run_folder import card_notes

    for line in card_notes(model):
        say(line)
    found = calibrate_model(model, on, by, save=not dry_run)
    print_either(found._asdict(), lambda _: print_text(f"{found.temperature:.4f}"), as_json)
    say(found.summary(), as_json)


def report(
    run: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Folder of a training run or of an evaluation."),
    ],
    as_json: AsJson = False,
) -> None:
    """Write a report about a training run or an evaluation.

    Writes an HTML page with PNG figures.
    """
    with needing("model"):
        from vera_model.run_folder import check_report

        check_report(run)
        from vera_model.report.page import write_report

    page = write_report(run)
    print_either({"page": str(page)}, lambda _: print_text(page), as_json)


@replicate.command(
    "vera-eval", epilog="Example: uqa replicate vera-eval --model models/vera --out vera-eval"
)
def vera_eval(
    model: ModelName,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Folder for table.md, the metrics and the predictions."
        ),
    ] = Path("replicated/vera-eval"),
    data_root: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Folder of converted splits; missing ones are converted into it."
        ),
    ] = Path("data/converted"),
    resamples: Resamples = 1000,
    threads: Threads = None,
    allow_sample: AllowSample = False,
    allow_pickle: AllowPickle = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Repeat Vera's evaluation as one table.

    The table has the tasks whose data are found; the others are listed.
    """
    flags = {"allow_sample": allow_sample, "overwrite": overwrite}
    with needing("model"):
        from vera_model.programs.preflight import check_evaluation

        check_evaluation(model, out, [], **flags)
        from vera_model.metrics.bootstrap import Resampling
        from vera_model.programs.replicate import replicate_evaluation, replication_lines

    how: dict[str, Any] = {**flags, "allow_pickle": allow_pickle, "threads": threads}
    how["resampling"] = Resampling(resamples)
    lines, warned = replicate_evaluation(model, out, data_root, **how)
    print_either(
        [line._asdict() for line in lines], lambda _: print_text(replication_lines(lines)), as_json
    )
    say("\n".join(warned), not warned)


@dataclass(frozen=True)
class PlanFlags:
    """The flags of `uqa plan train` besides those of `uqa train`."""

    measure: Annotated[
        bool, typer.Option(help="Time some updates of one block to estimate the duration.")
    ] = True


def plan_train(flags: dict[str, Any]) -> None:
    """Estimate what `uqa train` will need.

    Downloads, memory and duration of a training run with the same flags.
    """
    with needing("model"):
        from vera_model.run import configure_plan

        config = configure_plan(flags)
        from vera_model.planning.plan import plan_of, render_plan

    document = plan_of(config, measure=flags["measure"])
    print_either(document, lambda one: print_text("\n".join(render_plan(one))), flags["as_json"])


add_command(
    plan,
    "train",
    plan_train,
    lambda: [*vera_run.train_flags(), *flags_of(PlanFlags)],
    epilog="Example: uqa plan train --preset stage-a --model google/t5-v1_1-xxl",
)


@plan.command("convert", epilog="Example: uqa plan convert copa --split validation")
def plan_convert(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Name of a dataset, or all for every dataset.")
    ],
    split: Annotated[
        str | None,
        typer.Option(metavar="SPLIT", help="Name of a split.", show_default="all splits"),
    ] = None,
    question_converter: Annotated[
        str, typer.Option(metavar="NAME", help="As for `uqa convert`: rules, none or a model.")
    ] = "rules",
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the output.")] = Path(
        "data/converted"
    ),
    as_json: AsJson = False,
) -> None:
    """Estimate what `uqa convert` will need.

    Downloads, disk space, and the memory of the question converter.
    """
    from unifiedqa_convert.conversion.estimate import estimate_lines, plan_conversion

    if dataset != "all":
        dataset = known_dataset(dataset)
    document = plan_conversion(dataset, split, question_converter, out)
    print_either(document, lambda one: print_text("\n".join(estimate_lines(one))), as_json)
