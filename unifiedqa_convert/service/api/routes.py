"""The routes under /v1."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from unifiedqa_convert.conversion.question_lines import NO_STATEMENT
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.profiles import Profile, profile_named
from unifiedqa_convert.schema import NO_ANSWER, collapse
from unifiedqa_convert.service.api import schemas
from unifiedqa_convert.service.api.catalogue import adapter_named, dataset, datasets, split_named
from unifiedqa_convert.service.api.conversion import (
    RowsToConvert,
    collect_asks,
    convert_rows,
    encode_item,
    parse_item,
)
from unifiedqa_convert.service.api.items import (
    Entry,
    check_count,
    in_order,
    refuse_if_all_failed,
    validate_items,
)
from unifiedqa_convert.service.api.responses import Json, StrictRoute, problems, while_connected
from unifiedqa_convert.service.models.process import Failure
from unifiedqa_convert.service.models.queue import Batcher, QueueReservation
from unifiedqa_convert.service.problems import ErrorDetail, ProblemDetails, item_problem
from unifiedqa_convert.service.state import Service

_ERRORS = problems(400, 401, 404, 413, 415, 422, 429, 500, 503, 504)


def routes(service: Service) -> APIRouter:
    """Build the router of one service."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, responses=_ERRORS)

    @router.post("/convert", response_model=schemas.ConvertResponse)
    async def convert(request: Request, body: schemas.ConvertRequest) -> Response:
        """Convert raw rows of a dataset to examples, records and statements."""
        work = _convert(service, body, request.state.reservation)
        return Json(await while_connected(request.receive, work))

    @router.post("/declare", response_model=schemas.DeclareResponse)
    async def declare(request: Request, body: schemas.DeclareRequest) -> Response:
        """Turn each question and answer into one declarative sentence."""
        work = _declare(service, body, request.state.reservation)
        return Json(await while_connected(request.receive, work))

    @router.post("/score", response_model=schemas.ScoreResponse)
    async def score(request: Request, body: schemas.ScoreRequest) -> Response:
        """Score how plausible each statement is, with the Vera model."""
        work = _score(service, body, request.state.reservation)
        return Json(await while_connected(request.receive, work))

    @router.post("/encode", response_model=schemas.EncodeResponse)
    async def encode(body: schemas.EncodeRequest) -> Response:
        r"""Write questions as UnifiedQA records: ``question \n (a) … (b) … \n context``."""
        profile = _profile(body.profile)
        valid, invalid = validate_items(body.items, schemas.ExampleItem, service.limits)
        done = {index: encode_item(index, item, profile) for index, item in valid.items()}
        return _answer({"profile": profile.name}, in_order(done, invalid))

    @router.post("/parse", response_model=schemas.ParseResponse)
    async def parse(body: schemas.ParseRequest) -> Response:
        """Parse UnifiedQA records into questions, choices, golds, contexts and answers."""
        profile = _profile(body.profile)
        valid, invalid = validate_items(body.items, schemas.RecordItem, service.limits)
        done = {index: parse_item(item, profile) for index, item in valid.items()}
        return _answer({"profile": profile.name}, in_order(done, invalid))

    @router.get("/datasets", response_model=list[dict[str, Any]])
    async def list_datasets() -> Response:
        """List all datasets: splits with sizes, Vera's partition, how verified, license."""
        return Json(await service.run_in_thread(datasets))

    @router.get("/datasets/{name}", response_model=dict[str, Any])
    async def show_dataset(
        name: Annotated[str, Path(max_length=200, examples=["copa"])],
    ) -> Response:
        """Show one dataset: facts, fields of its raw shapes, raw rows of its embedded samples."""
        return Json(await service.run_in_thread(dataset, name))

    @router.get("/models", response_model=schemas.Models)
    async def models() -> Response:
        """Show the loaded models and the limits of one request."""
        return Json(_models(service))

    return router


async def _declare(
    service: Service, body: schemas.DeclareRequest, reservation: QueueReservation
) -> dict[str, Any]:
    valid, invalid = validate_items(body.items, schemas.AskItem, service.limits)
    # White space is collapsed as in a conversion, so that both give the same statement.
    asks = {i: Ask(collapse(item.question), collapse(item.answer)) for i, item in valid.items()}
    for index in [i for i, ask in asks.items() if ask.answer == NO_ANSWER]:
        del asks[index]
        invalid[index] = item_problem("invalid", index, "answer", NO_STATEMENT)
    refuse_if_all_failed(invalid.values() if not asks else ())
    reservation.release()
    answers = await service.declarer.answer(list(asks.values()))
    done: dict[int, Entry] = {}
    for index, answer in zip(asks, answers, strict=True):
        sentence = _sentence(answer, index)
        done[index] = (
            {
                "statement": sentence.text,
                "via": sentence.via,
                "confidence": sentence.confidence,
            }
            if isinstance(sentence, Sentence)
            else sentence
        )
    items = in_order(done, invalid)
    refuse_if_all_failed(items)
    return {"question_converter": service.declarer.identity, "items": items}


async def _convert(
    service: Service, body: schemas.ConvertRequest, reservation: QueueReservation
) -> dict[str, Any]:
    check_count(body.rows, service.limits, "rows")
    adapter = adapter_named(body.dataset)
    split, profile = split_named(adapter, body.split), _profile(body.profile, adapter.name)
    rows = RowsToConvert(adapter, split, profile, body.rows, body.first_row)
    asks: list[list[Ask]] | None = None
    answers: dict[Ask, Sentence | Entry] = {}
    reservation.release()  # the conversion runs in a thread
    if body.statements:
        asks = await service.run_in_thread(collect_asks, rows)
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
    service: Service, body: schemas.ScoreRequest, reservation: QueueReservation
) -> dict[str, Any]:
    scorer: Batcher[str] = service.scorer
    valid, invalid = validate_items(body.items, schemas.StatementItem, service.limits)
    # Vera reads the context first, then the statement.
    texts = {
        index: f"{item.context.strip()} {item.statement}" if item.context else item.statement
        for index, item in valid.items()
    }
    reservation.release()
    answers = await scorer.answer(list(texts.values()))
    done: dict[int, Entry] = {}
    texts_of, digests = dict[str, set[str]](), dict[int, str]()
    for index, answer in zip(texts, answers, strict=True):
        if isinstance(answer, Failure):
            done[index] = item_problem(answer.kind, index, None, answer.detail)
        else:
            done[index] = {k: v for k, v in answer.items() if k != "token_digest"}
            texts_of.setdefault(answer["token_digest"], set()).add(texts[index])
            digests[index] = answer["token_digest"]
    for index, digest in digests.items():
        done[index]["same_tokens"] = len(texts_of[digest]) > 1
    items = in_order(done, invalid)
    refuse_if_all_failed(items)
    return {"model": scorer.identity, "items": items}


def _sentence(answer: Any, index: int) -> Sentence | Entry:
    """The model's sentence; a problem if the model failed or the sentence is empty."""
    if isinstance(answer, Failure):
        return item_problem(answer.kind, index, None, answer.detail)
    sentence = Sentence(*answer)
    if not sentence.text.strip():
        return item_problem("model-failed", index, None, "the model gave an empty sentence")
    return sentence


def _answer(head: dict[str, Any], items: list[Entry]) -> Response:
    refuse_if_all_failed(items)
    return Json({**head, "items": items})


def _profile(name: str, dataset: str | None = None) -> Profile:
    """The profile as it is for the dataset; one of a folder is for a dataset only."""
    try:
        found = profile_named(name)
        if dataset is not None:
            return found.of(dataset)
        if found.folder:
            raise UsageError(f"profile {name}: a folder is of one dataset's files: leave it out")
        return found
    except UsageError as error:
        raise ProblemDetails(
            "invalid", str(error), errors=[ErrorDetail(None, "profile", str(error))]
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
