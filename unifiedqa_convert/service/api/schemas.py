"""The schemas of requests and responses, each request with an example.

The items of a request are validated one by one after the request itself, so that an invalid item
does not fail the others.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from unifiedqa_convert import schema

RequestText = Annotated[
    schema.Text,
    # The same pattern without \A, which JSON Schema does not support.
    WithJsonSchema({"type": "string", "pattern": "^[^\\u0000]*$"}),
]


class StrictModel(BaseModel):
    """Base of all requests: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AskItem(StrictModel):
    """A question and one possible answer to it."""

    question: RequestText = Field(examples=["Where would you put a wet umbrella?"])
    answer: RequestText = Field(examples=["in the hall"])


class StatementItem(StrictModel):
    """One declarative sentence, with its context if it has one."""

    statement: RequestText = Field(min_length=1, examples=["A wet umbrella dries in the hall."])
    context: RequestText | None = None


class ExampleItem(StrictModel):
    """A question. With choices: golds are the positions of the right ones; without: its answer, or
    all answers that are right (none: it is unanswerable).
    """

    question: RequestText = Field(examples=["Where would you put a wet umbrella?"])
    choices: list[RequestText] = Field([], max_length=26, examples=[["in the hall", "in bed"]])
    golds: list[int] | None = Field(None, examples=[[0]])
    answer: RequestText | None = None
    answers: list[RequestText] | None = Field(None, examples=[["in the hall", "the hall"]])
    context: RequestText | None = None


class RecordItem(StrictModel):
    """A UnifiedQA record, text in / text out; output null if the answer is unknown."""

    input: RequestText = Field(
        min_length=1,
        examples=["Where would you put a wet umbrella? \\n (a) in the hall (b) in bed"],
    )
    output: RequestText | None = Field(None, examples=["in the hall"])


def _example(request: dict[str, Any]) -> ConfigDict:
    """The base's configuration, with an example of the request."""
    return ConfigDict(**StrictModel.model_config, json_schema_extra={"example": request})


def _items_of(item: type[StrictModel]) -> Any:
    """A list whose items are validated later; their schema is only for the OpenAPI document."""
    schema = {**item.model_json_schema(), "title": item.__name__}
    return Field(min_length=1, json_schema_extra={"items": schema})


class DeclareRequest(StrictModel):
    """Questions and answers to turn into statements."""

    model_config = _example({"items": [{"question": "Where do fish live?", "answer": "in water"}]})

    items: list[Any] = _items_of(AskItem)


class ScoreRequest(StrictModel):
    """Statements to score."""

    model_config = _example({"items": [{"statement": "Fish live in water."}]})

    items: list[Any] = _items_of(StatementItem)


class EncodeRequest(StrictModel):
    """Examples to write as records."""

    model_config = _example(
        {
            "items": [
                {
                    "question": "Where do fish live?",
                    "choices": ["in water", "on land"],
                    "golds": [0],
                }
            ]
        }
    )

    items: list[Any] = _items_of(ExampleItem)
    profile: str = Field("canonical", examples=["canonical"])


class ParseRequest(StrictModel):
    """Records to parse."""

    model_config = _example(
        {
            "items": [
                {"input": "Where do fish live? \\n (a) in water (b) on land", "output": "in water"}
            ]
        }
    )

    items: list[Any] = _items_of(RecordItem)
    profile: str = Field("canonical", examples=["canonical"])


class ConvertRequest(StrictModel):
    """Raw rows of a dataset, exactly as its authors publish them."""

    model_config = _example(
        {
            "dataset": "copa",
            "rows": [
                {
                    "premise": "The pond froze over.",
                    "choice1": "The children went skating.",
                    "choice2": "The children went swimming.",
                    "question": "effect",
                    "label": 0,
                    "idx": 0,
                }
            ],
        }
    )

    dataset: str = Field(examples=["copa"])
    split: str = Field("validation", examples=["validation"])
    rows: list[Any] = Field(
        min_length=1,
        json_schema_extra={"items": {"type": "object"}},
    )
    first_row: int = Field(
        0, ge=0, le=2**53, description="Row number of the first row in its split."
    )
    profile: str = Field("canonical", examples=["canonical"])
    statements: bool = Field(True, description="False: no statements from the question converter.")


class ProblemDocument(BaseModel):
    """An error (RFC 9457); ``errors`` has the item and field of each."""

    type: str = Field(examples=["urn:uqa:problem:invalid"])
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class ItemProblem(ProblemDocument):
    """A problem document for one item of a request."""

    item: int
    field: str | None = None


class FailedItem(BaseModel):
    """The entry of an item that failed."""

    problem: ItemProblem


class ModelIdentity(BaseModel):
    """A model's name, version and other settings that change its answers, as in a manifest."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(examples=["rules"])
    version: str = Field(examples=["1"])


Confidence = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    Field(
        description="The probability that a careful person would have written the statement; "
        "null of a model that tells none.",
        examples=[0.97],
    ),
]


class Declared(BaseModel):
    """A statement, and which converter or rule made it."""

    statement: str = Field(examples=["You would put a wet umbrella in the hall."])
    via: str = Field(examples=["rules"])
    confidence: Confidence


class DeclareResponse(BaseModel):
    """One entry per item, in order."""

    question_converter: ModelIdentity
    items: list[Declared | FailedItem]


class ScoredText(BaseModel):
    """Vera's logit, its sigmoid, the sigmoid after the model's temperature; what it did not see."""

    logit: float
    score: Annotated[float, Field(ge=0, le=1)]
    calibrated: Annotated[float, Field(ge=0, le=1)] | None = None
    cut: bool
    """The text is longer than the model's limit."""
    tokens: int
    """Tokens that the model gets."""
    tokens_cut_off: int
    unknown_tokens: int
    """Tokens that stand for characters which the model's vocabulary lacks."""
    same_tokens: bool
    """Another text of the request has the same tokens, and so the same score."""


class ScoreResponse(BaseModel):
    """One entry per item, in order."""

    model: ModelIdentity
    items: list[ScoredText | FailedItem]


class EncodedRecord(BaseModel):
    """A question record, and whether it can be parsed back."""

    input: str
    output: str | None
    recovers: bool


class EncodeResponse(BaseModel):
    """One entry per item, in order."""

    profile: str
    items: list[EncodedRecord | FailedItem]


class ParsedItem(BaseModel):
    """The parts of a record."""

    question: str
    choices: list[str]
    golds: list[int] | None
    context: str | None
    answer: str | None


class ParseResponse(BaseModel):
    """One entry per item, in order."""

    profile: str
    items: list[ParsedItem | FailedItem]


class StatementOut(BaseModel):
    """A statement with its label (null: unknown) and its declarative record."""

    sentence: str
    label: bool | None
    choice: int
    via: str
    confidence: Confidence
    masked: bool
    input: str
    output: str


class ConvertedExample(BaseModel):
    """One example, its question record and its statements: a line of ``--to jsonl``."""

    id: str
    source_id: str | None
    row: int
    kind: str
    input: str
    output: str | None
    question: str
    context: str | None
    choices: list[str]
    golds: list[int] | None
    flags: list[str]
    statements: list[StatementOut]


class ConvertedRow(BaseModel):
    """The examples of a row; ``skipped`` is the reason if it gives none."""

    row: int
    examples: list[ConvertedExample]
    skipped: str | None = None


class ConvertResponse(BaseModel):
    """One entry per row, in order, and the counts."""

    dataset: str
    split: str
    profile: str
    question_converter: ModelIdentity | None
    items: list[ConvertedRow | FailedItem]
    counts: dict[str, Any]


class Models(BaseModel):
    """The loaded models and the limits of one request."""

    question_converter: ModelIdentity
    score: ModelIdentity | None
    limits: dict[str, float]
    version: str
