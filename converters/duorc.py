"""DuoRC: questions about the plots of films, each told twice (Saha et al. 2018)."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import AliasPath, Field

from converters.shared.passages import as_listed, references, titled
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
    Text,
)


class AuthorsRow(Row):
    """The authors' JSON array of plots, a question a row."""

    shape = "authors"
    inside = "*.qa.*"
    title: Text = Field(description="context: the film's title, in brackets before the plot")
    plot: Text = Field(description="context: the plot")
    question: Text = Field(validation_alias=AliasPath("qa", "question"), description="question")
    qid: Text = Field(
        validation_alias=AliasPath("qa", "id"),
        description="source id: a hash, does not reveal the answer",
    )
    answers: list[Text] = Field(
        validation_alias=AliasPath("qa", "answers"),
        description="answers: of several annotators, the first one is the output",
    )
    no_answer: bool = Field(
        validation_alias=AliasPath("qa", "no_answer"),
        description="answer: true if the plot has none",
    )


class HubRow(Row):
    """The hub's columns, config SelfRC or ParaphraseRC; plot_id is ignored."""

    shape = "hub"
    title: Text = Field(description="context: the film's title, in brackets before the plot")
    plot: Text = Field(description="context: the plot")
    question: Text = Field(description="question")
    qid: Text = Field(
        alias="question_id", description="source id: a hash, does not reveal the answer"
    )
    answers: list[Text] = Field(
        description="answers: of several annotators, the first one is the output"
    )
    no_answer: bool = Field(description="answer: true if the plot has none")


def _source(config: str, rows: tuple[int, int, int], *files: PinnedFile) -> Source:
    """The source of one form; ``rows`` and ``files`` of train, validation and test."""
    splits = ("train", "validation", "test")
    return Source(
        repositories=(
            Repository(
                host="hub",
                name="ibm/duorc",
                commit="2de12436b8945030c283bf4af83925d60efe10c6",
                evidence="its page on the hub lists the files, and hashes of some",
                config=config,
                files={split: (file,) for split, file in zip(splits, files, strict=True)},
            ),
        ),
        splits={
            split: Split(
                rows=number,
                names=(f"{config}_{'dev' if split == 'validation' else split}.json",),
            )
            for split, number in zip(splits, rows, strict=True)
        },
        license="MIT",
        redistributable=True,
        homepage="https://duorc.github.io/",
        citation="Saha, Aralikatte, Khapra and Sankaranarayanan 2018. DuoRC: Towards Complex "
        "Language Understanding with Paraphrased Reading Comprehension. ACL.",
    )


class DuoRcSelf(Adapter):
    """What answers a question about the plot from which it was written, if anything does?"""

    name = "duorc_self"
    aliases: ClassVar[tuple[str, ...]] = ("duo_rc_self", "selfrc")
    unclear: ClassVar = {"duorc": "duorc_paraphrase", "duo_rc": "duorc_paraphrase"}
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = _source(
        "SelfRC",
        (60721, 12961, 12559),
        PinnedFile("SelfRC/train-00000-of-00001.parquet"),
        PinnedFile("SelfRC/validation-00000-of-00001.parquet"),
        PinnedFile("SelfRC/test-00000-of-00001.parquet"),
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; without answers where the plot has none."""
        assert isinstance(row, AuthorsRow | HubRow)
        if row.no_answer and any(map(str.strip, row.answers)):
            raise FieldError("no_answer", f"true, with {len(row.answers)} answers")
        answers = () if row.no_answer else references(row.answers)
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=titled(row.title, row.plot),
            answers=answers,
            published=as_listed(row.answers, answers),
        )


class DuoRcParaphrase(DuoRcSelf):
    """What answers a question about another plot of the film than it was written from?"""

    name = "duorc_paraphrase"
    aliases = ("duo_rc_paraphrase", "duo_rc_paragraph", "paraphraserc")
    source = _source(
        "ParaphraseRC",
        (69524, 15591, 15857),
        PinnedFile(
            "ParaphraseRC/train-00000-of-00001.parquet",
            26005668,
            sha256="081f23715a05ebaa6310c2e5349c5ef2c4b1abcc5cdd9ef9c30aa2bcaf4400ee",
        ),
        PinnedFile("ParaphraseRC/validation-00000-of-00001.parquet"),
        PinnedFile(
            "ParaphraseRC/test-00000-of-00001.parquet",
            6136591,
            sha256="6365f9178c615f3301f15b61dd04763c1148c9ec1b992e05733e4a22383162ba",
        ),
    )
