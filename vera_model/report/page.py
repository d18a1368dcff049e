"""`uqa report`: one HTML page about a run or an evaluation, and its figures as PNG files.

The page is self-contained: no script, font or URL. It is made from the folder's files
(``metrics.json``, ``config.json``, ``predictions.parquet``, the logs); nothing is scored again, and
the same folder gives the same page.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np

from unifiedqa_convert.documents import quoted
from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.storage import atomic_file, refuse_link
from vera_model.metrics.bootstrap import task_weights
from vera_model.metrics.calibration import (
    Calibration,
    Criterion,
    calibrate,
    calibration_error,
    held_out_temperatures,
)
from vera_model.metrics.functions import probability
from vera_model.metrics.predictions import Predictions, read_predictions
from vera_model.report import figures
from vera_model.report.run_files import (
    read_configuration,
    read_criterion,
    read_log,
    read_metrics,
)
from vera_model.report.terminal import BASELINES, partials, size_words, unseen_warnings
from vera_model.run_folder import (
    CALIBRATION,
    CONFIG,
    EVALUATIONS,
    LOG,
    METRICS,
    PREDICTIONS,
    check_report,
)

PAGE = "report.html"
_FIGURES = "report"
_WORST = 10  # mistakes listed of each kind
_COLUMNS = {
    "choice_accuracy": "choice accuracy",
    "choice_accuracy_by_chance": "by chance",
    "statement_accuracy": "statement accuracy",
    "statement_accuracy_of_the_commoner_label": "majority label",
    "auroc": "AUROC",
    "average_precision_true": "AP true",
    "average_precision_false": "AP false",
    "precision_true": "precision true",
    "precision_false": "precision false",
    "recall_true": "recall true",
    "recall_false": "recall false",
    "f1_true": "F1 true",
    "f1_false": "F1 false",
    "ece": "ECE",
    "ece_calibrated": "ECE calibrated",
    "ece_equal_width": "ECE, equal width",
    "ece_unweighted": "ECE, bins alike",
    "exact_match": "exact match",
    "f1": "F1",
}
_HELD_OUT = "ECE calibrated, held out"


class Drawing(NamedTuple):
    """A figure with its title and caption."""

    title: str
    svg: str
    caption: str


def write_report(run: Path) -> Path:
    """Write ``report.html`` and ``report/*.png`` into the folder of a run or an evaluation.

    Raises SourceError if it has no finished one, OutputError if the report can't be written.
    """
    check_report(run)
    document, config = read_metrics(run / METRICS), read_configuration(run / CONFIG)
    predictions = read_predictions(run / PREDICTIONS) if (run / PREDICTIONS).is_file() else None
    calibration = _calibration(run, predictions)
    temperature = (document["metrics"] or {}).get("temperature", 1.0)
    try:
        refuse_link(run / _FIGURES)
        (run / _FIGURES).mkdir(exist_ok=True)
        drawings = [
            *_curves(run),
            *_bars(document, run / _FIGURES),
            *_statements(predictions, calibration, temperature, run / _FIGURES),
        ]
        page = _render(run, document, config, drawings, predictions, calibration)
        with atomic_file(run / PAGE) as file:
            # A name that is not UTF-8 has lone surrogates, and is shown by their numbers.
            file.write(page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"the report can't be written into {run}: {error}") from error
    return run / PAGE


def _calibration(run: Path, predictions: Predictions | None) -> Calibration | None:
    """Calibration on these statements, by the criterion of an earlier `uqa calibrate` if there was
    one; None if they all have one label."""
    if predictions is None or predictions.label.all() or not predictions.label.any():
        return None
    earlier = run / CALIBRATION
    return calibrate(predictions, read_criterion(earlier) if earlier.is_file() else "ece")


def _curves(run: Path) -> list[Drawing]:
    """Loss and accuracy of the updates, and the metric that chose the best checkpoint."""
    drawings = []
    log, judged = read_log(run / LOG), read_log(run / EVALUATIONS)
    chosen = next((name for line in judged for name in line if name != "step"), "")
    series = [("loss", log, "loss"), ("accuracy", log, "accuracy"), (chosen, judged, "evaluation")]
    for key, lines, name in series:
        points = [(line["step"], line[key]) for line in lines if _is_number(line.get(key))]
        if len(points) < 2:  # one evaluation is a number, not a curve
            continue
        steps, values = zip(*points, strict=True)
        words = key.replace("_", " ")
        label = words if name != "evaluation" else "accuracy"
        svg = figures.draw(name, figures.curve(steps, values, label), run / _FIGURES)
        where = "on evaluation data" if name == "evaluation" else "of the training batches"
        caption = _best(steps, values) if name == "evaluation" else _course(values)
        drawings.append(Drawing(f"{words.capitalize()} {where}", svg, caption))
    return drawings


def _best(steps: Sequence[int], values: Sequence[float]) -> str:
    place = int(np.argmax(values))
    return f"Best {values[place]:.3f} after {steps[place]:,} updates, last {values[-1]:.3f}."


def _course(values: Sequence[float]) -> str:
    """The means of the first and the last tenth, since single batches are noisy."""
    some = len(values) // 10
    if some < 2:
        return f"First update {values[0]:.3f}, last {values[-1]:.3f}."
    first, last = np.mean(values[:some]), np.mean(values[-some:])
    return f"Mean of the first {some} updates {first:.3f}, of the last {some} {last:.3f}."


def _is_number(value: object) -> bool:
    """False for null, which stands for a loss that is not finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _bars(document: dict[str, Any], folder: Path) -> list[Drawing]:
    metrics = document["metrics"] or {}
    named = {**metrics.get("partitions", {}), **metrics.get("tasks", {})}
    drawings = []
    for key, chance in (("choice_accuracy", "choice_accuracy_by_chance"), ("auroc", None)):
        rows = [
            (
                name,
                found[key],
                found.get("intervals", {}).get(key),
                found.get(chance) if chance else 0.5,
            )
            for name, found in named.items()
            if found.get(key) is not None
        ]
        if rows:
            words = _COLUMNS[key]
            size = figures.bars_size(len(rows))
            svg = figures.draw(key, figures.bars(rows, words), folder, size)
            caption = "Whiskers: 95 % intervals over problems. Vertical mark: chance."
            drawings.append(Drawing(f"{words[0].upper()}{words[1:]} by dataset", svg, caption))
    return drawings


def _statements(
    predictions: Predictions | None,
    calibration: Calibration | None,
    temperature: float,
    folder: Path,
) -> list[Drawing]:
    """ROC, precision and recall, reliability, if there are statements of both labels."""
    if predictions is None or calibration is None:
        return []
    weights = task_weights(predictions.task[predictions.problem])
    shown = calibration.temperature if temperature == 1 else temperature
    temperatures = {"as trained": 1.0, f"temperature {shown:.2f}": shown}
    paints = {
        "roc": figures.roc(predictions, weights),
        "precision_recall": figures.precision_recall(predictions, weights),
        "reliability": figures.reliability(predictions, temperatures, weights),
    }
    svg = {name: figures.draw(name, paint, folder) for name, paint in paints.items()}
    errors = f"ECE {calibration.ece_before:.3f} as trained, "
    if temperature == 1:
        errors += (
            f"{calibration.ece_after:.3f} with the temperature chosen on these statements, "
            f"{calibration.ece_held_out:.3f} with one chosen on the other half."
        )
    else:
        own = calibration_error(predictions, np.full(len(predictions.logit), temperature))
        errors += f"{own:.3f} with the model's temperature, which was chosen on other data."
    return [
        Drawing("ROC", svg["roc"], "Every dataset has the same weight."),
        Drawing("Precision and recall", svg["precision_recall"], "At every threshold."),
        Drawing("Reliability before and after calibration", svg["reliability"], errors),
    ]


def _baselines(document: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    """Of all and of each dataset with choices; none in a file without them."""
    found = document.get("baselines") or {"overall": {}, "tasks": {}}
    named = {"all": found["overall"], **found["tasks"]}
    return {
        name: own
        for name, own in named.items()
        if BASELINES.keys() <= own.keys() and rows.get(name, {}).get("choice_accuracy") is not None
    }


def _check_same(run: Path, rows: dict[str, Any], predictions: Predictions) -> None:
    known = {"all", *predictions.partition, *predictions.tasks}
    if other := [name for name in rows if name not in known]:
        raise SourceError(
            f"{run / PREDICTIONS} has no statement of {quoted(other[0])}, which {METRICS} has: "
            "they are of two evaluations, evaluate again"
        )


def _calibrated_held_out(
    rows: dict[str, Any], predictions: Predictions, by: Criterion
) -> dict[str, Any]:
    """The rows, with the ECE of each half at the temperature of the other half."""
    temperatures = held_out_temperatures(predictions, by)
    named = {
        "all": np.ones(len(predictions.task), bool),
        **{name: predictions.partition == name for name in np.unique(predictions.partition)},
        **{name: predictions.task == name for name in predictions.tasks},
    }
    return {
        name: {
            **{key: value for key, value in row.items() if key != "intervals"},
            "ece_calibrated": calibration_error(
                predictions.take(named[name]), temperatures[named[name][predictions.problem]]
            ),
            "intervals": {
                key: value
                for key, value in row.get("intervals", {}).items()
                if key != "ece_calibrated"  # it belongs to the ECE at temperature 1
            },
        }
        for name, row in rows.items()
    }


def worst_mistakes(predictions: Predictions) -> dict[str, list[dict[str, Any]]]:
    """The false statements with the highest scores, and the true ones with the lowest."""
    found = {}
    sides = (("false, but plausible", False, -1), ("true, but implausible", True, 1))
    for title, label, sign in sides:
        order = np.argsort(sign * predictions.logit, kind="stable")
        places = [at for at in order if predictions.label[at] == label][:_WORST]
        wrong = [at for at in places if (predictions.logit[at] > 0) != label]
        of = predictions.problem
        found[title] = [
            {
                "statement": predictions.text[at][predictions.own_from[of[at]] :],
                "context": predictions.text[at][: predictions.own_from[of[at]]].strip(),
                "task": predictions.task[of[at]],
                "id": f"{predictions.id[of[at]]}#{predictions.number[at]}",
                "score": float(probability(predictions.logit[at])),
            }
            for at in wrong
        ]
    return found


def _render(
    run: Path,
    document: dict[str, Any],
    config: dict[str, Any],
    drawings: list[Drawing],
    predictions: Predictions | None,
    calibration: Calibration | None,
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vera_model.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    metrics = document["metrics"] or {}
    rows = {"all": metrics["overall"]} if "overall" in metrics else {}
    rows |= {**metrics.get("partitions", {}), **metrics.get("tasks", {})}
    columns = _COLUMNS
    # The model's temperature was found on other data. A model without one is measured on
    # statements that the temperature was not chosen on.
    if calibration is not None and metrics.get("temperature", 1.0) == 1.0:
        assert predictions is not None  # the calibration was made from them
        _check_same(run, rows, predictions)
        rows = _calibrated_held_out(rows, predictions, calibration.criterion)
        columns = {**_COLUMNS, "ece_calibrated": _HELD_OUT}
    data = document["data"]
    return environment.get_template("report.html.jinja").render(
        name=run.resolve().name,
        document=document,
        data=data,
        unseen=[line.removeprefix("WARNING: ") for line in unseen_warnings(data.get("unseen"))],
        partial={(one["dataset"], one["split"]): size_words(one) for one in partials(document)},
        evaluated={
            one["dataset"]: one["split"]
            for one in data.get("valid_shards") or data.get("shards", ())
        },
        shards=[*data.get("shards", []), *data.get("valid_shards", [])],
        config={name: value for name, value in sorted(config.items()) if value not in (None, [])},
        drawings=drawings,
        columns={
            key: title
            for key, title in columns.items()
            if any(found.get(key) is not None for found in rows.values())
        },
        rows=rows,
        overall=rows.get("all", {}),
        temperature=metrics.get("temperature", 1.0),
        baselines=_baselines(document, rows),
        baseline_titles=BASELINES,
        mistakes=worst_mistakes(predictions) if predictions is not None else {},
        calibration=calibration,
    )
