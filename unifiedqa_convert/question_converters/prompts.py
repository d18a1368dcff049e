"""Prompts and presets of models, each preset with the evidence for its prompt."""

import re
from dataclasses import dataclass

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.question_converters.base import Ask

_SLOT = re.compile(r"\{(question|choice|answer)\}")


@dataclass(frozen=True)
class Prompt:
    """A template with ``{question}`` and ``{choice}`` (or ``{answer}``, the same)."""

    template: str
    lower: bool = False
    """Lower-case the prompt; the sentence then gets a capital first letter."""
    bare: bool = False
    """Remove the question mark at the question's end."""

    def of(self, ask: Ask) -> str:
        """The prompt for one ask; slots in the question or the answer are not replaced."""
        question = ask.question.rstrip("? ") if self.bare else ask.question
        values = {"question": question, "choice": ask.answer, "answer": ask.answer}
        text = _SLOT.sub(lambda slot: values[slot[1]], self.template)
        return text.lower() if self.lower else text

    def finished(self, text: str) -> str:
        """A model's text as a sentence: upstream Vera's full stop; a capital if ``lower``."""
        text = " ".join(text.split())
        if self.lower:
            text = text[:1].upper() + text[1:]
        return (
            text
            if text.endswith((".", "!", "\u3002", "\uff01", "\u0964"))
            else f"{text.rstrip('?')}."
        )


@dataclass(frozen=True)
class Preset:
    """A published checkpoint and its prompt."""

    hub: str
    prompt: str
    proof: str
    """The evidence for the prompt."""
    safetensors: str | None = None
    """The revision with safetensors, if the main branch has a pickle."""


PROMPTS: dict[str, Prompt] = {
    # "</s>" in the text becomes T5's id 1: tokenizers know it as a special token.
    "question_converter": Prompt("{question} </s> {choice}"),
    "qa2d": Prompt("{question}. {choice}", lower=True, bare=True),
}

_PRESETS = (
    Preset(
        "domenicrosati/question_converter-3b",
        "question_converter",
        "liujch1998/vera, scripts/prepare_data.py: its prompt for T5",
        safetensors="refs/pr/1",
    ),
    Preset(
        "domenicrosati/QA2D-t5-small",
        "qa2d",
        "its model card: lower-case, question and answer as two sentences; not run here",
    ),
    Preset("domenicrosati/QA2D-t5-base", "qa2d", "as QA2D-t5-small"),
)
PRESETS: dict[str, Preset] = {preset.hub: preset for preset in _PRESETS}


def hub_id(name: str) -> str:
    """The hub id of a preset's short name, or ``owner/name`` as it is; else UsageError."""
    for preset in _PRESETS:
        if name == preset.hub.partition("/")[2]:
            return preset.hub
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII) and ".." not in name:
        return name
    short = ", ".join(preset.hub.partition("/")[2] for preset in _PRESETS)
    raise UsageError(
        f"no model {name!r}; give {short}, OWNER/NAME on the hub, or a folder as ./FOLDER"
    )


def prompt_for(given: str | None, hub: str | None) -> Prompt:
    """The prompt of ``--prompt`` (a name or a template), else the preset's, else Vera's."""
    if given is None:
        preset = PRESETS.get(hub or "")
        return PROMPTS[preset.prompt if preset else "question_converter"]
    if given in PROMPTS:
        return PROMPTS[given]
    slots = set(_SLOT.findall(given))
    if "question" not in slots or not slots & {"choice", "answer"}:
        raise UsageError(
            f"--prompt {given!r} needs {{question}} and {{choice}}; or use the name of a prompt: "
            + ", ".join(PROMPTS)
        )
    return Prompt(given)
