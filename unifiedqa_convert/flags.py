"""Commands whose flags are the fields of a class, so that each flag is declared once.

A field is a flag if its type is ``Annotated[..., typer.Option(...)]`` or ``typer.Argument``: its
name, type, default, help and limits stand there. A field whose type is a dataclass with flags adds
those. ``field(metadata={"before": NAME})`` places a flag before another class's in the help.
"""

import dataclasses
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo, ParameterInfo

LOCK = Path("uqa.lock")
LockFile = Annotated[
    Path,
    typer.Option(
        "--lock",
        metavar="FILE",
        help="Where it is recorded what was taken for splits that no shipped pin proves.",
    ),
]
LockedOnly = Annotated[
    bool,
    typer.Option(
        "--locked", help="Exit code 4 if a split is neither in the lock nor proven by a pin."
    ),
]
"""Flags of several commands that are no class's."""


class _Field(NamedTuple):
    name: str
    type: Any
    """Without Annotated and None."""
    flag: ParameterInfo | None
    default: Any
    before: str | None

    @property
    def nested(self) -> Any:
        """The dataclass whose flags the field adds, if it is not a flag itself."""
        return self.type if self.flag is None and dataclasses.is_dataclass(self.type) else None


def flags_of(*classes: type, undecided: Collection[str] = ()) -> list[inspect.Parameter]:
    """A parameter for typer per flag, in the order of the fields.

    Its default is the field's. It is None, for "not given", if the field has no plain default, if
    ``show_default`` describes it, or if the field is one of ``undecided``.
    """
    found: list[inspect.Parameter] = []
    for field in (field for declared in classes for field in _fields(declared)):
        if field.flag is not None:
            names = [one.name for one in found]
            at = names.index(field.before) if field.before else len(found)
            found.insert(at, _parameter(field, field.flag, undecided=field.name in undecided))
        elif field.nested is not None:
            found += flags_of(field.nested, undecided=undecided)
    return found


def given(declared: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for ``declared`` in the values of a command's flags; None is not given."""
    found: dict[str, Any] = {}
    for field in _fields(declared):
        value = values.get(field.name)
        if field.nested is not None:
            inner = given(field.nested, values)
            if _required(field.nested) <= inner.keys():
                found[field.name] = field.nested(**inner)
        elif field.flag is not None and value is not None:
            found[field.name] = _of_type(field.type, value)
    return found


def command(
    run: Callable[[dict[str, Any]], None], flags: list[inspect.Parameter]
) -> Callable[..., None]:
    """``run`` as a function with these flags as parameters, for typer."""

    def with_flags(**values: Any) -> None:
        run(values)

    with_flags.__name__, with_flags.__doc__ = run.__name__, run.__doc__
    with_flags.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
    return with_flags


def add_command(
    app: typer.Typer,
    name: str,
    run: Callable[[dict[str, Any]], None],
    flags: Callable[[], list[inspect.Parameter]],
    epilog: str,
) -> None:
    """Add a command whose flags are read when it is used: `uqa --help` imports none of them."""

    class Deferred(TyperCommand):
        @cached_property
        def _complete(self) -> Any:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command()(command(run, flags()))
            return typer.main.get_command(alone)

        @property
        def params(self) -> Any:
            return self._complete.params

        @params.setter
        def params(self, _: Any) -> None: ...

        def invoke(self, ctx: Any) -> Any:
            return self._complete.invoke(ctx)

    app.command(name, cls=Deferred, help=inspect.getdoc(run), epilog=epilog)(lambda: None)


def _fields(declared: Any) -> Iterator[_Field]:
    known: dict[str, tuple[Any, Mapping[str, Any]]]
    if dataclasses.is_dataclass(declared):
        known = {one.name: (one.default, one.metadata) for one in dataclasses.fields(declared)}
    else:  # a pydantic model
        known = {name: (one.default, {}) for name, one in declared.model_fields.items()}
    types = get_type_hints(declared, include_extras=True)
    for name, (default, metadata) in known.items():
        kind, flag = types[name], None
        if get_origin(kind) is Annotated:
            kind, *extras = get_args(kind)
            flag = next((one for one in extras if isinstance(one, ParameterInfo)), None)
        if get_origin(kind) in (Union, UnionType):
            kind = next(one for one in get_args(kind) if one is not NoneType)
        yield _Field(name, kind, flag, default, metadata.get("before"))


def _parameter(field: _Field, flag: ParameterInfo, *, undecided: bool) -> inspect.Parameter:
    kind, origin, arguments = field.type, get_origin(field.type), get_args(field.type)
    if origin is tuple:
        part = arguments[0] if isinstance(arguments[0], type) else str  # typer lists no Literal
        kind = str if arguments[0] is str else list[part]  # type: ignore[valid-type]
    elif origin is Literal and isinstance(arguments[0], int) and isinstance(flag, OptionInfo):
        kind, flag = int, copy(flag)
        flag.min, flag.max = min(arguments), max(arguments)
    plain = isinstance(field.default, bool | int | float | str | Path)
    default = (
        None if undecided or isinstance(flag.show_default, str) or not plain else field.default
    )
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind if default is not None else kind | None, flag],
    )


def _of_type(kind: Any, value: Any) -> Any:
    """A tuple of texts is typed with commas between them; other tuples by repeating the flag."""
    if get_origin(kind) is not tuple:
        return value
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value)


def _required(declared: Any) -> set[str]:
    missing = dataclasses.MISSING
    return {
        one.name
        for one in dataclasses.fields(declared)
        if one.default is missing and one.default_factory is missing
    }
