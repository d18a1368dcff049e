"""PROST: physical reasoning about objects through space and time (Aroca-Ouellette et al. 2021)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

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

MASK = "[MASK]"


class HubRow(Row):
    """The authors' JSON lines; the hub's columns are the same."""

    shape = "hub"
    context: Text = Field(description="context: the scene")
    question: Text = Field(description="question, a sentence whose [MASK] becomes the blank _")
    a: Text = Field(alias="A", description="choice (a)")
    b: Text = Field(alias="B", description="choice (b)")
    c: Text = Field(alias="C", description="choice (c)")
    d: Text = Field(alias="D", description="choice (d)")
    label: Annotated[Literal[0, 1, 2, 3], NotBool] = Field(description="gold, counted from 0")


class Prost(Adapter):
    """Which of four objects fits the blank, given the scene?"""

    name = "prost"
    version = 1
    partition = "unseen-1"
    verified = "documentation only"
    shapes: ClassVar = (HubRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="corypaik/prost",
                files={
                    "test": (PinnedFile("data/default.jsonl"),),
                },
            ),
        ),
        splits={"test": Split(rows=18736, names=("default.jsonl", "prost.jsonl"))},
        license="Apache-2.0",
        redistributable=True,
        homepage="https://github.com/nala-cub/prost",
        citation="Aroca-Ouellette, Paik, Roncone and Kann 2021. PROST: Physical Reasoning about "
        "Objects through Space and Time. Findings of ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; the scene is the context."""
        assert isinstance(row, HubRow)
        if row.question.count(MASK) != 1:
            raise FieldError("question", f"holds {row.question.count(MASK)} {MASK}, not one")
        yield MultipleChoice(
            question=row.question.replace(MASK, "_"),
            context=row.context,
            choices=(row.a, row.b, row.c, row.d),
            golds=(row.label,),
        )
