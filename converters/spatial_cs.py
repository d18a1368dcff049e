"""Spatial commonsense: heights, sizes and positions of things (Liu et al. 2022)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)


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
    aliases = ("spatial_commonsense",)
    version = 1
    partition = "unseen-1"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="xxxiaol/spatial-commonsense",
                commit="5e4d506233bcc842c17e046e91e90f7f33ee2530",
                evidence="bytes read at this commit",
                files={
                    "validation": (
                        PinnedFile(
                            "data/height/data.json",
                            68210,
                            sha256="0ebcffb663ffdbbbfa796aabc43f8543186e1138455efdbfb5f4c6be62d55b9e",
                        ),
                        PinnedFile(
                            "data/posrel/data_qa.json",
                            38568,
                            sha256="1cf9125de940b1e2e05807738e1f36a47e7ff3fd5f5f38bfcd074bc6b903085d",
                        ),
                        PinnedFile(
                            "data/size/data.json",
                            64690,
                            sha256="fba265f731ae7fbd2c0a35d79078dc6f0bd8193996a28d010810b0d0781bc9eb",
                        ),
                    ),
                },
            ),
        ),
        splits={
            # 500, 448 and 500 rows, in the order of Vera's authors.
            "validation": Split(
                rows=1448,
                parts=("height/data.json", "posrel/data_qa.json", "size/data.json"),
                digest="df128723183a66c4818da864c9c40f044b78426f72999d388b50411d25ca4054",
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
