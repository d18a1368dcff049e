"""What an example becomes: its records and its statements."""

from typing import NamedTuple

from unifiedqa_convert.schema import Example


class Statement(NamedTuple):
    """One declarative sentence with its label; its context is the example's, kept apart."""

    sentence: str
    label: bool | None
    choice: int
    """The position of the choice it asserts; 0 where the example has no choices."""
    via: str
    """``given``, ``filled``, or the name of the question converter that made it."""
    confidence: float | None = None
    """As ``Sentence.confidence``: 1 where the dataset has it ready, None if nothing tells it."""
    masked: bool = False
    """Another statement of the group says the same with another label: kept, never trained on."""


class Record(NamedTuple):
    """A UnifiedQA pair, text in / text out; output None where the question has no known answer."""

    input: str
    output: str | None


AMBIGUOUS = "ambiguous-record"
"""The flag of a record from which ``parse`` does not recover the example."""


class Converted(NamedTuple):
    """One example with its records and statements: the content of a shard's row."""

    id: str
    """Unique: dataset, split and row number."""
    row: int
    """Number of the source row, from 0, over all files of the split."""
    example: Example
    question: Record
    statements: tuple[Statement, ...]
    declaratives: tuple[Record, ...]
    flags: tuple[str, ...]
    """Peculiarities of the example; AMBIGUOUS is a property of its question record."""
    ambiguous: frozenset[int] = frozenset()
    """Positions of the ambiguous records in ``declaratives``."""
    subject: str | None = None
    """The row's ``subject``, in a dataset that has ``subjects``."""
