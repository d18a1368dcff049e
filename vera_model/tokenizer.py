"""A SentencePiece vocabulary trained on the statements, as a T5 tokenizer.

The pieces go straight into ``T5Tokenizer(vocab=…)``: reading a ``spiece.model`` back needs
protobuf, and ``T5Tokenizer(vocab_file=…)`` silently builds one that knows no piece. Such a
tokenizer, once saved, must be loaded with ``T5Tokenizer.from_pretrained(folder)``.
"""

import io
from collections.abc import Iterable

import sentencepiece
from transformers import T5Tokenizer

from unifiedqa_convert.errors import SourceError

_SENTINELS = 100  # T5's <extra_id_0> … <extra_id_99>, at the end of the vocabulary
_LONGEST = 1 << 20  # bytes of one text; SentencePiece would skip longer ones in silence


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> T5Tokenizer:
    """Train a unigram vocabulary of about ``vocab_size`` pieces and wrap it for T5.

    Deterministic: texts are deduplicated and sorted, nothing is sampled, one thread. A small
    corpus gives fewer pieces; every character becomes a piece even if that takes more. Text is
    not normalised (no NFKC). Raises SourceError where there is no text at all.
    """
    # White space as the tokenizer will see it: any run of it is one word boundary.
    corpus = sorted({" ".join(text.split()) for text in texts} - {""})
    if not corpus:
        raise SourceError("the statements hold no text to build a vocabulary from; check the data")
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
