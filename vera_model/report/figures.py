"""The report's figures, drawn by matplotlib: PNG files, and SVG for the page.

Colours have roles. In a PNG a role is one colour; in the page it is a CSS variable, so that one
drawing serves light and dark.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from unifiedqa_convert.storage import atomic_file
from vera_model.metrics.functions import Floats, calibration_bins, probability
from vera_model.metrics.predictions import Predictions

ROLES = {
    "ink": "#1b1f24",
    "muted": "#59636f",
    "grid": "#d5dae0",
    "one": "#0b62b0",
    "two": "#b4510a",
}
"""Each role's colour on white; all have a contrast of at least 4.5 : 1 but the grid."""

_LONGEST_LABEL = 32  # characters
SIZE = (5.2, 3.4)  # inches: legible on a phone, 340 pixels wide

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": ROLES["ink"],
    "axes.labelcolor": ROLES["ink"],
    "axes.edgecolor": ROLES["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": ROLES["grid"],
    "xtick.color": ROLES["muted"],
    "ytick.color": ROLES["muted"],
    "xtick.labelcolor": ROLES["ink"],
    "ytick.labelcolor": ROLES["ink"],
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "uqa",
    "text.parse_math": False,  # a dataset's name may hold $…$, which matplotlib takes for TeX
}


def draw(
    name: str, paint: Callable[[Axes], None], folder: Path, size: tuple[float, float] = SIZE
) -> str:
    """Draw one figure; write ``folder/name.png`` and return its SVG for the page."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; the page has the name beside.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=size)
        paint(figure.subplots())
        with atomic_file(folder / f"{name}.png") as file:
            figure.savefig(file, format="png", dpi=160, metadata={"Software": None})
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _themed(buffer.getvalue(), name)


def _themed(svg: str, name: str) -> str:
    """The ``<svg>`` element, with CSS variables for colours and ids that are unique in the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for role, colour in ROLES.items():
        svg = svg.replace(colour, f"var(--{role})")
    svg = re.sub(r"font-family: [^;\"]*", "font-family: var(--font)", svg)
    return svg.replace("<svg", '<svg aria-hidden="true"', 1).strip()


def curve(steps: Sequence[float], values: Sequence[float], label: str) -> Callable[[Axes], None]:
    """A number over the updates: each value, and of many values their running mean."""

    def paint(axes: Axes) -> None:
        many = len(values) >= 20
        faint = {"alpha": 0.35, "linewidth": 0.8} if many else {"marker": "o", "markersize": 4}
        axes.plot(steps, values, color=ROLES["one"], **faint)
        if many:
            width = max(5, len(values) // 30)
            mean = np.convolve(values, np.ones(width) / width, mode="valid")
            axes.plot(steps[width - 1 :], mean, color=ROLES["one"], linewidth=1.8)
        axes.set(xlabel="update", ylabel=label)

    return paint


def bars(
    rows: Sequence[tuple[str, float, Sequence[float] | None, float | None]], label: str
) -> Callable[[Axes], None]:
    """One bar per row: name, value, interval, value by chance; the first row on top."""

    def paint(axes: Axes) -> None:
        places = np.arange(len(rows))[::-1]
        values = [row[1] for row in rows]
        axes.barh(places, values, color=ROLES["one"], height=0.6)
        for place, (_, value, interval, chance) in zip(places, rows, strict=True):
            if interval is not None:
                spread = [[max(0, value - interval[0])], [max(0, interval[1] - value)]]
                axes.errorbar(value, place, xerr=spread, color=ROLES["ink"], capsize=3)
            if chance is not None:
                axes.plot([chance] * 2, [place - 0.38, place + 0.38], color=ROLES["two"], lw=2)
        axes.set_yticks(places, [_label(row[0]) for row in rows])
        axes.set(xlim=(0, 1), xlabel=label)
        axes.grid(axis="y", visible=False)

    return paint


def _label(name: str) -> str:
    """A dataset's name as a line that matplotlib can draw: short, what can't be drawn escaped."""
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in name)
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"


def bars_size(rows: int) -> tuple[float, float]:
    """The size of a figure with this number of bars."""
    return SIZE[0], max(1.6, 0.9 + 0.3 * rows)


def roc(predictions: Predictions, weights: Floats) -> Callable[[Axes], None]:
    """Share of true statements found over share of false ones accepted, datasets weighted alike."""

    def paint(axes: Axes) -> None:
        false, true, _ = roc_curve(predictions.label, predictions.logit, sample_weight=weights)
        axes.plot([0, 1], [0, 1], color=ROLES["muted"], linestyle=":", label="chance")
        axes.plot(false, true, color=ROLES["one"], linewidth=1.8, label="model")
        axes.set(xlabel="false statements accepted", ylabel="true statements found")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower right")

    return paint


def precision_recall(predictions: Predictions, weights: Floats) -> Callable[[Axes], None]:
    """Precision over recall of finding true statements, and of finding false ones."""

    def paint(axes: Axes) -> None:
        sides = (
            ("true", predictions.label, predictions.logit, "one", "-"),
            ("false", ~predictions.label, -predictions.logit, "two", "--"),
        )
        for name, labels, scores, role, style in sides:
            precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=weights)
            colour = ROLES[role]
            axes.plot(recall, precision, style, color=colour, lw=1.8, label=f"{name} statements")
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower left")

    return paint


def reliability(
    predictions: Predictions, temperatures: Mapping[str, float], weights: Floats
) -> Callable[[Axes], None]:
    """Share of true statements over predicted probability, in 10 bins of equal mass."""

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=ROLES["muted"], linestyle=":", label="perfect")
        looks = (("two", "s--"), ("one", "o-"))
        for (name, temperature), (role, style) in zip(temperatures.items(), looks, strict=False):
            scores = probability(predictions.logit / temperature)
            place = calibration_bins(scores)
            mass = np.bincount(place, weights)
            predicted = np.bincount(place, weights * scores)[mass > 0] / mass[mass > 0]
            true = np.bincount(place, weights * predictions.label)[mass > 0] / mass[mass > 0]
            axes.plot(predicted, true, style, color=ROLES[role], ms=4.5, label=name)
        axes.set(xlabel="predicted probability", ylabel="share of true statements")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="upper left")

    return paint
