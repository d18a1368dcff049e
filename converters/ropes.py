"""ROPES: cause and effect, applied to situations; its contrast set (Lin et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import Span, as_listed, references
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
    Verified,
)


class AuthorsRow(Row):
    """The authors' document, a question a row; its one title, ropes, is ignored."""

    shape = "authors"
    inside = "data.*.paragraphs.*.qas.*"
    background: Text = Field(
        validation_alias=AliasPath("paragraphs", "background"),
        description="context, first part: a paragraph about cause and effect",
    )
    situation: Text = Field(
        validation_alias=AliasPath("paragraphs", "situation"),
        description="context, second part: a story to which it applies",
    )
    question: Text = Field(
        validation_alias=AliasPath("paragraphs", "qas", "question"), description="question"
    )
    qid: Text = Field(
        validation_alias=AliasPath("paragraphs", "qas", "id"),
        description="source id: a number, does not reveal the answer",
    )
    answers: list[Span] | None = Field(
        None,
        validation_alias=AliasPath("paragraphs", "qas", "answers"),
        description="answers: words of situation or question; none in test, where they are hidden",
    )

    @property
    def texts(self) -> list[str]:
        """The answers' texts; none where they are hidden."""
        return [answer["text"] for answer in self.answers or ()]


class HubRow(Row):
    """The hub's columns, config plain_text: a question a row."""

    shape = "hub"
    background: Text = Field(description="context, first part: a paragraph about cause and effect")
    situation: Text = Field(description="context, second part: a story to which it applies")
    question: Text = Field(description="question")
    qid: Text = Field(alias="id", description="source id: a number, does not reveal the answer")
    answers: list[Text] = Field(
        validation_alias=AliasPath("answers", "text"),
        description="answers: words of situation or question; none in test, where they are hidden",
    )

    @property
    def texts(self) -> list[str]:
        """The answers' texts; none where they are hidden."""
        return self.answers


class Ropes(Adapter):
    """Which words answer a question about a situation, given a paragraph about cause and effect?"""

    name = "ropes"
    version = 1
    verified: ClassVar[Verified] = "real rows"
    shapes: ClassVar[tuple[type[Row], ...]] = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="allenai/ropes",
                commit="d59f1e2ee2b423d7c6ba71edd47fceb4158b07dd",
                evidence="public code",
            ),
        ),
        splits={
            "train": Split(rows=10924, names=("train-v1.0.json",)),
            "validation": Split(rows=1688, names=("dev-v1.0.json",)),
            # 974 of its questions were published with answers, beside the contrast set.
            "test": Split(rows=1710, names=("test-1.0.json",), labelled=False),
        },
        license="CC-BY-4.0",
        redistributable=True,
        downloads=("ropes-train-dev-v1.0", "ropes-test-questions-v1.0"),
        homepage="https://allenai.org/data/ropes",
        citation="Lin, Tafjord, Clark and Gardner 2019. Reasoning Over Paragraph Effects in "
        "Situations. Workshop on Machine Reading for Question Answering.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; its context is the background, then the situation."""
        assert isinstance(row, AuthorsRow | HubRow)
        answers = references(row.texts) if row.texts else None
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=f"{row.background} {row.situation}",
            answers=answers,
            published=as_listed(row.texts, answers),
        )


class ContrastSetsRopes(Ropes):
    """Which words answer a question about a situation that experts changed a little?"""

    name = "contrast_sets_ropes"
    aliases: ClassVar[tuple[str, ...]] = ("ropes_contrast", "ropes_contrast_set")
    verified = "documentation only"
    shapes = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="allenai/contrast-sets",
                commit="e2b87316ba7b30093bc9ffbc340e6550cab79f67",
                evidence="bytes read at this commit",
                files={
                    "test": (
                        PinnedFile(
                            "ropes/data/ropes_contrast_set_032820.json",
                            1139319,
                            sha256="6c814fe87869b0d36f8b5d2d674ceefe89fa369fc483d6ba769975e235e431ca",
                        ),
                    ),
                },
            ),
        ),
        splits={"test": Split(names=("ropes_contrast_set_032820.json",))},
        license="unknown",
        homepage="https://github.com/allenai/contrast-sets",
        citation="Gardner et al. 2020. Evaluating Models' Local Decision Boundaries via Contrast "
        "Sets. Findings of EMNLP.",
    )
