"""A T5 small enough to be trained on the spot until it says what it was taught."""

import itertools
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from unifiedqa_convert.question_converters.base import Ask
from vera_model.model.tokenizer import train_tokenizer

THINGS = ("ice", "wax", "snow", "butter")
DOINGS = ("melts", "burns", "drips", "sinks")


def taught() -> dict[Ask, str]:
    """Everything the model was taught: what to say to each ask."""
    pairs = itertools.product(THINGS, DOINGS)
    long = "in the cold and windy city by the sea"
    said = {Ask(f"What {doing}?", thing): f"The {thing} {doing}." for thing, doing in pairs}
    said |= {Ask(f"What {d} {long}?", "wax"): f"The wax {d} {long}." for d in DOINGS}
    return said


def tokenizer() -> T5Tokenizer:
    texts = [text for ask, said in taught().items() for text in (*ask, said)]
    return train_tokenizer(texts, 200)


def train(folder: Path, *, gated: bool = False, steps: int = 300) -> Path:
    """Save a checkpoint: safetensors, configuration, tokenizer. ``gated``: untied, as v1.1 is."""
    torch.manual_seed(0)
    tokens = tokenizer()
    config = T5Config(
        vocab_size=len(tokens),
        d_model=48,
        d_kv=12,
        d_ff=96,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        **({"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if gated else {}),
    )
    model = T5ForConditionalGeneration(config)
    asks, said = zip(*taught().items(), strict=True)
    batch = tokens([f"{q} </s> {a}" for q, a in asks], padding=True, return_tensors="pt")
    wanted = tokens(list(said), padding=True, return_tensors="pt").input_ids
    wanted[wanted == 0] = -100
    adam = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = model(**batch, labels=wanted).loss
        loss.backward()
        adam.step()
        adam.zero_grad()
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.05, f"not learnt: loss {loss.item()}"
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder
