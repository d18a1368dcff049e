"""`uqa serve --vera`: a tiny random Vera answers /v1/score."""

from pathlib import Path

import pytest
import torch
from running import uqa_serve

from vera_model.checkpoint import load_checkpoint, save_checkpoint
from vera_model.config import Encoder
from vera_model.model import from_scratch
from vera_model.tokenizer import train_tokenizer

TEXTS = ["Fish live in water.", "Fish live on the moon and sing songs at night.", "Snow is hot."]


@pytest.mark.slow
def test_statements_are_scored_as_the_model_scores_them(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    torch.manual_seed(0)
    tokenizer = train_tokenizer(TEXTS, 64)
    encoder = Encoder(
        vocab_size=64, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2, dropout=0.0
    )
    save_checkpoint(folder, from_scratch(encoder, len(tokenizer)), tokenizer)
    model, tokenizer = load_checkpoint(folder)
    expected = []
    for text in [*TEXTS, f"Deep. {TEXTS[0]}"]:
        one = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            expected.append(float(model(one["input_ids"], one["attention_mask"]).logits))
    with uqa_serve(tmp_path / "log", "--vera", folder) as service:
        items = [
            *({"statement": text} for text in TEXTS),
            {"statement": TEXTS[0], "context": "Deep."},
        ]
        answer = service.client.post("/v1/score", json={"items": [*items, {"statement": ""}]})
        assert answer.status_code == 200
        found = answer.json()["items"]
        assert [one["logit"] for one in found[:4]] == pytest.approx(expected, abs=1e-5)
        scores = torch.tensor(expected).sigmoid().tolist()
        assert [one["score"] for one in found[:4]] == pytest.approx(scores, abs=1e-5)
        # A model that nobody has calibrated has the temperature 1.
        assert [one["calibrated"] for one in found[:4]] == pytest.approx(scores, abs=1e-5)
        assert found[4]["problem"]["field"] == "statement"
        loaded = service.client.get("/v1/models").json()["score"]
        assert loaded == answer.json()["model"]
        assert loaded["name"] == "vera"
