"""Question + answer → declarative sentence.

``draft`` says what an example's statements are or what must be asked; a question converter
answers what was asked, a batch at a time.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


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


def facts_of(converter: QuestionConverter) -> dict[str, Fact]:
    """What decides a converter's sentences, as the manifest records it."""
    more = dict(converter.facts) if isinstance(converter, HasFacts) else {}
    return {"name": converter.name, "version": converter.version, **more}
