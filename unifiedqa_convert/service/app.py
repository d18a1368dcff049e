"""The ASGI app: the API, health, metrics and the page, inside the guard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from unifiedqa_convert.service.admission import Admission
from unifiedqa_convert.service.api.responses import Json, handle_errors, problems
from unifiedqa_convert.service.api.routes import routes
from unifiedqa_convert.service.api.schemas import ProblemDocument
from unifiedqa_convert.service.middleware import RequestMiddleware
from unifiedqa_convert.service.problems import ProblemDetails
from unifiedqa_convert.service.state import Service

PAGE = Path(__file__).with_name("page")
ABOUT = (
    "Raw rows of question-answering datasets to UnifiedQA records and declarative statements. "
    "Every error is a problem document (RFC 9457); a 429 or 503 says in Retry-After when to come "
    "again. One bad item of a request never fails its neighbours: it has a `problem` in its place, "
    "and only a request none of whose items is usable is refused as a whole."
)


def build(service: Service, porter: Admission) -> ASGIApp:
    """The app of one service, with its porter."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(service.start())
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await service.stop()

    app = FastAPI(
        title="unifiedqa-convert",
        version=version("unifiedqa-convert"),
        description=ABOUT,
        docs_url=None,  # its page comes from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    handle_errors(app)
    app.include_router(routes(service))
    _add_health(app, service)
    _document(app)
    _add_page(app)
    return RequestMiddleware(app, service, porter)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/health/live", responses=problems(500))
    async def live() -> Response:
        """Whether the process works; restart it where it does not."""
        if any(batcher.broken for batcher in service.batchers):
            raise ProblemDetails("bug", "a queue is no longer emptied")
        return Json({"status": "live"})

    @app.get("/health/ready", responses=problems(503))
    async def ready() -> Response:
        """Whether clients should be sent here."""
        if (why := service.unready()) is not None:
            raise ProblemDetails("not-ready", why, retry_after=2)
        return Json({"status": "ready"})

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus' text format."""
        return Response(service.meters.text(), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI) -> None:
    """A route for each file of the page; what was not there at the start is not served."""
    for path in sorted(PAGE.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            name = path.relative_to(PAGE).as_posix()
            address = "/" if name == "index.html" else f"/{name}"
            app.add_route(address, _file(path), methods=["GET"], include_in_schema=False)


def _file(path: Path) -> Callable[[Request], FileResponse]:
    def give(_: Request) -> FileResponse:
        return FileResponse(path, headers={"cache-control": "no-cache"})

    return give


def _document(app: FastAPI) -> None:
    """Put the problem document's schema, and the key, into the OpenAPI document."""
    document = app.openapi()
    components = document.setdefault("components", {})
    schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {})[ProblemDocument.__name__] = schema
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"key": []}]
    app.openapi = lambda: document  # type: ignore[method-assign]  # as FastAPI's manual has it
