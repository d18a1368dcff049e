"""``state.json``: what can't be restored is refused when it is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from unifiedqa_convert.errors import ModelError
from vera_model.training.training_state import Generators, TrainingState, read_state, write_state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = TrainingState(
        step=3, position=(0, 3), scheduler={}, evaluations=(), settings={}, missing=(),
        generators=(Generators.now(torch.device("cpu")),),
    )  # fmt: skip
    write_state(tmp_path, state, None)
    return tmp_path


def test_it_reads_its_own(folder: Path) -> None:
    assert read_state(folder).step == 3


def generators(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda it: it["generators"][0].update(values)


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "step": (lambda it: it.update(step=-1), "step is -1"),
    "position": (lambda it: it.update(position=[0, -1]), r"position\.1 is -1"),
    "no generators": (lambda it: it.pop("generators"), "generators is missing"),
    "another generator": (generators(numpy=["PCG64", [1], 0, 0, 0.0]), "no state of a random"),
    "short": (generators(numpy=["MT19937", [1], 0, 0, 0.0]), "no state of a random"),
    "too large": (generators(numpy=["MT19937", [2**40] * 624, 0, 0, 0.0]), "no state of a random"),
    "python": (generators(python=[3, [1, 2], None]), "no state of a random"),
    "no hex": (generators(torch="xyz"), "no state of a random"),
    "torch": (generators(torch="00ff"), "no state of a random"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_state_is_named(folder: Path, case: str) -> None:
    change, words = WRONG[case]
    path = folder / "training" / "state.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ModelError, match=words) as found:
        read_state(folder)
    assert len(str(found.value)) < 400 + len(str(path))


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 99_999, '{"step": ' + "1" * 5000 + "}"])
def test_a_damaged_file_is_named(folder: Path, text: str) -> None:
    (folder / "training" / "state.json").write_text(text)
    with pytest.raises(ModelError, match=r"state\.json can't be read"):
        read_state(folder)
