"""AmbigQA: NQ-open's questions that can mean several things (Min et al. 2020)."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, NotRequired

from pydantic import Field

from converters.shared.passages import references
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    PinnedFile,
    Published,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

Kind = Literal["singleAnswer", "multipleQAs"]


class Pair(TypedDict):
    """One of the question's meanings, with its accepted answers."""

    answer: Annotated[list[Text], Field(min_length=1, description="the accepted answers")]


class Annotation(TypedDict):
    """What one annotator found: one answer, or several meanings with an answer each."""

    type: Annotated[Kind, Field(description="which of the two")]
    answer: NotRequired[Annotated[list[Text], Field(description="the one answer's texts")]]
    qaPairs: NotRequired[Annotated[list[Pair], Field(description="the meanings")]]  # noqa: N815


class ListedPairs(TypedDict):
    """The meanings of one annotation, as lists."""

    answer: Annotated[list[list[Text]], Field(description="the accepted answers of each")]


class Listed(TypedDict):
    """The annotations as the hub has them: a list of each field."""

    type: Annotated[list[Kind], Field(description="each one's type")]
    answer: Annotated[list[list[Text]], Field(description="each single answer's texts")]
    qaPairs: Annotated[list[ListedPairs], Field(description="each one's meanings")]  # noqa: N815


class AuthorsRow(Row):
    """The authors' JSON arrays, light or full; the hub's columns nest the annotations otherwise.

    What annotators looked at is not read.
    """

    shape = "authors"
    id: Text = Field(
        description="source id: the question's in Natural Questions, does not reveal the answer"
    )
    question: Text = Field(description="question: NQ-open's with a capital and a question mark")
    annotations: list[Annotation] | Listed = Field(
        description="the answers: each text of a single answer; of several meanings, the first "
        "text of each, as one answer with commas (their other spellings are left out)",
    )

    def answers(self, between: str) -> Iterator[tuple[Kind, Sequence[str]]]:
        """Each annotation's type and references, with ``between`` the answers of several meanings.

        FieldError if an annotation has none.
        """
        found = self.annotations
        if isinstance(found, list):
            for it in found:
                meanings = [pair["answer"] for pair in it.get("qaPairs", ())]
                single = it.get("answer", ())
                yield it["type"], annotated(it["type"], single, meanings, between)
            return
        kinds, singles, pairs = found["type"], found["answer"], found["qaPairs"]
        if not len(kinds) == len(singles) == len(pairs):
            raise FieldError("annotations", "its lists have different lengths")
        for kind, single, several in zip(kinds, singles, pairs, strict=True):
            yield kind, annotated(kind, single, several["answer"], between)

    @property
    def published(self) -> Published:
        """As UnifiedQA lists them: single answers once, of several meanings each annotation's."""
        listed: list[str] = []
        singles: set[str] = set()
        for kind, texts in self.answers(" [SEP] "):
            if kind != "singleAnswer":
                listed += texts
                continue
            for text in texts:
                if text not in singles:  # uncleaned, among cleaned ones
                    listed.append(text)
                    singles.add(text.replace("\n", " ").replace("\t", " "))
        return Published(answers=tuple(listed))


def annotated(
    kind: str, single: Sequence[str], pairs: Sequence[Sequence[str]], between: str
) -> Sequence[str]:
    """The references of one annotation; FieldError if it has no answer, or both kinds of them."""
    several = [texts[0] for texts in pairs if texts]
    if (kind == "singleAnswer") == bool(several) or bool(single) == bool(several):
        raise FieldError("annotations", f"an annotation of type {kind} has no such answers")
    return single or [between.join(dict.fromkeys(text.strip() for text in several))]


class AmbigQa(Adapter):
    """What answers a question that may have several meanings? All of the answers, if it has.

    The test set is not published.
    """

    name = "ambigqa"
    aliases = ("ambig_qa", "ambignq", "ambignq_light")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="sewon/ambig_qa",
                commit="e969d0132f4dd28c2939d55be34f1788c00ccfe7",
                evidence="the commit's page on the hub",
                config="light",
                files={
                    split: (PinnedFile(f"light/{split}-00000-of-00001.parquet"),)
                    for split in ("train", "validation")
                },
            ),
        ),
        splits={
            "train": Split(rows=10036, names=("train_light.json",)),
            "validation": Split(rows=2002, names=("dev_light.json",)),
        },
        license="CC-BY-SA-3.0",
        redistributable=True,
        downloads=("ambignq_light",),
        homepage="https://nlp.cs.washington.edu/ambigqa/",
        citation="Min, Michael, Hajishirzi and Zettlemoyer 2020. AmbigQA: Answering Ambiguous "
        "Open-domain Questions. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row, with the references of all annotators."""
        assert isinstance(row, AuthorsRow)
        answers = references((it for _, texts in row.answers(", ") for it in texts), "annotations")
        yield FreeText(id=row.id, question=row.question, answers=answers, published=row.published)
