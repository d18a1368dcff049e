"""CREAK: true and false claims about entities (Onoe et al. 2021)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.stories import as_sentence
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)


class AuthorsRow(Row):
    """The authors' JSON lines, named .json; the hub's copy is the same, without test.

    Entity and explanation, which reveals the answer, are ignored.
    """

    shape = "authors"
    id: Text = Field(alias="ex_id", description="source id: split and number")
    sentence: Text = Field(description="question: a claim to judge; also the statement")
    label: Literal["true", "false"] | None = Field(
        None, description="true or false; absent in test, where it is hidden"
    )


class Creak(Adapter):
    """Is the claim about an entity true?"""

    name = "creak"
    version = 1
    partition = "unseen-2"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="yasumasaonoe/creak",
                commit="5e892b28b6dad3e87769cfc01f00a6577ca44068",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "data/creak/train.json",
                            3022236,
                            sha256="f71b4fa370bbbd7f4b5fc32b82231c18f9e68911c00fc513be0075dea9b90d90",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/creak/dev.json",
                            382480,
                            sha256="de61800bb7d0c07a9d5b8abdf4c1604db21151bdfcb13a284db112a531bf3455",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/creak/test_without_labels.json",
                            252880,
                            sha256="8036e50214f35654cc8733ebb9045989994492d143bd664757e75be30d4ed515",
                        ),
                    ),
                    "contrast": (
                        PinnedFile(
                            "data/creak/contrast_set.json",
                            117531,
                            sha256="0fbcf6765ed967f812229941bfa81a4b66269b22fd41d07926c2ea7c53039725",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="amydeng2000/CREAK",
                commit="3600013a4e003d07bfd692e1d156bcc3a6333421",
                evidence="its page on the hub lists these files, as large as the authors'",
                files={
                    "train": (PinnedFile("train.json"),),
                    "validation": (PinnedFile("dev.json"),),
                    "contrast": (PinnedFile("contrast_set.json"),),
                },
                splits={"train": "train", "validation": "dev", "contrast": "contrast_set"},
            ),
        ),
        splits={
            "train": Split(rows=10176, names=("train.json",)),
            "validation": Split(
                rows=1371,
                names=("dev.json",),
                digest="2defd7b3f8ab0af53d310efe0e65c2032bac1d0dd561818c8c7cb62c72d10f4e",
            ),
            "test": Split(rows=1371, names=("test_without_labels.json",), labelled=False),
            "contrast": Split(
                rows=500,
                names=("contrast_set.json",),
                digest="4ca42112cb790b667301a5e274f82947fcb820b4793d62e352fc2d89648fbba3",
            ),
        },
        license="MIT",
        redistributable=True,
        homepage="https://github.com/yasumasaonoe/creak",
        citation="Onoe, Zhang, Choi and Durrett 2021. CREAK: A Dataset for Commonsense Reasoning "
        "over Entity Knowledge. NeurIPS Datasets and Benchmarks.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(
            id=row.id,
            question=row.sentence,
            answer=None if row.label is None else row.label == "true",
            sentence=as_sentence(row.sentence),
        )
