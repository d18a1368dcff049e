"""A Vera model from a folder, for the worker that scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unifiedqa_convert.files import sha256_of
from unifiedqa_convert.service.worker import Answers, Model


def load(folder: Path) -> Model:
    """The model in the folder: text → [logit, score, calibrated]; ModelError where it is unfit."""
    from vera_model.folders import model_folder
    from vera_model.score import Scorer

    scorer = Scorer(folder)

    def answer(texts: Sequence[Any]) -> Answers:
        return [[one.logit, one.score, one.calibrated] for one in scorer.score(texts)]

    return Model("vera", sha256_of(model_folder(folder) / "model.safetensors")[:12], answer)
