"""RiddleSense: riddles about commonsense and figurative language (Lin et al. 2021)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class HubRow(ColumnsRow):
    """The hub's columns, without an id."""

    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices; empty where it is hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines."""

    answer_key: Text | None = Field(
        None,
        alias="answerKey",
        description="gold: the label of one of the choices; absent or empty in test",
    )


class RiddleSense(Adapter):
    """Which of five concepts solves the riddle?"""

    name = "riddlesense"
    aliases = ("riddle_sense",)
    version = 1
    verified = "real rows"
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="INK-USC/riddle_sense",
                evidence="main has only a script; the hub's conversion has these columns",
            ),
        ),
        splits={
            "train": Split(rows=3510, names=("rs_train.jsonl",)),
            "validation": Split(rows=1021, names=("rs_dev.jsonl",)),
            "test": Split(rows=1184, names=("rs_test_hidden.jsonl",), labelled=False),
        },
        license="other-non-commercial",  # as the hub's card called it; today it says other
        homepage="https://inklab.usc.edu/RiddleSense/",
        citation="Lin, Wu, Yang, Lee and Ren 2021. RiddleSense: Reasoning about Riddle Questions "
        "Featuring Linguistic Creativity and Commonsense Knowledge. Findings of ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; no gold if the key is hidden."""
        assert isinstance(row, HubRow | AuthorsRow)
        own_id = row.id if isinstance(row, AuthorsRow) else None
        yield keyed(row, row.answer_key or None, (5,), own_id)
