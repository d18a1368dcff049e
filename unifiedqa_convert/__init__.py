"""Question-answering datasets → UnifiedQA records and declarative statements.

Two public names, imported when first used, so that importing the package is fast:

>>> from unifiedqa_convert import convert, load_adapter
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.pipeline import convert as convert
    from unifiedqa_convert.datasets.registry import load_adapter as load_adapter

__all__ = ["convert", "load_adapter"]

_HOMES = {
    "convert": "unifiedqa_convert.conversion.pipeline",
    "load_adapter": "unifiedqa_convert.datasets.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
