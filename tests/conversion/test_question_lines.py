"""`uqa declare`: lines in, the same with statements out; errors; kills; Vera's JSON."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import started
from filelock import FileLock
from kill import killed_at_step

from unifiedqa_convert.cli import main
from unifiedqa_convert.conversion.question_lines import MAX_LINE_BYTES, read_lines

Run = Callable[..., "subprocess.CompletedProcess[str]"]
UQA = str(Path(sys.executable).with_name("uqa"))


def lines(count: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "question": f"What melts in the {n}th hour?", "answer": "ice"}
        for n in range(count)
    ]


def asked(path: Path, documents: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def said(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_comes_back_with_its_statement(uqa: Run, tmp_path: Path) -> None:
    path = asked(tmp_path / "in.jsonl", lines(3))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\n  \n")  # a mark, blank lines
    done = uqa("declare", path)
    assert done.returncode == 0, done.stderr
    for given, made in zip(lines(3), said(done.stdout), strict=True):
        n = given["id"]
        assert 0 < made.pop("confidence") <= 1
        assert made == {**given, "statement": f"Ice melts in the {n}th hour.", "via": "rules"}
    assert "read 3" in done.stderr


def test_stdin_and_quiet(tmp_path: Path) -> None:
    path = asked(tmp_path / "in.jsonl", lines(2))
    with path.open() as file:
        done = subprocess.run(
            [UQA, "declare", "-", "-q"], stdin=file, capture_output=True, text=True
        )
    assert done.stderr == ""
    assert len(said(done.stdout)) == 2


BAD = {
    "not json": "not JSON",
    '["question"]': "not a JSON object",
    '{"question": "What?"}': "field answer is missing",
    '{"question": "What?", "question": "Who?", "answer": "x"}': "the key 'question' is there twice",
    '{"question": 3, "answer": "x"}': "field question is not a string",
    '{"question": "\\ud800", "answer": "x"}': "not JSON",
    '{"question": "What?", "answer": NaN}': "not JSON",
    '{"question": "What?", "answer": " <No  Answer>"}': "field answer is <No Answer>",
    "[" * 100_000: "not JSON",
    json.dumps({"question": "x" * MAX_LINE_BYTES, "answer": "y"}): "longer than",
}


def test_bad_lines_are_named_and_their_neighbours_survive(uqa: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    good = json.dumps(lines(1)[0])
    path.write_text("".join(f"{good}\n{bad}\n" for bad in BAD) + good)
    done = uqa("declare", path, "--max-rejects", len(BAD))
    assert done.returncode == 0, done.stderr
    assert len(said(done.stdout)) == len(BAD) + 1
    for number, reason in enumerate(BAD.values()):
        assert f"line {2 * number + 2}: {reason}" in done.stderr
    refused = uqa("declare", path, "--max-rejects", 1)
    assert refused.returncode == 3
    assert "line 4: not a JSON object; --max-rejects is 1" in refused.stderr
    assert len(said(refused.stdout)) == 2  # what came before the bad line
    assert "Traceback" not in refused.stderr


def test_an_endless_line_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    with path.open("wb") as file:
        file.write(b"{" + b"x" * (5 * MAX_LINE_BYTES) + b"\n" + json.dumps(lines(1)[0]).encode())

    class Watched:
        longest = 0

        def __init__(self) -> None:
            self.file = path.open("rb")

        def readline(self, size: int) -> bytes:
            Watched.longest = max(Watched.longest, size)
            return self.file.readline(size)

    watched = Watched()
    found = list(read_lines(watched))  # type: ignore[arg-type]
    assert [(line.number, line.ask is None) for line in found] == [(1, True), (2, False)]
    assert watched.file.tell() == path.stat().st_size
    assert Watched.longest == MAX_LINE_BYTES + 1


def test_kill_9_at_each_durable_step(tmp_path: Path) -> None:
    """No file, or the whole one; the next run gives the same bytes and removes what was left."""
    path = asked(tmp_path / "in.jsonl", lines(1_100))

    def run(out: Path, program: Callable[[], None] = main) -> "subprocess.CompletedProcess[str]":
        return started.core.run(["declare", path, "-q", "--out", out], program=program)

    counted = run(tmp_path / "whole.jsonl", partial(killed_at_step, 0))
    steps = int(counted.stderr.rsplit("STEPS", 1)[1])
    assert steps >= 3  # the file, its name, the folder
    expected = (tmp_path / "whole.jsonl").read_bytes()
    for limit in range(1, steps + 1):
        out = tmp_path / f"{limit}" / "out.jsonl"
        assert run(out, partial(killed_at_step, limit)).returncode == -signal.SIGKILL
        assert not out.exists() or out.read_bytes() == expected
        there = out.exists()
        assert run(out).returncode == (5 if there else 0)
        assert out.read_bytes() == expected
        assert sorted(path.name for path in out.parent.iterdir()) == [
            ".out.jsonl.lock",
            "out.jsonl",
        ]


def test_a_run_that_stops_leaves_no_output(uqa: Run, tmp_path: Path) -> None:
    path = asked(tmp_path / "in.jsonl", lines(1_500))
    out = tmp_path / "out" / "out.jsonl"
    path.write_text(path.read_text() + "bad\n")
    assert uqa("declare", path, "--out", out).returncode == 3
    assert [file.name for file in out.parent.iterdir()] == [".out.jsonl.lock"]
    done = uqa("declare", path, "--out", out, "--max-rejects", 1)
    assert done.returncode == 0, done.stderr
    assert "line 1501: not JSON" in done.stderr
    assert len(said(out.read_text())) == 1_500
    again = uqa("declare", path, "--out", out, "--max-rejects", 1)
    assert again.returncode == 5
    assert "--overwrite" in again.stderr
    asked(path, lines(2))
    fresh = uqa("declare", path, "--out", out, "--overwrite", "--json")
    assert fresh.returncode == 0
    assert json.loads(fresh.stdout)["counts"]["statements"] == 2
    assert len(said(out.read_text())) == 2


def test_a_file_that_another_process_writes_is_left_to_it(uqa: Run, tmp_path: Path) -> None:
    path, out = asked(tmp_path / "in.jsonl", lines(1)), tmp_path / "out.jsonl"
    with FileLock(tmp_path / ".out.jsonl.lock"):
        assert uqa("declare", path, "--out", out).returncode == 6


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("absent.jsonl",), 4),
        (("-", "--question-converter", "none"), 2),
        (("-", "--question-converter", "nothing"), 2),
        (("-", "--compat", "vera"), 2),
        (("-", "--compat", "vera", "--task", "sciq"), 2),
        (("absent.tsv", "--compat", "vera", "--task", "sciq"), 4),
        (("absent.tsv", "--compat", "vera", "--task", "siq"), 2),
        (("-", "--dtype", "bf16"), 2),
    ],
)
def test_usage(uqa: Run, arguments: tuple[str, ...], code: int) -> None:
    done = uqa("declare", *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


TSV = (
    "What melts? \\n (A) ice (B) rock \\n It is warm.\tice\r\n"
    "\n"
    "Cats _ at night. \\n (A) hunt (B) bark\thunt"
)


def test_vera_json_is_upstreams_to_the_byte(uqa: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "dev.tsv", tmp_path / "dev.json"
    path.write_bytes(TSV.encode())
    done = uqa("declare", path, "--compat", "vera", "--task", "sciq", "--out", out)
    assert done.returncode == 0, done.stderr
    problems = [
        {"golds": ["It is warm. Ice melts."], "distractors": ["It is warm. Rock melts."]},
        {"golds": ["Cats hunt at night."], "distractors": ["Cats bark at night."]},
    ]
    assert out.read_text() == json.dumps(problems, indent=4)
    assert "line 2: columns (ValueError upstream); skipped" in done.stderr
    path.write_text("\n")
    empty = uqa("declare", path, "--compat", "vera", "--task", "sciq")
    assert empty.stdout == json.dumps([], indent=4)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """100 times the lines, less than 12 MB more."""
    peaks = []
    for count in (1_000, 100_000):
        line = json.dumps({"question": "The sun _ at dawn.", "answer": "rises", "more": "x" * 300})
        path = tmp_path / f"{count}.jsonl"
        with path.open("w") as file:  # not at once: a child's peak begins with its parent's size
            file.writelines(f"{line}\n" for _ in range(count))
        process = subprocess.Popen(
            [UQA, "declare", path, "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        peaks.append(usage.ru_maxrss)
    assert peaks[1] - peaks[0] < 12 * 1024
