"""Every benchmark and tool still starts: a moved import is found here, not while measuring."""

import subprocess
import sys

from conftest import ROOT

PROGRAMS = sorted(p for room in ("benchmarks", "tools") for p in (ROOT / room).glob("*.py"))

# One process for all, since several import torch. What is no program is only imported.
ASK_EACH = """
import runpy, sys
for path in sys.argv[1:]:
    sys.argv = [path, "--help"]
    sys.path[0] = path.rpartition("/")[0]
    print("PROGRAM", path)
    is_program = "__main__" in open(path, encoding="utf-8").read()
    try:
        runpy.run_path(path, run_name="__main__" if is_program else "imported")
    except SystemExit as stop:
        if not is_program or stop.code:
            raise
    else:
        assert not is_program, f"{path} --help runs the program"
"""


def test_every_benchmark_and_tool_answers_help() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_EACH, *map(str, PROGRAMS)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    said = dict(part.split("\n", 1) for part in done.stdout.split("PROGRAM ")[1:])
    assert set(said) == {str(path) for path in PROGRAMS}
    for path in PROGRAMS:
        program = "__main__" in path.read_text(encoding="utf-8")
        assert said[str(path)].startswith("usage: ") == program, path
