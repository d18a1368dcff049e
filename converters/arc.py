"""ARC: grade-school science questions, an easy and a hard set (Clark et al. 2018)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import Adapter, Example, Row, Source, Split, Text


class HubRow(ColumnsRow):
    """The hub's columns, config ARC-Easy or ARC-Challenge."""

    id: Text = Field(description="source id: exam, year and number; does not reveal the answer")
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, A-E or 1-4; never hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines; the field para of some copies is ignored."""

    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, A-E or 1-4; never hidden",
    )


def _source(config: str, **sizes: tuple[int, int]) -> Source:
    """The source of one set; ``sizes`` are rows and bytes of each split's Parquet file."""
    return Source(
        hub="allenai/ai2_arc",
        # Revision, files and sizes from the hub's dataset_info.json.
        revision="210d026faf9955653af8916fad021475a3f00453",
        splits={
            name: Split(
                rows=rows,
                file=f"{config}/{name}-00000-of-00001.parquet",
                bytes=size,
                names=(f"{config}-{'Dev' if name == 'validation' else name.title()}.jsonl",),
            )
            for name, (rows, size) in sizes.items()
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://allenai.org/data/arc",
        citation="Clark, Cowhey, Etzioni, Khot, Sabharwal, Schoenick and Tafjord 2018. Think you "
        "have Solved Question Answering? Try ARC, the AI2 Reasoning Challenge. arXiv:1803.05457.",
    )


class ArcEasy(Adapter):
    """Which choice answers a grade-school science question that retrieval can answer?"""

    name = "arc_easy"
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = _source("ARC-Easy", train=(2251, 330598), validation=(570, 86080), test=(2376, 346257))

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; most have four choices, a few three or five."""
        assert isinstance(row, HubRow | AuthorsRow)
        yield keyed(row, row.answer_key, range(3, 6), row.id)


class ArcHard(ArcEasy):
    """Which choice answers a grade-school science question that retrieval fails?"""

    name = "arc_hard"
    source = _source(
        "ARC-Challenge", train=(1119, 189909), validation=(299, 55743), test=(1172, 203808)
    )
