"""COVID-QA: questions of biomedical experts about articles on COVID-19 (Möller et al. 2020)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import (
    Quotes,
    Span,
    Spans,
    as_listed,
    quotes_of,
    quotes_of_spans,
    references,
    texts_of,
)
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' document in SQuAD's form, without titles; document_id is ignored."""

    shape = "authors"
    inside = "data.*.paragraphs.*.qas.*"
    passage: Text = Field(
        validation_alias=AliasPath("paragraphs", "context"), description="context: a whole article"
    )
    question: Text = Field(
        validation_alias=AliasPath("paragraphs", "qas", "question"), description="question"
    )
    qid: int = Field(validation_alias=AliasPath("paragraphs", "qas", "id"), description="source id")
    answers: list[Span] = Field(
        validation_alias=AliasPath("paragraphs", "qas", "answers"),
        description="answers: texts of the article, the first one is the output",
    )
    is_impossible: bool = Field(
        validation_alias=AliasPath("paragraphs", "qas", "is_impossible"),
        description="answer: true if the article has none",
    )

    @property
    def texts(self) -> list[str]:
        """The answers' texts."""
        return [answer["text"] for answer in self.answers]

    def quotes(self) -> Quotes:
        """The answers, where the document says they stand."""
        return quotes_of(self.answers, self.passage)


class HubRow(Row):
    """The hub's columns; document_id is ignored."""

    shape = "hub"
    passage: Text = Field(alias="context", description="context: a whole article")
    question: Text = Field(description="question")
    qid: int = Field(alias="id", description="source id")
    answers: Spans = Field(description="answers: texts of the article, the first one is the output")
    is_impossible: bool = Field(description="answer: true if the article has none")

    @property
    def texts(self) -> list[str]:
        """The answers' texts."""
        return texts_of(self.answers)

    def quotes(self) -> Quotes:
        """The answers, where the columns say they stand."""
        return quotes_of_spans(self.answers, self.passage)


class CovidQa(Adapter):
    """Which words of a scientific article answer a question about COVID-19?"""

    name = "covidqa"
    aliases = ("covid_qa", "covid_qa_deepset")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(Repository(host="hub", name="deepset/covid_qa_deepset"),),
        # All there is; UnifiedQA evaluates on it, as its dev.
        splits={"train": Split(rows=2019, names=("COVID-QA.json",))},
        license="Apache-2.0",
        redistributable=True,
        homepage="https://github.com/deepset-ai/COVID-QA",
        citation="Möller, Reina, Jayakumar and Pietsch 2020. COVID-QA: A Question Answering "
        "Dataset for COVID-19. ACL Workshop on NLP for COVID-19.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; without answers where the article has none."""
        assert isinstance(row, AuthorsRow | HubRow)
        if row.is_impossible == bool(row.texts):
            raise FieldError("is_impossible", f"{row.is_impossible}, with {len(row.texts)} answers")
        answers = references(row.texts) if row.texts else ()
        yield FreeText(
            id=str(row.qid),
            question=row.question,
            context=row.passage,
            answers=answers,
            published=as_listed(row.texts, answers),
        )
