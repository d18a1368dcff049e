"""COPA: choice of plausible alternatives (Roemmele, Bejan and Gordon 2011)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.english import lower_first
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    collapse,
)

CUES = {"cause": "What was the CAUSE of this?", "effect": "What happened as a RESULT?"}
CONNECTIVES = {"cause": " because ", "effect": ", so "}


class SuperGlueRow(Row):
    """SuperGLUE's JSON lines; the hub's columns are the same, with label -1 for a hidden one."""

    shape = "superglue"
    splits = ("train", "validation", "test")
    premise: Text = Field(description="question, before the cue")
    choice1: Text = Field(description="choice (a)")
    choice2: Text = Field(description="choice (b)")
    question: Literal["cause", "effect"] = Field(
        description="cause or effect: the cue after the question; because or so in the statements"
    )
    label: Annotated[Literal[0, 1, -1] | None, NotBool] = Field(
        None, description="gold, counted from 0; absent or -1 in test, where it is hidden"
    )
    idx: int | None = Field(None, description="source id")

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The label, which counts from 0; None if it is hidden."""
        return None if self.label is None or self.label < 0 else (self.label,)

    @property
    def own_id(self) -> str | None:
        """SuperGLUE's idx."""
        return None if self.idx is None else str(self.idx)


class BalancedRow(Row):
    """Balanced COPA's columns on the hub, a CSV file: SuperGLUE's, an id, and mirrored."""

    shape = "hub"
    splits = ("balanced_dev",)
    premise: Text = Field(description="question, before the cue")
    choice1: Text = Field(description="choice (a)")
    choice2: Text = Field(description="choice (b)")
    question: Literal["cause", "effect"] = Field(
        description="cause or effect: the cue after the question; because or so in the statements"
    )
    label: Annotated[Literal["0", "1", 0, 1], NotBool] = Field(
        description="gold, counted from 0, unlike in the XML"
    )
    item: int | Text = Field(alias="id", description="source id; mirrored items add 1000")
    mirrored: bool | Text = Field(description="not used: whether Balanced COPA added the item")

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The label, which counts from 0; none is hidden."""
        return (int(self.label),)

    @property
    def own_id(self) -> str | None:
        """The item's id."""
        return str(self.item)


class AuthorsXmlRow(Row):
    """The authors' XML, and Balanced COPA's, with 500 mirrored items (Kavumba et al. 2019).

    Its dev contains SuperGLUE's train and validation, so it is a separate split.
    """

    shape = "authors"
    element = "item"
    splits = ("balanced_dev", "test")
    premise: Text = Field(alias="p", description="question, before the cue")
    choice1: Text = Field(alias="a1", description="choice (a)")
    choice2: Text = Field(alias="a2", description="choice (b)")
    question: Literal["cause", "effect"] = Field(
        alias="asks-for",
        description="cause or effect: the cue after the question; because or so in the statements",
    )
    plausible: Literal["1", "2"] = Field(
        alias="most-plausible-alternative", description="gold, counted from 1"
    )
    item: Text = Field(alias="id", description="source id; mirrored items add 1000")

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The gold, which the XML counts from 1; none is hidden."""
        return (int(self.plausible) - 1,)

    @property
    def own_id(self) -> str | None:
        """The item's id."""
        return self.item


class Copa(Adapter):
    """Which alternative is the more plausible cause or effect of the premise?"""

    name = "copa"
    aliases = ("super_glue_copa", "superglue_copa")
    unclear: ClassVar = {
        "super_glue": "a task of SuperGLUE that is not here",
        "superglue": "a task of SuperGLUE that is not here",
        "aps/super_glue": "a task of SuperGLUE that is not here",
        "balanced_copa": "Balanced COPA alone, which is copa's split balanced_dev",
        "pkavumba/balanced_copa": "Balanced COPA alone, which is copa's split balanced_dev",
    }
    version = 1
    partition = "unseen-1"
    verified = "real rows"
    # The most specific one first: it has all of SuperGLUE's columns.
    shapes: ClassVar = (BalancedRow, SuperGlueRow, AuthorsXmlRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="aps/super_glue",
                commit="3de24cf8022e94f4ee4b9d55a6f539891524d646",
                evidence="3 public files and a lock file",
                config="copa",
                files={
                    "train": (PinnedFile("copa/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("copa/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("copa/test-00000-of-00001.parquet"),),
                },
            ),
            Repository(
                host="hub",
                name="pkavumba/balanced-copa",
                commit="813bd03cd6e07d9bd8d7333896ad5d40abb95ea9",
                evidence="4 public files; main's last commit, which has train.csv and test.csv",
                splits={"balanced_dev": "train"},
                files={"balanced_dev": (PinnedFile("train.csv"),)},
            ),
        ),
        splits={
            "train": Split(rows=400, names=("train.jsonl",)),
            "validation": Split(rows=100, names=("val.jsonl",)),
            "test": Split(rows=500, names=("test.jsonl",), labelled=False),
            "balanced_dev": Split(rows=1000, names=("balanced-copa-dev-all.xml",)),
        },
        license="BSD-2-Clause",
        redistributable=True,
        downloads=("COPA",),
        homepage="https://people.ict.usc.edu/~gordon/copa.html",
        citation="Roemmele, Bejan and Gordon 2011. Choice of Plausible Alternatives: An Evaluation "
        "of Commonsense Causal Reasoning. AAAI Spring Symposium.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement joins premise and alternative."""
        assert isinstance(row, BalancedRow | SuperGlueRow | AuthorsXmlRow)
        premise = collapse(row.premise)
        alternatives = (collapse(row.choice1), collapse(row.choice2))
        start = premise.rstrip(".!? ") + CONNECTIVES[row.question]
        context = ". ".join([premise.rstrip(".!? "), *alternatives])
        yield MultipleChoice(
            id=row.own_id,
            question=row.premise,
            cue=CUES[row.question],
            choices=(row.choice1, row.choice2),
            golds=row.golds,
            sentences=tuple(start + lower_first(choice, context) for choice in alternatives),
        )
