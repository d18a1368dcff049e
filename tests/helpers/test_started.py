"""A process of the fork server's does what the installed script does."""

import os
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import started

from unifiedqa_convert.cli import main

Run = Callable[..., "CompletedProcess[str]"]


@pytest.mark.parametrize(
    "command",
    [
        "list --json",
        "--help",
        "convert copa --split dev --source sample --out out --overwrite",
        "convert copx --split dev",
        "convert copa --splt dev",
        "check absent.tsv",
    ],
)
def test_it_says_and_writes_what_the_script_does(
    uqa: Run, script: Run, command: str, tmp_path: Path
) -> None:
    found = []
    for run in (uqa, script):
        done = run(*command.split())
        files = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
        found.append((done.returncode, done.stdout, done.stderr, files))
    assert found[0] == found[1]
    assert ("--out" in command) == bool(found[0][3])


def test_it_has_the_folder_and_the_environment_it_was_given(tmp_path: Path) -> None:
    done = started.core.run(["a b", 3], cwd=tmp_path, env={"ONLY": "this"}, program=tell)
    assert done.stdout == f"['uqa', 'a b', '3'] {tmp_path} {{'ONLY': 'this'}}\n"
    assert os.environ.keys() != {"ONLY"}


def tell() -> None:
    print(sys.argv, Path.cwd(), dict(os.environ))


def test_it_reads_its_stdin(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('{"question": "What melts?", "answer": "ice"}\n')
    done = started.core.run(["declare", "-", "-q"], cwd=tmp_path, stdin=tmp_path / "in")
    assert '"Ice melts."' in done.stdout, done.stderr


def test_a_signal_ends_it_as_any_other_process(tmp_path: Path) -> None:
    process = started.core.begin([], cwd=tmp_path, program=signal.pause)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_no_thread_is_lost_in_a_fork() -> None:
    """Nothing but pyarrow's allocator, which expects forks, has one in the server."""
    assert started.core.threads() <= {"jemalloc_bg_thd"}


@pytest.mark.parametrize("name", started.MODELS)
def test_what_the_server_imports_is_there(name: str) -> None:
    assert find_spec(name)


def test_a_conversion_imports_hardly_anything(tmp_path: Path) -> None:
    """What takes time to import is in the server, also what pyarrow imports when it is used."""
    command = "convert riddlesense --split dev --source sample -q --out out".split()
    done = started.core.run(command, cwd=tmp_path, program=further_imports)
    assert done.returncode == 0, done.stderr
    *_, marked = done.stderr.splitlines()
    assert marked.startswith("IMPORTED ")
    assert len(marked.split()) < 20, marked


def further_imports() -> None:
    before = set(sys.modules)
    try:
        main()
    finally:
        print("IMPORTED", *sorted(set(sys.modules) - before), file=sys.stderr)
