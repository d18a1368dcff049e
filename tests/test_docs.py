"""The documentation's commands run, its links lead somewhere, every command is in the README."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import started
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.M | re.S)


@pytest.mark.slow
def test_the_readmes_commands_run_in_order(tmp_path: Path) -> None:
    """In an empty folder with a `val.jsonl`: our sample stands in for the downloaded file."""
    sample = ROOT / "data" / "samples" / "copa" / "superglue" / "validation.jsonl"
    shutil.copy(sample, tmp_path / "val.jsonl")
    (tmp_path / "mine.csv").write_text("q,a,b,right\nWhat melts?,ice,rock,ice\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1"}
    commands = [line for block in blocks("sh") for line in block.splitlines() if line]
    assert len(commands) >= 8
    models = {"train", "score"}  # test_commands.py has a fresh start of torch
    seen = set(models)
    for command in commands:
        name = command.removeprefix("uqa ").split()[0]
        if name in seen and not set(command) & set("|<>&;$*"):
            server = started.models if name in models else started.core
            done = server.run(shlex.split(command)[1:], cwd=tmp_path, env=env)
        else:  # as a user would: by a shell that finds the installed script
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True
            )
        seen.add(name)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (tmp_path / "runs/copa-tiny/metrics.json").is_file()
    for block in blocks("python"):
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_what_the_readmes_commands_write_is_not_for_git() -> None:
    written = {f"{out.split('/')[0]}/" for out in re.findall(r"--out (\S+)", README)}
    assert len(written) >= 5
    for folder in sorted(written):
        done = subprocess.run(["git", "check-ignore", "-q", folder], cwd=ROOT)
        assert done.returncode == 0, f"{folder} is not in .gitignore"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"


def test_every_command_is_in_the_readme() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("uqa"), "--help"], capture_output=True, text=True
    )
    commands = re.findall(r"^  (\w+)  ", done.stdout.split("Commands")[1], flags=re.M)
    assert {"list", "show", "convert", "train"} <= set(commands)
    for command in commands:
        assert f"uqa {command}" in README


def test_the_table_of_datasets_is_current() -> None:
    """`uqa list --markdown > docs/datasets.md` writes it from the adapters."""
    done = subprocess.run(
        [Path(sys.executable).with_name("uqa"), "list", "--markdown"],
        capture_output=True,
        text=True,
    )
    assert (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8") == done.stdout


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150
