"""CREAK: true and false claims about entities (Onoe et al. 2021)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.stories import as_sentence
from unifiedqa_convert.schema import Adapter, Example, Row, Source, Split, Text, YesNo


class AuthorsRow(Row):
    """The authors' JSON lines, named .json; the hub's copy is the same, without test.

    Entity and explanation, which reveals the answer, are ignored.
    """

    shape = "authors"
    id: Text = Field(alias="ex_id", description="source id: split and number")
    sentence: Text = Field(description="question: a claim to judge; also the statement")
    label: Literal["true", "false"] | None = Field(
        None, description="true or false; absent in test, where it is hidden"
    )


class Creak(Adapter):
    """Is the claim about an entity true?"""

    name = "creak"
    version = 1
    partition = "unseen-2"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        hub="amydeng2000/CREAK",
        revision=None,
        splits={
            "train": Split(rows=10176, names=("train.json",)),
            "validation": Split(rows=1371, names=("dev.json",)),
            "test": Split(rows=1371, names=("test_without_labels.json",), labelled=False),
            "contrast": Split(rows=500, names=("contrast_set.json",)),
        },
        license="MIT",
        redistributable=True,
        homepage="https://github.com/yasumasaonoe/creak",
        citation="Onoe, Zhang, Choi and Durrett 2021. CREAK: A Dataset for Commonsense Reasoning "
        "over Entity Knowledge. NeurIPS Datasets and Benchmarks.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(
            id=row.id,
            question=row.sentence,
            answer=None if row.label is None else row.label == "true",
            sentence=as_sentence(row.sentence),
        )
