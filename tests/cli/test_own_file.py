"""`uqa convert --from-file`: what is shown before anything is written, and what is told after."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

Uqa = Callable[..., "subprocess.CompletedProcess[str]"]
FLAGS = "--question q --choices a,b,c --gold g".split()
TABLE = "q,a,b,c,g\nWhich burns?,wood,ice,,A\nWhich melts?,(A) rock,(B) ice,(C) ash,B\n,x,y,z,A\n"


def test_a_dry_run_shows_the_rows_the_columns_and_what_was_found_out(
    uqa: Uqa, tmp_path: Path
) -> None:
    file, out = tmp_path / "mine.csv", tmp_path / "out"
    file.write_text(TABLE)
    command = ("convert", "mine", "--split", "train", "--from-file", file, *FLAGS, "--out", out)
    done = uqa(*command, "--dry-run")
    assert done.returncode == 0, done.stderr
    for line in (
        "columns: question q, choices a,b,c, gold g, gold_is letter",
        "a,b,c: empty at the end in 1 rows, which have fewer choices",
        "g: read as its letter or key (--gold-is letter), which alone fits",
        "row 0: Which burns? \\n (a) wood (b) ice → wood",
        "row 2 rejected: field q: the question is empty",
    ):
        assert line in done.stdout.splitlines(), done.stdout
    assert "('(A) rock'), which stay: --strip-letters takes them off" in done.stdout
    assert "  false: Rock melts." in uqa(*command, "--dry-run", "--strip-letters").stdout
    assert not out.exists()
    shown = json.loads(uqa(*command, "--dry-run", "--json").stdout)
    assert [row["row"] for row in shown["rows"]] == [0, 1, 2]


def test_a_dry_run_shows_all_examples_of_a_row_and_so_does_show(uqa: Uqa) -> None:
    rows = ("atomic2020", "--split", "test")
    done = uqa("convert", *rows, "--source", "sample", "--dry-run")
    numbers = [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("row")]
    assert numbers == [f"row {n}" for n in (0, 0, 1, 1, 2, 2)]
    assert uqa("show", *rows).stdout.count("question record") == 2


def test_a_dry_run_of_a_dataset_and_not_of_a_group(uqa: Uqa) -> None:
    done = uqa("convert", "copa", "--split", "validation", "--source", "sample", "--dry-run")
    assert done.stdout.startswith("row 0: ")
    assert uqa("convert", "--group", "vera", "--dry-run").returncode == 2


def test_without_columns_the_whole_command_is_proposed_and_works(uqa: Uqa, tmp_path: Path) -> None:
    file = tmp_path / "my test.csv"
    file.write_text("question,A,B,answer\nWhich burns?,wood,ice,A\n")
    done = uqa("convert", "mine", "--from-file", file)
    assert done.returncode == 2
    _, command = done.stderr.strip().split("--dry-run: uqa ")
    assert "--split test" in command

    assert "row 0: Which burns? \\n (a) wood (b) ice → wood" in uqa(*shlex.split(command)).stdout


def test_a_base_that_is_doubtful_is_a_warning_with_quiet_too(uqa: Uqa, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"q": "Which burns?", "c": ["ice", "wood", "rock"], "g": 1}\n')
    command = ("convert", "mine", "--split", "train", "--from-file", file, "--out", tmp_path / "o")
    flags = "--question q --choices c --gold g".split()
    assert "--gold-is 0 or --gold-is 1" in uqa(*command, *flags).stderr
    done = uqa(*command, *flags, "--gold-is", "0", "-q")
    assert done.returncode == 0
    assert done.stderr.startswith("WARNING: g: all 1 golds fit positions from 0 and from 1 too")


def test_flags_of_an_own_file_mean_nothing_without_one(uqa: Uqa) -> None:
    done = uqa("convert", "copa", "--split", "validation", "--strip-letters")
    assert done.returncode == 2
    assert "--strip-letters can only describe your own file: add --from-file FILE" in done.stderr
