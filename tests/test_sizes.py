"""The house's sizes (CONTRIBUTING.md): modules of a folder, lines of a file and of a function."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGES = ("unifiedqa_convert", "converters", "vera_model")
FILES = sorted(
    p for name in (*PACKAGES, "benchmarks", "tools") for p in (ROOT / name).rglob("*.py")
)
FOLDERS = sorted({path.parent for path in FILES} - {ROOT / "converters"})  # a dataset is a file

MODULES_OF_A_FOLDER = 12
LINES_OF_A_FILE = 500
LINES_OF_A_FUNCTION = 60
LINES_OF_A_ROOM = 80

# The longer functions, and why they are.
LONGER = {
    ("unifiedqa_convert/cli/serve.py", "serve"): "its signature is the command's options",
}
# Files under 80 lines that only one module imports, and why they are files.
SMALLER = {
    "unifiedqa_convert/contract/goldens.py": "the two promises that only a folder of goldens asks",
    "unifiedqa_convert/question_converters/unpickle.py": "a program that only sees a pickle",
    "unifiedqa_convert/service/api/catalogue.py": "the addresses about datasets",
}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Names and lines, decorators apart."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def imported() -> Iterator[tuple[Path, str]]:
    """Each module and each name of one that a file imports."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield path, node.module
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_FILE
    name = path.relative_to(ROOT).as_posix()
    long = {function for function, lines in functions(path) if lines > LINES_OF_A_FUNCTION}
    assert long == {function for file, function in LONGER if file == name}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_has_at_most_twelve_modules_and_says_what_it_is(folder: Path) -> None:
    assert len({*folder.glob("*.py")} - {folder / "__init__.py"}) <= MODULES_OF_A_FOLDER
    if folder.relative_to(ROOT).parts[0] in PACKAGES:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


def test_a_small_file_has_two_importers_or_a_reason() -> None:
    importers: dict[str, set[Path]] = {}
    for path, name in imported():
        importers.setdefault(name, set()).add(path)
    small = set()
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if path.name == "__init__.py" or name.startswith(("converters/", "benchmarks/", "tools/")):
            continue
        short = len(path.read_text(encoding="utf-8").splitlines()) < LINES_OF_A_ROOM
        dotted = name.removesuffix(".py").replace("/", ".")
        if short and len(importers.get(dotted, ())) < 2:
            small.add(name)
    assert small == set(SMALLER)
