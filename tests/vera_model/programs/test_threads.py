"""`--threads` of every command that runs a model is the number of threads that torch works with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app

GROUPS = [choice(n, [f"Cause {n} has effect {n + k}." for k in range(3)], 0) for n in range(9)]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    save_tiny(tmp_path / "model", [one.sentence for group in GROUPS for one in group.statements])
    write_split(tmp_path / "data" / "copa" / "validation", GROUPS, dataset="copa")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "command",
    [
        "train --preset tiny --data data --out run --steps 1 --device cpu",
        "plan train --preset tiny --data data --out run --steps 1",
        "evaluate --model model --data data --out out --resamples 5",
        "score Snow. --model model",
        "replicate vera-eval --model model --data-root data --out out --resamples 5",
    ],
)
def test_every_command_that_runs_a_model_takes_them(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--threads", "3"])
    assert done.exit_code == 0, done.output
    assert torch.get_num_threads() == 3
    none = CliRunner().invoke(app, [*command.split(), "--threads", "0"])
    assert 2 in (none.exit_code, getattr(none.exception, "exit_code", 0))
