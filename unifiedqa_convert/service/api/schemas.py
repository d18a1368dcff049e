"""What travels over the wire: the shapes of requests and answers, each with an example.

A list of items is checked item by item after the request as a whole: one bad item has a problem in
its place and its neighbours are answered.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from unifiedqa_convert import schema

Text = Annotated[
    schema.Text,
    # The same pattern in the regular expressions of JSON Schema, which know no \A.
    WithJsonSchema({"type": "string", "pattern": "^[^\\u0000]*$"}),
]


class Wire(BaseModel):
    """The base: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AskItem(Wire):
    """A question and one possible answer to it."""

    question: Text = Field(examples=["Where would you put a wet umbrella?"])
    answer: Text = Field(examples=["in the hall"])


class StatementItem(Wire):
    """One declarative sentence, and its context where it has one."""

    statement: Text = Field(min_length=1, examples=["A wet umbrella dries in the hall."])
    context: Text | None = None


class ExampleItem(Wire):
    """A question; its golds are positions among its choices, its answer is for one without any."""

    question: Text = Field(examples=["Where would you put a wet umbrella?"])
    choices: list[Text] = Field([], max_length=26, examples=[["in the hall", "in bed"]])
    golds: list[int] | None = Field(None, examples=[[0]])
    answer: Text | None = None
    context: Text | None = None


class RecordItem(Wire):
    """A UnifiedQA record, text in / text out; output null where the answer is not known."""

    input: Text = Field(
        min_length=1,
        examples=["Where would you put a wet umbrella? \\n (a) in the hall (b) in bed"],
    )
    output: Text | None = Field(None, examples=["in the hall"])


def _example(request: dict[str, Any]) -> ConfigDict:
    """The base's configuration, with an example of the whole request."""
    return ConfigDict(**Wire.model_config, json_schema_extra={"example": request})


def _listed(item: type[Wire]) -> Any:
    """A list whose items the request's own check leaves alone; the document says what they are."""
    schema = {**item.model_json_schema(), "title": item.__name__}
    return Field(min_length=1, json_schema_extra={"items": schema})


class DeclareRequest(Wire):
    """Questions and answers to be made statements."""

    model_config = _example({"items": [{"question": "Where do fish live?", "answer": "in water"}]})

    items: list[Any] = _listed(AskItem)


class ScoreRequest(Wire):
    """Statements to be scored."""

    model_config = _example({"items": [{"statement": "Fish live in water."}]})

    items: list[Any] = _listed(StatementItem)


class EncodeRequest(Wire):
    """Examples to be written as records."""

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

    items: list[Any] = _listed(ExampleItem)
    profile: str = Field("canonical", examples=["canonical"])


class ParseRequest(Wire):
    """Records to be read back."""

    model_config = _example(
        {
            "items": [
                {"input": "Where do fish live? \\n (a) in water (b) on land", "output": "in water"}
            ]
        }
    )

    items: list[Any] = _listed(RecordItem)
    profile: str = Field("canonical", examples=["canonical"])


class ConvertRequest(Wire):
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
    first_row: int = Field(0, ge=0, le=2**53, description="The number of the first row.")
    profile: str = Field("canonical", examples=["canonical"])
    statements: bool = Field(True, description="Whether to ask the question converter.")


class ProblemDocument(BaseModel):
    """RFC 9457: what went wrong; ``errors`` names each item and field."""

    type: str = Field(examples=["urn:uqa:problem:invalid"])
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class ItemProblem(ProblemDocument):
    """A problem document for one item, which it names."""

    item: int
    field: str | None = None


class FailedItem(BaseModel):
    """What stands in the place of an item that has no answer."""

    problem: ItemProblem


class ModelIdentity(BaseModel):
    """A model's name, version, and what else decides its answers; a manifest says the same."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(examples=["rules"])
    version: str = Field(examples=["1"])


class Declared(BaseModel):
    """A statement, and who made it."""

    statement: str = Field(examples=["You would put a wet umbrella in the hall."])
    via: str = Field(examples=["rules"])


class DeclareResponse(BaseModel):
    """One entry per item, in order."""

    question_converter: ModelIdentity
    items: list[Declared | FailedItem]


class ScoredText(BaseModel):
    """Vera's logit, its sigmoid, and the sigmoid after the model's temperature."""

    logit: float
    score: Annotated[float, Field(ge=0, le=1)]
    calibrated: Annotated[float, Field(ge=0, le=1)] | None = None


class ScoreResponse(BaseModel):
    """One entry per item, in order."""

    model: ModelIdentity
    items: list[ScoredText | FailedItem]


class EncodedRecord(BaseModel):
    """A question record, and whether it can be read back."""

    input: str
    output: str | None
    recovers: bool


class EncodeResponse(BaseModel):
    """One entry per item, in order."""

    profile: str
    items: list[EncodedRecord | FailedItem]


class ParsedItem(BaseModel):
    """What a record says."""

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
    """What a row became; ``skipped`` says why where it is no example."""

    row: int
    examples: list[ConvertedExample]
    skipped: str | None = None


class ConvertResponse(BaseModel):
    """One entry per row, in order, and the counts that add up."""

    dataset: str
    split: str
    profile: str
    question_converter: ModelIdentity | None
    items: list[ConvertedRow | FailedItem]
    counts: dict[str, Any]


class Models(BaseModel):
    """What is loaded, and what one request may hold."""

    question_converter: ModelIdentity
    score: ModelIdentity | None
    limits: dict[str, float]
    version: str
