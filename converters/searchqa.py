"""SearchQA: clues of a quiz show, with what a search engine finds (Dunn et al. 2017)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import references, titled
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    Row,
    Source,
    Split,
    Text,
)


class HubRow(Row):
    """The hub's columns, config train_test_val; category, value, round, date, links are ignored."""

    shape = "hub"
    question: Text = Field(description="question: a clue, often a statement about the answer")
    answer: Text = Field(description="answer, the output")
    titles: list[Text | None] = Field(
        validation_alias=AliasPath("search_results", "titles"),
        description="context: the titles of the pages found, in brackets",
    )
    snippets: list[Text | None] = Field(
        validation_alias=AliasPath("search_results", "snippets"),
        description="context: the passages found; a page without one is left out",
    )


class SearchQa(Adapter):
    """What does the clue mean, given what a search engine finds for it?"""

    name = "searchqa"
    aliases = ("search_qa", "kyunghyuncho/search_qa")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (HubRow,)
    source = Source(
        splits={
            "train": Split(rows=151295),
            "validation": Split(rows=21613),
            "test": Split(rows=43228),
        },
        license="unknown",
        ask="download a Parquet file of config train_test_val from the branch refs/convert/parquet "
        "of https://huggingface.co/datasets/kyunghyuncho/search_qa, and give it with --raw",
        homepage="https://github.com/nyu-dl/dl4ir-searchQA",
        citation="Dunn, Sagun, Higgins, Guney, Cirik and Cho 2017. SearchQA: A New Q&A Dataset "
        "Augmented with Context from a Search Engine. arXiv:1704.05179.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row."""
        assert isinstance(row, HubRow)
        if len(row.titles) != len(row.snippets):
            count = f"{len(row.titles)} titles for {len(row.snippets)} snippets"
            raise FieldError("search_results.titles", count)
        pages = zip(row.titles, row.snippets, strict=True)
        found = " ".join(titled(title or "", text) for title, text in pages if text)
        yield FreeText(
            question=row.question,
            context=found or None,
            answers=references((row.answer,), "answer"),
        )
