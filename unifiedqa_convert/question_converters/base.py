"""Question + answer → declarative sentence.

``draft`` says what an example's statements are or what must be asked; a question converter
answers what was asked, a batch at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, Protocol, runtime_checkable

# What a user may say of a question converter besides its name.

Backend = Literal["transformers", "ct2"]
Dtype = Literal["auto", "bf16", "fp32", "int8", "fp16"]


@dataclass(frozen=True)
class Options:
    """The defaults suit the machine; ``rules`` and ``none`` take none of them."""

    backend: Backend = "transformers"
    device: str = "auto"
    """auto, cpu, cuda or cuda:N; auto is the GPU where there is one."""
    dtype: Dtype = "auto"
    """auto: bf16 on a GPU, fp32 on the CPU. int8 is ct2's alone."""
    batch_tokens: int | None = None
    """Padded prompt tokens of one batch; None: by device."""
    revision: str | None = None
    """A commit, 40 hex digits; None: the one that was fetched."""
    prompt: str | None = None
    """A prompt's name or a template; None: the preset's."""
    turn: tuple[int, int] = (0, 1)
    """(K, N): this is worker K of N on this machine. No user's affair: the pipeline says it."""

    def given(self) -> list[str]:
        """The flags of those that differ from the defaults."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name != "turn" and getattr(self, field.name) != field.default
        ]


class Ask(NamedTuple):
    """One thing to put to a question converter."""

    question: str
    answer: str


class Sentence(NamedTuple):
    """A declarative sentence and who made it: the converter's name, or ``rules-fallback``."""

    text: str
    via: str


class QuestionConverter(Protocol):
    """A batch of asks in, as many sentences out, in the same order, none of them empty."""

    name: str
    version: str

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Answer a batch; raise QuestionConverterError where it cannot."""
        ...


Fact = str | int | float | bool | None


@runtime_checkable
class HasFacts(Protocol):
    """A converter with more to say of what decides its sentences than name and version."""

    facts: Mapping[str, Fact]
    """Plain data for the manifest: the same facts, the same sentences."""


def converter_facts(converter: QuestionConverter) -> dict[str, Fact]:
    """What decides a converter's sentences, as the manifest records it."""
    more = dict(converter.facts) if isinstance(converter, HasFacts) else {}
    return {"name": converter.name, "version": converter.version, **more}
