"""A signal of known strength, planted in statements (planted.py), is found again by the model."""

from pathlib import Path

import pytest
from planted import found_in_choices, found_in_noise, found_in_statements

pytestmark = [pytest.mark.slow, pytest.mark.numeric]
SEED = 1


@pytest.mark.parametrize("strength", [0.95, 0.75])
def test_a_planted_signal_is_recovered(tmp_path: Path, strength: float) -> None:
    found = found_in_statements(tmp_path, strength, SEED)
    assert found.low <= found.value <= found.high


def test_without_a_signal_nothing_is_found(tmp_path: Path) -> None:
    found = found_in_noise(tmp_path, SEED)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("strength", [0.9, 0.25])
def test_a_planted_choice_is_recovered(tmp_path: Path, strength: float) -> None:
    """At 0.25 the cue falls on each of four choices alike: the control."""
    found = found_in_choices(tmp_path, strength, SEED)
    assert found.low <= found.value <= found.high
