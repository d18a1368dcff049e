"""QuaRel: story questions about qualitative relations such as friction (Tafjord et al. 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.inline_choices import split_inline_choices
from converters.shared.metaicl import MetaIclRow
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON lines; the hub's columns are the same. Logical forms are ignored."""

    shape = "authors"
    id: Text = Field(description="source id: the collection's name; does not reveal the answer")
    question: Text = Field(
        description="question and choices (a) and (b), split at '(A) … (B) …'; may have a blank"
    )
    answer_index: Annotated[Literal[0, 1], NotBool] = Field(description="gold, counted from 0")


class CopyRow(MetaIclRow):
    """MetaICL's copy: question and options in separate fields."""

    task: Literal["quarel"] = Field(description="not used: the copied dataset")


class QuaRel(Adapter):
    """Which of two, in a story about a qualitative relation?"""

    name = "quarel"
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow, CopyRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="community-datasets/quarel",
                commit="52be7f062d2c13d401a9e53b6963d8fbcc4abeb4",
                evidence="2 public files",
                files={
                    "train": (PinnedFile("data/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("data/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=1941, names=("quarel-v1-train.jsonl",)),
            "validation": Split(rows=278, names=("quarel-v1-dev.jsonl",)),
            "test": Split(rows=552, names=("quarel-v1-test.jsonl",)),
        },
        license="unknown",
        downloads=("quarel-dataset-v1", "quarel-dataset-v1-nov2018"),
        homepage="https://allenai.org/data/quarel",
        citation="Tafjord, Clark, Gardner, Yih and Sabharwal 2019. QuaRel: A Dataset and Models "
        "for Answering Questions about Qualitative Relationships. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; the two options are taken out of the question."""
        assert isinstance(row, AuthorsRow | CopyRow)
        if isinstance(row, CopyRow):
            stem, options, gold = row.text, tuple(row.options), row.gold
        else:
            stem, _, options = split_inline_choices(row.question, "A")
            gold = row.answer_index
        if len(options) != 2:
            raise FieldError("question", f"has {len(options)} options, not two")
        own_id = row.id if isinstance(row, AuthorsRow) else None
        yield MultipleChoice(id=own_id, question=stem, choices=options, golds=(gold,))
