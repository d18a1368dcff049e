"""The vocabulary trained here is a T5 vocabulary, and survives saving."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    PreTrainedTokenizerFast,
    T5Config,
    T5Tokenizer,
)

from unifiedqa_convert.errors import SourceError
from vera_model.model.tokenizer import load_tokenizer, train_tokenizer

TEXTS = [
    f"The {a} {b} in the {c}." for a in ("cat", "dog") for b in ("runs", "sleeps") for c in "ab"
]


def test_ids_are_laid_out_as_in_t5() -> None:
    tokenizer = train_tokenizer(TEXTS, 2000)
    assert tokenizer.convert_ids_to_tokens([0, 1, 2]) == ["<pad>", "</s>", "<unk>"]
    assert tokenizer.convert_tokens_to_ids("<extra_id_0>") == len(tokenizer) - 1
    assert tokenizer.convert_tokens_to_ids("<extra_id_99>") == len(tokenizer) - 100


@pytest.mark.parametrize("size", [30, 60, 2000])
def test_known_text_comes_back(size: int) -> None:
    tokenizer = train_tokenizer(TEXTS, size)
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        assert ids[-1] == tokenizer.eos_token_id
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 60)
    tokenizer.save_pretrained(tmp_path)
    loaded = T5Tokenizer.from_pretrained(tmp_path)
    texts = [*TEXTS, "Unknown: žåß", "white \t\n space", "<extra_id_0> </s>", ""]
    assert loaded(texts)["input_ids"] == tokenizer(texts)["input_ids"]
    assert len(loaded) == len(tokenizer)


def test_the_pieces_are_sentencepieces_own() -> None:
    """T5Tokenizer, built from pieces and scores, segments as SentencePiece does."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sorted(TEXTS)),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        num_threads=1,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    tokenizer = train_tokenizer(TEXTS, 60)
    for text in [*TEXTS, "The dog."]:
        assert tokenizer(text)["input_ids"] == [*pieces.encode(text), 1]


def test_order_and_repetition_of_the_texts_change_nothing() -> None:
    one = train_tokenizer(TEXTS, 60).get_vocab()
    assert train_tokenizer([*TEXTS[::-1], *TEXTS], 60).get_vocab() == one


def test_a_corpus_of_one_letter_and_one_of_many() -> None:
    assert len(train_tokenizer(["a"], 2000)) < 120
    rich = "".join(chr(0x4E00 + n) for n in range(300))
    tokenizer = train_tokenizer([rich], 20)
    assert tokenizer.unk_token_id not in tokenizer(rich)["input_ids"]


@pytest.mark.parametrize("texts", [[], ["", " \n "], ["word " * 300_000]])
def test_no_text_is_an_error(texts: list[str]) -> None:
    with pytest.raises(SourceError, match="no text"):
        train_tokenizer(texts, 2000)


def pieces() -> bytes:
    """A LLaMA-style vocabulary: <unk> <s> </s>, no padding."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sorted(TEXTS)),
        model_writer=model,
        model_type="bpe",
        vocab_size=60,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def llama_folder(folder: Path) -> Path:
    LlamaConfig(vocab_size=64).save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(pieces())
    marks = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    config = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, **marks}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def generic_folder(folder: Path) -> Path:
    """As later LLaMAs have it: a tokenizer.json whose template adds a start mark only."""
    LlamaConfig(vocab_size=64).save_pretrained(folder)
    words = {"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3, "cat": 4}
    backend = Tokenizer(WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = Whitespace()
    backend.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("make", [llama_folder, generic_folder])
def test_a_decoders_text_ends_in_its_end_mark_and_has_no_start_mark(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(str(make(tmp_path / "given")), LlamaConfig())
    plain = tokenizer("a cat", add_special_tokens=False)["input_ids"]
    assert tokenizer("a cat")["input_ids"] == [*plain, tokenizer.eos_token_id]
    assert tokenizer.bos_token_id not in plain
    assert tokenizer.pad_token_id is not None
    tokenizer.save_pretrained(tmp_path / "saved")
    saved = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert saved("a cat")["input_ids"] == tokenizer("a cat")["input_ids"]


def test_a_bare_sentencepiece_file_is_enough_for_t5(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(pieces())
    tokenizer = load_tokenizer(str(tmp_path), T5Config())
    ids = tokenizer("The cat")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id
    assert len(ids) > 2
