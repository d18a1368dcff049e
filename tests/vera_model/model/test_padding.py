"""Logits don't depend on padding: upstream's own check of it, on our packed model."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import T5Tokenizer

from vera_model.data.batching import pad_right
from vera_model.model.modeling_vera import VeraModel

pytestmark = pytest.mark.numeric


@pytest.mark.shared
def test_to_128_to_the_longest_or_alone(shared: Path) -> None:
    golden = shared / "golden" / "vera"
    recorded = json.loads((golden / "train" / "padding_check.json").read_text())
    model = VeraModel.from_encoder(str(golden / "tiny-t5"))
    model.head.load_state_dict(load_file(golden / "tiny-t5" / "head.safetensors"))
    texts = [
        text
        for task in ("sciq", "copa", "csqa2")
        for item in json.loads((golden / "train" / "data" / task / "dev.json").read_text())
        for text in (*item["golds"], *item["distractors"])
    ]
    rows = T5Tokenizer.from_pretrained(golden / "tiny-t5")(texts)["input_ids"]
    lengths = [len(row) for row in rows]
    assert (len(rows), min(lengths), max(lengths)) == tuple(
        recorded[name] for name in ("statements", "tokens_min", "tokens_max")
    )
    with torch.inference_mode():
        ids, mask = pad_right(rows, 0)
        longest = model(ids, mask).raw_logits
        room = (0, 128 - ids.shape[1])
        to_128 = model(*(torch.nn.functional.pad(t, room) for t in (ids, mask))).raw_logits
        alone = torch.cat([model(torch.tensor([row])).raw_logits for row in rows])
    for name, found in (
        ("logit_min", longest.min()),
        ("logit_max", longest.max()),
        ("logit_std", longest.std()),
    ):
        assert float(found) == pytest.approx(recorded[name], abs=1e-5)
    # Matrices of other shapes are summed in another order: 7e-7 at the most, by processor.
    torch.testing.assert_close(to_128, longest, rtol=0, atol=3e-6)
    torch.testing.assert_close(alone, longest, rtol=0, atol=3e-6)
