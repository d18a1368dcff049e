"""README and docs: every shell block runs as typed, links lead somewhere, every command is there.

A block of README.md and docs/*.md whose language is ``sh`` is run, in order, in a folder as it is
after `make demo`. One that needs what a test has not (a GPU, the network, hours, a file of the
reader's) says so in its first line, ``# needs: …``; of that one, and of ``console`` blocks, which
show a session, the commands and their flags are checked. ``ROWS="--source sample"`` on a line of
its own sets a variable for the lines after it.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import NamedTuple

import pytest
import started
import typer
from conftest import ROOT

from unifiedqa_convert.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODELS = {"train", "score", "evaluate", "calibrate", "report", "plan", "replicate"}
"""Commands that load torch: started by the fork server that has it loaded."""
BIN = Path(sys.executable).parent
VARIABLE = re.compile(r'([A-Z]+)="([^"$]*)"(?: +#.*)?$')


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0][:60]}"

    @property
    def needs(self) -> bool:
        """Whether a test can't run it."""
        return self.text.startswith("# needs: ")

    def commands(self) -> Iterator[str]:
        """Its command lines, comments and what a console prints left out."""
        for line in self.text.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ")
            printed = self.language == "console" and command == line
            if command and not command.startswith("#") and not printed:
                yield command


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)
    return [Block(page.name, language, block) for language, block in found]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [block for block in BLOCKS if block.language == "sh" and not block.needs]
CHECKED = [block for block in BLOCKS if block.needs or block.language == "console"]


def test_no_command_stands_in_a_block_that_nobody_tries() -> None:
    command = re.compile(r"^(\$ )?(uqa|make|pip|pytest|python|accelerate|curl) ", flags=re.M)
    for block in BLOCKS:
        assert block.language in ("sh", "console") or not command.search(block.text), block
    for page in PAGES:  # an indented line is a block, too
        assert not re.search(
            r"^    (uqa|make|pip|python|accelerate) ", page.read_text(), flags=re.M
        )


@pytest.mark.slow
def test_every_shell_block_runs_in_order_after_the_demo(tmp_path: Path) -> None:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HF_HUB_OFFLINE": "1"}
    env |= {"PYTHONPATH": str(ROOT)}  # accelerate starts a program of the checkout
    (tmp_path / "data").mkdir()
    (tmp_path / "data/samples").symlink_to(ROOT / "data/samples")
    (tmp_path / "vera_model").symlink_to(ROOT / "vera_model")
    demo = re.findall(r"\$\(BIN\)/uqa ([^>;\n]+?)(?: -q >/dev/null|;|\n|$)", MAKEFILE)
    assert sum("convert copa" in line for line in demo) >= 4
    commands = [f"uqa {line}" for line in demo if not line.startswith("list")]
    commands += [command for block in RUN for command in block.commands()]
    seen = {"train", "score"}  # accelerate launch, below, is a fresh start of torch
    variables: dict[str, str] = {}
    for line in commands:
        if assigned := VARIABLE.match(line):
            variables[assigned[1]] = assigned[2]
            continue
        command = Template(line).safe_substitute(variables)  # unquoted, a shell would split it too
        name = command.removeprefix("uqa ").split()[0]
        plain = command.startswith("uqa ") and not set(command.partition("  #")[0]) & set("|<>&;$*")
        if plain and name in seen | MODELS:
            server = started.models if name in MODELS else started.core
            done = server.run(shlex.split(command, comments=True)[1:], cwd=tmp_path, env=env)
        else:  # as a user would: by a shell that finds the installed script
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True
            )
        seen.add(name)
        if name == "calibrate" and "NO BEST TEMPERATURE" in done.stderr:
            assert done.returncode == 4  # which the pages say: a rehearsal's model knows nothing
            continue
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert any(command.startswith("accelerate launch ") for command in commands)
    assert (tmp_path / "runs/copa-tiny/report.html").is_file()
    table = (tmp_path / "replicated/vera-eval/table.md").read_text()
    assert "| mean of 7 of 7 | unseen-2 | all in 0 of 7 tasks |" in table
    assert "- copa (unseen-1): invented" in table
    for block in blocks_of(ROOT / "README.md"):
        if block.language == "python":
            done = subprocess.run(
                [sys.executable, "-c", block.text], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{block.text}\n{done.stderr}"


@pytest.mark.parametrize("block", CHECKED, ids=str)
def test_the_commands_of_the_others_and_their_flags_exist(block: Block) -> None:
    commands = list(block.commands())
    assert commands
    for command in commands:
        if not command.startswith("curl ") and not VARIABLE.match(
            command
        ):  # tests/service/test_service_start.py sends them
            check_command(shlex.split(command, comments=True))


def check_command(words: list[str]) -> None:
    """AssertionError where a program, a command, a flag, a file or an extra is not there."""
    match words:
        case ["uqa", *rest]:
            check_flags(rest)
        case ["accelerate", "launch", *rest]:
            at = rest.index("vera_model/run.py")
            check_flags(["train", *rest[at + 1 :]])
        case ["python", "-m", module, *_]:
            assert find_spec(module), module
        case ["python", program, *rest]:
            run = partial(runpy.run_path, str(ROOT / program), run_name="__main__")
            env = {**os.environ, "PYTHONPATH": str((ROOT / program).parent)}
            done = started.models.run(["--help"], env=env, program=run)
            for word in rest:
                assert not word.startswith("--") or word in done.stdout, f"{program}: {word}"
        case ["make", target]:
            assert re.search(rf"^{target}:", MAKEFILE, flags=re.M), target
        case ["pip", "install", "-e", what]:
            extras = re.findall(r"\w+", what)
            assert set(extras) <= set(PROJECT["optional-dependencies"]), what
        case ["pytest", path, *_]:
            assert (ROOT / path).is_file(), path
        case _:
            raise AssertionError(f"nobody checks {' '.join(words)}")


def check_flags(words: list[str]) -> None:
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known, f"{command.name} has no {word}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_an_extra_that_is_named_exists(path: Path) -> None:
    for extras in re.findall(r"'\.\[([\w,]+)\]'", path.read_text(encoding="utf-8")):
        assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_what_the_readmes_commands_write_is_not_for_git() -> None:
    written = {f"{out.split('/')[0]}/" for out in re.findall(r"--out (\S+)", README)}
    written |= {"val.jsonl", "mine.csv"}
    assert len(written) >= 7
    for name in sorted(written):
        done = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT)
        assert done.returncode == 0, f"{name} is not in .gitignore"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"


def test_every_command_and_every_folder_is_in_the_readme() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {"list", "show", "convert", "train"} <= set(commands)
    for command in commands:
        assert f"uqa {command}" in README
    table = README.partition("## Where things are")[2]
    for package in ("unifiedqa_convert", "vera_model"):
        for path in (ROOT / package).iterdir():
            if (path / "__init__.py").is_file():
                assert f"`{path.name}/`" in table or f"/{path.name}/`" in table, path


def test_the_table_of_datasets_is_current() -> None:
    """`make fix` writes docs/datasets.md from the adapters."""
    done = subprocess.run([BIN / "uqa", "list", "--markdown"], capture_output=True, text=True)
    assert done.stderr == "", "adapters that can't be used"
    assert (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8") == done.stdout


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150
