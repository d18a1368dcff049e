"""TriviaQA: questions of quiz writers, with articles of Wikipedia (Joshi et al. 2017)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import as_listed, references, titled
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


class HubRow(Row):
    """The hub's columns, config rc.wikipedia; web pages and normalised answers are ignored."""

    shape = "hub"
    question: Text = Field(description="question")
    qid: Text = Field(
        alias="question_id", description="source id: a number, does not reveal the answer"
    )
    titles: list[Text] = Field(
        validation_alias=AliasPath("entity_pages", "title"),
        description="context: the articles' titles, in brackets",
    )
    articles: list[Text] = Field(
        validation_alias=AliasPath("entity_pages", "wiki_context"),
        description="context: the articles' texts",
    )
    value: Text = Field(
        validation_alias=AliasPath("answer", "value"),
        description="answer, the output; <unk> in test, where it is hidden",
    )
    aliases: list[Text] = Field(
        validation_alias=AliasPath("answer", "aliases"),
        description="answers: other names of the same, further references",
    )


class TriviaQa(Adapter):
    """What answers a quiz question, given articles that mention the answer?"""

    name = "triviaqa"
    aliases = ("trivia_qa", "triviaqa_wiki", "triviaqa_wikipedia")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (HubRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="mandarjoshi/trivia_qa",
                commit="0f7faf33a3908546c6fd5b73a660e0f8ff173c2f",
                evidence="public code",
                config="rc.wikipedia",
            ),
        ),
        # As dataset_infos.json of huggingface/datasets and the hub's card say.
        splits={
            "train": Split(rows=61888),
            "validation": Split(rows=7993),
            "test": Split(rows=7701, labelled=False),
        },
        license="unknown",
        homepage="https://nlp.cs.washington.edu/triviaqa/",
        citation="Joshi, Choi, Weld and Zettlemoyer 2017. TriviaQA: A Large Scale Distantly "
        "Supervised Challenge Dataset for Reading Comprehension. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row."""
        assert isinstance(row, HubRow)
        titles, articles = row.titles, row.articles
        if len(titles) != len(articles):
            count = f"{len(titles)} titles for {len(articles)} texts"
            raise FieldError("entity_pages.title", count)
        if not any(map(str.strip, articles)):
            # Those of the configurations without context, and many of rc.
            raise FieldError("entity_pages.wiki_context", "no text: give config rc.wikipedia's")
        listed = (row.value, *row.aliases)
        answers = None if row.value == "<unk>" else references(listed, "answer.value")
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=" ".join(map(titled, titles, articles)),
            answers=answers,
            published=as_listed(listed, answers),
        )
