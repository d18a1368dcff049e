"""Plant a signal of known strength in statements, train on it, and say what may be found.

Each sentence holds one of two cue words; the label agrees with the cue with probability
``strength``. Nobody can do better on held-out statements than rank by the cue, whose AUROC there
is known exactly; order within a cue is noise of known spread. A model that learns lands within
that spread of the cue; one that sees a label it shouldn't lands above. test_planted_signal.py
asserts it for one seed, benchmarks/planted_signal.py measures the margin over many, by processor.
"""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.records.converted import Converted
from vera_model.config import from_preset
from vera_model.metrics.functions import auroc
from vera_model.programs.train import run

NOUNS = "cat dog boat lamp river stone apple tree car house bird shoe clock chair cloud".split()
VERBS = "sees holds moves finds keeps follows takes leaves".split()
CUES = {True: "usually", False: "never"}
SIGMAS = 4
"""How far noise may carry a result. Processors round differently, and after so many updates a
rounding has made another model: each kind of processor draws anew. Beyond three sigmas lies one
draw in 370, too many; beyond four one in 16,000. The held-out sets are (4/3)² as large as three
sigmas would need, so that what is accepted is no wider."""
NOT_LEARNT = 0.02
"""AUROC a model this small may fall short of the cue."""


class Planted(NamedTuple):
    groups: list[Converted]
    cues: list[bool]
    labels: list[bool]


class Found(NamedTuple):
    """A result, and the lowest and the highest that is accepted."""

    value: float
    low: float
    high: float


def sentence(cue: bool, rng: random.Random) -> str:
    return f"The {rng.choice(NOUNS)} {CUES[cue]} {rng.choice(VERBS)} the {rng.choice(NOUNS)}."


def lone_statements(count: int, strength: float, seed: int) -> Planted:
    rng = random.Random(seed)
    cues = [rng.random() < 0.5 for _ in range(count)]
    labels = [cue if rng.random() < strength else not cue for cue in cues]
    pairs = enumerate(zip(cues, labels, strict=True))
    return Planted([yes_no(n, sentence(c, rng), label) for n, (c, label) in pairs], cues, labels)


def choices(count: int, strength: float, seed: int) -> Planted:
    """Four choices, one with the cue: the gold with probability ``strength``, else another."""
    rng = random.Random(seed)
    groups, agrees = [], []
    for number in range(count):
        gold = rng.randrange(4)
        agree = rng.random() < strength
        cued = gold if agree else rng.choice([at for at in range(4) if at != gold])
        groups.append(choice(number, [sentence(at == cued, rng) for at in range(4)], gold))
        agrees.append(agree)
    return Planted(groups, agrees, [])


def trained(
    folder: Path, train: Planted, valid: Planted, seed: int, steps: int | None
) -> dict[str, Any]:
    """Train the preset ``tiny`` as it is, or for another number of updates."""
    config = from_preset(
        data=[write_split(folder / "train", train.groups)],
        valid=[write_split(folder / "valid", valid.groups, split="validation")],
        out=folder / "run",
        steps=steps,
        seed=seed,
        device="cpu",
    )
    overall: dict[str, Any] = json.loads(run(config).read_text())["metrics"]["overall"]
    return overall


def noise(cues: Sequence[bool], labels: Sequence[bool]) -> float:
    """Standard deviation of the AUROC when statements of one cue are ordered at random."""
    true, false = sum(labels), len(labels) - sum(labels)
    variance = 0.0
    for cue in (True, False):
        here = [label for c, label in zip(cues, labels, strict=True) if c is cue]
        pairs = sum(here) * (len(here) - sum(here))
        # Mann-Whitney: U has variance pairs * (n + 1) / 12.
        variance += pairs * (len(here) + 1) / 12
    return math.sqrt(variance) / (true * false)


def best_auroc(valid: Planted) -> float:
    """That of ranking by the cue."""
    return auroc(np.array(valid.cues, float), np.array(valid.labels)).value


def found_in_statements(
    folder: Path, strength: float, seed: int, steps: int | None = None
) -> Found:
    """The AUROC on statements that were held out."""
    valid = lone_statements(720, strength, seed=2 * seed)
    best, spread = best_auroc(valid), SIGMAS * noise(valid.cues, valid.labels)
    assert abs(best - strength) <= 0.05  # the plant itself is as strong as said
    train = lone_statements(600, strength, seed=2 * seed - 1)
    found = trained(folder, train, valid, seed, steps)
    return Found(found["auroc"], best - spread - NOT_LEARNT, best + spread)


def found_in_noise(folder: Path, seed: int, steps: int | None = None) -> Found:
    """The same where the cue says nothing."""
    valid = lone_statements(2700, 0.5, seed=2 * seed)
    true = sum(valid.labels)
    false = len(valid.labels) - true
    spread = SIGMAS * math.sqrt((true + false + 1) / (12 * true * false))
    train = lone_statements(600, 0.5, seed=2 * seed - 1)
    found = trained(folder, train, valid, seed, steps)
    return Found(found["auroc"], 0.5 - spread, 0.5 + spread)


def found_in_choices(folder: Path, strength: float, seed: int, steps: int | None = None) -> Found:
    """The accuracy on choices that were held out. At 0.25 the cue falls on all alike."""
    valid = choices(540, strength, seed=2 * seed)
    found = trained(folder, choices(300, strength, seed=2 * seed - 1), valid, seed, steps)
    assert found["choice_accuracy_by_chance"] == 0.25
    best = float(np.mean(valid.cues))  # accuracy of choosing the cue
    if strength > 0.25:
        return Found(found["choice_accuracy"], best - 0.01, best + 0.01)
    spread = SIGMAS * math.sqrt(0.25 * 0.75 / len(valid.groups))
    return Found(found["choice_accuracy"], 0.25 - spread, 0.25 + spread)
