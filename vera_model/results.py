"""What an evaluation leaves in its folder beside ``metrics.json``."""

from pathlib import Path
from typing import Any

from unifiedqa_convert.files import write_json
from vera_model.bootstrap import Resampling
from vera_model.config import TrainConfig
from vera_model.metrics_vera import upstream_booleans
from vera_model.predictions import FILE, Predictions, read_predictions
from vera_model.summary import summarise

BOOLEANS = "booleans.json"


def with_intervals(
    config: TrainConfig, objective: Any, best: Path, metrics: dict[str, Any] | None
) -> dict[str, Any] | None:
    """A run's metrics with what :func:`write_results` adds, where there are predictions.

    They are those of the best checkpoint, or without checkpoints the last ones.
    """
    saved = best / FILE
    last = getattr(objective, "predictions", None)
    predictions = read_predictions(saved) if saved.is_file() else last
    if metrics is None or predictions is None:
        return metrics
    return write_results(config.out, predictions, metrics, recipe=config.recipe)


def write_results(
    out: Path,
    predictions: Predictions,
    metrics: dict[str, Any],
    *,
    recipe: str,
    temperature: float = 1.0,
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """Write the predictions; return the metrics with intervals and calibrated by ``temperature``.

    ``predictions.parquet`` has a row a statement; recipe ``vera`` adds upstream's own list,
    ``booleans.json``.
    """
    how = Resampling() if resampling is None else resampling
    predictions.write(out / FILE, temperature)
    if recipe == "vera":
        write_json(out / BOOLEANS, upstream_booleans(predictions))
    return {
        **metrics,
        **summarise(predictions, temperature, how),
        "temperature": temperature,
        "bootstrap": {**how._asdict(), "clusters": "problems, within each dataset"},
    }
