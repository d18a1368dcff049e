"""`uqa evaluate` and `uqa calibrate`: any model on any converted data."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.files import write_json
from vera_model.bootstrap import Resampling
from vera_model.calibrate import Calibration, Criterion, calibrate, save_temperature
from vera_model.closing import warnings
from vera_model.config import from_preset
from vera_model.evaluation import evaluate
from vera_model.folders import model_folder
from vera_model.hub import model_files
from vera_model.predictions import FILE, read_predictions
from vera_model.published import import_published
from vera_model.refusals import check_calibration
from vera_model.run_folder import CALIBRATION


def local_model(source: str, *, allow_pickle: bool) -> Path:
    """A Vera model's folder: given, made by `uqa model import` before, or imported now.

    Raises ModelError and UnreachableError as `uqa model import` does.
    """
    if Path(source).is_dir():
        return model_folder(Path(source))
    imported = Path("models") / Path(source).name
    if not imported.is_dir():
        folder = model_files(source, None, allow_pickle=allow_pickle)
        kind = {"allow_pickle": allow_pickle, "dtype": "stored", "overwrite": False}
        import_published(folder, imported, **kind)  # type: ignore[arg-type]
    return imported


def evaluate_model(
    model: str,
    out: Path,
    *,
    resampling: Resampling,
    trained_on: Sequence[Path] = (),
    recipe: Literal["clean", "vera"] = "clean",
    allow_pickle: bool = False,
    **given: Any,
) -> Path:
    """Evaluate; the texts are cut as the model says it was trained. Returns ``metrics.json``.

    ``given``: fields of TrainConfig, such as ``valid`` (shards) or ``eval_tasks`` (names).
    """
    folder = local_model(model, allow_pickle=allow_pickle)
    try:
        facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} holds no model: name a run's or a model's folder") from error
    limits = {"max_tokens": facts.get("max_tokens", 128)}
    if recipe == "clean":
        limits["cut"] = facts.get("cut", "end")
    config = from_preset(
        "upstream", start_from=folder, out=out, recipe=recipe, batch_size=64, **limits, **given
    )
    return evaluate(config, trained_on=trained_on, resampling=resampling)


def calibrate_model(
    model: Path, evaluated: Path | None, by: Criterion, *, save: bool
) -> Calibration:
    """Choose a temperature by the predictions in ``evaluated`` and put it into the model.

    ``evaluated``: the folder of a run or an evaluation; None is the model's own run. Without
    ``save`` nothing is written.
    """
    check_calibration(model, evaluated)
    folder = evaluated or model
    found = calibrate(read_predictions(folder / FILE), by)
    if save:
        save_temperature(model, found.temperature)
        write_json(folder / CALIBRATION, found._asdict())
    return found


def summary_of(document: dict[str, Any]) -> str:
    """A table of the numbers with their intervals, overall, by partition and by dataset."""
    metrics = document["metrics"]
    named = {"all": metrics["overall"], **metrics["partitions"], **metrics["tasks"]}
    wide = max(map(len, named))
    lines = [f"{'':{wide}}  problems  choices              statements           AUROC"]
    for name, found in named.items():
        cells = [_cell(found, key) for key in ("choice_accuracy", "statement_accuracy", "auroc")]
        lines.append(f"{name:{wide}}  {found['problems']:8}  {'  '.join(cells)}".rstrip())
    if document["data"]["overlap"] is None:
        lines.append("not known, so not checked: what it was trained on (say --trained-on SHARDS)")
    return "\n".join([*lines, *warnings(document)])


def _cell(found: dict[str, Any], key: str) -> str:
    value, interval = found.get(key), found.get("intervals", {}).get(key)
    if value is None:
        return f"{'-':19}"
    spread = f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else ""
    return f"{value:.3f} {spread:13}"
