"""QuaRTz: qualitative relations, a question and a sentence of knowledge (Tafjord et al. 2019)."""

import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.labelled_choices import ColumnsRow, NestedRow, keyed
from converters.shared.metaicl import MetaIclRow
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)

# Where MetaICL joined question and knowledge without a space: "…will happen?When…", "…pass
# onParticles…": before a capital, after a mark or a word; not in McKay, iPhone, pH and U.S.
JOINT = re.compile(
    r"""((?<=[?!_])|(?<=[a-z\d][.,:;)"'])|(?<=[a-z]{3})|(?<=\b[a-z]{2}))(?=[A-Z])""", re.ASCII
)


class HubRow(ColumnsRow):
    """The hub's columns; the annotations are ignored."""

    id: Text = Field(description="source id: the knowledge's number, and -flip in mirrored items")
    answer_key: Text = Field(alias="answerKey", description="gold: the label of one of the choices")
    para: Text = Field(description="context: the knowledge that the question needs")


class AuthorsRow(NestedRow):
    """The authors' JSON lines; the annotations are ignored."""

    answer_key: Text = Field(alias="answerKey", description="gold: the label of one of the choices")
    para: Text = Field(description="context: the knowledge that the question needs")


class CopyRow(MetaIclRow):
    """MetaICL's copies: without the knowledge, or with it at the end of the question."""

    task: Literal["quartz-no_knowledge", "quartz-with_knowledge"] = Field(
        description="with_knowledge: the input ends with the knowledge, which becomes the context"
    )

    @property
    def parts(self) -> tuple[str, str | None]:
        """Question and knowledge, cut at the only joint, or the only one after ``?`` or ``!``."""
        if self.task == "quartz-no_knowledge":
            return self.text, None
        joints = [found.start() for found in JOINT.finditer(self.text)]
        if len(joints) != 1:
            joints = [joint for joint in joints if self.text[joint - 1] in "?!"]
        if len(joints) != 1:
            raise NotAnExample("its knowledge can't be told from its question")
        return self.text[: joints[0]], self.text[joints[0] :]


class QuaRTz(Adapter):
    """Which of two, given a sentence about a qualitative relation?"""

    name = "quartz"
    version = 2
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (HubRow, AuthorsRow, CopyRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/quartz",
                commit="28c1dbb56caf81799296cb17892fa73402e23464",
                evidence="4 public files",
                files={
                    "train": (PinnedFile("data/train-00000-of-00001.parquet"),),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet"),),
                    "test": (PinnedFile("data/test-00000-of-00001.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=2696, names=("train.jsonl",)),
            "validation": Split(rows=384, names=("dev.jsonl",)),
            "test": Split(rows=784, names=("test.jsonl",)),
        },
        license="CC-BY-4.0",
        redistributable=True,
        downloads=("quartz-dataset-v1-aug2019",),
        homepage="https://allenai.org/data/quartz",
        citation="Tafjord, Gardner, Lin and Clark 2019. QuaRTz: An Open-Domain Dataset of "
        "Qualitative Relationship Questions. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; the knowledge is the context."""
        assert isinstance(row, HubRow | AuthorsRow | CopyRow)
        if not isinstance(row, CopyRow):
            yield keyed(row, row.answer_key, (2,), row.id, row.para)
            return
        if len(row.options) != 2:
            raise FieldError("options", f"{len(row.options)} options, not two")
        question, context = row.parts
        yield MultipleChoice(
            question=question, context=context, choices=tuple(row.options), golds=(row.gold,)
        )
