"""`uqa`, as a user types it; a few of these by the installed script, the others by forks."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import started
from conftest import ROOT
from outputs import raw_file

from unifiedqa_convert.datasets.registry import load_adapter

Uqa = Callable[..., "subprocess.CompletedProcess[str]"]
SAMPLES = ROOT / "data" / "samples"


def test_list(uqa: Uqa) -> None:
    names = [entry["name"] for entry in json.loads(uqa("list", "--json").stdout)]
    assert names == sorted(names)
    assert {"copa", "wsc273", "sciq"} <= set(names)
    table = uqa("list").stdout
    assert table.startswith("dataset ")
    assert "copa " in table


@pytest.mark.parametrize("dataset", ["copa", "wsc273", "sciq"])
def test_show(uqa: Uqa, dataset: str) -> None:
    done = uqa("show", dataset, "--rows", 2)
    assert done.returncode == 0, done.stderr
    for heading in ("raw shape", "row 1 of the embedded sample", "question record", "statements"):
        assert heading in done.stdout
    for split in load_adapter(dataset).source.splits:
        assert re.search(rf"--split: .*\b{split} \(", done.stdout), "what may be typed is told"
    shown = json.loads(uqa("show", dataset, "--json").stdout)
    assert shown["rows"][0]["statements"]
    assert all(field["goes"] for shape in shown["shapes"] for field in shape["fields"])


def test_show_given_rows(uqa: Uqa) -> None:
    raw = SAMPLES / "copa" / "superglue" / "test.jsonl"
    shown = json.loads(uqa("show", "copa", "--split", "test", "--raw", raw, "--json").stdout)
    assert shown["rows"][0]["question record"].endswith("→ (unlabelled)")
    assert str(raw) in shown["rows_from"]


def test_convert_prints_the_folder_and_tells_the_rest_on_stderr(uqa: Uqa, tmp_path: Path) -> None:
    raw = SAMPLES / "copa" / "superglue" / "validation.jsonl"
    done = uqa("convert", "copa", "--split", "dev", "--raw", raw, "--to", "jsonl", "--out", "out")
    assert done.returncode == 0
    assert done.stdout == "out/copa/validation\n"
    assert "16 rows read, 16 used, 0 rejected" in done.stderr
    assert "invented" not in done.stderr, "a file that is given is taken as the dataset's"
    rows = [json.loads(line) for line in (tmp_path / "out/copa/validation/data-00000.jsonl").open()]
    assert len(rows) == 16
    assert {"id", "input", "output", "statements"} <= set(rows[0])
    quiet = uqa("convert", "copa", "--split", "test", "--out", "q", "-q", "--source", "sample")
    assert quiet.stderr.splitlines() == [quiet.stderr.strip()]
    assert "invented sample rows" in quiet.stderr, "what must be known is not silenced"


def test_auto_falls_back_to_the_sample_loudly(uqa: Uqa, tmp_path: Path) -> None:
    done = uqa("convert", "copa", "--split", "validation", "--json")
    assert done.returncode == 0
    first, *between, last = done.stderr.splitlines()
    warning = "WARNING: invented sample rows, not the dataset's"
    assert first.startswith(f"{warning}: copa/validation: hub aps/super_glue")
    assert first.endswith(": HF_HUB_OFFLINE is set; unset it")
    assert last == f"{warning}."
    assert "     uqa convert copa --split validation --data-dir copa_files" in between
    answer = json.loads(done.stdout)
    assert answer["folder"] == "data/converted/copa/validation.sample"
    assert answer["sample"] is answer["manifest"]["sample"] is True
    assert (tmp_path / answer["folder"] / "data-00000.arrow").is_file()
    quiet = uqa("convert", "copa", "--split", "validation", "-q")
    assert quiet.stderr == f"{first}\n"


def test_without_the_sample_what_cant_be_had_is_an_error(uqa: Uqa, tmp_path: Path) -> None:
    flag = uqa("convert", "copa", "--split", "dev", "--no-sample")
    variable = uqa("convert", "copa", "--split", "dev", UQA_NO_SAMPLE="1")
    assert (flag.returncode, variable.returncode) == (7, 7)
    assert flag.stderr == variable.stderr
    assert not (tmp_path / "data").exists()
    both = uqa("convert", "copa", "--split", "dev", "--source", "sample", UQA_NO_SAMPLE="1")
    assert both.returncode == 2
    assert "--source sample and --no-sample (or UQA_NO_SAMPLE) exclude each other" in both.stderr
    group = uqa("convert", "--group", "vera-unseen", "--split", "validation", "--to", "jsonl")
    assert group.returncode == 7
    lines = group.stdout.splitlines()
    assert not any("curl" in line for line in lines), "only the first line of each reason"
    assert any("story_cloze_test" in line and "no address is known" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("convert copx --split validation", 2, "did you mean copa"),
        ("convert copa --split tests", 2, "train, validation, test, balanced_dev"),
        ("convert copa --splt validation", 2, "--split"),
        ("convert copa --split validation --source hub", 7, "--raw"),
        ("convert sciq --split validation --source hub", 7, "HF_HUB_OFFLINE"),
        ("convert copa --split validation --raw absent.jsonl", 4, "absent.jsonl: no such file"),
        (
            "convert copa --split validation --question-converter magic",
            2,
            "rules, rules-only, none",
        ),
        (
            "convert copa --split validation --to tsv --records both",
            2,
            "use --records question or --records declarative",
        ),
        (
            "convert copa --split validation --to vera --records declarative",
            2,
            "use --records question",
        ),
        ("show wsc", 2, "can mean wsc273 or"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(
    uqa: Uqa, arguments: str, code: int, message: str
) -> None:
    done = uqa(*arguments.split())
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_another_datasets_file_is_refused_with_what_it_lacks(uqa: Uqa) -> None:
    raw = SAMPLES / "sciq" / "authors" / "validation.json"
    done = uqa("convert", "copa", "--split", "validation", "--raw", raw)
    assert done.returncode == 4
    assert "no field premise, choice1, choice2" in done.stderr


def test_a_shape_of_another_split_is_refused_with_the_right_one(uqa: Uqa) -> None:
    raw = SAMPLES / "copa" / "authors" / "balanced_dev.xml"
    done = uqa("convert", "copa", "--split", "validation", "--raw", raw)
    assert done.returncode == 4
    assert "try --split balanced_dev" in done.stderr


def test_too_many_rejects_name_row_and_field(uqa: Uqa, tmp_path: Path) -> None:
    good = (SAMPLES / "copa" / "superglue" / "validation.jsonl").read_text().splitlines()
    bad = [good[0], good[1].replace('"effect"', '"because"').replace('"cause"', '"because"')]
    (tmp_path / "bad.jsonl").write_text("\n".join(bad))
    done = uqa("convert", "copa", "--split", "validation", "--raw", "bad.jsonl")
    assert done.returncode == 3
    assert (
        "copa/validation row 1 (line 2), field question: Input should be 'cause' or" in done.stderr
    )
    assert "--max-rejects" in done.stderr
    again = uqa(
        "convert", "copa", "--split", "validation", "--raw", "bad.jsonl", "--max-rejects", 1
    )
    assert again.returncode == 0
    assert "1 rejected" in again.stderr


def test_an_output_without_an_example_is_told(uqa: Uqa, tmp_path: Path) -> None:
    row = {"id": "middle1.txt", "article": "a", "questions": ["q?"], "answers": ["A"]}
    raw = tmp_path / "dev.jsonl"
    raw.write_text(f"{json.dumps({**row, 'options': [[*'wxyz']]})}\n")
    done = uqa("convert", "race_high", "--split", "validation", "--raw", raw)
    warning = "WARNING: no row gave an example: is the file that of race_high/validation?"
    assert warning in done.stderr.splitlines()
    assert "train on it" not in done.stderr


TRAIN = "train on it: uqa train --preset tiny"


@pytest.mark.parametrize(
    ("raw", "split", "more", "told"),
    [
        ("copa/superglue/train.jsonl", "train", (), f"{TRAIN} --data "),
        ("copa/superglue/train.jsonl", "train", ("--to", "parquet"), f"{TRAIN} --data "),
        ("copa/superglue/validation.jsonl", "validation", (), None),  # to evaluate on
        ("copa/superglue/train.jsonl", "train", ("--to", "jsonl"), None),
        ("copa/superglue/train.jsonl", "train", ("--records", "declarative"), None),
        ("drop/hub/train.jsonl", "train", (), f"{TRAIN} --objective text --data "),
    ],
)
def test_training_is_advised_where_it_makes_sense(
    uqa: Uqa, raw: str, split: str, more: tuple[str, ...], told: str | None
) -> None:
    dataset = raw.partition("/")[0]
    done = uqa("convert", dataset, "--split", split, "--raw", SAMPLES / raw, *more)
    assert done.returncode == 0, done.stderr
    assert (TRAIN in done.stderr) is (told is not None)
    assert (told or "") in done.stderr


def test_training_on_invented_rows_is_not_advised(uqa: Uqa) -> None:
    done = uqa("convert", "copa", "--split", "train", "--source", "sample")
    assert "invented sample rows" in done.stderr
    assert TRAIN not in done.stderr


def test_another_number_of_rows_is_told_with_both_numbers(uqa: Uqa, tmp_path: Path) -> None:
    def told(rows: int, split: str, *more: str) -> str:
        out = f"{split}-{rows}-{len(more)}"
        raw = raw_file(tmp_path, rows)
        return uqa("convert", "copa", "--split", split, "--raw", raw, "--out", out, *more).stderr

    wrong = told(100, "train", "-q")
    assert "WARNING: copa/train has 400 rows; these are fewer, 100: as many as validation" in wrong
    assert "is --split right?" in wrong
    fewer = told(90, "val", "-q")
    assert "copa/validation has 100 rows; these are fewer, 90: the manifest marks" in fewer
    assert "these are more, 110: another version of the dataset" in told(110, "val", "-q")
    assert told(100, "val", "-q") == ""
    part = told(100, "train", "--limit", "9")
    assert "WARNING" not in part
    assert "--limit 9: 9 of 400 rows" in part
    done = uqa("convert", "copa", "--split", "val", "--raw", raw_file(tmp_path, 90), "--json")
    size = json.loads(done.stdout)["manifest"]["split_size"]
    assert size == {"read": 90, "known": 100, "partial": True}


def test_a_file_given_twice_a_folder_and_no_split_are_refused(uqa: Uqa, tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 3)
    told = "convert", "copa", "--split", "train", "--out", "out", "--raw"
    twice = uqa(*told, raw, "--raw", tmp_path / "." / raw.name)
    assert "given twice" in twice.stderr
    assert f"--data-dir {tmp_path}" in uqa(*told, tmp_path).stderr
    assert "copa has train, validation, test" in uqa("convert", "copa").stderr


def test_declarative_records_are_one_line_each(uqa: Uqa, tmp_path: Path) -> None:
    uqa("convert", "sciq", "--split", "dev", "--source", "sample", "--records", "declarative",
        "--to", "jsonl", "--out", "out")  # fmt: skip
    file = tmp_path / "out/sciq/validation.sample/data-00000.jsonl"
    rows = [json.loads(line) for line in file.open()]
    assert len(rows) == 48
    for row in rows:
        assert row["input"].split(" \\n ")[0] == row["sentence"]
        assert row["output"] == ("yes" if row["label"] else "no")
        assert not row["sentence"].endswith("?")
    assert len({row["id"] for row in rows}) == 48
    assert len({row["group"] for row in rows}) == 12


def test_tsv_has_two_fields_a_line(uqa: Uqa, tmp_path: Path) -> None:
    uqa("convert", "copa", "--split", "test", "--source", "sample", "--to", "tsv", "--out", "out")
    text = (tmp_path / "out/copa/test.sample/data-00000.tsv").read_text()
    lines = text.removesuffix("\n").split("\n")
    assert len(lines) == 4
    assert all(line.split("\t")[1:] == ["-"] for line in lines)


def test_vera_json_is_what_upstream_reads(uqa: Uqa, tmp_path: Path) -> None:
    uqa("convert", "sciq", "--split", "dev", "--source", "sample", "--to", "vera", "--out", "out")
    folder = tmp_path / "out/sciq/validation.sample"
    groups = json.loads((folder / "data-00000.json").read_text())
    assert len(groups) == 12
    assert set(groups[0]) == {"golds", "distractors"}
    assert len(groups[0]["distractors"]) == 3
    assert groups[0]["golds"][0].startswith("Bees visit flowers to collect nectar,")
    disputed = groups[-1]
    assert disputed["golds"] == []
    assert len(disputed["distractors"]) == 2
    uqa("convert", "copa", "--split", "test", "--source", "sample", "--to", "vera", "--out", "out")
    folder = tmp_path / "out/copa/test.sample"
    assert json.loads((folder / "data-00000.json").read_text()) == []
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"]["written"]["left out"] == {"no statement with a label": 4}


def test_version_and_help(script: Uqa, uqa: Uqa) -> None:
    assert script("--version").stdout.strip() == "0.1.0"
    every = script("--help").stdout
    for command in ("list", "show", "convert", "train"):
        assert uqa(command, "--help").returncode == 0
        assert command in every


@pytest.mark.parametrize(
    "command",
    [
        *("convert", "show", "declare", "serve", "model import", "score", "evaluate", "calibrate"),
        *("plan convert", "replicate vera-eval"),
    ],
)
def test_help_names_what_an_option_takes_not_its_python_type(uqa: Uqa, command: str) -> None:
    text = uqa(*command.split(), "--help").stdout
    options = re.findall(r"^  (?:-\w, )?--[\w-]+ (<[^>]*>|\S+)", text, re.MULTILINE)
    assert len(options) >= 2
    raw = {"<str>", "<path>", "<int>", "<float>", "<int range>", "<float range>", "<list[Path]>"}
    assert not raw & set(options)
    assert "[[" not in uqa("cite", "--help").stdout


def test_near_names_of_splits_and_options_are_offered(uqa: Uqa) -> None:
    assert "did you mean validation?" in uqa("convert", "copa", "--split", "validatoin").stderr
    assert "did you mean copa" in uqa("convert", "coppa", "--split", "dev").stderr
    assert "--split" in uqa("convert", "copa", "--splt", "dev").stderr
    assert "is a path" in uqa("convert", "./copa", "--split", "dev").stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("convert copa --split dev --question q", "--from-file FILE"),
        ("convert mine --split dev --from-file a.csv --raw b.csv --question q", "one of them"),
        ("convert copa --split dev --recipe vera --profile canonical", "sets everything"),
        ("convert mine --split dev --from-file a.csv --question q", "no such file"),
    ],
)
def test_options_that_contradict_each_other_are_refused(uqa: Uqa, command: str, says: str) -> None:
    done = uqa(*command.split())
    assert done.returncode == 2
    assert says in done.stderr


def test_quiet_check_answers_with_its_exit_code(uqa: Uqa) -> None:
    uqa(*"convert copa --split dev --source sample -q --to tsv --out out".split())
    done = uqa("check", "out", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "words",
    [
        ["convert", "copa", "--split", "validation", "--raw", "v\udcff.jsonl"],
        ["check", "\udcff"],
        ["model", "fetch", "./\udcff\udcfe"],
        ["train", "--out=\udc80"],
        ["list\udcff"],
    ],
)
def test_a_word_that_is_no_utf_8_is_named(uqa: Uqa, words: list[str]) -> None:
    done = uqa(*words)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "\\udc" in line
    assert "is not UTF-8" in line


def test_a_folder_whose_name_is_no_utf_8(tmp_path: Path) -> None:
    """Nobody can give it by its name, but a shell may stand in it."""
    folder = tmp_path / "d\udcff"
    folder.mkdir()
    words = "convert copa --split validation --source sample --out o --to parquet --json".split()
    done = started.core.run(words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert started.core.run(["check", "o"], cwd=folder).returncode == 0
