"""Entry points → adapters. Ours enter by the same door as a stranger's.

An entry point of group ``unifiedqa_convert.adapters`` names a package (each module of it is looked
through), a module, or one adapter class.
"""

import difflib
import importlib
import inspect
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import NamedTuple

from unifiedqa_convert.errors import PluginError, UsageError
from unifiedqa_convert.schema import Adapter

GROUP = "unifiedqa_convert.adapters"
PATHS = ("./", "../", "/", "path:")
FACTS = ("name", "version", "verified", "shapes", "source")


class Catalogue(NamedTuple):
    """What was found: adapters by name, and one error per plugin that could not be used."""

    adapters: dict[str, Adapter]
    errors: list[PluginError]


@cache
def catalogue() -> Catalogue:
    """Every adapter of every installed package, sorted by name."""
    adapters: dict[str, Adapter] = {}
    errors: list[PluginError] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            found = _classes(point)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's may fail anyhow)
            errors.append(PluginError(f"plugin {point.name} ({point.value}): {error!r}"))
            continue
        for adapter in found:
            if adapter.name in adapters and type(adapters[adapter.name]) is not adapter:
                other = type(adapters[adapter.name])
                errors.append(_duplicate(adapter, other))
            else:
                adapters[adapter.name] = adapter()
    return Catalogue(dict(sorted(adapters.items())), errors)


def load_adapter(name: str) -> Adapter:
    """The adapter of that name; UsageError with near names, or the plugin errors, otherwise.

    A bare name is the registry's, even where a folder of that name lies in the working directory;
    what is written as a path is none.
    """
    if name.startswith(PATHS):
        raise UsageError(
            f"{name!r} is a path, but a dataset's name goes here (`uqa list` shows all); convert a "
            "file of your own with --from-file"
        )
    found = catalogue()
    if name in found.adapters:
        for error in found.errors:
            if f"name {name!r}" in str(error):
                raise error
        return found.adapters[name]
    near = _near(name, found.adapters)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    broken = "".join(f"\n  {error}" for error in found.errors)
    raise UsageError(f"no dataset {name!r}: {hint}`uqa list` shows all{broken}")


def _near(name: str, adapters: dict[str, Adapter]) -> list[str]:
    """Up to three names that may be meant: those that begin so, Vera's and the largest first."""

    def rank(known: str) -> tuple[bool, int]:
        adapter = adapters[known]
        sizes = [split.rows or 0 for split in adapter.source.splits.values()]
        return adapter.partition == "none", -max(sizes, default=0)

    begun = [known for known in adapters if len(name) > 2 and known.startswith(name)]
    return sorted(begun, key=rank)[:3] or difflib.get_close_matches(name, adapters, n=3)


def _classes(point: EntryPoint) -> list[type[Adapter]]:
    target = point.load()
    if isinstance(target, ModuleType):
        found = [cls for module in _modules(target) for cls in _adapters_of(module)]
    elif inspect.isclass(target) and issubclass(target, Adapter):
        found = [target]
    else:
        raise TypeError(f"{point.value} is neither a package, a module nor an Adapter")
    for cls in found:
        if absent := [fact for fact in FACTS if not hasattr(cls, fact)]:
            raise TypeError(f"{cls.__qualname__} does not state its {', '.join(absent)}")
    return found


def _modules(target: ModuleType) -> list[ModuleType]:
    if not hasattr(target, "__path__"):
        return [target]
    names = sorted(module.name for module in pkgutil.iter_modules(target.__path__))
    return [importlib.import_module(f"{target.__name__}.{name}") for name in names]


def _adapters_of(module: ModuleType) -> list[type[Adapter]]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Adapter)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]


def _duplicate(one: type[Adapter], two: type[Adapter]) -> PluginError:
    places = f"{two.__module__}.{two.__qualname__} and {one.__module__}.{one.__qualname__}"
    return PluginError(f"two adapters have the name {one.name!r}: {places}; uninstall one")
