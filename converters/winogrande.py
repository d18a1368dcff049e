"""WinoGrande: which of two options fills the blank; six training sizes (Sakaguchi et al. 2020)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    MultipleChoice,
    Partition,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON lines, with answers; a -labels.lst file, if present, must agree."""

    shape = "authors"
    beside = CompanionFile((("", "{}-labels.lst"),), "answer", needed=False)
    qid: Text = Field(
        alias="qID",
        description="not used: it ends with -1 or -2, which reveals the answer",
    )
    sentence: Text = Field(
        description="question; its blank, a single _, is kept, and filled in the statements"
    )
    option1: Text = Field(description="choice (a)")
    option2: Text = Field(description="choice (b)")
    answer: Literal["1", "2"] | None = Field(
        None, description="gold, counted from 1; absent in test, where it is hidden"
    )


class HubRow(Row):
    """The hub's columns: no qID, and an empty answer where it is hidden."""

    shape = "hub"
    sentence: Text = Field(
        description="question; its blank, a single _, is kept, and filled in the statements"
    )
    option1: Text = Field(description="choice (a)")
    option2: Text = Field(description="choice (b)")
    answer: Literal["1", "2", ""] = Field(
        description="gold, counted from 1; empty in test, where it is hidden"
    )


def _source(size: str, train_rows: int) -> Source:
    """The sizes differ in their train split only."""
    return Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/winogrande",
                commit="01e74176c63542e6b0bcb004dcdea22d94fb67b5",
                evidence="5 public files and a lock file",
                config=f"winogrande_{size}",
                # The paths of the other sizes: as seen for xl, found in the commit's listing.
                files={
                    split: (PinnedFile(f"winogrande_xl/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation", "test")
                    if size == "xl"
                },
            ),
        ),
        splits={
            "train": Split(rows=train_rows, names=(f"train_{size}.jsonl",)),
            "validation": Split(
                rows=1267,
                names=("dev.jsonl",),
                digest="e1cf73a8932582038e582462c42e5dc8b9aa796857f70bb4d225bb406502be71",
            ),
            "test": Split(rows=1767, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY",  # as the authors' README says, without a version
        redistributable=True,
        downloads=("winogrande_1.1",),
        homepage="https://leaderboard.allenai.org/winogrande/submissions/get-started",
        citation="Sakaguchi, Le Bras, Bhagavatula and Choi 2020. WinoGrande: An Adversarial "
        "Winograd Schema Challenge at Scale. AAAI.",
    )


class WinograndeXl(Adapter):
    """Which of two options fills the blank? With all 40,398 training rows."""

    name = "winogrande_xl"
    aliases = ("winogrande", "wino_grande")
    version = 1
    partition: ClassVar[Partition] = "seen"
    verified = "sha256"
    # The authors' shape first: it has all the hub's columns, and qID too.
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = _source("xl", 40398)

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement is the sentence with one option."""
        assert isinstance(row, AuthorsRow | HubRow)
        yield MultipleChoice(
            question=row.sentence,
            choices=(row.option1, row.option2),
            golds=(int(row.answer) - 1,) if row.answer else None,
        )


class WinograndeL(WinograndeXl):
    """Which of two options fills the blank? With 10,234 training rows."""

    name = "winogrande_l"
    partition = "none"
    source = _source("l", 10234)


class WinograndeM(WinograndeXl):
    """Which of two options fills the blank? With 2,558 training rows."""

    name = "winogrande_m"
    partition = "none"
    source = _source("m", 2558)


class WinograndeS(WinograndeXl):
    """Which of two options fills the blank? With 640 training rows."""

    name = "winogrande_s"
    partition = "none"
    source = _source("s", 640)


class WinograndeXs(WinograndeXl):
    """Which of two options fills the blank? With 160 training rows."""

    name = "winogrande_xs"
    partition = "none"
    source = _source("xs", 160)


class WinograndeDebiased(WinograndeXl):
    """Which of two options fills the blank? With the 9,248 training rows that AfLite kept."""

    name = "winogrande_debiased"
    partition = "none"
    source = _source("debiased", 9248)
