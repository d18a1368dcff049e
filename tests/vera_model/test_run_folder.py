"""A model's own settings are checked before anything is loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import ModelError, SourceError
from vera_model.data.shards import check_shards
from vera_model.run_folder import checked_model, read_settings

SENTENCES = ["Rain is wet.", "Rain is dry."]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("settings") / "model", SENTENCES)


@pytest.fixture
def model(sound: Path, tmp_path: Path) -> Path:
    copy = shutil.copytree(sound, tmp_path / "model")
    (copy / "files.json").unlink()  # its digests would tell first
    return copy


WRONG: dict[str, tuple[str, Any, str]] = {
    "temperature 0": ("temperature", 0, "temperature is 0"),
    "temperature below": ("temperature", -1.5, "temperature is -1.5"),
    "temperature of text": ("temperature", "1.0", "temperature is '1.0'"),
    "temperature true": ("temperature", True, "temperature is True"),
    "temperature null": ("temperature", None, "temperature is None"),
    "temperature NaN": ("temperature", float("nan"), "NaN is no number"),
    "temperature without end": ("temperature", float("inf"), "Infinity is no number"),
    "tokens 0": ("max_tokens", 0, "max_tokens is 0"),
    "tokens below": ("max_tokens", -128, "max_tokens is -128"),
    "half a token": ("max_tokens", 12.5, "max_tokens is 12.5"),
    "tokens of text": ("max_tokens", "128", "max_tokens is '128'"),
    "tokens in a list": ("max_tokens", [128], r"max_tokens is \[128\]"),
    "tokens without end": ("max_tokens", 10**300, r"max_tokens is 10+… \(301 characters\)"),
    "cut": ("cut", "middle", "cut is 'middle'"),
    "cut null": ("cut", None, "cut is None"),
    "no backbone": ("text_config", None, "text_config is None"),
    "backbone in a list": ("text_config", [], r"text_config is \[\]"),
    "another model": ("model_type", "t5", "a 't5' model, not a Vera model"),
}
COMMANDS = {
    "score": "score A. --model MODEL",
    "evaluate": "evaluate --model MODEL --data data --out out",
    "calibrate": "calibrate MODEL --on on",
    "plan": "plan train --preset tiny --no-measure --data data --start-from MODEL",
    "train": "train --preset tiny --data data --out run --start-from MODEL",
    "export": "model export MODEL --out exported",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named(model: Path, case: str) -> None:
    key, value, words = WRONG[case]
    document = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**document, key: value}))
    with pytest.raises(ModelError, match=words) as found:
        checked_model(model)
    assert str(model) in str(found.value)
    assert len(str(found.value)) < 300 + len(str(model))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_checks_them(
    model: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    write_split(Path("data/planted"), [choice(n, SENTENCES, 0) for n in range(4)])
    Path("on").mkdir()
    Path("on/predictions.parquet").write_bytes(b"")
    document = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**document, "temperature": "hot"}))
    done = CliRunner().invoke(app, COMMANDS[command].replace("MODEL", "model").split())
    assert isinstance(done.exception, ModelError), done.exception
    assert "temperature is 'hot'" in str(done.exception)


def test_what_is_left_out_has_its_default(model: Path) -> None:
    document = json.loads((model / "config.json").read_text())
    for name in ("temperature", "max_tokens", "cut"):
        document.pop(name, None)
    (model / "config.json").write_text(json.dumps(document))
    found = read_settings(model)
    assert (found.temperature, found.max_tokens, found.cut) == (1.0, 128, "end")


@pytest.mark.parametrize("text", ["", "[]", '{"split_size": 3}', '{"files": [1]}', "[" * 99_999])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    folder = write_split(tmp_path / "planted", [choice(0, SENTENCES, 0)])
    (folder / "train.json").write_text('[{"golds": ["a"], "distractors": ["b"]}]')
    (folder / "manifest.json").write_text(text)
    with pytest.raises(SourceError, match=r"manifest\.json can't be read"):
        check_shards([folder / "train.json"], allow_sample=False)


def test_a_shard_whose_name_is_no_utf_8(tmp_path: Path) -> None:
    write_split(tmp_path / "planted", [choice(0, SENTENCES, 0)]).rename(tmp_path / "planted\udcff")
    with pytest.raises(SourceError, match=r"planted\\udcff.*is not UTF-8"):
        check_shards([tmp_path], allow_sample=False)
