"""AdversarialQA: questions that a model in the loop answers wrongly (Bartolo et al. 2020)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import (
    ColumnsRow,
    NestedRow,
    Span,
    Spans,
    as_listed,
    references,
    titled,
)
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FreeText,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

_ALL = ("adversarialqa", "adversarial_qa", "uclnlp/adversarial_qa")
"""Names of the three together."""


class AuthorsRow(NestedRow):
    """The authors' document, a question a row."""

    title: Text = Field("", description="context: the article's title, in brackets; may be absent")
    answers: list[Span] = Field(
        validation_alias=AliasPath("paragraphs", "qas", "answers"),
        description="answers: texts of the passage; none in test, where they are hidden",
    )


class HubRow(ColumnsRow):
    """The hub's columns, config dbidaf, dbert or droberta; metadata is ignored."""

    answers: Spans = Field(
        description="answers: texts of the passage; none in test, where they are hidden"
    )


def _source(config: str, folder: str) -> Source:
    """The source of the dataset whose adversary is ``config``."""
    return Source(
        repositories=(
            Repository(
                host="hub",
                name="UCLNLP/adversarial_qa",
                commit="c2d5f738db1ad21a4126a144dfbb00cb51e0a4a9",
                evidence="its page on the hub lists the files",
                config=config,
                files={
                    split: (PinnedFile(f"{config}/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation", "test")
                },
            ),
        ),
        splits={
            "train": Split(rows=10000, names=("train.json",)),
            "validation": Split(rows=1000, names=("dev.json",)),
            "test": Split(rows=1000, names=("test.json",), labelled=False),
        },
        license="CC-BY-SA-3.0",
        redistributable=True,
        downloads=(f"aqa_v1.0/{folder}", folder),
        homepage="https://adversarialqa.github.io/",
        citation="Bartolo, Roberts, Welbl, Riedel and Stenetorp 2020. Beat the AI: Investigating "
        "Adversarial Human Annotation for Reading Comprehension. TACL.",
    )


class AdversarialQaBidaf(Adapter):
    """Which words of a paragraph answer a question on which BiDAF failed?"""

    name = "adversarialqa_dbidaf"
    unclear: ClassVar = dict.fromkeys(_ALL, "the three together, which are no dataset here")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = _source("dbidaf", "1_dbidaf")

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row."""
        assert isinstance(row, AuthorsRow | HubRow)
        answers = references(row.texts) if row.texts else None
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=titled(row.title, row.passage),
            answers=answers,
            published=as_listed(row.texts, answers),
        )


class AdversarialQaBert(AdversarialQaBidaf):
    """Which words of a paragraph answer a question on which BERT failed?"""

    name = "adversarialqa_dbert"
    unclear: ClassVar = dict.fromkeys(_ALL, "adversarialqa_dbidaf")
    source = _source("dbert", "2_dbert")


class AdversarialQaRoberta(AdversarialQaBidaf):
    """Which words of a paragraph answer a question on which RoBERTa failed?"""

    name = "adversarialqa_droberta"
    unclear: ClassVar = dict.fromkeys(_ALL, "adversarialqa_dbidaf")
    source = _source("droberta", "3_droberta")
