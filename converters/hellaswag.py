"""HellaSwag: what happens next in a video caption or a wikiHow article (Zellers et al. 2019)."""

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.stories import continued, join_sentences
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

# The layout marks of wikiHow articles, and those after a colon, which the sentence continues.
MARKS = re.compile(r"\[(?:header|title|step|substeps)\]")
AFTER_COLON = re.compile(rf" ?: {MARKS.pattern}")


def prose(context: str, begun: str, ending: str) -> str:
    """Context and ending as sentences; ``begun`` is the incomplete sentence that ends the context.

    It starts with a lower-case letter, even after a full stop. A mark ends a sentence.
    """
    context, begun = collapse(context), collapse(begun)
    before = context.removesuffix(begun)
    if begun and before.endswith((". ", "! ", "? ")):
        return f"{before}{continued(begun, ending)}"
    if MARKS.search(f"{context} {ending}"):
        text = AFTER_COLON.sub(":", collapse(f"{context} {ending}"))
        return join_sentences(*MARKS.split(text))
    return continued(context, ending)


class AuthorsRow(Row):
    """The authors' JSON lines, label a number; the hub's columns are the same, label a string."""

    shape = "authors"
    ind: int = Field(description="source id: a number, does not reveal the answer")
    context: Text = Field(
        alias="ctx",
        description="question: ctx_a, and ctx_b if it ends with an incomplete sentence; marks such "
        "as [step] of wikiHow rows are kept, and end a sentence in the statements",
    )
    begun: Text = Field(
        "",
        alias="ctx_b",
        description="the question's last sentence, if it is incomplete: starts with a capital in "
        "the statements",
    )
    endings: list[Text] = Field(min_length=4, max_length=4, description="choices (a) to (d)")
    label: Annotated[Literal[0, 1, 2, 3, "0", "1", "2", "3", ""] | None, NotBool] = Field(
        None, description="gold, counted from 0; absent, or empty on the hub, in test: hidden"
    )


class HellaSwag(Adapter):
    """Which ending continues a caption or a piece of advice?"""

    name = "hellaswag"
    aliases = ("hella_swag",)
    version = 1
    partition = "unseen-2"
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="Rowan/hellaswag",
                commit="218ec52e09a7e7462a5400043bb9a69a41d06b76",
                evidence="10 public files; test: the hub's page of the conversion (pull request 7)",
                files={
                    "train": (
                        PinnedFile(
                            "data/train-00000-of-00001.parquet",
                            24365524,
                            sha256="cacb12587faa63d7f723a72d61d12bfa94b140446f5a6a0a2e1c6906ab88bf02",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/validation-00000-of-00001.parquet",
                            6315951,
                            sha256="899813071e1e95efafec90f856e1987d2150fa4d020fc005df6962c259f660cd",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/test-00000-of-00001.parquet",
                            6112397,
                            sha256="e572fd5579bd1768b1985f47234f8bbe29247aca200a778b635bffc637714a41",
                        ),
                    ),
                },
            ),
            Repository(
                host="github",
                name="rowanz/hellaswag",
                commit="a29ff8e9a04bba4bd6588223785ce105328adc57",
                evidence="listed at this commit; the blob id proves the bytes",
                files={
                    "train": (
                        PinnedFile(
                            "data/hellaswag_train.jsonl",
                            git_blob="1997e15fe638ef2aeec6993471159295cd75aab7",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/hellaswag_val.jsonl",
                            git_blob="0f5ee25d72216f12317d5d8a7b92deafa423d81e",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/hellaswag_test.jsonl",
                            git_blob="7a4b590ea240595f468bfbc7f2c744e5eef72da5",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(rows=39905, names=("hellaswag_train.jsonl",)),
            "validation": Split(rows=10042, names=("hellaswag_val.jsonl",)),
            "test": Split(rows=10003, names=("hellaswag_test.jsonl",), labelled=False),
        },
        license="MIT",  # by the card on the hub
        redistributable=True,
        homepage="https://rowanzellers.com/hellaswag",
        citation="Zellers, Holtzman, Bisk, Farhadi and Choi 2019. HellaSwag: Can a Machine Really "
        "Finish Your Sentence? ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement is context and ending."""
        assert isinstance(row, AuthorsRow)
        yield MultipleChoice(
            id=str(row.ind),
            question=row.context,
            choices=tuple(row.endings),
            golds=None if row.label in (None, "") else (int(row.label),),
            sentences=tuple(prose(row.context, row.begun, ending) for ending in row.endings),
        )
