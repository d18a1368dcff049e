"""SQuAD 1.1 and 2.0: questions about paragraphs of Wikipedia (Rajpurkar et al. 2016, 2018)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import ColumnsRow, NestedRow, as_listed, references, titled
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
)


class AuthorsRow(NestedRow):
    """The authors' document, a question a row; XQuAD's English part is the same."""


class HubRow(ColumnsRow):
    """The hub's columns, config plain_text."""


class Squad(Adapter):
    """Which words of a paragraph of Wikipedia answer the question?"""

    name = "squad1_1"
    aliases: ClassVar[tuple[str, ...]] = ("squad1", "squad_v1", "squad_v1_1", "squad_1_1")
    unclear: ClassVar = {"squad": "squad2"}
    version = 1
    verified = "real rows"
    shapes: ClassVar[tuple[type[Row], ...]] = (HubRow, AuthorsRow)
    source = Source(
        repositories=(Repository(host="hub", name="rajpurkar/squad", config="plain_text"),),
        splits={
            "train": Split(rows=87599, names=("train-v1.1.json",)),
            "validation": Split(rows=10570, names=("dev-v1.1.json",)),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://rajpurkar.github.io/SQuAD-explorer/",
        citation="Rajpurkar, Zhang, Lopyrev and Liang 2016. SQuAD: 100,000+ Questions for Machine "
        "Comprehension of Text. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row, with the answers of all annotators."""
        assert isinstance(row, NestedRow | ColumnsRow)
        answers = references(row.texts)
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=titled(row.title, row.passage),
            answers=answers,
            published=as_listed(row.texts, answers),
        )


class AuthorsRow2(NestedRow):
    """The authors' document, a question a row; plausible_answers, which are wrong, are ignored."""

    is_impossible: bool = Field(
        validation_alias=AliasPath("paragraphs", "qas", "is_impossible"),
        description="answer: true if the passage has none",
    )


class HubRow2(ColumnsRow):
    """The hub's columns, config squad_v2; a question without an answer has none in its list."""


class Squad2(Squad):
    """Which words of a paragraph of Wikipedia answer the question, if any do?"""

    name = "squad2"
    aliases = ("squad_v2", "squad2_0", "squad_v2_0", "squad_2", "squad_2_0")
    shapes = (HubRow2, AuthorsRow2)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="rajpurkar/squad_v2",
                commit="3ffb306f725f7d2ce8394bc1873b24868140c412",
                evidence="public code",
                config="squad_v2",
                files={
                    split: (PinnedFile(f"squad_v2/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation")
                },
            ),
        ),
        splits={
            "train": Split(rows=130319, names=("train-v2.0.json",)),
            "validation": Split(rows=11873, names=("dev-v2.0.json",)),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://rajpurkar.github.io/SQuAD-explorer/",
        citation="Rajpurkar, Jia and Liang 2018. Know What You Don't Know: Unanswerable Questions "
        "for SQuAD. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; without answers where the passage has none."""
        assert isinstance(row, AuthorsRow2 | HubRow2)
        if isinstance(row, AuthorsRow2) and row.is_impossible == bool(row.texts):
            raise FieldError("is_impossible", f"{row.is_impossible}, with {len(row.texts)} answers")
        answers = references(row.texts) if row.texts else ()
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=titled(row.title, row.passage),
            answers=answers,
            published=as_listed(row.texts, answers),
        )
