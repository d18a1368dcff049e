"""What people look at in a terminal fits it; what goes into a pipe keeps a line a line."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from unifiedqa_convert.cli.tables import aligned
from unifiedqa_convert.datasets import status
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import UsageError

Uqa = Callable[..., subprocess.CompletedProcess[str]]
LINES = [
    ("name", "why"),
    ("copa", "a reason of many words, and a `uqa sources --check copa`"),
    ("x", ""),
]


def in_a_terminal(*command: str, cwd: Path) -> str:
    """What the installed script writes into a terminal."""
    ours, its = pty.openpty()
    uqa = Path(sys.executable).with_name("uqa")
    process = subprocess.Popen([uqa, *command], stdout=its, stderr=subprocess.DEVNULL, cwd=cwd)
    os.close(its)
    text = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(ours, 65_536):
            text += part
    os.close(ours)
    process.wait()
    return text.decode()


def test_the_last_column_takes_what_is_left() -> None:
    assert aligned(LINES, None) == ["name  why", f"copa  {LINES[1][1]}", "x"]
    shown = aligned(LINES, 40)
    assert max(map(len, shown)) <= 40
    assert shown[1:3] == ["copa  a reason of many words, and a `uqa", "      sources --check copa`"]
    assert len(aligned(LINES, 3)) > len(shown), "a narrow terminal still shows everything"
    (line,) = aligned([("a", "https://example.org/" + "x" * 50)], 30)
    assert line.endswith("x" * 50), "an address stays whole"


def test_a_group_fits_the_terminal_and_a_pipe_gets_a_line_per_split(
    uqa: Uqa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "convert --group vera-unseen --split test --data-dir . -q".split()
    monkeypatch.setenv("COLUMNS", "110")
    lines = uqa(*command).stdout.splitlines()
    assert any(len(line) > 110 for line in lines)
    wrapped = in_a_terminal(*command, cwd=tmp_path).splitlines()
    assert len(wrapped) > len(lines)
    assert max(map(len, wrapped)) <= 110
    assert "".join("".join(wrapped).split()) == "".join("".join(lines).split())


def test_sources_and_list_say_how_each_dataset_is_reached(uqa: Uqa) -> None:
    done, listed = uqa("sources"), uqa("list")
    assert "None" not in done.stdout
    header, *lines = done.stdout.splitlines()
    place = header.index("rows by")
    assert {line[place - 1] for line in lines} == {" "}, "aligned"
    entries = json.loads(uqa("list", "--json").stdout)
    reach = {entry["name"]: entry["reach"] for entry in entries}
    pinned, locked = (list(reach.values()).count(it) for it in ("pinned", "lock"))
    assert (pinned >= 31, pinned + locked >= 37, len(reach) >= 45) == (True, True, True)
    for it in (done, listed):
        assert f"{pinned} of {len(reach)} come from pinned commits, {locked} more" in it.stderr
        assert "`uqa sources NAME` says how" in it.stderr
    columns = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert "  pinned  " in columns["sciq"]
    assert "  lock  " in columns["riddlesense"]
    assert "  by hand  " in columns["story_cloze_test"]
    for entry in entries:
        if entry["reach"] != "by hand":
            continue
        text = uqa("sources", entry["name"]).stdout
        assert "https://" in text, "where to ask"


def test_a_pinned_dataset_has_a_proven_commit_for_each_labelled_split(uqa: Uqa) -> None:
    for entry in json.loads(uqa("list", "--json").stdout):
        best = {split: found[:1] for split, found in entry["sources"].items()}
        if entry["reach"] == "pinned":
            for split in {"train", "validation", "test"} & best.keys():
                assert not best[split] or best[split][0]["commit"], entry["name"]
        for (source,) in filter(None, best.values()):
            assert (source["proof"] == "lock") or source["evidence"], entry["name"]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        (["ok", "unpinned"], 0),
        (["ok", "unreachable"], 7),
        (["unreachable", "changed"], 4),
    ],
)
def test_a_checks_exit_code(results: list[str], code: int) -> None:
    assert status.pins_exit_code([{"result": result} for result in results]) == code


def test_an_unreachable_hub_is_exit_code_7(uqa: Uqa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = uqa("sources", "--check", "--json")
    assert done.returncode == 7
    assert {it["result"] for it in json.loads(done.stdout)} == {"unpinned", "unreachable"}


@pytest.mark.parametrize(
    ("name", "first"),
    [("winogrande_", "winogrande_xl"), ("arc_", "arc_easy"), ("openbook", "openbookqa")],
)
def test_a_name_that_is_begun_is_meant_first(name: str, first: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {first} or "):
        load_adapter(name)


@pytest.mark.parametrize("command", ["list", "cite", "sources"])
def test_a_reader_that_leaves_early_is_no_traceback(command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    program = (
        "import sys; from unifiedqa_convert.cli import main\n"
        f"sys.argv = ['uqa', {command!r}]; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.returncode in (1, 141)  # click answers first, where typer runs the command
