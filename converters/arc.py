"""ARC: grade-school science questions, an easy and a hard set (Clark et al. 2018).

The two sets with sentences that a search found are datasets of their own (Khashabi et al. 2020).
"""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from converters.shared.retrieved import RetrievedRow, of_set, retrieved_source
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

HOMEPAGE = "https://allenai.org/data/arc"
CITATION = (
    "Clark, Cowhey, Etzioni, Khot, Sabharwal, Schoenick and Tafjord 2018. Think you have Solved "
    "Question Answering? Try ARC, the AI2 Reasoning Challenge. arXiv:1803.05457."
)


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


def _source(config: str, rows: dict[str, int], *files: PinnedFile, digest: str) -> Source:
    """The source of one set; ``rows`` and ``files`` of train, validation and test."""
    return Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/ai2_arc",
                commit="210d026faf9955653af8916fad021475a3f00453",
                evidence="sizes from the hub's dataset_info.json; sha256 from public code",
                config=config,
                files={split: (file,) for split, file in zip(rows, files, strict=True)},
            ),
        ),
        splits={
            name: Split(
                rows=number,
                names=(f"{config}-{'Dev' if name == 'validation' else name.title()}.jsonl",),
                digest=digest if name == "validation" else None,
            )
            for name, number in rows.items()
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        downloads=(f"ARC-V1-Feb2018-2/{config}", f"ARC-V1-Feb2018/{config}"),
        homepage=HOMEPAGE,
        citation=CITATION,
    )


class ArcEasy(Adapter):
    """Which choice answers a grade-school science question that retrieval can answer?"""

    name = "arc_easy"
    aliases: ClassVar[tuple[str, ...]] = ("arc_e", "ai2_arc_easy")
    unclear: ClassVar = {"arc": "arc_hard", "ai2_arc": "arc_hard"}
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (HubRow, AuthorsRow)
    source = _source(
        "ARC-Easy",
        {"train": 2251, "validation": 570, "test": 2376},
        PinnedFile(
            "ARC-Easy/train-00000-of-00001.parquet",
            330598,
            sha256="b315db8a4be597dc7daa50a4e70d48dd7c990c32085629e6ccd8c926beaa80b5",
        ),
        PinnedFile("ARC-Easy/validation-00000-of-00001.parquet", 86080),
        PinnedFile(
            "ARC-Easy/test-00000-of-00001.parquet",
            346257,
            sha256="4160597d618ae851c7eb04e281574f3f654776216ac6b6641588d64527b47177",
        ),
        digest="5d45812531b2de0e40fa73bf6a92aeaa12443393e5793a08697d6e58ef5320e0",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; most have four choices, a few three or five."""
        assert isinstance(row, HubRow | AuthorsRow)
        of_set(row.id, self.name, marked=False)
        yield keyed(row, row.answer_key, range(3, 6), row.id)


class ArcHard(ArcEasy):
    """Which choice answers a grade-school science question that retrieval fails?"""

    name = "arc_hard"
    aliases = ("arc_challenge", "arc_c", "ai2_arc_challenge")
    source = _source(
        "ARC-Challenge",
        {"train": 1119, "validation": 299, "test": 1172},
        PinnedFile(
            "ARC-Challenge/train-00000-of-00001.parquet",
            189909,
            sha256="e488c1587ffdcfc8443f916c53488a95cd471c5790e0746c6bfe4cecf20962cb",
        ),
        PinnedFile(
            "ARC-Challenge/validation-00000-of-00001.parquet",
            55743,
            sha256="395a5c88d1580d69855fbaee9450270578df1ad5af6259771cd0a42c20e99f05",
        ),
        PinnedFile(
            "ARC-Challenge/test-00000-of-00001.parquet",
            203808,
            sha256="62f03257e737aed263f55c6abf87c7bb0028a44a6bdd2a26eb1279eb42c1d1e9",
        ),
        digest="f368820e4b6079d66bdaea30b2c04dab4214017394de26ae50bf0861f990a0b7",
    )


class ArcEasyWithIr(Adapter):
    """Which choice answers an easy grade-school science question, given what a search found?"""

    name = "arc_easy_with_ir"
    aliases: ClassVar[tuple[str, ...]] = ("arc_easy_ir", "arc_e_with_ir")
    unclear: ClassVar = {"arc_with_ir": "arc_hard_with_ir", "ai2_arc_with_ir": "arc_hard_with_ir"}
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (RetrievedRow,)
    source = retrieved_source(
        {"train": 2251, "validation": 570, "test": 2376}, HOMEPAGE, CITATION, arc=True
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row of the set; the retrieved sentences are the context."""
        assert isinstance(row, RetrievedRow)
        of_set(row.id, self.name, marked=True)
        yield keyed(row, row.answer_key, range(3, 6), row.id, row.para)


class ArcHardWithIr(ArcEasyWithIr):
    """Which choice answers a hard grade-school science question, given what a search found?"""

    name = "arc_hard_with_ir"
    aliases = ("arc_hard_ir", "arc_challenge_with_ir", "arc_c_with_ir")
    source = retrieved_source(
        {"train": 1119, "validation": 299, "test": 1172}, HOMEPAGE, CITATION, arc=True
    )
