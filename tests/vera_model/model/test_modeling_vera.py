"""The packed model gives what the padded one gives, and transformers knows it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    LlamaConfig,
    LlamaModel,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    pipeline,
)

from vera_model.config import from_preset
from vera_model.data.batching import collate
from vera_model.data.loading import read_problems
from vera_model.data.tokenized import tokenize
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.tokenizer import train_tokenizer

pytestmark = pytest.mark.numeric

LENGTHS = (5, 33, 1, 20, 9, 2, 14)
SHAPE = {"vocab_size": 128, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_heads": 4}
LLAMA = LlamaConfig(
    vocab_size=128,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)
Inputs = tuple[Tensor, Tensor]


@pytest.fixture
def texts() -> Inputs:
    """Statements of very different lengths, padded on the right."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 128, (len(LENGTHS), max(LENGTHS)), generator=generator)
    mask = (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]).long()
    return ids * mask, mask


def t5(**given: Any) -> VeraModel:
    torch.manual_seed(0)
    return VeraModel(VeraConfig(text_config=T5Config(**SHAPE, **given))).eval()


def padded(model: Any, texts: Inputs) -> Tensor:
    """The hidden states of transformers' own model, on the padded grid."""
    ids, mask = texts
    states: Tensor = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return states[torch.arange(len(ids)), mask.sum(1) - 1]


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["relu", "gated-gelu"])  # T5; T5 v1.1, Flan
def test_packed_t5_is_padded_t5_and_so_is_its_gradient(kind: str, texts: Inputs) -> None:
    # In float32 the sums leave gradients 2e-5 of their size apart, in float64 1e-7
    # (T5's norm and softmax stay float32).
    ours = t5(feed_forward_proj=kind).double()
    theirs = T5EncoderModel(T5Config(**SHAPE, feed_forward_proj=kind)).double()
    theirs.load_state_dict(ours.backbone.state_dict())
    expected = padded(theirs.eval(), texts)
    output = ours(*texts)
    close(output.hidden, expected)
    close(output.raw_logits, (expected @ ours.head.weight[0] + ours.head.bias).float())
    (output.hidden**3).mean().backward()  # squares would not do: the last norm fixes their sum
    (expected**3).mean().backward()
    gradients = dict(ours.backbone.named_parameters())
    for name, parameter in theirs.named_parameters():
        close(gradients[name].grad, parameter.grad)
    bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    assert gradients[bias].grad.abs().max() > 1e-3


def test_packed_llama_is_padded_llama(texts: Inputs) -> None:
    torch.manual_seed(0)
    ours = VeraModel(VeraConfig(text_config=LLAMA)).eval()
    theirs = LlamaModel(LLAMA)
    theirs.set_attn_implementation("eager")
    theirs.load_state_dict(ours.backbone.state_dict())
    close(ours(*texts).hidden, padded(theirs.eval(), texts))


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_changes_nothing(side: str, texts: Inputs) -> None:
    model, (ids, mask) = t5(), texts
    alone = [model(row[:size][None]).raw_logits for row, size in zip(ids, LENGTHS, strict=True)]
    if side == "left":
        shifts = [max(LENGTHS) - size for size in LENGTHS]
        rows = zip(ids, mask, shifts, strict=True)
        pairs = [(row.roll(shift), real.roll(shift)) for row, real, shift in rows]
        ids, mask = (torch.stack(side) for side in zip(*pairs, strict=True))
    close(model(ids, mask).raw_logits, torch.cat(alone))


def test_recomputed_activations_give_the_same_gradient(texts: Inputs) -> None:
    """The bias is made in the first block: recomputing must not lose its gradient."""
    gradients = []
    for recompute in (False, True):
        model = t5(dropout_rate=0.0).train()
        if recompute:
            old = model.gradient_checkpointing_enable  # its name before transformers 5.2x
            getattr(model, "activation_checkpointing_enable", old)()
        model(*texts).raw_logits.square().sum().backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for plain, recomputed in zip(*gradients, strict=True):
        close(recomputed, plain)


def test_dropout_is_on_in_training_only(texts: Inputs) -> None:
    model = t5(dropout_rate=0.5)
    assert torch.equal(model(*texts).raw_logits, model(*texts).raw_logits)
    model.train()
    assert not torch.allclose(model(*texts).raw_logits, model(*texts).raw_logits)


def test_the_temperature_divides_what_pipelines_see(texts: Inputs) -> None:
    model = t5()
    model.config.temperature = 1.6875
    output = model(*texts)
    close(output.logits, output.raw_logits[:, None] / 1.6875)
    with pytest.raises(ValueError, match="temperature is 0"):
        VeraConfig(temperature=0.0)


def test_first_logits_are_small() -> None:
    assert t5().head.weight.abs().max() <= SHAPE["d_model"] ** -0.5  # nn.Linear's own start


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_published_backbone_gets_a_new_head(kind: str, tmp_path: Path, texts: Inputs) -> None:
    torch.manual_seed(0)
    source = T5EncoderModel(T5Config(**SHAPE)) if kind == "t5" else LlamaModel(LLAMA)
    source.save_pretrained(tmp_path)
    model = VeraModel.from_encoder(str(tmp_path))
    close(model(*texts).hidden, padded(source.eval(), texts))
    assert model.head.weight.abs().max() <= SHAPE["d_model"] ** -0.5
    assert not model.training
    assert str(tmp_path) not in model.config.to_json_string()


def test_saved_it_is_known_to_the_auto_classes(tmp_path: Path, texts: Inputs) -> None:
    model = t5()
    model.config.temperature = 2.5
    model.save_pretrained(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"config.json", "model.safetensors", "README.md"}
    loaded, report = AutoModelForSequenceClassification.from_pretrained(
        tmp_path, output_loading_info=True
    )
    assert isinstance(loaded, VeraModel)
    assert not report["missing_keys"]
    assert loaded.config.temperature == 2.5
    assert loaded.config.id2label == {0: "true"}
    close(loaded(*texts).logits, model(*texts).logits)
    card = (tmp_path / "README.md").read_text()
    assert "temperature is 2.5" in card
    assert "pipeline_tag: text-classification" in card
    (tmp_path / "README.md").write_text("mine")
    model.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_pipeline_shows_calibrated_plausibility(tmp_path: Path) -> None:
    model = t5()
    model.config.temperature = 0.5
    sentences = ["one two.", "three", "one two three one two three one two three."]
    tokenizer = train_tokenizer(sentences, 28)
    tokenizer.save_pretrained(tmp_path)
    model.save_pretrained(tmp_path)
    found = pipeline("text-classification", model=str(tmp_path))(sentences, batch_size=3)
    assert [item["label"] for item in found] == ["true"] * 3
    logits = [model(tokenizer([s], return_tensors="pt")["input_ids"]).raw_logits for s in sentences]
    expected = torch.sigmoid(torch.cat(logits) / 0.5)
    assert [item["score"] for item in found] == pytest.approx(expected.tolist(), abs=1e-5)


def test_importing_the_model_registers_it_and_the_package_alone_is_light(tmp_path: Path) -> None:
    """In a program that has imported transformers; the service's worker imports the model first."""
    t5().save_pretrained(tmp_path)
    printed = python(
        "import sys, vera_model; assert not {'torch', 'transformers'} & set(sys.modules)",
        "from transformers.models.auto.configuration_auto import CONFIG_MAPPING",
        "assert 'vera' not in CONFIG_MAPPING",
        "import vera_model.model",
        "from transformers import AutoModelForSequenceClassification as Auto",
        "print(CONFIG_MAPPING['vera'].__name__)",
        f"print(type(Auto.from_pretrained({str(tmp_path)!r})).__name__)",
    )
    assert printed.split() == ["VeraConfig", "VeraModel"]


def python(*lines: str) -> str:
    """What a fresh interpreter prints."""
    code = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.shared
@pytest.mark.parametrize("step", [0, 20])
def test_evaluation_logits_are_upstreams(step: int, shared: Path) -> None:
    """Upstream's JSON → tokens → packed model, against every logit it wrote."""
    golden = shared / "golden/vera"
    model = VeraModel.from_encoder(str(golden / "tiny-t5"))
    if step:
        weights = load_file(golden / "train/weights_ctr4_after20.safetensors")
        head = {key: weights.pop(f"head.{key}") for key in ("weight", "bias")}
        weights["encoder.embed_tokens.weight"] = weights["shared.weight"]
        model.backbone.load_state_dict(weights)
    else:
        head = load_file(golden / "tiny-t5/head.safetensors")
    model.head.load_state_dict(head)
    recorded = json.loads((golden / f"train/booleans_ctr4_step{step}.json").read_text())
    paths = [golden / "train/data" / task / "dev.json" for task in ("sciq", "copa", "csqa2")]
    config = from_preset(data=paths, out="o", recipe="vera")
    problems = read_problems(paths, allow_sample=False, recipe="vera").problems
    tokenizer = T5Tokenizer.from_pretrained(golden / "tiny-t5")
    batch = collate(tokenize(problems, tokenizer, config, None)[:], 0)
    with torch.inference_mode():
        found = model(batch.input_ids, batch.attention_mask).raw_logits
    assert found.tolist() == pytest.approx([item["logit"] for item in recorded], abs=1e-5)
    assert batch.labels[batch.mask].tolist() == [bool(item["label"]) for item in recorded]
