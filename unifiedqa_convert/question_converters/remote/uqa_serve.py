"""The question converter of a `uqa serve` elsewhere: its client.

It has the name, version and facts that the service reports, so an output and its manifest have the
bytes of a local run. It waits while the service is overloaded, restarting or unreachable.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
)

from unifiedqa_convert.errors import QuestionConverterError, UsageError
from unifiedqa_convert.question_converters.base import PATIENCE, Ask, Sentence
from unifiedqa_convert.question_converters.remote import requests
from unifiedqa_convert.question_converters.remote.requests import (
    Document,
    Manner,
    Refused,
    Requests,
    Turn,
    is_address,
    key_in_file,
    told,
)

KEY_FILE = "UQA_API_KEY_FILE"

_FIRST_ANSWER_SECONDS = 30.0
"""Within these the first answer is complete; a later one has the service's own deadline."""
_LONGEST_DEADLINE = 86_400.0
_MANNER = Manner("a `uqa serve`", parallel=4, passing=frozenset((408, 429, 502, 503)))
_REQUEST_ITEMS = 64
_REQUEST_BYTES = 256 * 2**10
"""Maximum text of one request: well below the service's limit."""
_STATEMENT_CHARACTERS = 100_000
"""Of one statement: five times what the service takes as a question."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has characters that can't be printed")
    return text


def _without_slash(text: str) -> str:
    if "/" in text:
        raise ValueError("it has a slash, which separates the parts of a count")
    return text


_Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]


class _Known(Document):
    """The service's question converter; the further members are its facts."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Name | int | FiniteFloat | bool | None] = Field(init=False)
    name: _Name
    version: _Name


class _Limits(Document):
    items: Annotated[int, Field(ge=1)]
    deadline: Annotated[FiniteFloat, Field(gt=0)]


class _Models(Document):
    question_converter: _Known
    limits: _Limits


class _Problem(Document):
    title: str
    detail: str

    def __str__(self) -> str:
        return told(f"{self.title}: {self.detail}")


class _Item(Document):
    statement: Annotated[str, Field(max_length=_STATEMENT_CHARACTERS)] | None = None
    via: Annotated[_Name, AfterValidator(_without_slash)] | None = None
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    """Services of earlier versions tell none."""
    problem: _Problem | None = None


class _Declared(Document):
    question_converter: _Known | None = None
    items: list[_Item]


_Document = TypeVar("_Document", bound=Document)


class _TooManyItems(Exception):
    """The service did not finish the items of one request in time."""


class Remote:
    """The question converter of the service at an address."""

    def __init__(self, address: str, retry_seconds: float = PATIENCE) -> None:
        """Read the service's name and limits; raises UnreachableError, UsageError, or
        QuestionConverterError if it is another program that answers.

        ``retry_seconds``: how long one request is retried (``--patience``).
        """
        if not is_address(address):
            raise UsageError(
                "--question-converter takes an address http://HOST:PORT; put an API key into a "
                f"file and its path into {KEY_FILE}"
            )
        self._requests = Requests(address, _MANNER, retry_seconds, key_in_file(KEY_FILE))
        self._address = self._requests.address
        self._requests.seconds = _FIRST_ANSWER_SECONDS
        first = [requests.FIRST_RETRY_SECONDS]
        [found] = self._requests.in_parallel(self._ask_models, first)
        self._known = found.question_converter
        self.facts: dict[str, str | int | float | bool | None] = dict(self._known.model_extra or {})
        self.name = self._known.name
        self.version = self._known.version
        self._items = min(_REQUEST_ITEMS, found.limits.items)
        self._requests.seconds = min(found.limits.deadline, _LONGEST_DEADLINE) + 30

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; sends a few requests at a time."""
        results = self._requests.in_parallel(self._declare, list(_parts(asks, self._items)))
        return [sentence for sentences in results for sentence in sentences]

    def _ask_models(self, turn: Turn, seconds: float) -> _Models:
        return self._document(turn, _Models, "/v1/models", None, seconds)

    def _declare(self, turn: Turn, asks: Sequence[Ask]) -> list[Sentence]:
        body = {"items": [ask._asdict() for ask in asks]}
        try:
            found = self._document(turn, _Declared, "/v1/declare", body, self._requests.patience)
        except _TooManyItems:
            if len(asks) == 1:
                raise QuestionConverterError(
                    f"{self._address} did not convert {told(repr(asks[0]))} in time; raise its "
                    "--deadline"
                ) from None
            middle = len(asks) // 2
            return [*self._declare(turn, asks[:middle]), *self._declare(turn, asks[middle:])]
        if found.question_converter != self._known:
            raise QuestionConverterError(
                f"{self._address} no longer runs {_facts(self._known)} but "
                f"{_facts(found.question_converter)}; an output can't mix both, start it again"
            )
        if len(found.items) != len(asks):
            raise QuestionConverterError(
                f"{self._address}: the response does not have {len(asks)} items"
            )
        return [self._sentence(*pair) for pair in zip(asks, found.items, strict=True)]

    def _sentence(self, ask: Ask, item: _Item) -> Sentence:
        """The item's sentence; raises QuestionConverterError with the service's message if none."""
        where = f"{self._address}, for {told(repr(ask))}"
        if not item.statement or item.via is None:
            raise QuestionConverterError(f"{where}: {item.problem or 'no statement'}")
        # A question may have such characters itself, and a local run keeps them.
        strange = set(_CONTROLS.findall(item.statement)) - set("".join(ask))
        if strange:
            codes = ", ".join(f"U+{ord(it):04X}" for it in sorted(strange))
            raise QuestionConverterError(f"{where}: the statement has control characters: {codes}")
        return Sentence(item.statement, item.via, item.confidence)

    def _document(
        self, turn: Turn, kind: type[_Document], path: str, body: Any, seconds: float
    ) -> _Document:
        try:
            return self._requests.document(turn, kind, path, body, seconds)
        except Refused as error:
            if error.status == 504:
                raise _TooManyItems from None
            if error.status == 401:
                raise UsageError(
                    f"{self._address} needs an API key: put its file's path into {KEY_FILE}"
                ) from None
            raise QuestionConverterError(f"{self._address}: {_refusal(error)}") from None


def _parts(asks: Sequence[Ask], most: int) -> Iterator[list[Ask]]:
    """The asks in order, split by the limits of one request."""
    part: list[Ask] = []
    size = 0
    for ask in asks:
        longer = len(ask.question.encode()) + len(ask.answer.encode())
        if part and (len(part) == most or size + longer > _REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(ask)
        size += longer
    if part:
        yield part


def _refusal(error: Refused) -> str:
    try:
        return f"{error.status} {_Problem.model_validate_json(error.content)}"
    except ValidationError:
        return f"status {error.status}"


def _facts(known: _Known | None) -> str:
    return told(str(known and known.model_dump()))
