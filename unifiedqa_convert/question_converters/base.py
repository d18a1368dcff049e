"""What a question converter is: a question and an answer → one declarative sentence.

``drafts.draft`` gives the ready sentences of an example and the asks for a question converter,
which are converted in batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, Protocol, runtime_checkable

Backend = Literal["transformers", "ct2"]
Dtype = Literal["auto", "bf16", "fp32", "int8", "fp16"]


@dataclass(frozen=True)
class Options:
    """Options of a model as a question converter; ``rules`` and ``none`` take none of them."""

    backend: Backend = "transformers"
    device: str = "auto"
    """auto, cpu, cuda or cuda:N; auto: a GPU if there is one."""
    dtype: Dtype = "auto"
    """auto: bf16 on a GPU, fp32 on the CPU. int8: ct2 only."""
    batch_tokens: int | None = None
    """Prompt tokens of one batch, padding included; None: the device's default."""
    revision: str | None = None
    """A fetched commit, 40 hex digits; None: the only one."""
    prompt: str | None = None
    """A prompt's name or a template; None: the model's preset."""
    turn: tuple[int, int] = (0, 1)
    """(K, N): worker K of N on this machine. Set by the pipeline, not by the user."""

    def given(self) -> list[str]:
        """The flags of the options that differ from their defaults."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name != "turn" and getattr(self, field.name) != field.default
        ]


class Ask(NamedTuple):
    """A question and an answer to convert."""

    question: str
    answer: str


class Sentence(NamedTuple):
    """A declarative sentence and its origin.

    ``via`` is ``given``, ``filled``, ``rules``, ``rules-fallback`` or a model's name.
    """

    text: str
    via: str


class QuestionConverter(Protocol):
    """Converts a batch of asks to as many sentences, in the same order, none empty."""

    name: str
    version: str

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Convert a batch; raises QuestionConverterError on failure."""
        ...


Fact = str | int | float | bool | None


@runtime_checkable
class HasFacts(Protocol):
    """A converter whose sentences depend on more than its name and version."""

    facts: Mapping[str, Fact]
    """Plain data for the manifest: equal facts give equal sentences."""


def converter_facts(converter: QuestionConverter) -> dict[str, Fact]:
    """What a converter's sentences depend on, as the manifest records it."""
    more = dict(converter.facts) if isinstance(converter, HasFacts) else {}
    return {"name": converter.name, "version": converter.version, **more}
