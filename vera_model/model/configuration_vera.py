"""A Vera model's ``config.json``: the backbone's configuration and the temperature.

Importing :mod:`vera_model.model` registers it, and the model, with transformers' Auto classes.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar, Literal

from transformers.configuration_utils import PreTrainedConfig
from transformers.models.auto.configuration_auto import AutoConfig

LABEL = "true"
"""The only label: its score is the plausibility, sigmoid(logit / temperature)."""


class VeraConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]  # transformers, untyped
    """The backbone's configuration, the temperature and how texts are cut."""

    model_type = "vera"
    sub_configs: ClassVar[dict[str, type]] = {"text_config": AutoConfig}

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    """The backbone's: T5 (its encoder is used) or a LLaMA-style decoder. None: T5's defaults."""
    temperature: float = 1.0
    """Divides the logit; chosen on validation data by `uqa calibrate`, 1 before."""
    max_tokens: int = 128
    """Maximum tokens per text in training, ``</s>`` included."""
    cut: Literal["start", "end"] = "end"
    """Where longer texts were cut in training; ``end`` is upstream's."""
    likelihood_weight: float = 0.0
    """Added to the head's logit: this times (mean log-probability - ``likelihood_level``), of a
    text's tokens after its first one by the backbone as a language model. 0, Vera's: nothing."""
    likelihood_level: float = 0.0
    """In nats a token."""

    def __post_init__(self, **kwargs: Any) -> None:
        """Build the backbone's configuration: a copy, since transformers changes it."""
        given = self.text_config or {}
        if isinstance(given, dict):
            kind = given.get("model_type", "t5")
            given = AutoConfig.for_model(**{**given, "model_type": kind})
        self.text_config = deepcopy(given)
        # How a call returns its outputs: the model needs them in one way, whatever the file says.
        self.backbone.return_dict, self.backbone.output_hidden_states = True, False
        self.forget_folder()
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"the temperature is {self.temperature}, it must be greater than 0")
        if self.likelihood_weight and self.backbone.model_type == "t5":
            raise ValueError("an encoder has no likelihood of a text: give a decoder")
        if self.likelihood_weight and not self.backbone.tie_word_embeddings:
            raise ValueError(
                "its output layer is not its embedding (tie_word_embeddings), so that a score by "
                "likelihood would need weights that a Vera model does not have"
            )
        if self.id2label is None:
            self.id2label, self.label2id = {0: LABEL}, {LABEL: 0}
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]  # as above

    def forget_folder(self) -> None:
        """Remove the backbone's name if it is a folder, which other machines don't have."""
        if Path(self.backbone.name_or_path or "/").exists():
            self.backbone.name_or_path = ""

    @property
    def hidden_size(self) -> int:
        """The width of a hidden state."""
        return int(self.backbone.hidden_size)

    @property
    def backbone(self) -> PreTrainedConfig:
        """``text_config``, which is a configuration once this one is built."""
        assert isinstance(self.text_config, PreTrainedConfig)
        return self.text_config


AutoConfig.register(VeraConfig.model_type, VeraConfig, exist_ok=True)
