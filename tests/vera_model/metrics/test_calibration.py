"""Temperatures: what was planted is found, and what is saved is used."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import (
    ModelError,
    OutputError,
    OutputLocked,
    SourceError,
    UsageError,
)
from unifiedqa_convert.storage import others_in, verify
from vera_model.config import from_preset
from vera_model.data.problems import Problem
from vera_model.metrics.calibration import Criterion, calibrate, save_temperature
from vera_model.metrics.predictions import Predictions
from vera_model.model.saving import load_checkpoint
from vera_model.programs.score import score_texts
from vera_model.programs.train import run as train
from vera_model.run_folder import only_run


def planted(temperature: float, statements: int = 10_000) -> Predictions:
    """Labels drawn with probability sigmoid(logit / temperature)."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2 * temperature, statements)
    labels = generator.random(statements) < 1 / (1 + np.exp(-logits / temperature))
    problems = [
        Problem("t", "dev", str(number), False, ("x",), (bool(label),))
        for number, label in enumerate(labels)
    ]
    return Predictions.of(problems, [logits])


@pytest.mark.parametrize("by", ["ece", "nll"])
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_the_planted_temperature_is_found(by: Criterion, temperature: float) -> None:
    found = calibrate(planted(temperature), by)
    assert found.temperature == pytest.approx(temperature, rel=0.12)
    assert found.ece_before > 0.05
    assert max(found.ece_after, found.ece_held_out) < 0.02
    assert "DOES NOT HELP" not in found.summary()
    assert found.ece_of_halves_before == pytest.approx(found.ece_before, abs=0.01)
    worse = found._replace(ece_of_halves_after=found.ece_of_halves_before)
    assert "DOES NOT HELP" in worse.summary()


@pytest.mark.parametrize("by", ["ece", "nll"])
def test_a_search_that_ends_at_its_bound_says_so(by: Criterion) -> None:
    assert calibrate(planted(3.0), by).at_bound is False
    wrong = planted(3.0)  # the more sure, the more wrong: only 0.5 helps
    found = calibrate(wrong._replace(label=~wrong.label), by)
    assert found.temperature == pytest.approx(20, rel=1e-3)
    assert found.at_bound is True
    with pytest.raises(SourceError, match="NO BEST TEMPERATURE WAS FOUND") as told:
        found.refuse_bound()
    assert "ended at its upper bound, where every probability is near 0.5" in str(told.value)
    right = planted(3.0)  # never wrong: the surer, the better
    low = calibrate(right._replace(label=right.logit > 0), by)
    assert low.at_bound is True
    assert "lower bound" in low.bound_warning()


def test_what_is_held_out_is_measured_before_and_after_on_the_same_problems() -> None:
    # A temperature of 1 is right: with 30 statements ECE is far from 0, before and after alike.
    found = calibrate(planted(1.0, 30))
    assert found.ece_of_halves_before > found.ece_before  # halves have a higher ECE than the whole
    assert found.ece_of_halves_after == pytest.approx(found.ece_of_halves_before, abs=0.15)


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--json"]])
def test_without_a_best_temperature_every_file_stays(tmp_path: Path, more: list[str]) -> None:
    save_tiny(tmp_path / "model", ["Fire is hot."])
    wrong = planted(3.0, 400)
    (tmp_path / "out").mkdir()
    wrong._replace(label=~wrong.label).write(tmp_path / "out" / "predictions.parquet")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    places = [str(tmp_path / "model"), "--on", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["calibrate", *places, *more])
    assert isinstance(done.exception, SourceError)
    assert done.exception.exit_code == 4
    assert "Nothing was written" in str(done.exception)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_one_label_alone_says_nothing() -> None:
    problems = [Problem("t", "dev", "0", False, ("x",), (True,))]
    with pytest.raises(UsageError, match="same label"):
        calibrate(Predictions.of(problems, [np.array([1.0])]))


@pytest.mark.numeric
def test_the_temperature_is_in_the_model_which_stays_whole(tmp_path: Path) -> None:
    texts = ["Fire is hot.", "Ice is hot."]
    run = tmp_path / "run"
    folder = save_tiny(run / "model" / "ckp_1", texts)
    (run / "model" / "best").symlink_to("ckp_1")
    before = score_texts(run, texts)
    assert save_temperature(run, 2.5) == folder
    verify(folder)
    assert (run / "model" / "best").is_symlink()
    assert load_checkpoint(run)[0].config.temperature == 2.5
    after = score_texts(run, texts)
    for one, other in zip(before, after, strict=True):
        assert other.logit == one.logit
        assert other.calibrated == pytest.approx(1 / (1 + np.exp(-one.logit / 2.5)))
    data = write_split(tmp_path / "data", [choice(n, texts, 0) for n in range(4)])
    more = {"data": [data], "out": tmp_path / "more", "device": "cpu", "steps": 1}
    trained = train(from_preset(start_from=run, **more)).parent  # no temperature of other weights
    assert load_checkpoint(trained)[0].config.temperature == 1
    assert "The temperature is 2.5" in (folder / "README.md").read_text()
    assert json.loads((folder / "config.json").read_text())["temperature"] == 2.5


def test_what_is_not_the_models_stays_beside_it(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", ["Fire is hot."])
    (folder / "NOTES.md").write_text("mine")
    (tmp_path / "big").write_text("elsewhere")
    (folder / "link").symlink_to("../big")
    save_temperature(folder, 2.5)
    card = folder / "README.md"
    card.write_text("# Mine\n\nThe temperature is 2.5. I trained it.\n")
    save_temperature(folder, 1e-05)
    assert card.read_text() == "# Mine\n\nThe temperature is 1e-05. I trained it.\n"
    assert (folder / "NOTES.md").read_text() == "mine"
    assert (folder / "link").readlink() == Path("../big")
    assert (tmp_path / "big").read_text() == "elsewhere"
    (folder / "NOTES.md").write_text("more")
    verify(folder)
    assert others_in(folder) == ["NOTES.md", "link"]


def test_a_damaged_model_and_one_in_training_are_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    folder = save_tiny(run / "model" / "ckp_1", ["Fire is hot."])
    (run / "config.json").touch()
    with only_run(run), pytest.raises(OutputLocked, match="another run is writing"):
        save_temperature(folder, 2.5)
    with (folder / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelError, match=r"config\.json was changed or cut"):
        save_temperature(folder, 2.5)


def test_a_card_that_is_no_utf_8_stays_and_a_folder_is_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", ["Fire is hot."])
    card = folder / "README.md"
    card.write_bytes(b"caf\xe9\n\nThe temperature is 1.0.\n")
    save_temperature(folder, 2.5)
    assert card.read_bytes() == b"caf\xe9\n\nThe temperature is 2.5.\n"
    card.unlink()
    card.mkdir()
    with pytest.raises(OutputError, match=r"README.md is a folder, which uqa did not write"):
        save_temperature(folder, 3.5)
    assert json.loads((folder / "config.json").read_text())["temperature"] == 2.5
