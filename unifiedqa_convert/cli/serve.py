"""`uqa serve`: the HTTP service."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unifiedqa_convert.cli.options import AsJson
from unifiedqa_convert.errors import missing_library
from unifiedqa_convert.question_converters.base import (
    BackendName,
    ConverterName,
    DeviceName,
    DtypeName,
    PromptName,
    Revision,
)

if TYPE_CHECKING:
    from unifiedqa_convert.service.config import Config


def server() -> "Callable[[Config, bool, bool], None]":
    """The function that serves; UsageError if the extra ``serve`` is not installed."""
    try:
        from unifiedqa_convert.service.server import serve
    except ModuleNotFoundError as error:
        raise missing_library(error.name, "serve") from None
    return serve


EPILOG = (
    "Example: uqa serve; then: curl -s http://127.0.0.1:8017/v1/declare -H 'Content-Type: "
    'application/json\' -d \'{"items":[{"question":"Where do fish live?","answer":"in water"}]}\''
)


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="Address to listen on; other than loopback needs --api-key-file or --insecure.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(metavar="PORT", min=0, max=65535, help="Port to listen on; 0: any free port."),
    ] = 8017,
    question_converter: ConverterName = "rules",
    backend: BackendName = "transformers",
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    revision: Revision = None,
    prompt: PromptName = None,
    vera: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Folder of a model that scores (as for `uqa score`), or smol: POST /v1/score and "
            "the page's bars; none: without.",
            show_default="smol if it was fetched",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of question converter processes.")
    ] = 1,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File of API keys, one a line; read again when it changes."
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow clients on other machines without an API key.")
    ] = False,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PORT]",
            help="Host name that clients may use for this service; repeatable.",
        ),
    ] = None,
    deadline: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.1, help="Maximum time for one request; then HTTP 504."
        ),
    ] = 30.0,
    queue_items: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Maximum items in the queue; then HTTP 429."),
    ] = 4_096,
    batch_tokens: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Maximum tokens of one batch, padding included (estimated)."
        ),
    ] = 16_384,
    hang: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            help="Maximum time for one batch; then the model is restarted.",
        ),
    ] = 20.0,
    as_json: AsJson = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Log only warnings and errors.")
    ] = False,
) -> None:
    """Serve the conversion over HTTP, with a page to try it.

    Ctrl-C finishes the current requests and stops.
    """
    from unifiedqa_convert.question_converters.base import Options
    from unifiedqa_convert.service.config import Config, ServiceLimits
    from vera_model.embedded import served_scorer

    limits = ServiceLimits(
        deadline=deadline, queue_items=queue_items, batch_tokens=batch_tokens, hang=hang
    )
    config = Config(
        host=host,
        port=port,
        question_converter=question_converter,
        options=Options(backend, device, dtype, None, revision, prompt),
        vera=served_scorer(vera),
        workers=workers,
        api_key_file=api_key_file,
        insecure=insecure,
        allowed_hosts=tuple(allowed_host or ()),
        limits=limits,
    )
    server()(config, as_json, quiet)
