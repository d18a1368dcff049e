"""`import vera_model` makes Vera known to transformers' Auto classes, without importing them.

transformers has no entry point for models of other packages: ``AutoConfig.register`` must have
run before ``AutoConfig.from_pretrained``. Importing transformers here would cost every `uqa`
command a second, so we wait until somebody else does (docs/decisions/0010-registration.md).
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_TRIGGER = "transformers.models.auto.configuration_auto"


def announce() -> None:
    """Register ``VeraConfig`` now if the Auto classes are loaded, else when they are."""
    if _TRIGGER in sys.modules:
        _register()
    elif not any(isinstance(finder, _OneShot) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OneShot())


class _OneShot(MetaPathFinder):
    """Finds nothing itself; registers once the module it waits for has been executed."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002  # as above
    ) -> ModuleSpec | None:
        if fullname != _TRIGGER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                _register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def _register() -> None:
    # The module registers itself, so that importing it directly is enough, too.
    importlib.import_module("vera_model.model_config")
