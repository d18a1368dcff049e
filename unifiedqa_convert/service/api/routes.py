"""The addresses under /v1."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.profiles import Profile, collapse, profile_named
from unifiedqa_convert.service.api import schemas
from unifiedqa_convert.service.api.catalogue import adapter_named, dataset, datasets, split_named
from unifiedqa_convert.service.api.conversion import (
    RowsToConvert,
    asks_of,
    convert_rows,
    encoded,
    parsed,
)
from unifiedqa_convert.service.api.items import (
    Entry,
    check_count,
    checked,
    in_order,
    refuse_if_all_failed,
)
from unifiedqa_convert.service.api.responses import Json, StrictRoute, problems, while_connected
from unifiedqa_convert.service.models.process import Failure
from unifiedqa_convert.service.models.queue import Batcher, QueueReservation
from unifiedqa_convert.service.problems import ProblemDetails, Where, item_problem
from unifiedqa_convert.service.state import Service

_REFUSALS = problems(400, 401, 404, 413, 415, 422, 429, 500, 503, 504)


def routes(service: Service) -> APIRouter:
    """The router of one service."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, responses=_REFUSALS)

    @router.post("/convert", response_model=schemas.ConvertResponse)
    async def convert(request: Request, body: schemas.ConvertRequest) -> Response:
        """Convert raw rows of a dataset: examples, records and statements, a row at a time."""
        return Json(
            await while_connected(request.receive, _convert(service, body, request.state.seat))
        )

    @router.post("/declare", response_model=schemas.DeclareResponse)
    async def declare(request: Request, body: schemas.DeclareRequest) -> Response:
        """Turn each question and answer into one declarative sentence."""
        return Json(
            await while_connected(request.receive, _declare(service, body, request.state.seat))
        )

    @router.post("/score", response_model=schemas.ScoreResponse)
    async def score(request: Request, body: schemas.ScoreRequest) -> Response:
        """Let Vera say how plausible each statement is."""
        return Json(
            await while_connected(request.receive, _score(service, body, request.state.seat))
        )

    @router.post("/encode", response_model=schemas.EncodeResponse)
    async def encode(body: schemas.EncodeRequest) -> Response:
        r"""Write questions as UnifiedQA records: ``question \n (a) … (b) … \n context``."""
        profile = _profile(body.profile)
        good, bad = checked(body.items, schemas.ExampleItem, service.limits)
        done = {place: encoded(place, item, profile) for place, item in good.items()}
        return _answer({"profile": profile.name}, in_order(done, bad))

    @router.post("/parse", response_model=schemas.ParseResponse)
    async def parse(body: schemas.ParseRequest) -> Response:
        """Read UnifiedQA records back into questions, choices, golds and contexts."""
        profile = _profile(body.profile)
        good, bad = checked(body.items, schemas.RecordItem, service.limits)
        done = {place: parsed(item, profile) for place, item in good.items()}
        return _answer({"profile": profile.name}, in_order(done, bad))

    @router.get("/datasets", response_model=list[dict[str, Any]])
    async def list_datasets() -> Response:
        """All datasets: splits with sizes, Vera's partition, how far proven, license."""
        return Json(await service.run_in_thread(datasets))

    @router.get("/datasets/{name}", response_model=dict[str, Any])
    async def show_dataset(
        name: Annotated[str, Path(max_length=200, examples=["copa"])],
    ) -> Response:
        """One dataset: its facts, its raw shapes' fields, and raw rows of its embedded sample."""
        return Json(await service.run_in_thread(dataset, name))

    @router.get("/models", response_model=schemas.Models)
    async def models() -> Response:
        """What is loaded, and what one request may hold."""
        return Json(_models(service))

    return router


async def _declare(
    service: Service, body: schemas.DeclareRequest, seat: QueueReservation
) -> dict[str, Any]:
    good, bad = checked(body.items, schemas.AskItem, service.limits)
    # As the drafts of a conversion have them: white space is never part of the question.
    asks = {place: Ask(collapse(a.question), collapse(a.answer)) for place, a in good.items()}
    seat.leave()
    found = await service.declarer.answer(list(asks.values()))
    done: dict[int, Entry] = {}
    for place, answer in zip(asks, found, strict=True):
        sentence = _sentence(answer, place)
        done[place] = (
            {"statement": sentence.text, "via": sentence.via}
            if isinstance(sentence, Sentence)
            else sentence
        )
    items = in_order(done, bad)
    refuse_if_all_failed(items)
    return {"question_converter": service.declarer.identity, "items": items}


async def _convert(
    service: Service, body: schemas.ConvertRequest, seat: QueueReservation
) -> dict[str, Any]:
    check_count(body.rows, service.limits, "rows")
    adapter = adapter_named(body.dataset)
    split, profile = split_named(adapter, body.split), _profile(body.profile)
    rows = RowsToConvert(adapter, split, profile, body.rows, body.first_row)
    asks: list[list[Ask]] | None = None
    answers: dict[Ask, Sentence | Entry] = {}
    seat.leave()  # what follows runs beside the loop
    if body.statements:
        asks = await service.run_in_thread(asks_of, rows)
        distinct = list(dict.fromkeys(ask for row in asks for ask in row))
        if distinct:
            found = await service.declarer.answer(distinct)
            answers = {
                ask: _sentence(answer, 0) for ask, answer in zip(distinct, found, strict=True)
            }
    items, counts = await service.run_in_thread(convert_rows, rows, asks, answers)
    refuse_if_all_failed(items)
    return {
        "dataset": adapter.name,
        "split": split,
        "profile": profile.name,
        "question_converter": service.declarer.identity if body.statements else None,
        "items": items,
        "counts": counts,
    }


async def _score(
    service: Service, body: schemas.ScoreRequest, seat: QueueReservation
) -> dict[str, Any]:
    scorer: Batcher[str] = service.scorer
    good, bad = checked(body.items, schemas.StatementItem, service.limits)
    # Vera reads the context first, then the statement.
    texts = {
        place: f"{item.context.strip()} {item.statement}" if item.context else item.statement
        for place, item in good.items()
    }
    seat.leave()
    found = await scorer.answer(list(texts.values()))
    done: dict[int, Entry] = {}
    for place, answer in zip(texts, found, strict=True):
        if isinstance(answer, Failure):
            done[place] = item_problem(answer.kind, place, None, answer.detail)
        else:
            done[place] = dict(zip(("logit", "score", "calibrated"), answer, strict=True))
    items = in_order(done, bad)
    refuse_if_all_failed(items)
    return {"model": scorer.identity, "items": items}


def _sentence(answer: Any, place: int) -> Sentence | Entry:
    """The model's sentence; a problem where it failed, or said nothing."""
    if isinstance(answer, Failure):
        return item_problem(answer.kind, place, None, answer.detail)
    sentence = Sentence(*answer)
    if not sentence.text.strip():
        return item_problem("model-failed", place, None, "an empty sentence")
    return sentence


def _answer(head: dict[str, Any], items: list[Entry]) -> Response:
    refuse_if_all_failed(items)
    return Json({**head, "items": items})


def _profile(name: str) -> Profile:
    try:
        return profile_named(name)
    except UsageError as error:
        raise ProblemDetails(
            "invalid", str(error), errors=[Where(None, "profile", str(error))]
        ) from None


def _models(service: Service) -> dict[str, Any]:
    from importlib.metadata import version

    limits = service.limits
    return {
        "question_converter": service.declarer.identity,
        "score": service.scorer.identity if service.has_scorer else None,
        "limits": {
            "items": limits.items,
            "body_bytes": limits.body_bytes,
            "characters": limits.characters,
            "deadline": limits.deadline,
        },
        "version": version("unifiedqa-convert"),
    }
