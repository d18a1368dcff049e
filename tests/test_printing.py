"""Text from elsewhere reaches a terminal with its control characters shown; lines end somewhere."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Run

from unifiedqa_convert.cli.tables import aligned
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import RowError, SourceError, printable
from unifiedqa_convert.printing import (
    LONGEST_LINE,
    cut_lines,
    message,
    print_json,
    print_text,
)

TITLE = "\x1b]0;another title\x07"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 你好\tand\nmore", "Grüße, 你好\tand\nmore"),
        (TITLE, "\\u001b]0;another title\\u0007"),
        ("a\rb\x7f\x9bJ", "a\\u000db\\u007f\\u009bJ"),
        ("abc\u202edcb\u2066", "abc\\u202edcb\\u2066"),
        ("v\udcff.csv", "v\\udcff.csv"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_long_lines_are_cut_and_told_once() -> None:
    long = "start " + "x" * 50_000 + " the advice"
    cut = cut_lines(f"first\n{long}\nlast")
    assert cut.startswith("first\nstart xx")
    assert "xx the advice\nlast" in cut
    assert f"({len(long) - 1960:,} characters)" in cut
    assert max(map(len, cut.split("\n"))) <= LONGEST_LINE
    assert cut_lines(cut) == cut


def test_a_line_feed_in_a_name_cannot_write_a_line_of_ours() -> None:
    assert message("a\nuqa: all is well") == "a\n  uqa: all is well"
    assert message("a\n  b") == "a\n  b"


def test_every_error_is_printable() -> None:
    assert "\x1b" not in str(SourceError(f"{TITLE}.zip: broken"))
    assert "\x1b" not in str(RowError("copa", "train", 3, TITLE, TITLE))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_a_path_as_it_is_and_a_terminal_is_shown_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_text(Path(TITLE))
    assert capsys.readouterr().out == f"{TITLE}\n"
    print_text(Path(TITLE), terminal := Terminal())
    assert terminal.getvalue() == f"{printable(TITLE)}\n"
    print_text("v\udcff")
    assert capsys.readouterr().out == "v\\udcff\n"


def test_json_is_json_with_the_same_texts(capsys: pytest.CaptureFixture[str]) -> None:
    document = {TITLE: ["\x7f\x9b", "é\u202e", "\udcff"]}
    print_json(document)
    out = capsys.readouterr().out
    assert json.loads(out) == document
    assert "é" in out
    assert out.replace("\n", "").isprintable()


def test_columns_are_aligned_by_what_is_shown() -> None:
    lines = aligned([("name", "why"), ("a\x1b", "b\r")], None)
    assert lines == ["name     why", "a\\u001b  b\\u000d"]


def test_a_terminal_gets_no_control_character_of_a_name(tmp_path: Path) -> None:
    """A real terminal: `uqa convert --dry-run` of a file whose name, column and text have them."""
    raw = tmp_path / f"{TITLE}.csv"
    raw.write_text(f"q,{TITLE},b,gold\nWhich\x1b[2J?,oak,elm,oak\n")
    flags = ["--question", "q", "--choices", f"{TITLE},b", "--gold", "gold", "--dry-run"]
    leader, follower = pty.openpty()
    command = [Path(sys.executable).with_name("uqa"), "convert", "mine", "--split", "train"]
    process = subprocess.Popen(
        [*command, "--from-file", raw, *flags], cwd=tmp_path, stdout=follower, stderr=follower
    )
    os.close(follower)
    sent = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux: the other side was closed
            break
        if not part:
            break
        sent += part
    os.close(leader)
    assert process.wait() == 0, sent
    assert b"\\u001b[2J" in sent
    assert b"\x1b]" not in sent
    assert b"\x1b[2J" not in sent


def test_a_raw_files_name_adds_nothing_to_a_card(tmp_path: Path) -> None:
    rows = (ROOT / "data/samples/copa/superglue/validation.jsonl").read_bytes()
    raw = tmp_path / "a`<b>\n- License: none\n# Heading.jsonl"
    raw.write_bytes(rows)
    request = Request(dataset="copa", split="validation", raw=(raw,), to="parquet", out=tmp_path)
    card = (convert(request).folder / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("- Raw file: ")]
    assert "`` a`<b>\\n- License: none\\n# Heading.jsonl ``" in line
    assert not [line for line in card.splitlines() if line.startswith("# Heading")]


def test_a_command_says_the_name_of_a_file_that_is_not_there(uqa: Run) -> None:
    done = uqa("check", f"{TITLE}\nuqa: OK")
    assert done.returncode == 4
    assert "\\u001b]0;another title\\u0007\n  uqa: OK" in done.stderr
