"""Raw records with one changed value, and their examples: how the contract finds guesses."""

import copy
import inspect
import types
from collections.abc import Iterator
from itertools import chain
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, ValidationError
from typing_extensions import is_typeddict

from unifiedqa_convert import schema
from unifiedqa_convert.contract.sample import CANONICAL, Sample
from unifiedqa_convert.records.encode import arrange, question_record
from unifiedqa_convert.rows.shapes import raw_names
from unifiedqa_convert.rows.typed_rows import wrong_field
from unifiedqa_convert.schema import Example, FieldError, MultipleChoice, NotAnExample, YesNo

Place = tuple[str | int, ...]
"""The path of a value in a raw record: keys, and 0 for the first item of a list."""


class Refused(NamedTuple):
    """A raw record that the adapter rejects; ``field`` is empty if it raised another exception."""

    field: str
    reason: str


ABSENT = object()


def leaves(kind: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The path of each value that a shape reads, nested ones too, with its Python type."""
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        for name, raw in raw_names(cast("type[schema.Row]", kind)).items():
            yield from leaves(kind.model_fields[name].annotation, (*place, *raw.split(".")))
    elif is_typeddict(kind):
        for name, inner in get_type_hints(kind, include_extras=True).items():
            yield from leaves(inner, (*place, name))
    elif get_origin(kind) in (Union, types.UnionType):
        some = [each for each in get_args(kind) if each is not type(None)]
        yield from leaves(some[0], place) if len(some) == 1 else ((place, kind),)
    elif get_origin(kind) is Annotated:
        yield from leaves(get_args(kind)[0], place)
    elif get_origin(kind) in (list, tuple):
        yield from leaves(get_args(kind)[0], (*place, 0))
    else:
        yield place, kind


def kinds_of(kind: Any) -> tuple[Any, ...]:
    """The type itself, or those of a union but None."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    bare = (get_args(each)[0] if get_origin(each) is Annotated else each for each in kinds)
    return tuple(each for each in bare if each is not type(None))


def closed(shape: type[schema.Row]) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    """The paths of values from a closed set (Literal, bool), with these values."""
    for place, kind in leaves(shape):
        kinds = kinds_of(kind)
        if all(each is bool or get_origin(each) is Literal for each in kinds):
            values = ((True, False) if each is bool else get_args(each) for each in kinds)
            yield place, tuple(chain.from_iterable(values))


def changed(raw: dict[str, Any], place: Place, value: Any) -> dict[str, Any] | None:
    """A copy of the record with ``value`` at that path; None if the record lacks the path."""
    changed = copy.deepcopy(raw)
    inner: Any = changed
    *way, last = place
    try:
        for step in way:
            inner = inner[step]
        if isinstance(last, int) and not len(inner):
            return None
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
    except (KeyError, IndexError, TypeError):
        return None
    return changed


def value_at(raw: dict[str, Any], place: Place) -> Any:
    """The value at that path; ABSENT if the record lacks it."""
    inner: Any = raw
    try:
        for step in place:
            inner = inner[step]
    except (KeyError, IndexError, TypeError):
        return ABSENT
    return inner


def spots(raw: dict[str, Any], place: Place) -> list[Place]:
    """The path once for each item of the lists that it steps into at 0."""
    found: list[Place] = [()]
    for step in place:
        if step == 0:
            lists = [(way, value_at(raw, way)) for way in found]
            sizes = [(way, len(v) if isinstance(v, list) else 0) for way, v in lists]
            found = [(*way, number) for way, size in sizes for number in range(size)]
        else:
            found = [(*way, step) for way in found]
    return found


def meaning(sample: Sample, raw: dict[str, Any]) -> list[Example] | Refused:
    """The examples of a raw record of the sample's shape, or how it is rejected."""
    try:
        row = sample.shape.model_validate(raw)
    except ValidationError as error:
        return Refused(*wrong_field(error, sample.shape))
    try:
        return examples_of(sample, row)
    except FieldError as error:
        return Refused(*wrong_field(error, sample.shape))
    except Exception as error:  # noqa: BLE001 (an exception that the pipeline does not catch)
        return Refused(
            "", f"raises {error!r}, which ends the run; raise FieldError to reject the row"
        )


def examples_of(sample: Sample, row: schema.Row) -> list[Example]:
    """The row's examples; empty if the adapter excludes the row (NotAnExample)."""
    try:
        return list(sample.adapter.examples(row))
    except NotAnExample:
        return []


def nothing_said(sample: Sample, raw: dict[str, Any]) -> bool:
    """True if the record gives no example and no reason (NotAnExample)."""
    try:
        return not list(sample.adapter.examples(sample.shape.model_validate(raw)))
    except NotAnExample:
        return False


def described(shape: type[schema.Row], place: Place) -> str:
    """The description of the shape's field at that path, in lower case; empty if it has none."""
    name = field_at(shape, place)
    return (shape.model_fields[name].description or "").casefold() if name else ""


def field_at(shape: type[schema.Row], place: Place) -> str:
    """The name of the shape's field at that path; empty if it has none."""
    for name, raw in raw_names(shape).items():
        keys = tuple(raw.split("."))
        if place[: len(keys)] == keys:
            return name
    return ""


def written_texts(value: Any) -> Iterator[str]:
    """The texts in a raw record, nested ones too, in their order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from written_texts(inner)


def not_named(sample: Sample, raw: dict[str, Any], place: Place, what: str) -> Iterator[str]:
    """A message unless the record is refused for the field at ``place``."""
    name = next(str(step) for step in reversed(place) if isinstance(step, str))
    found = meaning(sample, raw)
    if not isinstance(found, Refused):
        yield f"{dotted(place)}: {what} is accepted"
    elif name not in found.field.split("."):
        yield f"{dotted(place)}: the error for {what} names {found.field!r}: {found.reason}"


def dotted(place: Place) -> str:
    """The path with dots."""
    return ".".join(map(str, place))


def gold_of(example: Example) -> tuple[int, ...] | bool | None:
    """The answer of a closed question; None for free text."""
    if isinstance(example, MultipleChoice):
        return example.golds
    return example.answer if isinstance(example, YesNo) else None


def names_of(example: Example) -> tuple[str, ...]:
    """Texts by which an id may reveal the answer."""
    if isinstance(example, YesNo):
        return ("yes", "true", "1") if example.answer else ("no", "false", "0")
    if isinstance(example, MultipleChoice) and example.golds:
        gold = example.golds[0]
        return (str(gold), str(gold + 1), chr(ord("a") + gold), example.choices[gold].casefold())
    return ()


def asked_of(example: Example) -> tuple[str | None, str]:
    """The row's own id and the question record's input: neither may depend on the label."""
    return example.id, question_record(arrange(example, CANONICAL), CANONICAL).input
