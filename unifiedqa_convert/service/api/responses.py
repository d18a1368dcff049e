"""Requests and responses of the API: strict JSON, and every error a problem document."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive

from unifiedqa_convert.rows.json_rows import repeated_key
from unifiedqa_convert.service.api.schemas import ProblemDocument
from unifiedqa_convert.service.problems import MEDIA_TYPE, ErrorDetail, ProblemDetails

_Result = TypeVar("_Result")


class Json(Response):
    """A document as compact JSON, encoded by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the document."""
        return orjson.dumps(content)


class _StrictRequest(Request):
    async def json(self) -> Any:
        # orjson refuses NaN, lone surrogates and very deep nesting, which json.loads accepts.
        body = await self.body()
        value = orjson.loads(body)
        try:
            repeated = repeated_key(body, value) is not None
        except orjson.JSONEncodeError:
            raise ProblemDetails("invalid-json", "the body is nested too deeply") from None
        if repeated:  # the parser keeps the last value only, as if the first were not there
            raise ProblemDetails(
                "invalid-json", "a key occurs twice in one object of the body; send it once"
            )
        return value


class StrictRoute(APIRoute):
    """A route whose body is parsed by orjson."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await original(_StrictRequest(request.scope, request.receive))

        return handler


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's error responses, for the OpenAPI document."""
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        status: {
            "description": "A problem document (RFC 9457).",
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


async def while_connected(receive: Receive, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run the work, or cancel it and raise ProblemDetails if the client disconnects first."""
    working = asyncio.ensure_future(work)
    disconnecting = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({working, disconnecting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ProblemDetails("client-gone", "the client disconnected")
    finally:
        working.cancel()
        disconnecting.cancel()


def handle_errors(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemDetails)
        request.state.reason = error.kind
        return Response(error.body(), error.status, error.headers, MEDIA_TYPE)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return await on_problem(request, _invalid(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return await on_problem(request, _problem_of_status(error))

    async def on_bug(request: Request, _: Exception) -> Response:
        return await on_problem(
            request, ProblemDetails("bug", "a bug in the service; please report it")
        )

    app.add_exception_handler(ProblemDetails, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _invalid(error: RequestValidationError) -> ProblemDetails:
    """The invalid members with pydantic's messages, without their values."""
    details = error.errors()
    if any(one["type"] == "json_invalid" for one in details):
        return ProblemDetails("invalid-json", "the body can't be parsed as JSON")
    errors = [
        ErrorDetail(None, ".".join(str(part) for part in one["loc"][1:]) or None, one["msg"])
        for one in details
    ]
    first = errors[0]
    detail = f"{first.field}: {first.detail}" if first.field else first.detail
    return ProblemDetails("invalid", detail, errors=errors)


def _problem_of_status(error: HTTPException) -> ProblemDetails:
    headers = dict(error.headers or {})
    if isinstance(error.__cause__, ProblemDetails):  # of _StrictRequest.json, wrapped by FastAPI
        return error.__cause__
    if error.status_code == 404:
        return ProblemDetails("not-found", "no such path; GET /openapi.json lists them")
    if error.status_code == 405:
        return ProblemDetails(
            "method-not-allowed", f"allowed: {headers.get('Allow')}", headers=headers
        )
    if error.status_code == 400:
        return ProblemDetails("invalid-json", "the body can't be parsed as JSON")
    raise error
