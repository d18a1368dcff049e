"""A request's items: each checked by itself, so that a bad one costs only its own place."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from unifiedqa_convert.service.api.schemas import Wire
from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.problems import ProblemDetails, Where, all_failed, item_problem

Item = TypeVar("Item", bound=Wire)
Entry = dict[str, Any]


def check_count(items: Sequence[Any], limits: ServiceLimits, field: str = "items") -> None:
    """Problem where one request holds more items than it may."""
    if len(items) > limits.items:
        detail = f"{len(items)} items, {limits.items} are allowed in one request"
        raise ProblemDetails("invalid", detail, errors=[Where(None, field, detail)])


def checked(
    items: Sequence[Any], shape: type[Item], limits: ServiceLimits
) -> tuple[dict[int, Item], dict[int, Entry]]:
    """The good items and the bad ones' entries, by place. Problem where all are bad."""
    check_count(items, limits)
    good: dict[int, Item] = {}
    bad: dict[int, Entry] = {}
    for place, raw in enumerate(items):
        try:
            item = shape.model_validate(raw)
        except ValidationError as error:
            bad[place] = item_problem("invalid", place, *_fault(error))
            continue
        if field := _too_long(item, limits.characters):
            detail = f"more than {limits.characters} characters"
            bad[place] = item_problem("invalid", place, field, detail)
        else:
            good[place] = item
    refuse_if_all_failed(bad.values() if not good else ())
    return good, bad


def refuse_if_all_failed(entries: Any) -> None:
    """Raise the problem of a request that has not one answer to give."""
    if (problem := all_failed(entries)) is not None:
        raise problem


def in_order(*parts: dict[int, Entry]) -> list[Entry]:
    """The entries of all parts by place."""
    merged = {place: entry for part in parts for place, entry in part.items()}
    return [merged[place] for place in sorted(merged)]


def _fault(error: ValidationError) -> tuple[str | None, str]:
    """The field and what is wrong with it, without what was in it."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    if first["type"] == "string_pattern_mismatch":
        return field, "Text should hold no NUL character"
    return field, first["msg"]


def _too_long(item: Wire, characters: int) -> str | None:
    for name, value in item:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and len(text) > characters for text in texts):
            return name
    return None
