"""Entry points → adapters, of this project and of other packages alike.

An entry point of group ``unifiedqa_convert.adapters`` names a package (each of its modules is
loaded), a module, or one adapter class. Every module is loaded by itself, every class checked by
itself: one that can't be used is an ``AdapterError`` with file and line, and hides nothing else.
"""

import difflib
import importlib
import inspect
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from unifiedqa_convert.datasets import names
from unifiedqa_convert.errors import PluginError, UsageError
from unifiedqa_convert.schema import Adapter, Row, Source
from unifiedqa_convert.storage import is_path

GROUP = "unifiedqa_convert.adapters"
FACTS = {
    **{"name": str, "version": int, "verified": str, "shapes": tuple, "source": Source},
    **{"aliases": tuple, "unclear": Mapping},
}
"""The attributes that an adapter class must have, with their types."""
NAMED = re.compile(r"""^[ \t]+name\b[^=\n]*= *["'](\w+)["']""", re.MULTILINE)
"""A line of an adapter class with its dataset's name."""


class AdapterError(PluginError):
    """A module or class that can't be used as an adapter, and the datasets that are missing for it.

    If the module can't be imported, the names of its datasets come from its source text.
    """

    def __init__(self, message: str, datasets: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.datasets = datasets


class Catalogue(NamedTuple):
    """What was found: adapters by name, and an error for each module or class that is unusable."""

    adapters: dict[str, Adapter]
    errors: list[AdapterError]


@cache
def catalogue() -> Catalogue:
    """Every adapter of every installed package, sorted by name."""
    named: dict[str, dict[type[Adapter], Adapter]] = {}
    errors: list[AdapterError] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        for found in _of_entry_point(point):
            if isinstance(found, AdapterError):
                errors.append(found)
            else:
                named.setdefault(found.name, {})[type(found)] = found
    errors += [_duplicate(name, list(same)) for name, same in named.items() if len(same) > 1]
    unique = {name: next(iter(same.values())) for name, same in named.items() if len(same) == 1}
    return Catalogue(dict(sorted(unique.items())), errors)


def load_adapter(name: str) -> Adapter:
    """The adapter of that name, alias or hub id; AdapterError if it is broken.

    UsageError with near names if there is none, or with the meanings of a name that has several.
    A bare name never means a folder of the working directory; a path is a UsageError.
    """
    if is_path(name):
        raise UsageError(
            f"{name!r} is a path, but a dataset's name goes here (`uqa list` shows all); convert a "
            "file of your own with --from-file"
        )
    found = catalogue()
    for own in (name, names.plain(name)):
        if own in found.adapters:
            return found.adapters[own]
        for error in found.errors:
            if own in error.datasets:
                raise error
    if taken := names.taken_for(name, found.adapters):
        return found.adapters[taken]
    near = names.near(name, found.adapters)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    broken = "".join(f"\n  {error}" for error in found.errors)
    raise UsageError(f"no dataset {name!r}: {hint}`uqa list` shows all{broken}")


def completions(incomplete: str) -> list[str]:
    """The datasets' names and aliases with that beginning, for a shell."""
    adapters = catalogue().adapters
    aliases = [alias for it in adapters.values() for alias in it.aliases if incomplete]
    return [name for name in sorted({*adapters, *aliases}) if name.startswith(incomplete)]


def _of_entry_point(point: EntryPoint) -> Iterator[Adapter | AdapterError]:
    # Another package's code runs here: it may raise anything, and some call sys.exit().
    try:
        target = _loaded(point.load)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        yield _import_error(point.module, error, point)
        return
    if inspect.isclass(target) and issubclass(target, Adapter):
        yield _adapter(target)
    elif isinstance(target, ModuleType):
        for name in _module_names(target):
            try:
                module = _loaded(partial(importlib.import_module, name))
            except (Exception, SystemExit) as error:  # noqa: BLE001
                yield _import_error(name, error)
            else:
                yield from map(_adapter, _adapter_classes(module))
    else:
        what = f"entry point {point.name} = {point.value}"
        yield AdapterError(f"{what} names neither a package, a module nor an adapter class")


def _loaded(load: Callable[[], Any]) -> Any:
    """Import by ``load``; what the module prints goes to stderr: stdout is for data (--json)."""
    with redirect_stdout(sys.stderr):
        return load()


def _module_names(target: ModuleType) -> list[str]:
    if not hasattr(target, "__path__"):
        return [target.__name__]
    names = sorted(module.name for module in pkgutil.iter_modules(target.__path__))
    return [f"{target.__name__}.{name}" for name in names]


def _adapter_classes(module: ModuleType) -> Iterator[type]:
    """The module's own classes that look like an adapter, usable or not.

    An abstract class without a name is a base of several adapters.
    """
    for cls in vars(module).values():
        if not inspect.isclass(cls) or cls.__module__ != module.__name__:
            continue
        if issubclass(cls, Adapter):
            if hasattr(cls, "name") or not inspect.isabstract(cls):
                yield cls
        elif {"name", "shapes", "source"} <= vars(cls).keys():
            yield cls


def _adapter(cls: type) -> Adapter | AdapterError:
    """The class's one instance, or what is wrong with the class."""
    name = getattr(cls, "name", None)
    reason = _reason(cls)
    if reason is None:
        try:
            adapter: Adapter = cls()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (another package's code)
            reason = f"can't be created: {_raised(error)}"
        else:
            return adapter
    datasets = frozenset([name] if isinstance(name, str) else [])
    of = f" of dataset {name}" if datasets else ""
    return AdapterError(f"{_place(cls)}class {cls.__qualname__}{of} {reason}", datasets)


def _reason(cls: type) -> str | None:
    """What is wrong with the class; None if it can be used."""
    if not issubclass(cls, Adapter):
        return "has the attributes of an adapter, but is not a subclass of Adapter"
    if inspect.isabstract(cls):
        own = set(dir(cls)) - set(dir(Adapter))
        near = difflib.get_close_matches("examples", own, n=1)
        return "has no method examples" + (f"; rename {near[0]}" if near else "")
    if absent := [fact for fact in FACTS if not hasattr(cls, fact)]:
        return f"does not state its {', '.join(absent)}"
    for fact, kind in FACTS.items():
        if not isinstance(value := getattr(cls, fact), kind):
            return f"states {fact} = {value!r}, which is not of type {kind.__name__}"
    for shape in cls.shapes:
        if not (inspect.isclass(shape) and issubclass(shape, Row) and hasattr(shape, "shape")):
            return f"has {shape!r} in shapes, which is not a subclass of Row with a shape"
    for text in (*cls.aliases, *cls.unclear, *cls.unclear.values()):
        if not isinstance(text, str):
            return f"has {text!r} in aliases or unclear, which is not a text"
    return None


def _duplicate(name: str, classes: list[type[Adapter]]) -> AdapterError:
    places = " and ".join(f"{cls.__module__}.{cls.__qualname__}" for cls in classes)
    return AdapterError(
        f"two adapters have the name {name!r}: {places}; rename one, or uninstall its package",
        frozenset([name]),
    )


def _import_error(name: str, error: BaseException, point: EntryPoint | None = None) -> AdapterError:
    """The error for a module that can't be imported: the line of its package that raised."""
    package = name.partition(".")[0]
    place = _source_file(name)
    if isinstance(error, SyntaxError) and Path(str(error.filename)).is_file():
        place = f"{error.filename}:{error.lineno}"
    else:
        for frame, line in traceback.walk_tb(error.__traceback__):
            if str(frame.f_globals.get("__name__")).partition(".")[0] == package:
                place = f"{frame.f_code.co_filename}:{line}"
    where = f"{place}: " if place else ""
    message = f"{where}{name} can't be imported: {_raised(error)}"
    named = _named_datasets(name) or {name.rpartition(".")[2]}
    if point is not None:
        message += f" (entry point {point.name} = {point.value})"
        named |= {point.name}
    return AdapterError(message, frozenset(named))


def _named_datasets(module: str) -> set[str]:
    """The datasets that the text of a module names."""
    if file := _source_file(module):
        with suppress(OSError):
            text = Path(file).read_text(encoding="utf-8", errors="replace")
            return set(re.findall(NAMED, text))
    return set()


def _source_file(module: str) -> str | None:
    # Looking for a submodule imports its package, which may be what is broken.
    with suppress(Exception, SystemExit):
        spec = find_spec(module)
        return spec.origin if spec else None
    return None


def _place(cls: type) -> str:
    """File and line of the class, for the start of a message."""
    try:
        return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}: "
    except (OSError, TypeError):
        return ""


def _raised(error: BaseException) -> str:
    """What was raised, in one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]}"
