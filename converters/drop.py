"""DROP: questions that need counting, sorting or sums, and its contrast set (Dua et al. 2019)."""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from converters.shared.passages import references
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    FreeText,
    NotAnExample,
    PinnedFile,
    Published,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
    Verified,
)


class Date(TypedDict, total=False):
    """A date, of which any part may be empty, or absent with the others."""

    day: Annotated[Text, Field(description="the day")]
    month: Annotated[Text, Field(description="the month's name")]
    year: Annotated[Text, Field(description="the year")]


class Answer(TypedDict):
    """One annotator's answer: of the three, two are empty."""

    number: Annotated[Text, Field(description="a number")]
    date: Annotated[Date, Field(description="a date")]
    spans: Annotated[list[Text], Field(description="texts of passage or question")]


def _text(answer: Answer) -> str:
    """The answer as UnifiedQA writes it; empty if no part of it is given."""
    date = answer["date"]
    parts = (date.get("month", ""), date.get("day", ""), date.get("year", ""))
    spans = _joined(answer["spans"])
    return spans or answer["number"].strip() or " ".join(filter(None, map(str.strip, parts)))


def _joined(spans: Iterable[str]) -> str:
    """The spans that are not blank, with commas between them."""
    return ", ".join(filter(None, map(str.strip, spans)))


def _published(answer: Answer, appends: bool) -> Published:
    """The answer to the byte as UnifiedQA's program joins its parts.

    Of the contrast set, it adds a date to the answer before, which it does not clear.
    """
    spans, number, date = answer["spans"], answer["number"], answer["date"]
    if spans or number:
        return Published(answers=(", ".join(spans) if spans else number,))
    others = [f" {part}" for name in ("day", "year") if (part := date.get(name, ""))]
    return Published(answers=(date.get("month", "") + "".join(others),), appended=appends)


class AuthorsRow(Row):
    """The authors' document, a question a row with its passage."""

    shape = "authors"
    inside = "*.qa_pairs.*"
    passage: Text = Field(description="context: a passage of Wikipedia")
    question: Text = Field(
        validation_alias=AliasPath("qa_pairs", "question"), description="question"
    )
    qid: Text = Field(
        validation_alias=AliasPath("qa_pairs", "query_id"),
        description="source id: a hash, does not reveal the answer",
    )
    answer: Answer | None = Field(
        None,
        validation_alias=AliasPath("qa_pairs", "answer"),
        description="answer, the output: its spans joined by commas, else the number, else month, "
        "day and year",
    )
    validated: list[Answer] = Field(
        [],
        validation_alias=AliasPath("qa_pairs", "validated_answers"),
        description="answers of other annotators, in dev: further references",
    )

    @property
    def texts(self) -> Iterable[str] | None:
        """The references, some of which may be empty; None if the answer is hidden."""
        return None if self.answer is None else map(_text, (self.answer, *self.validated))


class HubRow(Row):
    """The hub's columns. Of validation, they mix the parts of several annotators' answers."""

    shape = "hub"
    splits = ("train",)
    passage: Text = Field(description="context: a passage of Wikipedia")
    question: Text = Field(description="question")
    qid: Text = Field(alias="query_id", description="source id: a hash, does not reveal the answer")
    spans: list[Text] = Field(
        validation_alias=AliasPath("answers_spans", "spans"),
        description="answer, the output: its spans, joined by commas, or its one number or date",
    )
    types: list[Literal["span", "number", "date"]] = Field(
        validation_alias=AliasPath("answers_spans", "types"),
        description="answers' kinds: a date has its day before the month, and is turned round",
    )

    @property
    def texts(self) -> Iterable[str]:
        """The one reference. FieldError if the parts belong to different answers."""
        kinds = {*self.types}
        if len(self.types) != len(self.spans) or (kinds != {"span"} and len(self.types) != 1):
            raise FieldError("answers_spans.types", f"{self.types} for {len(self.spans)} spans")
        if kinds != {"date"}:
            return (_joined(self.spans),)
        day, *others = self.spans[0].split() or [""]
        if day.isdecimal() and others and not others[0].isdecimal():
            others.insert(1, day)
            return (" ".join(others),)
        return (" ".join([day, *others]),)


class Drop(Adapter):
    """What is the number, date or text that a question about a passage asks for?"""

    appends_dates: ClassVar[bool] = False
    """True if UnifiedQA's program adds a date to the answer of the row before."""

    name = "drop"
    version = 1
    verified: ClassVar[Verified] = "real rows"
    shapes: ClassVar[tuple[type[Row], ...]] = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="ucinlp/drop",
                commit="95cda593fae71b60b5b19f82de3fcf3298c1239c",
                evidence="public code",
                splits={"train": "train"},
            ),
        ),
        splits={
            "train": Split(rows=77400, names=("drop_dataset_train.json",)),
            "validation": Split(rows=9535, names=("drop_dataset_dev.json",)),
        },
        license="CC-BY-SA-4.0",
        redistributable=True,
        downloads=("drop_dataset",),
        ask="download its archive from https://allenai.org/data/drop, and give a file of it with "
        "--raw",
        homepage="https://allenai.org/data/drop",
        citation="Dua, Wang, Dasigi, Stanovsky, Singh and Gardner 2019. DROP: A Reading "
        "Comprehension Benchmark Requiring Discrete Reasoning Over Paragraphs. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; a row whose answer is empty is none."""
        assert isinstance(row, AuthorsRow | HubRow)
        texts = None if row.texts is None else tuple(row.texts)
        published = None
        if isinstance(row, HubRow):
            published = Published(answers=texts)
        elif row.answer is not None:
            published = _published(row.answer, self.appends_dates)
        empty = texts is not None and not any(texts)
        example = FreeText(
            id=row.qid,
            question=row.question,
            context=row.passage,
            answers=references(texts) if texts and not empty else texts,
            published=published,
        )
        if empty:
            reason = "its answer is empty"
            # Where a date is added to the answer before, an empty one leaves that as it is.
            said = published is not None and (published.appended or published.answers != ("",))
            raise NotAnExample(reason, published=example if said else None)
        yield example


class ContrastSetsDrop(Drop):
    """What does a question about a passage ask for, after experts changed it a little?"""

    appends_dates = True
    name = "contrast_sets_drop"
    aliases: ClassVar[tuple[str, ...]] = ("drop_contrast", "drop_contrast_set")
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
                            "DROP/drop_contrast_sets_test.json",
                            718639,
                            sha256="ea1cfd038e38f8f300675b3680fe7d33793343afd2044b15e80449c80e84049e",
                        ),
                    ),
                },
            ),
        ),
        splits={"test": Split(names=("drop_contrast_sets_test.json",))},
        license="unknown",
        homepage="https://github.com/allenai/contrast-sets",
        citation="Gardner et al. 2020. Evaluating Models' Local Decision Boundaries via Contrast "
        "Sets. Findings of EMNLP.",
    )
