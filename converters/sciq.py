"""SciQ: crowdsourced science exam questions (Welbl, Liu and Gardner 2017)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON arrays; the hub's columns are the same."""

    shape = "authors"
    question: Text = Field(description="question")
    distractor1: Text = Field(description="a false choice")
    distractor2: Text = Field(description="a false choice")
    distractor3: Text = Field(description="a false choice")
    correct_answer: Text = Field(
        description="gold; a separate field, so the profile canonical orders choices by a hash"
    )
    support: Text = Field(description="context; none if it is empty (11 % of the rows)")


class SciQ(Adapter):
    """Which of four answers to a science question is right, given a paragraph of support?"""

    name = "sciq"
    aliases = ("sci_q",)
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/sciq",
                commit="2c94ad3e1aafab77146f384e23536f97a4849815",
                evidence="sizes from the hub's dataset_info.json; sha256 from public code",
                files={
                    "train": (
                        PinnedFile(
                            "data/train-00000-of-00001.parquet",
                            3993099,
                            sha256="19644360954006d06e9ad3df07bddb34f8535c081b831d48f604603c713ac167",
                        ),
                    ),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet", 338503),),
                    "test": (
                        PinnedFile(
                            "data/test-00000-of-00001.parquet",
                            342808,
                            sha256="3a719356a29b127fc54ef3c7f51a034db4bd105d5717215e8c85d2aa58d60667",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(
                rows=11679,
                names=("train.json",),
            ),
            "validation": Split(
                rows=1000,
                names=("valid.json",),
                digest="df888644b94902c016791d7ca1b2a13083cf622f1b2d3d501052aa7aa0357bb8",
            ),
            "test": Split(
                rows=1000,
                names=("test.json",),
            ),
        },
        license="CC-BY-NC-3.0",
        redistributable=True,
        downloads=("SciQ dataset-2 3",),
        homepage="https://allenai.org/data/sciq",
        citation="Welbl, Liu and Gardner 2017. Crowdsourcing Multiple Choice Science Questions. "
        "W-NUT.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; the order of its choices has no meaning."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            question=row.question,
            context=row.support if row.support.strip() else None,
            choices=(row.distractor1, row.distractor2, row.distractor3, row.correct_answer),
            golds=(3,),
            order_matters=False,
        )
