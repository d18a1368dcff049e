"""Prompts of models as data: of sequence-to-sequence models, with presets and the evidence for
each, and of language models behind an address."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

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


_ADDRESSED = re.compile(r"openai:(?P<model>.+)@(?P<address>https?://.*)", re.DOTALL)
_LONGEST_MODEL = 190
"""With ``openai:`` before it, what a `uqa serve` may report as its converter's name."""


class ChatModel(NamedTuple):
    """A model behind an address that speaks the OpenAI chat completions protocol."""

    model: str
    """As the server names it: ``llama3:8b``, ``org/model``."""
    address: str


def chat_model(name: str) -> ChatModel:
    """The parts of ``openai:MODEL@http://HOST:PORT/v1``; UsageError if it is not of that form.

    MODEL may have ``@``, ``:`` and ``/``: the address starts at the last ``@http``.
    """
    found = _ADDRESSED.fullmatch(name)
    if found is None:
        raise UsageError(
            f"--question-converter takes openai:MODEL@http://HOST:PORT/v1, not {name!r}: a model "
            "and the address of its server"
        )
    model = found["model"]
    if not model.isprintable() or model != model.strip() or len(model) > _LONGEST_MODEL:
        raise UsageError(
            f"--question-converter: {model[:_LONGEST_MODEL]!r} can't be a model's name: a line of "
            f"at most {_LONGEST_MODEL} characters without white space around it"
        )
    return ChatModel(model, found["address"])


class Shown(NamedTuple):
    """An example in the prompt of a language model."""

    question: str
    answer: str
    sentence: str
    before: str = ""


class ChatPrompt(NamedTuple):
    """What a language model is told. Its digest is part of the key of the sentence cache."""

    instruction: str
    question: str
    """One question, with ``{question}`` and ``{answer}``."""
    before: str
    """In front of it if sentences precede the question, with ``{before}``."""
    again: str
    """Added to a question whose first sentence is wrong, with ``{sentence}`` and ``{why}``."""
    examples: tuple[Shown, ...]

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        return sha256(json.dumps(self).encode()).hexdigest()

    def asked(self, question: str, answer: str, before: str = "") -> str:
        """One question as it is asked, ``before`` being the sentences that precede it."""
        values = {"question": question, "answer": answer, "before": before}
        return _filled(self.before * bool(before) + self.question, values)

    def asked_again(self, asked: str, sentence: str, why: str) -> str:
        """The same question, and what was wrong with the first sentence."""
        return asked + _filled(self.again, {"sentence": sentence, "why": why})

    def messages(self, asked: str) -> list[dict[str, str]]:
        """The conversation. The instruction is in its first message, as some models' templates
        know no system role."""
        told: list[dict[str, str]] = []
        for shown in self.examples:
            own = self.asked(shown.question, shown.answer, shown.before)
            told += [
                {"role": "user", "content": own},
                {"role": "assistant", "content": shown.sentence},
            ]
        told.append({"role": "user", "content": asked})
        told[0]["content"] = f"{self.instruction}\n\n{told[0]['content']}"
        return told


def _filled(template: str, values: Mapping[str, str]) -> str:
    """With its slots filled; a slot's name in a value stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda slot: values[slot[1]], template)


CHAT_PROMPT = ChatPrompt(
    instruction=(
        "Join each question and its answer into one declarative sentence that says what the answer "
        "claims. Use the words of the question and all words of the answer, and add none but the "
        "small ones that the grammar needs. The answer may be wrong: keep it all the same, correct "
        "nothing and explain nothing. An answer yes affirms what is asked, an answer no denies it. "
        "Write the sentence and nothing else."
    ),
    question="Question: {question}\nAnswer: {answer}",
    before="Before the question: {before}\n",
    again=(
        "\n\nThis is not the sentence: {sentence}\nIt {why}. Write the one declarative sentence "
        "that joins this question and this answer, in their own words."
    ),
    examples=(
        Shown(
            "What does a potter shape bowls with?",
            "her hands",
            "A potter shapes bowls with her hands.",
        ),
        Shown(
            "Where would you look for a lost mitten?",
            "under the bench",
            "You would look for a lost mitten under the bench.",
        ),
        Shown(
            "Which bird builds its nest in chimneys?",
            "the penguin",
            "The penguin builds its nest in chimneys.",
        ),
        Shown(
            "How many strings did the old lute have?", "eleven", "The old lute had eleven strings."
        ),
        Shown(
            "Why did the baker open the window?",
            "The oven was smoking.",
            "The baker opened the window because the oven was smoking.",
        ),
        Shown("Who was Odalys?", "She was a ferry pilot", "Odalys was a ferry pilot."),
        Shown("Does moss have roots?", "no", "Moss does not have roots."),
        Shown("Can a heron stand on one leg?", "yes", "A heron can stand on one leg."),
        Shown(
            "What will she do next?",
            "rake the leaves",
            "She will rake the leaves next.",
            "Ines found the gate open.",
        ),
        Shown("A kettle is used to", "boil water", "A kettle is used to boil water."),
    ),
)
"""The examples are this project's own."""
