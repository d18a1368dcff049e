"""The published layout: imported, scored, exported; and what is not it."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5EncoderModel, pipeline

from unifiedqa_convert.errors import ModelError, OutputError, UnreachableError, UsageError
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.published_layout import export_published, import_published
from vera_model.model.saving import load_checkpoint
from vera_model.model.tokenizer import train_tokenizer
from vera_model.programs.preflight import model_files
from vera_model.programs.score import score_texts

ROWS = 32128


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder of our own in the layout, T5's first kind, in float32."""
    folder = tmp_path_factory.mktemp("layout")
    torch.manual_seed(0)
    shape = {"d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 1, "num_heads": 2}
    encoder = T5EncoderModel(T5Config(vocab_size=ROWS, feed_forward_proj="relu", **shape))
    with torch.no_grad():
        encoder.shared.weight[32099] = torch.linspace(-1, 1, 8)
        encoder.shared.weight[32098, 0] = 0.375
        encoder.shared.weight[32097, 0] = 2.5
    encoder.save_pretrained(folder)
    train_tokenizer(["one two three"], 100).save_pretrained(folder)
    return folder


def changed(layout: Path, folder: Path, **config: Any) -> Path:
    shutil.copytree(layout, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


@pytest.mark.numeric
def test_the_three_rows_become_head_bias_and_temperature(layout: Path, tmp_path: Path) -> None:
    moved = import_published(layout, tmp_path / "model")
    assert (moved.temperature, moved.bias, moved.dtype) == (2.5, 0.375, "float32")
    model, tokenizer = load_checkpoint(tmp_path / "model")
    assert model.config.temperature == 2.5
    assert model.head.bias.item() == 0.375
    assert model.head.weight[0].tolist() == pytest.approx(torch.linspace(-1, 1, 8).tolist())
    theirs = T5EncoderModel.from_pretrained(layout).eval()
    ids = torch.tensor([[*tokenizer("one two")["input_ids"][:-1], 32099, 1]])  # a sentinel's row
    hidden = theirs(input_ids=ids).last_hidden_state[0, -1]
    expected = hidden @ theirs.shared.weight[32099] + 0.375
    assert model(ids).raw_logits.item() == pytest.approx(expected.item(), abs=1e-5)


def test_exported_it_is_what_was_imported(layout: Path, tmp_path: Path) -> None:
    import_published(layout, tmp_path / "model")
    export_published(tmp_path / "model", tmp_path / "out")
    one, two = (load_file(folder / "model.safetensors") for folder in (layout, tmp_path / "out"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    again = import_published(tmp_path / "out", tmp_path / "again", dtype="bfloat16")
    assert again.dtype == "bfloat16"
    assert load_checkpoint(tmp_path / "again")[0].dtype == torch.float32  # it computes in float32
    assert "32098" in (tmp_path / "out/README.md").read_text()


def test_a_trained_models_head_goes_into_the_rows(layout: Path, tmp_path: Path) -> None:
    import_published(layout, tmp_path / "model")
    model, tokenizer = load_checkpoint(tmp_path / "model")
    with torch.no_grad():
        model.head.weight += 1
    model.config.temperature = 0.75
    model.save_pretrained(tmp_path / "trained")
    tokenizer.save_pretrained(tmp_path / "trained")
    export_published(tmp_path / "trained", tmp_path / "out", dtype="bfloat16")
    shared = load_file(tmp_path / "out/model.safetensors")["shared.weight"]
    assert torch.equal(shared[32099], model.head.weight[0].bfloat16())
    assert shared[32097, 0].item() == 0.75
    assert torch.equal(shared[32097, 1:], model.backbone.shared.weight[32097, 1:].bfloat16())


def test_what_stands_there_is_kept_unasked(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(OutputError, match="--overwrite"):
        import_published(layout, tmp_path / "model")
    import_published(layout, tmp_path / "model", overwrite=True)
    import_published(layout, tmp_path / "model", overwrite=True)
    (tmp_path / "model" / "NOTES.md").write_text("mine")
    with pytest.raises(OutputError, match=r"model holds NOTES\.md: uqa removes only what it wrote"):
        import_published(layout, tmp_path / "model", overwrite=True)
    (tmp_path / "model" / "NOTES.md").unlink()
    for mine in (tmp_path / "thesis", tmp_path / "file", tmp_path / "link"):
        if mine.name == "thesis":
            mine.mkdir()
            (mine / "config.json").write_text("ten years")
        else:
            mine.symlink_to(tmp_path / "x") if mine.name == "link" else mine.write_text("mine")
        with pytest.raises(OutputError, match=r"no readable files\.json|not a folder|is a link"):
            import_published(layout, mine, overwrite=True)
    with pytest.raises(OutputError, match="--overwrite"):
        export_published(tmp_path / "model", tmp_path / "model")


def test_a_decoder_is_left_behind_and_the_other_name_of_the_embedding_found(
    layout: Path, tmp_path: Path
) -> None:
    source = changed(layout, tmp_path / "source")
    weights = load_file(source / "model.safetensors")
    weights["encoder.embed_tokens.weight"] = weights.pop("shared.weight")
    weights |= {"decoder.x": torch.ones(1), "lm_head.weight": torch.ones(1)}
    save_file(weights, source / "model.safetensors")
    import_published(source, tmp_path / "one")
    import_published(layout, tmp_path / "two")
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_what_is_not_the_layout_is_named(layout: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ModelError, match=r"no config\.json"):
        import_published(tmp_path, out)
    bert = changed(layout, tmp_path / "bert", model_type="bert")
    with pytest.raises(ModelError, match="'bert' model, the published layout is a T5"):
        import_published(bert, out)
    with pytest.raises(ModelError, match=r"2 weights differ .*wi\.weight.*wo\.weight"):
        import_published(changed(layout, tmp_path / "wide", d_ff=16), out)
    for row, said in ((0.0, "temperature is 0.0"), (-1.0, "-1.0"), (math.nan, "nan")):
        cold = changed(layout, tmp_path / f"cold{row}")
        weights = load_file(cold / "model.safetensors")
        weights["shared.weight"][32097, 0] = row
        save_file(weights, cold / "model.safetensors")
        with pytest.raises(ModelError, match=said):
            import_published(cold, out)
    assert not out.exists()


def test_a_small_vocabulary_has_no_room(tmp_path: Path) -> None:
    shape = {"d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 1, "num_heads": 2}
    T5EncoderModel(T5Config(vocab_size=2112, **shape)).save_pretrained(tmp_path / "small")
    with pytest.raises(ModelError, match="vocabulary of 2112, the published layout needs 32100"):
        import_published(tmp_path / "small", tmp_path / "out")
    VeraModel.from_encoder(str(tmp_path / "small")).save_pretrained(tmp_path / "vera")
    with pytest.raises(ModelError, match="fewer than 32100"):
        export_published(tmp_path / "vera", tmp_path / "out")
    with pytest.raises(ModelError, match="not a Vera model with a T5 encoder"):
        export_published(tmp_path / "small", tmp_path / "out")


def pickled(layout: Path, folder: Path, thing: Any) -> Path:
    source = changed(layout, folder)
    (source / "model.safetensors").unlink()
    torch.save(thing, source / "pytorch_model.bin")
    return source


class Bomb:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_pickles_are_read_if_allowed_and_never_run(layout: Path, tmp_path: Path) -> None:
    weights = load_file(layout / "model.safetensors")
    source = pickled(layout, tmp_path / "pickled", weights)
    with pytest.raises(UsageError, match=r"bin is a pickle, .* --allow-pickle"):
        import_published(source, tmp_path / "out")
    import_published(source, tmp_path / "out", allow_pickle=True)
    mark = tmp_path / "mark"
    armed = pickled(layout, tmp_path / "armed", {**weights, "bomb": Bomb(mark)})
    with pytest.raises(ModelError, match=r"pytorch_model\.bin can't be read"):
        import_published(armed, tmp_path / "other", allow_pickle=True)
    assert not mark.exists()
    odd = pickled(layout, tmp_path / "odd", [1, 2])
    with pytest.raises(ModelError, match="has entries that are not tensors"):
        import_published(odd, tmp_path / "other", allow_pickle=True)


def test_an_index_stays_in_its_folder(layout: Path, tmp_path: Path) -> None:
    source = changed(layout, tmp_path / "source")
    (source / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    index = source / "model.safetensors.index.json"
    for text, said in (
        ('{"weight_map": {"a": "../elsewhere.safetensors"}}', "elsewhere"),
        ('{"weight_map": {"a": "absent.safetensors"}}', "absent"),
        ("[]", "not an index"),
    ):
        index.write_text(text)
        with pytest.raises(ModelError, match=said):
            import_published(source, tmp_path / "out")


def test_a_source_is_a_folder_or_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert model_files(str(tmp_path), None, allow_pickle=False) == tmp_path
    with pytest.raises(ModelError, match="neither a folder nor owner/name"):
        model_files("no such folder", None, allow_pickle=False)
    with pytest.raises(UnreachableError, match=r"no folder somebody/nothing here; .* unset it"):
        model_files("somebody/nothing", None, allow_pickle=False)


@pytest.mark.numeric
@pytest.mark.shared
@pytest.mark.parametrize("form", ["bin", "safetensors"])
def test_scores_are_the_published_ones(form: str, shared: Path, tmp_path: Path) -> None:
    folder = shared / "golden/vera/published-layout"
    recorded = json.loads((folder / "expected.json").read_text())
    if form == "safetensors":
        source = tmp_path / "source"
        shutil.copytree(folder / "safetensors", source)
        shutil.copy(folder / "spiece.model", source)
        shutil.copy(folder / "tokenizer_config.json", source)
        folder = source
    moved = import_published(folder, tmp_path / "model", allow_pickle=form == "bin")
    assert (moved.temperature, moved.bias) == (recorded["temperature"], recorded["bias"])
    cases = recorded["sentences"]
    found = score_texts(tmp_path / "model", [case["text"] for case in cases])
    for name, key in (("logit",) * 2, ("score",) * 2, ("calibrated", "score_calibrated")):
        values = [getattr(one, name) for one in found]
        assert values == pytest.approx([case[key] for case in cases], abs=1e-5)
    wrong = [case["logit_if_last_column_of_padded_batch"] for case in cases]
    differ = [abs(one.logit - value) > 0.1 for one, value in zip(found, wrong, strict=True)]
    assert sum(differ) > 10  # a naive batch would have given those
    assert [one.cut for one in found].count(True) == 1


@pytest.mark.numeric
@pytest.mark.shared
def test_a_pipeline_gives_the_published_scores(shared: Path, tmp_path: Path) -> None:
    folder = shared / "golden/vera/published-layout"
    cases = json.loads((folder / "expected.json").read_text())["sentences"]
    import_published(folder, tmp_path / "model", allow_pickle=True)
    classify = pipeline("text-classification", model=str(tmp_path / "model"))
    found = classify([case["text"] for case in cases], batch_size=7, truncation=True)
    expected = [case["score_calibrated"] for case in cases]
    assert [item["score"] for item in found] == pytest.approx(expected, abs=1e-5)


@pytest.mark.numeric
@pytest.mark.shared
def test_in_bfloat16_the_scores_are_near(shared: Path, tmp_path: Path) -> None:
    folder = shared / "golden/vera/published-layout"
    cases = json.loads((folder / "expected.json").read_text())["sentences"]
    import_published(folder, tmp_path / "model", allow_pickle=True)
    model = VeraModel.from_pretrained(tmp_path / "model", dtype=torch.bfloat16)
    found = [model(torch.tensor([case["input_ids"]])).logits.sigmoid().item() for case in cases]
    wanted = [case["score_calibrated_bf16_compute"] for case in cases]
    assert found == pytest.approx(wanted, abs=0.05)
