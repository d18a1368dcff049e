"""Tokenizers: one trained on the statements for a T5 from scratch, or a pretrained model's own.

The pieces are given to ``T5Tokenizer(vocab=…)``: reading a ``spiece.model`` needs protobuf, and
``T5Tokenizer(vocab_file=…)`` silently makes a tokenizer without pieces. Such a tokenizer, once
saved, must be loaded with ``T5Tokenizer.from_pretrained(folder)``.
"""

import io
from collections.abc import Iterable

import sentencepiece
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    T5Config,
    T5Tokenizer,
)

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.pretrained import load_pretrained

_SENTINELS = 100  # T5's <extra_id_0> … <extra_id_99>, at the end of the vocabulary
_LONGEST = 1 << 20  # bytes of one text; SentencePiece silently skips longer ones


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> T5Tokenizer:
    """A T5 tokenizer with a unigram vocabulary of about ``vocab_size`` pieces.

    Deterministic: texts are deduplicated and sorted, nothing is sampled, one thread. A small
    corpus gives fewer pieces; more, if there are more characters, since each is a piece. Texts
    are not normalised (no NFKC). Raises SourceError if there is no text at all.
    """
    # The tokenizer takes any run of white space for one word boundary.
    corpus = sorted({" ".join(text.split()) for text in texts} - {""})
    if not any(len(text.encode()) <= _LONGEST for text in corpus):
        raise SourceError(
            "there is no text to build a vocabulary from (those of more than 1 MiB are left out): "
            "give other data"
        )
    alphabet = len(set().union(*corpus)) + 4  # pad, </s>, <unk> and the word boundary
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus),
        model_writer=model,
        model_type="unigram",
        vocab_size=max(vocab_size, alphabet),
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        input_sentence_size=0,
        shuffle_input_sentence=False,
        num_threads=1,
        max_sentence_length=_LONGEST,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    size = pieces.get_piece_size()
    vocab = [(pieces.id_to_piece(number), pieces.get_score(number)) for number in range(size)]
    vocab += [(f"<extra_id_{number}>", 0.0) for number in reversed(range(_SENTINELS))]
    return T5Tokenizer(vocab=vocab, extra_ids=_SENTINELS)


def load_tokenizer(source: str, backbone: PreTrainedConfig) -> PreTrainedTokenizerBase:
    """A model's tokenizer that makes of a text its pieces and one end token, as Vera reads it.

    T5's does so by itself; a decoder's adds no start token and an end token, as upstream. Once
    saved, it does the same in a pipeline. Raises OSError and ValueError as transformers does.
    """
    if isinstance(backbone, T5Config):  # AutoTokenizer can't read every folder that this class can
        known: PreTrainedTokenizerBase = load_pretrained(T5Tokenizer, source)
        return known
    tokenizer: PreTrainedTokenizerBase = load_pretrained(
        AutoTokenizer, source, add_bos_token=False, add_eos_token=True
    )
    if tokenizer.pad_token is None:  # packed tokens have no padding: any id will do
        tokenizer.pad_token = tokenizer.eos_token
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    end = tokenizer.eos_token_id
    if tokenizer("a")["input_ids"] != [*plain, end]:
        mark = tokenizer.eos_token
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single=f"$A {mark}", special_tokens=[(mark, end)]
        )
    return tokenizer
