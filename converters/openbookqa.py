"""OpenBookQA: elementary science, with or without a supporting fact (Mihaylov et al. 2018), or with
sentences that a search found (Khashabi et al. 2020).
"""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from converters.shared.retrieved import RetrievedRow, of_set, retrieved_source
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

HOMEPAGE = "https://allenai.org/data/open-book-qa"
CITATION = (
    "Mihaylov, Clark, Khot and Sabharwal 2018. Can a Suit of Armor Conduct Electricity? "
    "A New Dataset for Open Book Question Answering. EMNLP."
)


class HubRow(ColumnsRow):
    """The hub's columns, config main or additional; fact1, if present, is ignored."""

    id: Text = Field(description="source id: a number, does not reveal the answer")
    stem: Text = Field(
        alias="question_stem", description="question, often a sentence to be completed"
    )
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, stripped; never hidden",
    )


class AuthorsRow(NestedRow):
    """The authors' JSON lines, nested under question; fact1, if present, is ignored."""

    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, stripped; never hidden",
    )


class HubFactRow(HubRow):
    """The hub's columns, config additional: those of main, and the fact."""

    fact1: Text = Field(description="context: the fact on which the question is based")


class AuthorsFactRow(AuthorsRow):
    """The authors' *_complete.jsonl: the same rows with the fact."""

    fact1: Text = Field(description="context: the fact on which the question is based")


class OpenBookQA(Adapter):
    """Which of four choices answers a question of elementary science, without its fact?"""

    name = "openbookqa"
    aliases = ("obqa", "open_book_qa", "openbook_qa")
    version = 1
    partition: ClassVar[Partition] = "seen"
    verified: ClassVar[Verified] = "sha256"
    shapes: ClassVar[tuple[type[Row], ...]] = (HubRow, AuthorsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/openbookqa",
                commit="388097ea7776314e93a529163e0fea805b8a6454",
                evidence="sizes from the hub's dataset_info.json; sha256 from public code",
                config="main",
                files={
                    "train": (
                        PinnedFile(
                            "main/train-00000-of-00001.parquet",
                            495845,
                            sha256="98148f8a54e62eb862346a75192d5fb824d6cbb68f2f59aecd793d39ecb5cd8b",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "main/validation-00000-of-00001.parquet",
                            58233,
                            sha256="35370b9cfee8c1ff325ccc74adc434d12c47ca0ac3244aa87f3fa77069285206",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "main/test-00000-of-00001.parquet",
                            55535,
                            sha256="cd5483e366daa230c1c87bbdc512d8b7229f14f6dd04d19fc8b1a3855aaaa8a3",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(
                rows=4957,
                names=("train.jsonl", "train_complete.jsonl"),
            ),
            "validation": Split(
                rows=500,
                names=("dev.jsonl", "dev_complete.jsonl"),
                digest="4fb006745738eaaaf9590fd248da131951ec255ab4290e3dfd1b32e8519108dd",
            ),
            "test": Split(
                rows=500,
                names=("test.jsonl", "test_complete.jsonl"),
            ),
        },
        license="unknown",
        downloads=("OpenBookQA-V1-Sep2018/Data/Main",),
        homepage=HOMEPAGE,
        citation=CITATION,
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; the fact, if the shape has it, is the context."""
        assert isinstance(row, HubRow | AuthorsRow)
        of_set(row.id, self.name, marked=False)
        fact = row.fact1 if isinstance(row, HubFactRow | AuthorsFactRow) else None
        yield keyed(row, row.answer_key.strip(), (4,), row.id, fact)


class OpenBookQAFact(OpenBookQA):
    """Which of four choices answers a question of elementary science, given its fact?"""

    name = "openbookqa_fact"
    aliases = ("obqa_fact", "openbookqa_with_fact", "openbookqa_additional")
    partition = "none"
    verified = "real rows"
    shapes: ClassVar = (HubFactRow, AuthorsFactRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/openbookqa",
                commit="388097ea7776314e93a529163e0fea805b8a6454",
                evidence="1 public file; the commit of openbookqa",
                config="additional",
                files={
                    "train": (PinnedFile("additional/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("additional/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("additional/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=4957, names=("train_complete.jsonl",)),
            "validation": Split(rows=500, names=("dev_complete.jsonl",)),
            "test": Split(rows=500, names=("test_complete.jsonl",)),
        },
        license="unknown",
        downloads=("OpenBookQA-V1-Sep2018/Data/Additional",),
        homepage=HOMEPAGE,
        citation=CITATION,
    )


class OpenBookQAWithIr(Adapter):
    """Which of four choices answers a question of elementary science, given what a search found?"""

    name = "openbookqa_with_ir"
    aliases = ("obqa_with_ir", "openbookqa_ir")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (RetrievedRow,)
    source = retrieved_source(
        {"train": 4957, "validation": 500, "test": 500}, HOMEPAGE, CITATION, arc=False
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row of the set; the retrieved sentences are the context."""
        assert isinstance(row, RetrievedRow)
        of_set(row.id, self.name, marked=True)
        yield keyed(row, row.answer_key.strip(), (4,), row.id, row.para)
