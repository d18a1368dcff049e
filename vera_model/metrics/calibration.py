"""The temperature: a number that calibrates a model's probabilities.

sigmoid(logit / temperature) changes no ranking and no accuracy, only the confidence. The
temperature with the least ECE (Liu et al. 2023) or negative log-likelihood on validation statements
is chosen and written into the model's configuration.
"""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.pretrained import load_pretrained
from unifiedqa_convert.storage import (
    CARD,
    INDEX,
    publish_folder,
    read_index,
    sha256_of,
    verify,
    write_json,
)
from vera_model.metrics.bootstrap import task_weights
from vera_model.metrics.functions import Bools, Floats, calibration_bins, probability
from vera_model.metrics.predictions import Predictions
from vera_model.run_folder import CONFIG, model_folder, only_run

Criterion = Literal["ece", "nll"]

_LOWEST, _HIGHEST = 0.05, 20.0  # a model outside can't be calibrated
_NEAR = 1e-3  # of a logarithm: a search that ends closer to a bound ended at the bound
_STEPS = 601  # of a grid 1 % apart: ECE has many local minima, in which a search would end


class Calibration(NamedTuple):
    """A temperature, and the calibration error without it, with it, and on held-out statements."""

    temperature: float
    criterion: Criterion
    statements: int
    ece_before: float
    ece_after: float
    """On the statements that the temperature was chosen on: slightly too low."""
    ece_held_out: float
    """Of all, each half of the problems with the temperature chosen on the other half."""
    ece_of_halves_before: float
    """The mean ECE of the two halves, without a temperature."""
    ece_of_halves_after: float
    """The same, each with the temperature chosen on the other half: this says whether it helps."""
    at_bound: bool
    """The search ended at one of its bounds: no best temperature was found."""

    def summary(self) -> str:
        """A line for people, with a warning if calibration does not help."""
        helps = self.ece_of_halves_after < self.ece_of_halves_before
        warning = "" if helps else ": CALIBRATION DOES NOT HELP, see docs/evaluation.md"
        numbers = f"{self.ece_of_halves_before:.4f} before, {self.ece_of_halves_after:.4f} after"
        return f"temperature {self.temperature:.4f}; ECE of held-out problems {numbers}{warning}"

    def bound_warning(self) -> str:
        """What a search that ended at one of its bounds means."""
        side, where, why = (
            ("upper", "0.5", "these logits do not separate true and false statements")
            if self.temperature > 1
            else ("lower", "0 or 1", "there are too few statements, or they are too easy")
        )
        return (
            f"NO BEST TEMPERATURE WAS FOUND: the search, from {_LOWEST} to {_HIGHEST:g}, ended at "
            f"its {side} bound, where every probability is near {where}; {why}"
        )

    def refuse_bound(self) -> None:
        """Raise SourceError if the search ended at a bound: nothing is to be written then."""
        if self.at_bound:
            raise SourceError(
                f"{self.bound_warning()}. Nothing was written: calibrate on more or other "
                "validation data (--on), or leave the model as it is"
            )


def calibrate(predictions: Predictions, by: Criterion = "ece") -> Calibration:
    """Choose the temperature; every dataset has the same weight.

    Raises UsageError if all statements have the same label.
    """
    if predictions.label.all() or not predictions.label.any():
        raise UsageError("every statement has the same label: calibrate on data with both labels")
    found = find_temperature(predictions, by)
    before, after = _held_out_errors(predictions, by)
    return Calibration(
        temperature=found,
        criterion=by,
        statements=len(predictions.label),
        ece_before=calibration_error(predictions, np.ones(len(predictions.logit))),
        ece_after=calibration_error(predictions, np.full(len(predictions.logit), found)),
        ece_held_out=calibration_error(predictions, held_out_temperatures(predictions, by)),
        ece_of_halves_before=before,
        ece_of_halves_after=after,
        at_bound=any(abs(np.log(found / bound)) < _NEAR for bound in (_LOWEST, _HIGHEST)),
    )


def find_temperature(predictions: Predictions, by: Criterion) -> float:
    """The temperature from 0.05 to 20 with the least criterion; of equals, the nearest to 1."""
    logits, labels = predictions.logit, predictions.label
    weights = task_weights(predictions.task[predictions.problem])
    weights = weights / weights.sum()
    bounds = (np.log(_LOWEST), np.log(_HIGHEST))
    if by == "nll":
        signs = np.where(labels, 1.0, -1.0)

        def loss(log: float) -> float:
            return float(weights @ np.logaddexp(0, -signs * logits * np.exp(-log)))

        return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    grid = np.linspace(*bounds, _STEPS)
    grid = grid[np.argsort(np.abs(grid), kind="stable")]
    place = calibration_bins(logits)  # a temperature changes no order, so no bin
    errors = [_gap(logits / np.exp(log), labels, place, weights) for log in grid]
    return float(np.exp(grid[int(np.argmin(errors))]))


def save_temperature(path: Path, temperature: float) -> Path:
    """Write it into the configuration and the card of the model (or the run's best) at ``path``.

    The folder is replaced atomically; its other files are linked, not copied. Returns the folder.
    Raises ModelError for a model that is not whole, OutputLocked if its run is being trained.
    """
    # Imported here: choosing a temperature needs neither transformers nor torch, which load slowly.
    from vera_model.model.configuration_vera import VeraConfig
    from vera_model.model.model_card import card_with_temperature

    folder = model_folder(path).resolve()
    run = folder.parent.parent
    in_run = folder.parent.name == "model" and (run / CONFIG).is_file()
    with only_run(run) if in_run else nullcontext():
        index = _verified_index(folder)
        config = load_pretrained(VeraConfig, folder, local_files_only=True)
        config.temperature = temperature
        card = card_with_temperature(folder / CARD, config)

        def fill(fresh: Path) -> None:
            shutil.copytree(folder, fresh, copy_function=_link, symlinks=True, dirs_exist_ok=True)
            for name in ("config.json", CARD, INDEX):
                (fresh / name).unlink(missing_ok=True)  # a hard link: the old file would change
            write_json(fresh / "config.json", config.to_diff_dict())
            (fresh / CARD).write_text(card, encoding="utf-8", errors="surrogateescape")
            if index is not None:  # what else lies there is not the model's
                changed = {name: sha256_of(fresh / name) for name in ("config.json", CARD)}
                write_json(fresh / INDEX, {**index, **changed})

        publish_folder(folder, fill, replace=True)
    return folder


def _verified_index(folder: Path) -> dict[str, str] | None:
    """None for a folder that was not written by uqa."""
    if not (folder / INDEX).is_file():
        return None
    verify(folder)
    return read_index(folder)


def _link(source: str, target: str) -> None:
    os.link(source, target)


def calibration_error(predictions: Predictions, temperatures: Floats) -> float:
    """ECE with each statement's own temperature, (n,); every dataset has the same weight."""
    logits = predictions.logit / temperatures
    weights = task_weights(predictions.task[predictions.problem])
    place = calibration_bins(probability(logits))
    return _gap(logits, predictions.label, place, weights / weights.sum())


def _gap(logits: Floats, labels: Bools, place: np.ndarray, weights: Floats) -> float:
    gaps = np.bincount(place, weights * (probability(logits) - labels))
    return float(np.abs(gaps).sum())


def _held_out_errors(predictions: Predictions, by: Criterion) -> tuple[float, float]:
    """ECE of the halves of :func:`held_out_temperatures`, before and after; their plain means.

    Both are of the same problems, in bins of the same size: the ECE of fewer is higher.
    """
    temperatures = held_out_temperatures(predictions, by)
    errors = []
    for side in _halves(len(predictions.task)):
        if side.any():
            part, own = predictions.take(side), temperatures[side[predictions.problem]]
            ones = np.ones(len(own))
            errors.append([calibration_error(part, one) for one in (ones, own)])
    before, after = np.mean(errors, axis=0).tolist()
    return before, after


def _halves(problems: int) -> tuple[Bools, Bools]:
    half: Bools = np.random.default_rng(0).permutation(problems) % 2 == 0
    return half, ~half


def held_out_temperatures(predictions: Predictions, by: Criterion) -> Floats:
    """The temperature of each statement, (n,), chosen on the half without it."""
    temperatures = np.ones(len(predictions.logit))
    for side in _halves(len(predictions.task)):
        part = predictions.take(~side)
        if len(part.label) and part.label.any() and not part.label.all():
            temperatures[side[predictions.problem]] = find_temperature(part, by)
    return temperatures
