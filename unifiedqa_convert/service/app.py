"""The ASGI app: the API, health, metrics and the page, wrapped in the request middleware."""

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

_PAGE_FOLDER = Path(__file__).with_name("page")
_DESCRIPTION = (
    "Raw rows of question-answering datasets to UnifiedQA records and declarative statements. "
    "Every error is a problem document (RFC 9457); a 429 or 503 has a Retry-After header. An "
    "invalid item of a request does not fail the others: the answer has a `problem` in its place. "
    "A request is refused as a whole only if none of its items is valid."
)


def build_app(service: Service, admission: Admission) -> ASGIApp:
    """Build the app of one service."""

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
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's page loads its scripts from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    handle_errors(app)
    app.include_router(routes(service))
    _add_health(app, service)
    _document(app)
    _add_page(app)
    return RequestMiddleware(app, service, admission)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/health/live", responses=problems(500))
    async def live() -> Response:
        """Whether the process works; if not, restart it."""
        if any(batcher.broken for batcher in service.batchers):
            raise ProblemDetails(
                "bug", "the task that empties a queue has ended; restart the service"
            )
        return Json({"status": "live"})

    @app.get("/health/ready", responses=problems(503))
    async def ready() -> Response:
        """Whether the service accepts requests: 503 while it loads and while it shuts down."""
        if (reason := service.not_ready_reason()) is not None:
            raise ProblemDetails("not-ready", reason, retry_after=2)
        return Json({"status": "ready"})

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI) -> None:
    """Add a route for each file of the page; files added later are not served."""
    for path in sorted(_PAGE_FOLDER.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            name = path.relative_to(_PAGE_FOLDER).as_posix()
            route = "/" if name == "index.html" else f"/{name}"
            app.add_route(route, _file(path), methods=["GET"], include_in_schema=False)


def _file(path: Path) -> Callable[[Request], FileResponse]:
    def send_file(_: Request) -> FileResponse:
        return FileResponse(path, headers={"cache-control": "no-cache"})

    return send_file


def _document(app: FastAPI) -> None:
    """Add the problem document's schema and the API key to the OpenAPI document."""
    document = app.openapi()
    components = document.setdefault("components", {})
    schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {})[ProblemDocument.__name__] = schema
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"key": []}]
    app.openapi = lambda: document  # type: ignore[method-assign]  # the way FastAPI documents
