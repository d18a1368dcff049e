"""TweetQA: questions about tweets that news articles quote (Xiong et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.passages import as_written
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


class AuthorsRow(Row):
    """The authors' JSON arrays; the hub's columns are the same, with an empty list in test."""

    shape = "authors"
    qid: Text = Field(description="source id: a hash, does not reveal the answer")
    question: Text = Field(alias="Question", description="question")
    tweet: Text = Field(alias="Tweet", description="context: the tweet with its author and date")
    answer: list[Text] | None = Field(
        None,
        alias="Answer",
        description="the answers of several people, equal ones once; none in test, where they are "
        "hidden",
    )


class TweetQa(Adapter):
    """What answers a question about a tweet, in words of one's own?"""

    name = "tweetqa"
    aliases = ("tweet_qa",)
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="ucsbnlp/tweet_qa",
                commit="4271bbdba0deb6570abdfe9766785cfd305876de",
                evidence="the commit's page on the hub",
                files={
                    split: (PinnedFile(f"data/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation", "test")
                },
            ),
        ),
        splits={
            "train": Split(rows=10692, names=("train.json",)),
            "validation": Split(rows=1086, names=("dev.json",)),
            "test": Split(rows=1979, names=("test.json",), labelled=False),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        downloads=("TweetQA_data",),
        homepage="https://tweetqa.github.io/",
        citation="Xiong, Wu, Wang, Kulkarni, Yu, Chang, Guo and Wang 2019. TWEETQA: A Social Media "
        "Focused Question Answering Dataset. ACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, with its references in order."""
        assert isinstance(row, AuthorsRow)
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=row.tweet,
            answers=as_written(row.answer, "Answer") if row.answer else None,
        )
