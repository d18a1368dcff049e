"""A checkpoint gives back what was saved, ours or upstream's, or says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_vera import save_model

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.storage import INDEX, write_json
from vera_model.config import from_preset
from vera_model.model.initial_model import load_upstream, starting_point
from vera_model.model.modeling_vera import VeraModel, from_scratch
from vera_model.model.saving import load_checkpoint
from vera_model.model.tokenizer import train_tokenizer
from vera_model.presets import PRESETS
from vera_model.run_folder import model_folder
from vera_model.shapes import Encoder

SHAPE = Encoder.model_validate(PRESETS["tiny"]["encoder"])
IDS = torch.tensor([[5, 6, 7, 1], [5, 6, 7, 8]])
MASK = torch.ones_like(IDS)


def model(seed: int = 0) -> VeraModel:
    torch.manual_seed(seed)
    return from_scratch(SHAPE, 100).eval()


def test_a_checkpoint_comes_back_and_replaces_an_older_one(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["some text"], 100)
    for seed in (0, 1):
        save_model(tmp_path / "model", model(seed), tokenizer)
        loaded, words = load_checkpoint(tmp_path / "model")
        saved = model(seed).state_dict()
        assert saved.keys() == loaded.state_dict().keys()
        assert all(torch.equal(saved[name], value) for name, value in loaded.state_dict().items())
        assert torch.equal(loaded(IDS, MASK).raw_logits, model(seed)(IDS, MASK).raw_logits)
        assert words("some text")["input_ids"] == tokenizer("some text")["input_ids"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]  # no temporary folder is left
    assert (tmp_path / "model/model.safetensors").is_file()


def test_a_broken_checkpoint_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(ModelError, match="does not exist: train a model"):
        load_checkpoint(folder)
    save_model(folder, model(), train_tokenizer(["some text"], 100))
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    for broken in (b"", b"\x80\x04pickle", whole[:2000], whole[:-1]):
        weights.write_bytes(broken)
        with pytest.raises(ModelError, match=r"model\.safetensors was changed or cut"):
            load_checkpoint(folder)
    (folder / "files.json").unlink()  # as in a folder that somebody else made
    for broken in (b"", b"\x80\x04pickle", whole[:2000], whole[:-1]):
        weights.write_bytes(broken)
        with pytest.raises(ModelError, match="can't be read"):
            load_checkpoint(folder)
    weights.write_bytes(whole)
    (folder / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(ModelError, match="'t5' model, not a Vera model"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="not a model's configuration"):
        load_checkpoint(folder)


def upstreams_file(path: Path, source: VeraModel) -> Path:
    """A checkpoint as upstream's run.py saves it, the tied embedding under both its names."""
    encoder = source.backbone.state_dict()
    encoder["encoder.embed_tokens.weight"] = encoder["shared.weight"]
    linear = source.head.state_dict()
    torch.save({"model": encoder, "linear": linear, "step": 7, "eval_accs": {0: 0.5}}, path)
    return path


def test_upstreams_pth_is_read_where_pickles_are_allowed(tmp_path: Path) -> None:
    path = upstreams_file(tmp_path / "ckp_7.pth", model(1))
    model(0).backbone.save_pretrained(tmp_path / "t5")
    train_tokenizer(["some text"], 100).save_pretrained(tmp_path / "t5")
    given = {"data": ["none"], "out": "none", "model": str(tmp_path / "t5"), "start_from": path}
    with pytest.raises(UsageError, match=r"is a pickle, .* --allow-pickle"):
        starting_point(from_preset(**given), ())
    loaded, _ = starting_point(from_preset(**given, allow_pickle=True), ())
    assert torch.equal(loaded.eval()(IDS, MASK).raw_logits, model(1)(IDS, MASK).raw_logits)
    del given["model"]
    with pytest.raises(UsageError, match="give the name of their model with --model"):
        starting_point(from_preset(**given, allow_pickle=True), ())


def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (canary,)

    torch.save({"model": Evil(), "linear": {}}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match=r"evil\.pth can't be read: .* could run code"):
        load_upstream(model(), tmp_path / "evil.pth", allow_pickle=True)
    assert not canary.exists()


def test_a_run_names_its_best_model(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "model"
    save_model(folder / "ckp_3", model(), train_tokenizer(["some text"], 100))
    (folder / "best").symlink_to("ckp_3")
    for path in (tmp_path / "run", folder, folder / "best", folder / "ckp_3"):
        assert model_folder(path).resolve() == folder / "ckp_3"
        load_checkpoint(path)


def test_json_is_strict_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


@pytest.mark.parametrize(
    ("layers", "reason"), [(1, "no place for the weights backbone"), (3, "lacks the weights")]
)
def test_another_number_of_layers_than_the_weights_is_refused(
    tmp_path: Path, layers: int, reason: str
) -> None:
    """A folder without an index, as somebody may publish it."""
    tokenizer = train_tokenizer(["Fish live in water."], SHAPE.vocab_size)
    assert SHAPE.num_layers == 2
    save_model(tmp_path / "model", from_scratch(SHAPE, len(tokenizer)), tokenizer)
    (tmp_path / "model" / INDEX).unlink()
    load_checkpoint(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    document = json.loads(path.read_bytes())
    document["text_config"]["num_layers"] = layers
    path.write_text(json.dumps(document))
    with pytest.raises(ModelError, match=reason):
        load_checkpoint(tmp_path / "model")
