"""Errors as RFC 9457 problem documents, with the item and field at fault.

A detail never quotes a client's text, since details may be logged.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import orjson

TYPE = "urn:uqa:problem:"
MEDIA_TYPE = "application/problem+json"

PROBLEM_KINDS: dict[str, tuple[int, str]] = {
    "bad-host": (400, "The Host header is not allowed"),
    "invalid-json": (400, "The body is not JSON"),
    "invalid-http": (400, "The request is not HTTP"),
    "unauthorized": (401, "A valid API key is required"),
    "not-found": (404, "Not found"),
    "no-model": (404, "The model is not loaded"),
    "method-not-allowed": (405, "Method not allowed"),
    "slow-client": (408, "The request took too long to arrive"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be plain application/json"),
    "invalid": (422, "The request is invalid"),
    "queue-full": (429, "The queue is full"),
    "head-too-large": (431, "The request's head is too large"),
    "client-gone": (499, "The client disconnected before the answer"),
    "bug": (500, "Internal error"),
    "model-failed": (500, "The model failed on this item"),
    "model-died": (500, "The model's process ended on this item"),
    "not-ready": (503, "The service is not ready"),
    "busy": (503, "Too many connections or request bodies"),
    "late": (504, "The deadline passed"),
    "model-hung": (504, "The model did not answer in time for this item"),
}
"""Status and title of each kind, the last part of a problem's ``type``."""


class ErrorDetail(NamedTuple):
    """One error of a request: item, field and what is wrong; item None: the request itself."""

    item: int | None
    field: str | None
    detail: str

    def document(self) -> dict[str, Any]:
        """The members that are not None."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class ProblemDetails(Exception):
    """A request that is answered with a problem document."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        retry_after: float | None = None,
        errors: Sequence[ErrorDetail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = PROBLEM_KINDS[kind]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, ceil(retry_after)))

    def document(self) -> dict[str, Any]:
        """The problem document (RFC 9457)."""
        document: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.document() for error in self.errors]
        return document

    def body(self) -> bytes:
        """The document as JSON."""
        return orjson.dumps(self.document())


def item_problem(kind: str, item: int, field: str | None, detail: str) -> dict[str, Any]:
    """The response entry of an item that failed."""
    status, title = PROBLEM_KINDS[kind]
    document = {"type": TYPE + kind, "title": title, "status": status, "detail": detail}
    return {"problem": {**document, **ErrorDetail(item, field, detail).document()}}


def all_failed(items: Iterable[dict[str, Any]]) -> ProblemDetails | None:
    """The problem of a request all of whose items failed; None if one succeeded."""
    problems = [item.get("problem") for item in items]
    if not problems or any(problem is None for problem in problems):
        return None
    found = [problem for problem in problems if problem is not None]
    kinds = {problem["type"].removeprefix(TYPE) for problem in found}
    kind = min(kinds, key=lambda kind: PROBLEM_KINDS[kind])  # a 4xx before a 5xx
    errors = [ErrorDetail(p["item"], p.get("field"), p["detail"]) for p in found]
    detail = errors[0].detail if len(errors) == 1 else f"all {len(errors)} items failed"
    return ProblemDetails(kind, detail, errors=errors)
