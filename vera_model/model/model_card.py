"""The model card: what one must know before using a score."""

import re
from pathlib import Path

from unifiedqa_convert.errors import OutputError
from vera_model.model.configuration_vera import VeraConfig

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
import vera_model.model  # of unifiedqa-convert, extra model; registers it with transformers
from transformers import pipeline

score = pipeline("text-classification", model="PATH")
score("A penguin is a kind of bird.")  # [{{'label': 'true', 'score': …}}]
```

The only label is `true`; its score is sigmoid(logit / temperature). Texts are declarative
sentences; it was trained on questions, or on contexts of several sentences, only if its training
data have them. A high score is not a proof: the model has learnt its data, biases included.
"""


def model_card(config: VeraConfig) -> str:
    """Markdown with the hub's metadata; add to it what the model was trained on."""
    backbone = config.backbone
    kind = "encoder" if backbone.model_type == "t5" else "decoder"
    shape = (
        f"A {backbone.model_type} {kind} of {backbone.num_hidden_layers} layers and width "
        f"{backbone.hidden_size}, with a linear head on the last token's hidden state."
    )
    return _CARD.format(shape=shape, temperature=config.temperature)


_TEMPERATURE = re.compile(r"The temperature is [-+.\de]+\.")


def card_with_temperature(path: Path, config: VeraConfig) -> str:
    """The card at ``path`` with the configuration's temperature; a new one if there is none.

    What its owner has added stays, also bytes that are no UTF-8, as ``surrogateescape``.
    OutputError for a folder of that name.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder, which uqa did not write: move it away")
    if not path.is_file():
        return model_card(config)
    said = f"The temperature is {config.temperature}."
    return _TEMPERATURE.sub(said, path.read_text(encoding="utf-8", errors="surrogateescape"))


_PUBLISHED = """\
---
library_name: transformers
tags:
- vera
---

# A Vera model, in the layout of liujch1998/vera

A T5 encoder. Its classifier is stored in `shared.weight`: row 32099 is the head's weight, the first
number of row 32098 its bias, the first of row 32097 the temperature t. With `hidden` the encoder's
last hidden state at `</s>` (with padding on the right that is not the last position), the logit is
weight · hidden + bias, and sigmoid(logit / t) the plausibility.

Those rows belong to the tokens `<extra_id_0>`, `<extra_id_1>` and `<extra_id_2>`; don't use them in
texts. `uqa model import` reads this layout.
"""


def published_card() -> str:
    """Markdown that describes where the classifier is stored."""
    return _PUBLISHED
