"""ReCoRD: news with an entity left out of a sentence about it (Zhang et al. 2018)."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from pydantic import AliasPath, Field

from converters.shared.stories import join_sentences
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    NotBool,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)

PASSAGE = "context: the news, its highlights after it as sentences, without the marks @highlight"
QUERY = "question: the sentence, with a blank _ for @placeholder, filled in the statements"
ANSWERS = "gold: all entities with the text of an answer; absent or empty in test, where hidden"


class Span(TypedDict):
    """The place of an entity in the passage."""

    start: Annotated[int, NotBool, Field(description="its first character")]
    end: Annotated[int, NotBool, Field(description="its last character")]


class Answer(TypedDict):
    """One mention of the right entity."""

    text: Annotated[Text, Field(description="the entity's text")]


class _PassageRow(Row):
    """A passage with one of its queries."""

    passage: Text = Field(validation_alias=AliasPath("passage", "text"), description=PASSAGE)
    spans: list[Span] = Field(
        validation_alias=AliasPath("passage", "entities"),
        min_length=1,
        description="choices: the texts at these places, equal ones once, in the passage's order",
    )
    query: Text = Field(validation_alias=AliasPath("qas", "query"), description=QUERY)
    mentions: list[Answer] | None = Field(
        None, validation_alias=AliasPath("qas", "answers"), description=ANSWERS
    )

    @property
    def entities(self) -> list[str]:
        """The entities' texts in order; FieldError for a place outside the passage."""
        for span in self.spans:
            if not 0 <= span["start"] <= span["end"] < len(self.passage):
                raise FieldError("passage.entities", f"{span} is outside the passage")
        spans = sorted((span["start"], span["end"]) for span in self.spans)
        return [self.passage[start : end + 1] for start, end in spans]

    @property
    def answers(self) -> list[str]:
        """The answers' texts; none where they are hidden."""
        return [mention["text"] for mention in self.mentions or ()]


class AuthorsRow(_PassageRow):
    """The authors' JSON document; a row is a passage with one of its queries."""

    shape = "authors"
    inside = "data.*.qas.*"
    query_id: Text = Field(
        validation_alias=AliasPath("qas", "id"),
        description="source id: a hash and numbers, does not reveal the answer",
    )

    @property
    def own_id(self) -> str:
        """The query's id."""
        return self.query_id


class SuperGlueRow(_PassageRow):
    """SuperGLUE's JSON lines, a passage a line; a row is a passage with one of its queries."""

    shape = "superglue"
    inside = "*.qas.*"
    idx: Annotated[int, NotBool] = Field(description="source id, its first part: the passage")
    query_idx: Annotated[int, NotBool] = Field(
        validation_alias=AliasPath("qas", "idx"), description="source id, its second part"
    )

    @property
    def own_id(self) -> str:
        """The passage's and the query's number."""
        return f"{self.idx}-{self.query_idx}"


class HubRow(Row):
    """The hub's columns, config record; those named entities have no order."""

    shape = "hub"
    passage: Text = Field(description=PASSAGE)
    query: Text = Field(description=QUERY)
    texts: list[Text] = Field(
        validation_alias=AliasPath("entity_spans", "text"),
        min_length=1,
        description="choices: the entities' texts, equal ones once, in the passage's order",
    )
    starts: list[int] = Field(
        validation_alias=AliasPath("entity_spans", "start"),
        description="choices: where each one is in the passage, which gives their order",
    )
    answers: list[Text] = Field(description=ANSWERS)
    passage_idx: Annotated[int, NotBool] = Field(
        validation_alias=AliasPath("idx", "passage"),
        description="source id, its first part: the passage",
    )
    query_idx: Annotated[int, NotBool] = Field(
        validation_alias=AliasPath("idx", "query"), description="source id, its second part"
    )

    @property
    def entities(self) -> list[str]:
        """The entities' texts in order; FieldError for a text that is not at its place."""
        if len(self.texts) != len(self.starts):
            raise FieldError("entity_spans", "its lists have different lengths")
        for start, text in zip(self.starts, self.texts, strict=True):
            if start < 0 or not self.passage.startswith(text, start):
                raise FieldError("entity_spans", f"{text!r} is not at {start} in the passage")
        return [text for _, text in sorted(zip(self.starts, self.texts, strict=True))]

    @property
    def own_id(self) -> str:
        """The passage's and the query's number."""
        return f"{self.passage_idx}-{self.query_idx}"


def golds_of(choices: Sequence[str], answers: Sequence[str]) -> tuple[int, ...] | None:
    """Positions of the choices that are answers; None without answers.

    FieldError for an answer that is no choice.
    """
    if strange := [answer for answer in answers if answer not in choices]:
        raise FieldError("answers", f"{strange[0]!r} is no entity of the passage")
    return tuple(n for n, text in enumerate(choices) if text in answers) or None


class ReCoRD(Adapter):
    """Which entity of a news article was left out of a sentence?

    As in SuperGLUE, the texts of the entities are the choices, and each way to write the right one
    is a gold. Rows with more than 26 of them are skipped and counted: there are no more letters.
    """

    name = "record"
    aliases = ("superglue_record", "super_glue_record")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (HubRow, SuperGlueRow, AuthorsRow)
    source = Source(
        repositories=(Repository(host="hub", name="aps/super_glue", config="record"),),
        splits={
            "train": Split(rows=100730, names=("train.jsonl", "train.json")),
            "validation": Split(rows=10000, names=("val.jsonl", "dev.json")),
            "test": Split(rows=10000, names=("test.jsonl",), labelled=False),
        },
        license="unknown",  # two, one for each of the newspapers' passages, says the authors' page
        downloads=("ReCoRD",),
        homepage="https://sheng-z.github.io/ReCoRD-explorer",
        citation="Zhang, Liu, Liu, Gao, Duh and Van Durme 2018. ReCoRD: Bridging the Gap between "
        "Human and Machine Commonsense Reading Comprehension. arXiv:1810.12885.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a query."""
        assert isinstance(row, HubRow | SuperGlueRow | AuthorsRow)
        if "@placeholder" not in row.query:
            raise FieldError("query", "has no @placeholder")
        choices = tuple(dict.fromkeys(row.entities))
        golds = golds_of(choices, row.answers)
        if len(choices) > 26:
            raise NotAnExample("more than 26 entities, which have no letters")
        yield MultipleChoice(
            id=row.own_id,
            question=row.query.replace("@placeholder", "_"),
            context=join_sentences(*row.passage.split("@highlight")),
            choices=choices,
            golds=golds,
        )
