"""Who may import whom, by folder, read off the import statements.

A folder (or a module that stands beside the folders) imports what stands in a line above its own,
and itself. Import statements inside functions count as well.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

OURS = ("unifiedqa_convert", "converters", "vera_model")

LAYERS = (
    ("errors", "flags"),
    ("arrow_files", "documents", "printing", "proxies", "schema", "storage", "vera_tasks"),
    ("transfers",),
    ("hub", "pretrained", "rows", "records"),
    ("datasets", "question_converters"),
    ("conversion",),
    ("check", "contract", "service"),
    ("cli", "__init__"),
)
SERVICE_LAYERS = (
    ("config", "monitoring", "problems"),
    ("models",),
    ("state",),
    ("admission", "api"),
    ("connections", "middleware"),
    ("app",),
    ("server",),
)
VERA_LAYERS = (
    ("embedded", "shapes"),
    ("presets",),
    ("config",),
    ("distributed", "run_folder"),
    ("data", "model"),
    ("metrics",),
    ("objectives",),
    ("planning", "report", "training"),
    ("programs",),
    ("run", "__init__"),
)
TABLES = {
    "unifiedqa_convert": LAYERS,
    "unifiedqa_convert.service": SERVICE_LAYERS,
    "vera_model": VERA_LAYERS,
}

# What one package may take from another. Where a task is missing, a program calls `convert`, and
# where a model has a pickle only, the code of `uqa model fetch`; `load_adapter` says which splits a
# task has.
ACROSS = {
    ("converters", "unifiedqa_convert"): ("schema",),
    ("vera_model", "unifiedqa_convert"): (
        *("errors", "flags", "documents", "printing", "storage", "transfers", "hub"),
        *("arrow_files", "pretrained", "schema"),
        *("vera_tasks", "records.arrow"),
        "load_adapter",
    ),
    ("vera_model.programs", "unifiedqa_convert"): (
        *("convert", "conversion.request"),
        *("question_converters.download", "question_converters.local_models"),
    ),
    ("unifiedqa_convert.cli", "vera_model"): ("",),
    ("unifiedqa_convert.service", "vera_model"): ("programs", "run_folder"),
}

_MODELS = tuple(
    f"unifiedqa_convert/question_converters/{name}.py"
    for name in ("transformers_backend", "ctranslate2_backend", "unpickle")
)
# Heavy libraries, and the only places that may name them.
HEAVY = {
    "torch": ("vera_model/", "unifiedqa_convert/service/models/worker.py", *_MODELS),
    "transformers": ("vera_model/", "unifiedqa_convert/pretrained.py", *_MODELS),
    "ctranslate2": ("unifiedqa_convert/question_converters/ctranslate2_backend.py",),
    "datasets": (),
    "ray": (),
    "fastapi": ("unifiedqa_convert/service/",),
    "uvicorn": ("unifiedqa_convert/service/",),
    "starlette": ("unifiedqa_convert/service/",),
    "prometheus_client": ("unifiedqa_convert/service/",),
    "structlog": ("unifiedqa_convert/service/",),
    "httpx2": (
        "unifiedqa_convert/question_converters/remote/requests.py",
        "unifiedqa_convert/hub.py",
        "unifiedqa_convert/transfers.py",
        "unifiedqa_convert/datasets/github.py",
    ),
    "tenacity": ("unifiedqa_convert/question_converters/remote/requests.py",),
    "pyarrow": (
        "unifiedqa_convert/check/",
        "unifiedqa_convert/records/",
        "unifiedqa_convert/arrow_files.py",
        "vera_model/",
    ),
    "huggingface_hub": (
        "unifiedqa_convert/hub.py",
        "unifiedqa_convert/transfers.py",
        "unifiedqa_convert/datasets/github.py",
        "unifiedqa_convert/question_converters/download.py",
        "unifiedqa_convert/records/dataset_card.py",
        "vera_model/",
    ),
    "nltk": ("vera_model/metrics/",),
    "rouge_score": ("vera_model/metrics/",),
    "lemminflect": ("unifiedqa_convert/question_converters/rules/",),
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_of(path): path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))
}
modules = pytest.mark.parametrize("module", MODULES)


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that it imports, and ``module.name`` for a name of one of no module of ours."""
    path, names = MODULES[module], set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                ours = full in MODULES or node.module not in MODULES
                names.add(full if ours or node.module in OURS else node.module)
    return frozenset(names - {module})


def within(package: str, module: str) -> str | None:
    """The first name below the package, ``__init__`` for the package itself; None outside of it."""
    if module == package:
        return "__init__"
    below = module.removeprefix(f"{package}.")
    return below.split(".")[0] if below != module else None


@modules
@pytest.mark.parametrize("package", TABLES)
def test_a_folder_imports_what_stands_above_it(package: str, module: str) -> None:
    layer = {name: at for at, names in enumerate(TABLES[package]) for name in names}
    here = within(package, module)
    if here is None or (here == "__init__" and here not in layer):
        return
    assert here in layer, f"{module} stands in no layer of {package}"
    for name in imports(module):
        there = within(package, name)
        if there is not None and there != here and there in layer:
            assert layer[there] < layer[here], f"{module} may not import {name}"


@modules
def test_a_package_meets_another_where_it_should(module: str) -> None:
    mine = [rule for rule in ACROSS if f"{module}.".startswith(f"{rule[0]}.")]
    for name in imports(module):
        package = name.split(".")[0]
        if package not in OURS or package == module.split(".")[0]:
            continue
        doors = [door for rule in mine if rule[1] == package for door in ACROSS[rule]]
        below = name.removeprefix(package).removeprefix(".")
        assert any(f"{below}.".startswith(door) for door in doors), f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("converters")])
def test_adapters_need_the_standard_library_and_pydantic(module: str) -> None:
    for name in imports(module):
        top = name.split(".")[0]
        assert top in (*OURS, "pydantic") or top in sys.stdlib_module_names, f"{module}: {name}"


@modules
def test_heavy_libraries_stay_in_their_folders(module: str) -> None:
    relative = str(MODULES[module].relative_to(ROOT))
    for name in imports(module):
        homes = HEAVY.get(name.split(".")[0])
        if homes is not None:
            assert relative.startswith(homes), f"{relative} imports {name}"


@cache
def longest(module: str) -> tuple[str, ...]:
    below = [longest(name) for name in sorted(imports(module)) if name in MODULES]
    return (module, *max(below, key=len, default=()))


def test_no_imports_go_round_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"a circle: {' -> '.join((*above, module))}"
        if module not in done:
            for name in sorted(imports(module)):
                if name in MODULES:
                    visit(name, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_no_chain_of_imports_is_longer_than_fifteen_modules() -> None:
    chain = max((longest(module) for module in MODULES), key=len)
    assert len(chain) <= 15, " -> ".join(chain)


@pytest.mark.parametrize("command", ["--help", "list", "convert --help", "declare --help"])
def test_looking_around_loads_nothing_heavy(command: str) -> None:
    program = (
        "import sys; from unifiedqa_convert.cli import main\n"
        f"sys.argv = ['uqa', *{command.split()!r}]\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        f"print('LOADED', sorted(set(sys.modules) & {set(HEAVY)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stdout + done.stderr


def test_importing_the_package_loads_neither_pydantic_nor_typer() -> None:
    program = "import sys, unifiedqa_convert; print({'pydantic', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
