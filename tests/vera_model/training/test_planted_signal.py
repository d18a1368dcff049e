"""Plant a signal of known strength in statements, and find it again with the model.

Each sentence holds one of two cue words; the label agrees with the cue with probability
``strength``. Nobody can do better on held-out statements than rank by the cue, whose AUROC there
is known exactly; order within a cue is noise of known spread. A model that learns lands within
that spread of the cue; one that sees a label it shouldn't lands above.
"""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.schema import Converted
from vera_model.config import from_preset
from vera_model.metrics.functions import auroc
from vera_model.programs.train import run

pytestmark = pytest.mark.slow

NOUNS = "cat dog boat lamp river stone apple tree car house bird shoe clock chair cloud".split()
VERBS = "sees holds moves finds keeps follows takes leaves".split()
CUES = {True: "usually", False: "never"}
NOT_LEARNT = 0.02  # AUROC a model this small may fall short of the cue


class Planted(NamedTuple):
    groups: list[Converted]
    cues: list[bool]
    labels: list[bool]


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


def trained(tmp_path: Path, train: Planted, valid: Planted) -> dict[str, Any]:
    config = from_preset(
        data=[write_split(tmp_path / "train", train.groups)],
        valid=[write_split(tmp_path / "valid", valid.groups, split="validation")],
        out=tmp_path / "run",
        steps=60,
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


@pytest.mark.parametrize("strength", [0.95, 0.75])
def test_a_planted_signal_is_recovered(tmp_path: Path, strength: float) -> None:
    valid = lone_statements(400, strength, seed=2)
    best = auroc(np.array(valid.cues, float), np.array(valid.labels)).value
    assert best == pytest.approx(strength, abs=0.05)  # the plant itself is as strong as said
    found = trained(tmp_path, lone_statements(600, strength, seed=1), valid)
    spread = 3 * noise(valid.cues, valid.labels)
    assert best - spread - NOT_LEARNT <= found["auroc"] <= best + spread


def test_without_a_signal_nothing_is_found(tmp_path: Path) -> None:
    valid = lone_statements(1500, 0.5, seed=2)
    found = trained(tmp_path, lone_statements(600, 0.5, seed=1), valid)
    true = sum(valid.labels)
    false = len(valid.labels) - true
    spread = 3 * math.sqrt((true + false + 1) / (12 * true * false))
    assert abs(found["auroc"] - 0.5) <= spread


@pytest.mark.parametrize("strength", [0.9, 0.25])
def test_a_planted_choice_is_recovered(tmp_path: Path, strength: float) -> None:
    """At 0.25 the cue falls on each of four choices alike: the control."""
    valid = choices(300, strength, seed=2)
    found = trained(tmp_path, choices(300, strength, seed=1), valid)
    best = float(np.mean(valid.cues))  # accuracy of choosing the cue
    spread = 3 * math.sqrt(strength * (1 - strength) / len(valid.cues))
    if strength > 0.25:
        assert best - 0.01 <= found["choice_accuracy"] <= best + 0.01
    else:
        assert abs(found["choice_accuracy"] - 0.25) <= spread
    assert found["choice_accuracy_by_chance"] == 0.25
