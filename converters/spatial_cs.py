"""Spatial commonsense: heights, sizes and positions of things (Liu et al. 2022)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import Adapter, Example, NotBool, Row, Source, Split, Text, YesNo


class AuthorsRow(Row):
    """The authors' JSON lines, named .json: data.json of height and size, data_qa.json of posrel.

    Text and objects, if present, are prompts for an image model and ignored. The data.json of
    posrel has no questions: its labels are four positions, not yes and no.
    """

    shape = "authors"
    question: Text = Field(
        description="question; in posrel after a sentence, which the statements keep"
    )
    label: Annotated[Literal[0, 1], NotBool] = Field(description="the answer: 1 is yes, 0 is no")


class SpatialCs(Adapter):
    """Yes or no: is one thing taller than another, larger, or in a given position?"""

    name = "spatial_cs"
    version = 1
    partition = "unseen-1"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={
            # 500, 448 and 500 rows, in the order of Vera's authors.
            "validation": Split(
                rows=1448, parts=("height/data.json", "posrel/data_qa.json", "size/data.json")
            )
        },
        license="unknown",
        homepage="https://github.com/xxxiaol/spatial-commonsense",
        citation="Liu, Yin, Feng and Zhao 2022. Things not Written in Text: Exploring Spatial "
        "Commonsense from Visual Signals. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(question=row.question, answer=bool(row.label))
