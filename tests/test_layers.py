"""Who may import whom (design.md's table), read off the import statements."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

OURS = ("unifiedqa_convert", "converters", "vera_model")
PACKAGE = "unifiedqa_convert."

# Each room and the rooms of unifiedqa_convert it may import.
LAYERS: dict[str, set[str]] = {
    "schema": set(),
    "errors": set(),
    "counts": set(),
    "progress": set(),
    "columns": set(),
    "registry": {"schema", "errors"},
    "opened": {"errors"},
    "readers": {"errors", "opened"},
    "hub_errors": {"schema", "errors"},
    "pins": {"schema", "errors", "hub_errors"},
    "sources": {"schema", "errors", "files", "pins", "registry", "hub_errors"},
    "profiles": {"schema", "errors"},
    "parsed": {"schema", "profiles"},
    "encode": {"schema", "errors", "profiles", "parsed"},
    "table": {"schema"},
    "shapes": {"schema", "errors", "readers"},
    "joined": {"schema", "errors", "readers", "shapes"},
    "numbered": {"schema", "errors", "readers"},
    "pool": {"schema", "numbered"},
    "lines": {"errors", "opened", "readers"},
    "rows": {"schema", "errors", "readers", "shapes", "joined", "numbered", "pool"},
    "declare": {"schema", "errors", "files", "profiles", "declare"},
    "declaring": {"errors", "files", "profiles", "declare"},
    "vera_json": {"errors", "declare"},
    "fetch": {"schema", "errors", "files", "pins", "declare"},
    "shards": {"schema", "errors", "profiles", "encode", "table"},
    "files": set(),
    "output": {"errors", "files"},
    "workers": {"errors"},
    "chunk": {"schema", "errors", "profiles", "encode", "declare", "numbered", "rows"},
}
LAYERS["upstream"] = {"schema", "profiles", "encode", "declare", "chunk"}
LAYERS["pinning"] = {"columns", "schema", "errors", "pins", "registry", "sources", "hub_errors"}
LAYERS["stating"] = {"errors", "files", "progress", "declare", "declaring", "vera_json"}
LAYERS["fetch_report"] = {"errors", "declare", "fetch"}
LAYERS["card"] = {"schema"}
LAYERS["cite"] = {"schema", "registry"}
LAYERS["unfit"] = {"errors", "opened", "readers"}
LAYERS["own_file"] = {"schema", "errors", "readers", "unfit"}
LAYERS["contract"] = {
    "contract",
    *("schema", "errors", "profiles", "encode", "rows", "joined", "shapes", "numbered"),
    *("registry", "chunk", "sources"),
}
_SAYS = {"declaring", "vera_json", "stating", "fetch", "fetch_report"}  # commands of their own
LAYERS["job"] = (
    {*LAYERS} - {"progress", "workers", "chunk", "counts", "contract", "upstream", "lines"} - _SAYS
)
_READ_BACK = {"schema", "errors", "files", "encode", "profiles", "table", "shards", "counts"}
LAYERS["check"] = {*_READ_BACK, "readers", "output", "check"}
LAYERS["rejects"] = {"errors", "files", "job", "lines", "shapes"}
LAYERS["pipeline"] = {*LAYERS, "pipeline"} - {"progress"} - _SAYS
LAYERS["group"] = {"schema", "errors", "job", "pipeline", "registry", "sources"}
LAYERS["summary"] = {"columns", "errors", "group", *LAYERS["group"], "progress", "shards"}
LAYERS["listing"] = {"columns", "files", "describe", "registry"}
LAYERS["plan"] = {"registry", "schema", "sources", "pinning"}
LAYERS["describe"] = {*LAYERS} - {"pipeline", "summary", "group", "plan", "listing"} - _SAYS
LAYERS["service"] = {
    *("schema", "errors", "files", "profiles", "encode", "declare", "table", "registry", "rows"),
    *("joined", "sources", "chunk", "counts", "describe", "service"),
}
LAYERS["cli"] = {*LAYERS, "cli"}
LAYERS["__init__"] = {"pipeline", "registry"}

_MODELS = tuple(
    f"unifiedqa_convert/declare/{name}.py" for name in ("seq2seq", "ct2", "tokens", "unpickle")
)
# Heavy libraries, and the only places that may name them.
HEAVY = {
    "torch": ("vera_model/", "unifiedqa_convert/service/vera.py", *_MODELS),
    "transformers": ("vera_model/", *_MODELS),
    "ctranslate2": ("unifiedqa_convert/declare/ct2.py",),
    "datasets": (),
    "ray": (),
    "fastapi": ("unifiedqa_convert/service/",),
    "uvicorn": ("unifiedqa_convert/service/",),
    "starlette": ("unifiedqa_convert/service/",),
    "prometheus_client": ("unifiedqa_convert/service/",),
    "httpx2": ("unifiedqa_convert/declare/remote.py", "unifiedqa_convert/pins.py"),
    "tenacity": ("unifiedqa_convert/declare/remote.py",),
    "pyarrow": (
        "unifiedqa_convert/card.py",
        "unifiedqa_convert/check/",
        "unifiedqa_convert/table.py",
        "unifiedqa_convert/shards.py",
        "unifiedqa_convert/readers.py",
        "vera_model/",
    ),
    "huggingface_hub": (
        "unifiedqa_convert/pinning.py",
        "unifiedqa_convert/hub_errors.py",
        "unifiedqa_convert/pins.py",
        "unifiedqa_convert/card.py",
        "unifiedqa_convert/fetch.py",
        "vera_model/",
    ),
    "lemminflect": ("unifiedqa_convert/declare/",),
}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT / "unifiedqa_convert").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources("unifiedqa_convert"), ids=str)
def test_rooms_import_downwards_only(path: Path) -> None:
    allowed = LAYERS[room(path)]
    for name in imports(path):
        if name.startswith(PACKAGE):
            target = name.removeprefix(PACKAGE).split(".")[0]
            assert target in allowed, f"{path.name} may not import {name}"
        outside = name.split(".")[0]
        assert outside != "converters", (
            f"{path.name} names converters; adapters come by entry point"
        )
        meets_vera = room(path) in ("cli", "service")
        assert outside != "vera_model" or meets_vera, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", sources("converters"), ids=str)
def test_adapters_import_the_schema_and_the_standard_library(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        if top == "unifiedqa_convert":
            assert name.startswith("unifiedqa_convert.schema"), f"{path.name} imports {name}"
        else:
            fine = top in sys.stdlib_module_names or top in ("converters", "pydantic")
            assert fine, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", sources("vera_model"), ids=str)
def test_vera_model_meets_the_rest_at_the_shard(path: Path) -> None:
    for name in imports(path):
        if name.startswith(PACKAGE):
            target = name.removeprefix(PACKAGE).split(".")[0]
            assert target in {"schema", "table", "errors", "files"}, f"{path.name} imports {name}"
        assert not name.startswith("converters"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", [p for package in OURS for p in sources(package)], ids=str)
def test_heavy_libraries_stay_in_their_rooms(path: Path) -> None:
    relative = str(path.relative_to(ROOT))
    for name in imports(path):
        homes = HEAVY.get(name.split(".")[0])
        if homes is not None:
            assert relative.startswith(homes), f"{relative} imports {name}"


def test_the_table_of_layers_has_no_stale_room() -> None:
    rooms = {room(path) for path in sources("unifiedqa_convert")}
    assert rooms == set(LAYERS)


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
