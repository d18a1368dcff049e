"""PubMedQA: yes, no or maybe to questions of biomedical papers (Jin et al. 2019)."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import AliasPath, Field

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

DECISIONS = ("yes", "no", "maybe")
GOLD = "gold; absent in the unlabelled set, and where a test hides it"
CONTEXTS = "context: the abstract's sections but the last, in order, joined by spaces"


class AuthorsRow(Row):
    """The authors' JSON document: the rows by their papers' ids, which are not read.

    Nor is LONG_ANSWER, the abstract's conclusion: it tells the answer.
    """

    shape = "authors"
    inside = "*"
    question: Text = Field(alias="QUESTION", description="question: the paper's title, mostly")
    contexts: list[Text] = Field(alias="CONTEXTS", min_length=1, description=CONTEXTS)
    final_decision: Literal["yes", "no", "maybe"] | None = Field(None, description=GOLD)


class HubRow(Row):
    """The hub's columns; long_answer, the abstract's conclusion, is not read."""

    shape = "hub"
    question: Text = Field(description="question: the paper's title, mostly")
    contexts: list[Text] = Field(
        validation_alias=AliasPath("context", "contexts"), min_length=1, description=CONTEXTS
    )
    final_decision: Literal["yes", "no", "maybe"] | None = Field(None, description=GOLD)


def _source(config: str, split: str, splits: Mapping[str, Split]) -> Source:
    """The source of one of the sets; the hub calls its rows train."""
    hub = Repository(
        host="hub",
        name="qiaojin/PubMedQA",
        commit="323752ad243ce751ba75c9222d34a3130d080030",
        evidence="the commit's page on the hub",
        config=config,
        splits={split: "train"},
        files={}
        if config == "pqa_unlabeled"  # of which no path was seen
        else {split: (PinnedFile(f"{config}/train-00000-of-00001.parquet"),)},
    )
    authors = Repository(
        host="github",
        name="pubmedqa/pubmedqa",
        commit="1f00b98d5cc626844bf8c4ca513b6e62c40071ec",
        evidence="a public index of repositories has the file at this commit",
        files={split: (PinnedFile("data/ori_pqal.json"),)},
    )
    return Source(
        repositories=(hub, authors) if config == "pqa_labeled" else (hub,),
        splits=splits,
        license="MIT",
        redistributable=True,
        homepage="https://pubmedqa.github.io",
        citation="Jin, Dhingra, Liu, Cohen and Lu 2019. PubMedQA: A Dataset for Biomedical "
        "Research Question Answering. EMNLP-IJCNLP.",
    )


class PubMedQa(Adapter):
    """Does the abstract answer its question with yes, no or maybe? Judged by experts.

    All 1,000 rows are the split all; the authors' script makes train, validation and test of them
    (train and validation are one of ten folds). Whoever trains on all trains on test.
    """

    name = "pubmedqa"
    aliases: ClassVar[tuple[str, ...]] = ("pubmed_qa", "pubmedqa_labeled", "pqa_labeled")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = _source(
        "pqa_labeled",
        "all",
        {
            "all": Split(rows=1000, names=("ori_pqal.json",)),
            "train": Split(rows=450, names=("train_set.json",)),
            "validation": Split(rows=50, names=("dev_set.json",)),
            "test": Split(rows=500, names=("test_set.json",)),
        },
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, of three choices: maybe is neither yes nor no, nor is it hidden."""
        assert isinstance(row, AuthorsRow | HubRow)
        decision = row.final_decision
        yield MultipleChoice(
            question=row.question,
            context="\n".join(row.contexts),
            choices=DECISIONS,
            golds=None if decision is None else (DECISIONS.index(decision),),
        )


class PubMedQaArtificial(PubMedQa):
    """Does the abstract answer its question with yes or no? Labelled by a rule, not by people."""

    name = "pubmedqa_artificial"
    aliases = ("pqa_artificial",)
    source = _source(
        "pqa_artificial", "train", {"train": Split(rows=211269, names=("ori_pqaa.json",))}
    )


class PubMedQaUnlabelled(PubMedQa):
    """Does the abstract answer its question with yes, no or maybe? Nobody has said."""

    name = "pubmedqa_unlabeled"
    aliases = ("pqa_unlabeled",)
    source = _source(
        "pqa_unlabeled",
        "train",
        {"train": Split(rows=61249, names=("ori_pqau.json",), labelled=False)},
    )
