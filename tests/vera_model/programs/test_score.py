"""`uqa score` and `uqa model`, as commands."""

import json
from pathlib import Path

import pytest
import torch
from tiny_vera import save_model
from typer.testing import CliRunner, Result

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import ModelError, SourceError, UsageError
from vera_model.model.modeling_vera import from_scratch
from vera_model.model.saving import load_checkpoint
from vera_model.model.tokenizer import train_tokenizer
from vera_model.presets import PRESETS
from vera_model.programs.preflight import read_texts
from vera_model.programs.score import score_texts
from vera_model.shapes import Encoder

pytestmark = pytest.mark.numeric

TEXTS = ["one two.", "three", "one two three one two three one two three.", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(TEXTS, 40)
    shape = Encoder.model_validate(PRESETS["tiny"]["encoder"])
    model = from_scratch(shape, len(tokenizer))
    model.config.temperature = 0.5
    model.config.max_tokens = 8
    path = tmp_path_factory.mktemp("run") / "model"
    save_model(path, model, tokenizer)
    return path


def test_texts_are_scored_alone_or_together_and_come_in_their_order(folder: Path) -> None:
    together = score_texts(folder, TEXTS)
    assert [one.text for one in together] == TEXTS
    assert [one.cut for one in together] == [False, False, True, False]
    for text, one in zip(TEXTS, together, strict=True):
        (alone,) = score_texts(folder, [text])
        assert one.logit == pytest.approx(alone.logit, abs=1e-5)
    model, tokenizer = load_checkpoint(folder)
    logit = model(tokenizer(TEXTS[:1], return_tensors="pt")["input_ids"]).raw_logits
    assert together[0].logit == pytest.approx(logit.item(), abs=1e-5)
    assert together[0].score == pytest.approx(logit.sigmoid().item(), abs=1e-5)
    assert together[0].calibrated == pytest.approx((logit / 0.5).sigmoid().item(), abs=1e-5)


def test_where_a_long_text_is_cut_is_the_models_own(folder: Path, tmp_path: Path) -> None:
    model, tokenizer = load_checkpoint(folder)
    long = "three one two three one two three one two"
    found = []
    for cut in ("end", "start"):
        model.config.cut = cut
        save_model(tmp_path / cut, model, tokenizer)
        found.append(score_texts(tmp_path / cut, [long])[0].logit)
    assert found[0] != pytest.approx(found[1], abs=1e-4)


def test_a_file_has_a_sentence_a_line(tmp_path: Path) -> None:
    path = tmp_path / "sentences.txt"
    path.write_bytes("\ufeffone\r\n\n  \ntwo\u2028half\n".encode())
    assert read_texts([], path) == ["one", "two\u2028half"]
    with pytest.raises(UsageError, match="either sentences or --file"):
        read_texts([], None)
    with pytest.raises(UsageError, match="either sentences or --file"):
        read_texts(["one"], path)
    path.write_bytes(b"\xff")
    with pytest.raises(SourceError, match="UTF-8"):
        read_texts([], path)
    path.write_bytes(b"\n")
    with pytest.raises(SourceError, match="has no sentence"):
        read_texts([], path)


def test_logits_that_are_no_numbers_are_an_error(folder: Path, tmp_path: Path) -> None:
    model, tokenizer = load_checkpoint(folder)
    torch.nn.init.constant_(model.head.bias, float("nan"))
    save_model(tmp_path / "broken", model, tokenizer)
    with pytest.raises(ModelError, match="not finite"):
        score_texts(tmp_path / "broken", ["one"])


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_a_table_or_json(folder: Path) -> None:
    expected = score_texts(folder, TEXTS[:3])
    table = run("score", *TEXTS[:3], "--model", folder)
    assert table.exit_code == 0, table.output
    assert table.stdout.splitlines()[0].split() == ["calibrated", "score", "logit", "text"]
    assert table.stdout.splitlines()[2].endswith("  three")
    assert f"{expected[1].calibrated:.4f}" in table.stdout.splitlines()[2]
    assert "1 of 3 texts" in table.stderr
    found = json.loads(run("score", *TEXTS[:3], "--model", folder, "--json", "-q").stdout)
    assert [item["logit"] for item in found] == pytest.approx([one.logit for one in expected])
    assert set(found[0]) == {
        *("text", "logit", "score", "calibrated", "cut"),
        *("tokens", "tokens_cut_off", "unknown_tokens", "same_tokens"),
    }


def test_what_the_model_does_not_see_is_said(folder: Path) -> None:
    texts = ["{ two", "[ two", "three"]  # neither bracket is in the vocabulary
    done = run("score", *texts, "--model", folder)
    first, second = (float(line.split()[2]) for line in done.stdout.splitlines()[1:3])
    assert first == second
    tokens = sum(one.tokens for one in score_texts(folder, texts))
    assert f"WARNING: 2 of {tokens} tokens are unknown to the model, in 2 of 3" in done.stderr
    assert "WARNING: 2 of 3 texts have the same tokens as another one" in done.stderr
    found = json.loads(run("score", *texts, "--model", folder, "--json").stdout)
    assert [one["unknown_tokens"] for one in found] == [1, 1, 0]
    assert [one["same_tokens"] for one in found] == [True, True, False]
    assert "WARNING" not in run("score", "three", "three", "--model", folder).stderr


def test_what_is_no_model_is_named() -> None:
    error = run("score", "one", "--model", "nowhere").exception
    assert isinstance(error, ModelError)
    assert "nowhere does not exist" in str(error)
