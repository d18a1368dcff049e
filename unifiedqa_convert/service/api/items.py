"""The items of a request, each validated by itself, so that an invalid one fails alone."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from unifiedqa_convert.service.api.schemas import StrictModel
from unifiedqa_convert.service.config import ServiceLimits
from unifiedqa_convert.service.problems import ErrorDetail, ProblemDetails, all_failed, item_problem

_Item = TypeVar("_Item", bound=StrictModel)
Entry = dict[str, Any]
"""One entry of a response: an item's answer or its problem."""


def check_count(items: Sequence[Any], limits: ServiceLimits, field: str = "items") -> None:
    """ProblemDetails (422) if a request has too many items."""
    if len(items) > limits.items:
        detail = f"{len(items)} items; at most {limits.items} are allowed in one request"
        raise ProblemDetails("invalid", detail, errors=[ErrorDetail(None, field, detail)])


def validate_items(
    items: Sequence[Any], model: type[_Item], limits: ServiceLimits
) -> tuple[dict[int, _Item], dict[int, Entry]]:
    """The valid items and the problems of the others, by index; ProblemDetails if none is valid."""
    check_count(items, limits)
    valid: dict[int, _Item] = {}
    invalid: dict[int, Entry] = {}
    for index, raw in enumerate(items):
        try:
            item = model.model_validate(raw)
        except ValidationError as error:
            invalid[index] = item_problem("invalid", index, *_first_error(error))
            continue
        if field := _too_long(item, limits.characters):
            detail = f"more than {limits.characters} characters"
            invalid[index] = item_problem("invalid", index, field, detail)
        else:
            valid[index] = item
    refuse_if_all_failed(invalid.values() if not valid else ())
    return valid, invalid


def refuse_if_all_failed(entries: Any) -> None:
    """ProblemDetails if every entry is a problem."""
    if (problem := all_failed(entries)) is not None:
        raise problem


def in_order(*parts: dict[int, Entry]) -> list[Entry]:
    """The entries of all parts, sorted by index."""
    merged = {index: entry for part in parts for index, entry in part.items()}
    return [merged[index] for index in sorted(merged)]


def _first_error(error: ValidationError) -> tuple[str | None, str]:
    """The field and what is wrong with it, without its value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    if first["type"] == "string_pattern_mismatch":
        return field, "Text should not contain a NUL character"
    return field, first["msg"]


def _too_long(item: StrictModel, characters: int) -> str | None:
    for name, value in item:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and len(text) > characters for text in texts):
            return name
    return None
