"""`uqa evaluate`, `calibrate`, `report`, `replicate`, `plan`: before and after a training run."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from unifiedqa_convert.cli.options import AsJson, Quiet, needing, print_either, tell
from vera_model import run as vera_run

# `uqa score`: how plausible a sentence is.

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
        from vera_model.programs.preflight import texts_to_score

        texts = texts_to_score(model, sentences or [], file)
        from vera_model.programs.score import score_lines, score_texts

    scored = score_texts(model, texts)
    print_either([one._asdict() for one in scored], lambda _: print(score_lines(scored)), as_json)
    if cut := sum(one.cut for one in scored):
        tell(f"{cut} of {len(scored)} texts are longer than the model reads, and were cut", quiet)


AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Read a published model's .bin files.")
]
AllowSample = Annotated[bool, typer.Option("--allow-sample", help="Accept invented sample rows.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier one in OUT.")]
Resamples = Annotated[int, typer.Option(min=1, help="Bootstrap resamples for the intervals.")]
AModel = Annotated[str, typer.Option(help="A run's or a model's folder, or owner/name on the hub.")]

replicate = typer.Typer(no_args_is_help=True, help="Published evaluations, as one table.")
plan = typer.Typer(no_args_is_help=True, help="What a command will cost, before it starts.")


def evaluate(
    model: AModel,
    data: Annotated[list[Path], typer.Option(help="Shards or folders of converted splits.")],
    out: Annotated[Path, typer.Option(help="The folder for metrics.json and predictions.")],
    trained_on: Annotated[
        list[Path] | None, typer.Option(help="Shards: count statements that were trained on.")
    ] = None,
    recipe: Annotated[
        Literal["clean", "vera"], typer.Option(help="clean: right; vera: as upstream did it.")
    ] = "clean",
    resamples: Resamples = 1000,
    allow_sample: AllowSample = False,
    allow_pickle: AllowPickle = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a model: metrics with intervals by dataset and partition, and every prediction."""
    flags = {"allow_sample": allow_sample, "overwrite": overwrite}
    with needing("model"):
        from vera_model.programs.preflight import check_evaluation

        check_evaluation(model, out, [*data, *(trained_on or ())], **flags)
        from vera_model.metrics.bootstrap import Resampling
        from vera_model.programs.evaluate import evaluate_model, summary_of

    how: dict[str, Any] = {"recipe": recipe, "trained_on": trained_on or ()}
    how |= {**flags, "allow_pickle": allow_pickle}
    path = evaluate_model(model, out, valid=data, resampling=Resampling(resamples), **how)
    document = json.loads(path.read_bytes())
    print_either(document, lambda _: print(path), as_json)
    tell(summary_of(document), quiet)


def calibrate(
    model: Annotated[Path, typer.Argument(help="A run's or a model's folder.")],
    on: Annotated[
        Path | None,
        typer.Option(help="An evaluation on validation data.", show_default="the run's own"),
    ] = None,
    by: Annotated[Literal["ece", "nll"], typer.Option(help="What shall be least.")] = "ece",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the temperature on validation data and put it into the model's configuration."""
    with needing("model"):
        from vera_model.programs.preflight import check_calibration

        check_calibration(model, on)
        from vera_model.programs.evaluate import calibrate_model

    found = calibrate_model(model, on, by, save=not dry_run)
    print_either(found._asdict(), lambda _: print(f"{found.temperature:.4f}"), as_json)
    tell(found.summary(), as_json and not found.at_bound)


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run or an evaluation.")],
    as_json: AsJson = False,
) -> None:
    """Write one page, and PNG figures, about a run or an evaluation."""
    with needing("model"):
        from vera_model.run_folder import check_report

        check_report(run)
        from vera_model.report.page import write_report

    page = write_report(run)
    print_either({"page": str(page)}, lambda _: print(page), as_json)


@replicate.command(
    "vera-eval", epilog="Example: uqa replicate vera-eval --model models/vera --out vera-eval"
)
def vera_eval(
    model: AModel,
    out: Annotated[Path, typer.Option(help="The folder for table.md and the rest.")] = Path(
        "replicated/vera-eval"
    ),
    data_root: Annotated[Path, typer.Option(help="Where splits are or are converted to.")] = Path(
        "data/converted"
    ),
    resamples: Resamples = 1000,
    allow_sample: AllowSample = False,
    allow_pickle: AllowPickle = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Vera's evaluation: every task that can be had, the missing ones named, one table."""
    flags = {"allow_sample": allow_sample, "overwrite": overwrite}
    with needing("model"):
        from vera_model.programs.preflight import check_evaluation

        check_evaluation(model, out, [], **flags)
        from vera_model.metrics.bootstrap import Resampling
        from vera_model.programs.replicate import replicate_evaluation, replication_lines

    flags["allow_pickle"] = allow_pickle
    how = Resampling(resamples)
    lines, warned = replicate_evaluation(model, out, data_root, resampling=how, **flags)
    print_either(
        [line._asdict() for line in lines], lambda _: print(replication_lines(lines)), as_json
    )
    tell("\n".join(warned), not warned)


def _plan_train(**flags: Any) -> None:
    """What `uqa train` with the same flags will download, need, and how long it will take."""
    measure = flags.pop("measure")
    with needing("model"):
        from vera_model.run import configure_plan

        config = configure_plan(flags)
        from vera_model.planning.plan import plan_of, render_plan

    document = plan_of(config, measure=measure)
    print_either(document, lambda one: print("\n".join(render_plan(one))), flags["as_json"])


_MEASURE = inspect.Parameter(
    "measure",
    inspect.Parameter.KEYWORD_ONLY,
    default=True,
    annotation=Annotated[bool, typer.Option(help="Time some updates of one block.")],
)
_TRAIN = inspect.signature(vera_run.train)
# The flags of `uqa train`, whatever they are.
_plan_train.__signature__ = _TRAIN.replace(  # type: ignore[attr-defined]
    parameters=[*_TRAIN.parameters.values(), _MEASURE]
)
_plan_train.__annotations__ = {**vera_run.train.__annotations__, "measure": _MEASURE.annotation}
plan.command("train", epilog="Example: uqa plan train --preset stage-a --model google/t5-v1_1-xxl")(
    _plan_train
)


@plan.command("convert", epilog="Example: uqa plan convert copa --split validation")
def plan_convert(
    dataset: Annotated[str, typer.Argument(help="A dataset's name, or all.")],
    split: Annotated[str | None, typer.Option(help="Default: all of them.")] = None,
    question_converter: Annotated[
        str, typer.Option(help="rules, none, or a model's name.", metavar="NAME")
    ] = "rules",
    out: Annotated[Path, typer.Option(help="Where the output would lie.")] = Path("data/converted"),
    as_json: AsJson = False,
) -> None:
    """What `uqa convert` will download and write, and what its question converter needs."""
    from unifiedqa_convert.conversion.estimate import estimate_lines, plan_conversion

    document = plan_conversion(dataset, split, question_converter, out)
    print_either(document, lambda one: print("\n".join(estimate_lines(one))), as_json)
