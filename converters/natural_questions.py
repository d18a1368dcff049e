"""NQ-open: questions asked of Google, answered without a text (Lee, Chang and Toutanova 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.passages import as_listed, as_written
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
)


class OpenRow(Row):
    """NQ-open's JSON lines; the hub's columns, and AmbigQA's copy with ids, are the same."""

    shape = "authors"
    question: Text = Field(
        description="question: in lower case and without a question mark, as it was typed"
    )
    answer: list[Text] = Field(min_length=1, description="the answers, equal ones once, in order")


class NaturalQuestions(Adapter):
    """What short answers has a question that people asked Google?

    The open form, without the Wikipedia pages: what UnifiedQA calls natural_questions_direct_ans.
    """

    name = "natural_questions"
    aliases = ("nq_open", "nqopen", "natural_questions_direct_ans", "nq")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (OpenRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="google-research-datasets/nq_open",
                commit="5dd9790a83002ad084ddeb7c420dc716852c6f28",
                evidence="public code",
            ),
            Repository(
                host="github",
                name="google-research-datasets/natural-questions",
                files={
                    "train": (PinnedFile("nq_open/NQ-open.train.jsonl"),),
                    "validation": (PinnedFile("nq_open/NQ-open.dev.jsonl"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=87925, names=("NQ-open.train.jsonl",)),
            "validation": Split(rows=3610, names=("NQ-open.dev.jsonl",)),
        },
        license="CC-BY-SA-3.0",
        redistributable=True,
        homepage="https://github.com/google-research-datasets/natural-questions",
        citation="Kwiatkowski et al. 2019. Natural Questions: A Benchmark for Question Answering "
        "Research. TACL 7. Lee, Chang and Toutanova 2019. Latent Retrieval for Weakly Supervised "
        "Open Domain Question Answering. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, with all its references."""
        assert isinstance(row, OpenRow)
        answers = as_written(row.answer, "answer")
        published = as_listed(row.answer, answers)
        yield FreeText(question=row.question, answers=answers, published=published)
