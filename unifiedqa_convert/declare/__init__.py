"""Question + answer → declarative sentence.

``draft`` says what an example's statements are or what must be asked; a question converter
answers what was asked, a batch at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


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
