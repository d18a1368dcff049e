"""HotpotQA: questions whose answer needs two articles of Wikipedia (Yang et al. 2018)."""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

from pydantic import AliasPath, Field, Strict

from converters.shared.passages import references, titled
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
    YesNo,
)

# JSON has no tuples: there it is a list of two.
_Paragraph = Annotated[tuple[Text, list[Text]], Strict(False)]
_COMMIT = "1908d6afbbead072334abe2965f91bd2709910ab"


class AuthorsRow(Row):
    """The authors' JSON array; supporting_facts, type and level are ignored."""

    shape = "authors"
    qid: Text = Field(alias="_id", description="source id: a hash, does not reveal the answer")
    question: Text = Field(description="question")
    answer: Text | None = Field(
        None, description="answer: a text, yes or no; absent in test, where it is hidden"
    )
    paragraphs: list[_Paragraph] = Field(
        alias="context",
        description="context: paragraphs, each with its title in brackets and its sentences",
    )


class HubRow(Row):
    """The hub's columns, config distractor or fullwiki; supporting_facts … are ignored."""

    shape = "hub"
    qid: Text = Field(alias="id", description="source id: a hash, does not reveal the answer")
    question: Text = Field(description="question")
    answer: Text | None = Field(
        None, description="answer: a text, yes or no; null in test, where it is hidden"
    )
    titles: list[Text] = Field(
        validation_alias=AliasPath("context", "title"),
        description="context: the paragraphs' titles, in brackets",
    )
    sentences: list[list[Text]] = Field(
        validation_alias=AliasPath("context", "sentences"),
        description="context: the paragraphs' sentences",
    )

    @property
    def paragraphs(self) -> Iterable[tuple[str, list[str]]]:
        """Titles and sentences. FieldError if their numbers differ."""
        if len(self.titles) != len(self.sentences):
            count = f"{len(self.titles)} titles for {len(self.sentences)} paragraphs"
            raise FieldError("context.title", count)
        return zip(self.titles, self.sentences, strict=True)


class HotpotQa(Adapter):
    """What answers a question that needs two of several paragraphs of Wikipedia?"""

    name = "hotpotqa"
    aliases = ("hotpot_qa", "hotpot")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="hotpotqa/hotpot_qa",
                commit=_COMMIT,
                evidence="public code",
                config="distractor",
                splits={"train": "train", "validation": "validation"},
            ),
            Repository(
                host="hub",
                name="hotpotqa/hotpot_qa",
                commit=_COMMIT,
                evidence="public code",
                config="fullwiki",
                splits={"validation_fullwiki": "validation", "test": "test"},
            ),
        ),
        splits={
            "train": Split(rows=90447, names=("hotpot_train_v1.1.json",)),
            "validation": Split(rows=7405, names=("hotpot_dev_distractor_v1.json",)),
            # The questions of validation, with retrieved paragraphs, which may lack the answer.
            "validation_fullwiki": Split(rows=7405, names=("hotpot_dev_fullwiki_v1.json",)),
            "test": Split(rows=7405, names=("hotpot_test_fullwiki_v1.json",), labelled=False),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        homepage="https://hotpotqa.github.io/",
        citation="Yang, Qi, Zhang, Bengio, Cohen, Salakhutdinov and Manning 2018. HotpotQA: A "
        "Dataset for Diverse, Explainable Multi-hop Question Answering. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row: yes/no if that is the answer, else free text."""
        assert isinstance(row, AuthorsRow | HubRow)
        own_id, question, answer = row.qid, row.question, row.answer
        context = " ".join(titled(title, "".join(it)) for title, it in row.paragraphs)
        if answer in ("yes", "no"):
            yield YesNo(id=own_id, question=question, context=context, answer=answer == "yes")
        else:
            answers = None if answer is None else references((answer,), "answer")
            yield FreeText(id=own_id, question=question, context=context, answers=answers)
