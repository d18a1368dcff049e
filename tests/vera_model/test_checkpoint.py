"""The model reads the end mark, and a checkpoint gives back what was saved."""

from pathlib import Path

import pytest
import torch
from transformers import T5EncoderModel

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.files import write_json
from vera_model.checkpoint import load_checkpoint, save_checkpoint
from vera_model.config import Encoder
from vera_model.presets import PRESETS
from vera_model.model import VeraModel, from_scratch
from vera_model.tokenizer import train_tokenizer

SHAPE = Encoder.model_validate(PRESETS["tiny"]["encoder"])
IDS = torch.tensor([[5, 6, 7, 1], [5, 6, 7, 8]])
MASK = torch.ones_like(IDS)


def model(seed: int = 0) -> VeraModel:
    torch.manual_seed(seed)
    return from_scratch(SHAPE, 100).eval()


def test_padding_changes_nothing() -> None:
    ids = torch.tensor([[5, 1, 0, 0], [5, 6, 7, 1]])
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])
    both, alone = model()(ids, mask), model()(ids[:1, :2], mask[:1, :2])
    torch.testing.assert_close(both.logits[:1], alone.logits, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(both.hidden[:1], alone.hidden, rtol=1e-5, atol=1e-5)


def test_the_hidden_state_is_the_encoders_at_the_last_token() -> None:
    vera = model()
    states = vera.t5(input_ids=IDS, attention_mask=MASK).last_hidden_state
    scores = vera(IDS, MASK)
    assert torch.equal(scores.hidden, states[:, -1])
    expected = states[:, -1] @ vera.head.weight[0] + vera.head.bias
    torch.testing.assert_close(scores.logits, expected)


def test_first_logits_are_small_and_the_vocabulary_a_round_size() -> None:
    vera = model()
    assert vera.config.vocab_size == 128
    assert vera.head.weight.abs().max() <= SHAPE.d_model**-0.5  # nn.Linear's own start


def test_a_plain_t5_encoder_can_be_loaded(tmp_path: Path) -> None:
    source = model()
    source.t5.save_pretrained(tmp_path)
    loaded = VeraModel.from_pretrained(tmp_path).eval()
    assert torch.equal(loaded(IDS, MASK).hidden, source(IDS, MASK).hidden)
    assert isinstance(loaded.t5, T5EncoderModel)
    assert loaded.head.weight.abs().max() <= SHAPE.d_model**-0.5


def test_a_checkpoint_comes_back_and_replaces_an_older_one(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["some text"], 100)
    for seed in (0, 1):
        save_checkpoint(tmp_path / "model", model(seed), tokenizer)
        loaded, words = load_checkpoint(tmp_path / "model")
        saved = model(seed).state_dict()
        assert saved.keys() == loaded.state_dict().keys()
        assert all(torch.equal(saved[name], value) for name, value in loaded.state_dict().items())
        # Equal weights at another place in memory: the products may differ in their last bit.
        expected = model(seed)(IDS, MASK).logits
        torch.testing.assert_close(loaded(IDS, MASK).logits, expected, rtol=1e-6, atol=1e-6)
        assert words("some text")["input_ids"] == tokenizer("some text")["input_ids"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]  # no temporary folder is left
    assert (tmp_path / "model/model.safetensors").is_file()


def test_a_broken_checkpoint_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        load_checkpoint(folder)
    save_checkpoint(folder, model(), train_tokenizer(["some text"], 100))
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
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


def test_json_is_strict_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
