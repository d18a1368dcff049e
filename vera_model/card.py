"""The model card: what a stranger must know before believing a score."""

from vera_model.model_config import VeraConfig

_CARD = """\
---
library_name: transformers
pipeline_tag: text-classification
tags:
- vera
- commonsense
- plausibility
---

# A Vera model

It scores how plausible a declarative sentence is, from 0 (false) to 1 (true), after Vera
(Liu et al. 2023, "Vera: A General-Purpose Plausibility Estimation Model for Commonsense
Statements"). {shape} The temperature is {temperature}.

```python
import vera_model  # pip install 'unifiedqa-convert[model]'; makes the model known to transformers
from transformers import pipeline

score = pipeline("text-classification", model="PATH")
score("A penguin is a kind of bird.")  # [{{'label': 'true', 'score': …}}]
```

The one label is `true`; its score is sigmoid(logit / temperature). Texts are declarative sentences;
questions, and several sentences of context, are outside of what it was trained on unless its
training data say otherwise. A high score is no proof: the model knows what its data knew, biases
included.
"""


def model_card(config: VeraConfig) -> str:
    """Markdown with the metadata the hub reads; what it was trained on is the trainer's to add."""
    backbone = config.backbone
    kind = "encoder" if backbone.model_type == "t5" else "decoder"
    shape = (
        f"A {backbone.model_type} {kind} of {backbone.num_hidden_layers} layers and width "
        f"{backbone.hidden_size}, with a linear head on the last token's hidden state."
    )
    return _CARD.format(shape=shape, temperature=config.temperature)
