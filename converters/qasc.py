"""QASC: science questions with eight choices that need two facts (Khot et al. 2020)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AliasPath, Field

from converters.shared.labelled_choices import Choice, ColumnsRow, NestedRow, keyed
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    Partition,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    Verified,
)

HOMEPAGE = "https://allenai.org/data/qasc"
CITATION = (
    "Khot, Clark, Guerquin, Jansen and Sabharwal 2020. QASC: A Dataset for Question Answering via "
    "Sentence Composition. AAAI."
)


class HubRow(ColumnsRow):
    """The hub's columns; the facts, which contain the answer, are ignored."""

    id: Text = Field(description="source id: a crowd worker's task; does not reveal the answer")
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices; empty where it is hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines; the facts, which contain the answer, are ignored."""

    answer_key: Text | None = Field(
        None,
        alias="answerKey",
        description="gold: the label of one of the choices; absent in test, where hidden",
    )


class RetrievedChoice(Choice):
    """One choice, with what a search in two steps found for the question and it.

    Documented in CogComp/mcqa-expectations, whose README links the archive.
    """

    para: Annotated[
        Text,
        Field(description="context: what was found for question and choice; all in their order"),
    ]


class TwoStepRow(AuthorsRow):
    """The authors' JSON lines of QASC_Dataset_2Step, with sentences for each choice."""

    choices: list[RetrievedChoice] = Field(  # type: ignore[assignment]  # a choice with more
        validation_alias=AliasPath("question", "choices"),
        min_length=1,
        description="choices in the source's order, each with its label and its sentences",
    )


class Qasc(Adapter):
    """Which of eight choices answers a science question, without its two facts?"""

    name = "qasc"
    version = 1
    partition: ClassVar[Partition] = "seen"
    verified: ClassVar[Verified] = "sha256"
    shapes: ClassVar[tuple[type[Row], ...]] = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/qasc",
                commit="a34ba204eb9a33b919c10cc08f4f1c8dae5ec070",
                evidence="10 public files",
                files={
                    "train": (PinnedFile("data/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("data/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=8134, names=("train.jsonl",)),
            "validation": Split(rows=926, names=("dev.jsonl",)),
            "test": Split(rows=920, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY-4.0",
        redistributable=True,
        downloads=("QASC_Dataset",),
        homepage=HOMEPAGE,
        citation=CITATION,
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; no gold if the key is hidden.

        The context are the sentences of the choices in their order, equal texts once: UnifiedQA
        drew some of them through a set, in another order each time.
        """
        assert isinstance(row, HubRow | AuthorsRow)
        found = row.choices if isinstance(row, TwoStepRow) else ()
        context = "\n".join(dict.fromkeys(choice["para"] for choice in found)) or None
        yield keyed(row, row.answer_key or None, (8,), row.id, context)


class QascWithIr(Qasc):
    """Which of eight choices answers a science question, given what a search found for each?"""

    name = "qasc_with_ir"
    aliases = ("qasc_ir", "qasc_2step", "qasc_dataset_2step")
    partition = "none"
    verified = "documentation only"
    shapes = (TwoStepRow,)
    source = Source(
        splits={
            "train": Split(rows=8134, names=("train.jsonl",)),
            "validation": Split(rows=926, names=("dev.jsonl",)),
            "test": Split(rows=920, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY-4.0",
        downloads=("QASC_Dataset_2Step", "qasc_dataset_2step"),
        ask="get http://data.allenai.org/downloads/qasc/qasc_dataset_2step.zip, which the README "
        "of https://github.com/CogComp/mcqa-expectations links, and give its folder with "
        "--data-dir, or the split's file with --raw",
        homepage=HOMEPAGE,
        citation=CITATION,
    )
