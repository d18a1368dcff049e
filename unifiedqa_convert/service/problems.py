"""Errors as RFC 9457 problem documents: what went wrong, at which item, in which field.

A detail never quotes a text: it may be read in a log.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import orjson

TYPE = "urn:uqa:problem:"
MEDIA_TYPE = "application/problem+json"

KINDS: dict[str, tuple[int, str]] = {
    "bad-host": (400, "This service does not answer to that host name"),
    "invalid-json": (400, "The body is not JSON"),
    "invalid-http": (400, "The request is not HTTP"),
    "unauthorized": (401, "A valid key is needed"),
    "not-found": (404, "There is no such thing"),
    "no-model": (404, "No such model is loaded"),
    "method-not-allowed": (405, "This address does not take that method"),
    "slow-client": (408, "The request came too slowly"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be plain application/json"),
    "invalid": (422, "The request is not what this address takes"),
    "queue-full": (429, "The queue is full"),
    "head-too-large": (431, "The request's head is too large"),
    "client-gone": (499, "The client left before its answer"),
    "bug": (500, "The service has a bug"),
    "model-failed": (500, "The model failed on this item"),
    "model-died": (500, "The model's process died on this item"),
    "not-ready": (503, "The service is not ready"),
    "busy": (503, "The service has no room for another connection or body"),
    "late": (504, "The deadline passed"),
    "model-hung": (504, "The model did not answer for this item"),
}
"""Each kind's status and title."""


class Where(NamedTuple):
    """One fault of a request: the item it is in, the field, and what is wrong with it."""

    item: int | None
    field: str | None
    detail: str

    def document(self) -> dict[str, Any]:
        """The members that say something."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class ProblemDetails(Exception):
    """A request, or one item of it, that can't be answered."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        retry_after: float | None = None,
        errors: Sequence[Where] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, ceil(retry_after)))

    def document(self) -> dict[str, Any]:
        """The problem document."""
        document: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [where.document() for where in self.errors]
        return document

    def body(self) -> bytes:
        """The document as JSON."""
        return orjson.dumps(self.document())


def item_problem(kind: str, item: int, field: str | None, detail: str) -> dict[str, Any]:
    """What stands in the place of an item that has no answer."""
    status, title = KINDS[kind]
    document = {"type": TYPE + kind, "title": title, "status": status, "detail": detail}
    return {"problem": {**document, **Where(item, field, detail).document()}}


def all_failed(items: Iterable[dict[str, Any]]) -> ProblemDetails | None:
    """The problem of a request none of whose items has an answer; None where one has."""
    problems = [item.get("problem") for item in items]
    if not problems or any(problem is None for problem in problems):
        return None
    found = [problem for problem in problems if problem is not None]
    kinds = {problem["type"].removeprefix(TYPE) for problem in found}
    kind = min(kinds, key=lambda kind: KINDS[kind])  # the client's own faults before the model's
    errors = [Where(p["item"], p.get("field"), p["detail"]) for p in found]
    detail = errors[0].detail if len(errors) == 1 else f"none of the {len(errors)} items is usable"
    return ProblemDetails(kind, detail, errors=errors)
