"""Both backends give the trained sentences, whatever the batches."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_t5
import torch
from safetensors.torch import load_file, save_file
from transformers import T5ForConditionalGeneration, T5Tokenizer

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.question_converters.base import Ask, Options, converter_facts
from unifiedqa_convert.question_converters.ctranslate2_backend import Ct2, converted
from unifiedqa_convert.question_converters.download import convert_folder
from unifiedqa_convert.question_converters.local_models import at_path, hub_folder
from unifiedqa_convert.question_converters.model import SHORTEST, ModelConverter, token_batches
from unifiedqa_convert.question_converters.select import question_converter
from unifiedqa_convert.question_converters.transformers_backend import Seq2Seq, Tokens
from unifiedqa_convert.storage import cache_folder
from vera_model.data.problems import Problem, Problems
from vera_model.data.tokenized import TextLimits, token_file

TAUGHT = tiny_t5.taught()
CPU = Options(device="cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_t5.train(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    torch.set_num_threads(1)
    return tmp_path / "cache"


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint, to be damaged."""
    return Path(shutil.copytree(tiny, tmp_path / "copied"))


def asked(folder: Path, options: Options = CPU) -> dict[Ask, str]:
    converter = question_converter(f"path:{folder}", options)
    assert converter is not None
    asks = list(TAUGHT)
    sentences = converter.convert(asks)
    assert {sentence.via for sentence in sentences} == {folder.name}
    return {ask: sentence.text for ask, sentence in zip(asks, sentences, strict=True)}


@pytest.mark.numeric
@pytest.mark.parametrize("batch_tokens", [None, 1, 100])
def test_transformers_gives_the_trained_sentences(tiny: Path, batch_tokens: int | None) -> None:
    """With all asks in one batch, and with a batch for each."""
    assert asked(tiny, Options(device="cpu", batch_tokens=batch_tokens)) == TAUGHT


@pytest.mark.numeric
@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_ctranslate2_gives_the_same(tiny: Path, dtype: str) -> None:
    assert asked(tiny, Options(backend="ct2", device="cpu", dtype=dtype)) == TAUGHT  # type: ignore[arg-type]


@pytest.mark.numeric
def test_bf16_on_the_cpu_gives_the_same(tiny: Path) -> None:
    assert asked(tiny, Options(device="cpu", dtype="bf16")) == TAUGHT


@pytest.mark.numeric
def test_texts_are_those_of_upstreams_own_loop(tiny: Path) -> None:
    """Also for asks that the model was not trained on."""
    asks = [Ask(f"What {a} {b}?", "ice") for a in tiny_t5.DOINGS for b in ("city", "sea by the")]
    model = T5ForConditionalGeneration.from_pretrained(tiny)
    tokenizer = T5Tokenizer.from_pretrained(tiny)
    expected = []
    for question, answer in asks:
        ids = tokenizer(f"{question} </s> {answer}", return_tensors="pt").input_ids
        made = model.generate(input_ids=ids, max_length=256)
        expected += tokenizer.batch_decode(made, skip_special_tokens=True)
    for options in (CPU, Options(backend="ct2", device="cpu", dtype="fp32")):
        converter = question_converter(f"path:{tiny}", options)
        assert isinstance(converter, ModelConverter)
        assert converter.texts(asks) == expected


def test_the_end_of_sequence_in_a_prompt_is_one_token(tiny: Path) -> None:
    (ids,) = Tokens(at_path(f"path:{tiny}")).encode(["What melts? </s> ice"])
    assert ids.count(1) == 2
    assert ids[-1] == 1


@pytest.mark.numeric
def test_an_untied_checkpoint_keeps_its_own_output_weights(copied: Path) -> None:
    """T5 v1.1's kind: transformers 5 ties by configuration, and must not where weights differ."""
    weights = load_file(copied / "model.safetensors")
    permuted = weights["shared.weight"].roll(1, 0)
    save_file(
        {**weights, "lm_head.weight": permuted},
        copied / "model.safetensors",
        metadata={"format": "pt"},
    )
    config = json.loads((copied / "config.json").read_bytes())
    config |= {"tie_word_embeddings": False}
    config.pop("scale_decoder_outputs", None)
    (copied / "config.json").write_text(json.dumps(config))
    checkpoint = at_path(f"path:{copied}")
    generators = Seq2Seq(checkpoint, CPU), Ct2(checkpoint, Options(device="cpu", dtype="fp32"))
    first, second = [generator.generate([[3, 5, 1, 7, 1]], 6) for generator in generators]
    assert first == second
    assert torch.equal(generators[0]._model.lm_head.weight, permuted)


def test_a_folder_with_nothing_but_spiece_model(copied: Path, tmp_path: Path) -> None:
    import sentencepiece

    texts = [text for ask, said in TAUGHT.items() for text in (*ask, said)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copied / name).unlink()
    shutil.copy(tmp_path / "spiece.model", copied / "spiece.model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "spiece.model"))
    tokens = Tokens(at_path(f"path:{copied}"))
    (ids,) = tokens.encode(["What melts? </s> ice"])
    assert ids == [*pieces.encode("What melts?"), 1, *pieces.encode("ice"), 1]
    assert tokens.decode([ids]) == ["What melts? ice"]


def test_a_repositorys_own_generation_settings_are_not_used(copied: Path) -> None:
    path = copied / "generation_config.json"
    settings = json.loads(path.read_bytes())
    path.write_text(json.dumps({**settings, "do_sample": True, "temperature": 9.0, "top_k": 50}))
    assert asked(copied) == TAUGHT


def test_ct2_converts_once_and_a_killed_conversion_leaves_nothing(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = at_path(f"path:{tiny}")
    converted_models = cache / "ct2"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)  # the moment before it would count as complete
        with pytest.raises(KeyboardInterrupt):
            converted(checkpoint, "int8_float32")
    assert not [path for path in converted_models.iterdir() if not path.name.startswith(".")]
    folder = converted(checkpoint, "int8_float32")
    made = (folder / "model.bin").stat().st_mtime_ns
    assert converted(checkpoint, "int8_float32") == folder
    assert (folder / "model.bin").stat().st_mtime_ns == made
    assert not [path for path in converted_models.iterdir() if ".uqa-" in path.name]


def test_one_cache_folder_and_it_is_under_xdg_cache_home(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, xdg = tmp_path / "home", tmp_path / "xdg"
    home.mkdir()
    monkeypatch.delenv("UQA_CACHE")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(xdg))
    asked(tiny, Options(backend="ct2", device="cpu", dtype="fp32"))
    one = Problems.of([Problem("t", "train", "1", False, ("Ice melts.",), (True,))])
    token_file(one, Tokens(at_path(f"path:{tiny}")).tokenizer, TextLimits(9, "end"), None)
    folder = xdg / "unifiedqa-convert"
    assert {path.name for path in xdg.iterdir()} == {folder.name}
    kept = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert kept == {"sentences.sqlite", "ct2", "tokens"}
    assert hub_folder("owner/name").is_relative_to(folder)
    assert list(home.iterdir()) == []
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().is_relative_to(home)
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "named"))
    assert cache_folder() == tmp_path / "named"


@pytest.mark.parametrize("backend", ["transformers", "ct2"])
def test_fp16_is_refused_with_its_reason(tiny: Path, backend: str) -> None:
    with pytest.raises(UsageError, match="overflow in fp16"):
        question_converter(f"path:{tiny}", Options(backend=backend, dtype="fp16"))  # type: ignore[arg-type]


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def remote_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_bytes())
    config["auto_map"] = {"AutoModelForSeq2SeqLM": "evil.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("open('canary', 'w')")


def remote_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_bytes())
    path.write_text(json.dumps({**config, "auto_map": {"AutoTokenizer": ["evil.Tokens", None]}}))


def oversized_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((1 << 62).to_bytes(8, "little") + b"{}")


def lacking(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["decoder.block.0.layer.0.SelfAttention.q.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("[")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (pickle_only, "reading a pickle can run any code.*uqa model fetch path:"),
        (remote_code, "its own Python"),
        (remote_tokenizer, "its own Python"),
        (oversized_header, "can't be read"),
        (lacking, "lacks the weights decoder.block.0"),
        (no_tokenizer, "no tokenizer"),
        (no_json, "can't be read, copy the model"),
    ],
)
def test_what_is_unsafe_or_broken_is_refused(
    copied: Path, spoil: Callable[[Path], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied)
    spoil(copied)
    with pytest.raises(ModelError, match=words):
        asked(copied)
    assert not (copied / "canary").exists()


def test_another_weight_is_another_revision(copied: Path) -> None:
    before = at_path(f"path:{copied}").revision
    weights = load_file(copied / "model.safetensors")
    weights["shared.weight"][0, 0] += 1
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    assert at_path(f"path:{copied}").revision != before


def test_the_manifest_says_which_model_and_how(tiny: Path, tmp_path: Path) -> None:
    """And a second output from the same asks never loads the model: all is in the cache."""
    raw = tmp_path / "rows.jsonl"
    choices = [
        {"label": label, "text": text}
        for label, text in zip("ABCDE", (*tiny_t5.THINGS, "wax"), strict=True)
    ]
    question = {"question_concept": "x", "choices": choices, "stem": "What melts?"}
    raw.write_text(json.dumps({"answerKey": "A", "id": "1", "question": question}) + "\n")
    request = Request(
        dataset="commonsenseqa",
        split="train",
        raw=(raw,),
        out=tmp_path / "out",
        question_converter=f"path:{tiny}",
        options=Options(device="cpu", batch_tokens=64),
    )
    recorded = convert(request).manifest["question_converter"]
    assert recorded.pop("library").startswith("transformers ")
    assert recorded == {
        "name": "tiny",
        "version": at_path(f"path:{tiny}").revision,
        "backend": "transformers",
        "device": "cpu",
        "dtype": "fp32",
        "batch_tokens": 64,
        "prompt": "{question} </s> {choice}",
        "lower": False,
    }
    converter = question_converter(f"path:{tiny}", request.options)
    assert isinstance(converter, ModelConverter)
    said = converter.convert([Ask("What melts?", thing) for thing in tiny_t5.THINGS])
    assert [sentence.text for sentence in said] == [
        f"The {thing} melts." for thing in tiny_t5.THINGS
    ]
    generator = converter._generator
    assert isinstance(generator, Seq2Seq)
    assert generator._model is None
    assert converter_facts(converter)["version"] == recorded["version"]


@pytest.mark.parametrize("parts", [1, 2])
def test_a_folders_pickle_is_converted_beside_it(copied: Path, parts: int) -> None:
    """A single file and one in parts, both with T5's tied embeddings under all their names."""
    held = dict(T5ForConditionalGeneration.from_pretrained(copied).state_dict())
    assert held["lm_head.weight"].data_ptr() == held["shared.weight"].data_ptr()
    (copied / "model.safetensors").unlink()
    names = sorted(held)
    if parts == 1:
        torch.save(held, copied / "pytorch_model.bin")
    else:
        files = [f"pytorch_model-0000{n + 1}-of-00002.bin" for n in range(2)]
        # The embeddings and their tied names are in one part, as in a real checkpoint.
        tied = [name for name in names if "embed_tokens" in name or name == "lm_head.weight"]
        first = {name: held[name] for name in [*names[::2], *tied, "shared.weight"]}
        second = {name: held[name] for name in names if name not in first}
        for file, part in zip(files, (first, second), strict=True):
            torch.save(part, copied / file)
        where = {**dict.fromkeys(first, files[0]), **dict.fromkeys(second, files[1])}
        index = json.dumps({"metadata": {}, "weight_map": where})
        (copied / "pytorch_model.bin.index.json").write_text(index)
    made = convert_folder(f"path:{copied}")
    assert made.folder == copied
    assert asked(copied) == TAUGHT
    assert not [path for path in copied.iterdir() if path.name.startswith(".")]


def test_cache_info_and_cache_clear(tiny: Path, uqa: Callable[..., Any], cache: Path) -> None:
    asked(tiny)
    told = json.loads(uqa("cache", "info", "--json").stdout)
    assert Path(told["path"]).parent == cache
    (held,) = told["converters"]
    assert (held["converter"], held["dtype"]) == ("tiny", "transformers fp32")
    assert held["sentences"] == len(TAUGHT)
    assert f"{len(TAUGHT)} sentences" in uqa("cache", "info").stdout
    assert uqa("cache", "clear").stdout == f"{len(TAUGHT)} sentences deleted\n"
    assert json.loads(uqa("cache", "info", "--json").stdout)["converters"] == []


def waste(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    padded = sum(len(batch) * max(lengths[place] for place in batch) for batch in batches)
    return 1 - sum(lengths) / padded


def test_a_chunks_asks_fill_their_batches() -> None:
    """On the lengths of real questions: within the budget, nothing lost, little padding."""
    lengths = [10 + number * 7919 % 60 for number in range(5_000)]
    batches = token_batches(lengths, 16_384)
    assert sorted(place for batch in batches for place in batch) == list(range(5_000))
    sizes = [len(batch) * max(lengths[place] for place in batch) for batch in batches]
    assert max(sizes) <= 16_384
    for batch in batches[:-1]:  # full: one more prompt would not have fitted
        assert (len(batch) + 1) * max(SHORTEST, *(lengths[place] for place in batch)) > 16_384
    assert waste(lengths, batches) < 0.1
