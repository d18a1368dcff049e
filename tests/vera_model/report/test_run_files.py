"""A report of files that were edited, cut or damaged: it survives, or names the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.storage import write_json
from vera_model.report.page import write_report

GROUPS = [choice(n, [f"Rain {n} is {w}." for w in ("wet", "dry")], n % 2) for n in range(6)]
NAMES = [
    r"a$\undefinedthing$",
    r"$x^{2$ & <b>bold</b> --> <script>alert(1)</script>",
    "two\nlines\tand \x1b[31mred\x00 \u2028 end",
    "x" * 5000,
    "雨 \U0001f600 \u202egnp",
    "_snake_*star*_|pipe|",
]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    save_tiny(folder / "model", [one.sentence for group in GROUPS for one in group.statements])
    write_split(folder / "data" / "planted", GROUPS)
    words = ["--model", folder / "model", "--data", folder / "data", "--out", folder / "out"]
    done = CliRunner().invoke(app, ["evaluate", *map(str, words), "--resamples", "5"])
    assert done.exit_code == 0, done.output
    (folder / "out" / "train_log.jsonl").write_text(
        "".join(json.dumps({"step": n, "loss": 2.0}) + "\n" for n in range(3))
    )
    (folder / "out" / "calibration.json").write_text('{"criterion": "nll"}')
    return folder / "out"


@pytest.fixture
def run(evaluated: Path, tmp_path: Path) -> Path:
    """A copy of the folder, for a test to spoil."""
    return shutil.copytree(evaluated, tmp_path / "out")


def test_it_reads_its_own(run: Path) -> None:
    assert "Loss of the training batches" in write_report(run).read_text()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))
def test_any_name_of_a_dataset_is_drawn_and_escaped(run: Path, name: str) -> None:
    text = (run / "metrics.json").read_text().replace('"planted"', json.dumps(name))
    (run / "metrics.json").write_text(text)
    table = pq.read_table(run / "predictions.parquet")
    place = table.schema.names.index("dataset")
    field = table.schema.field(place)
    renamed = table.set_column(place, field, pa.array([name] * len(table), pa.string()))
    pq.write_table(renamed, run / "predictions.parquet")
    page = write_report(run).read_bytes().decode()
    assert "<script" not in page
    assert "<b>bold" not in page
    assert (run / "report" / "auroc.png").is_file()


def test_a_name_that_is_no_utf_8_is_escaped(run: Path) -> None:
    text = (run / "metrics.json").read_text().replace('"planted"', r'"\udcff\udcfe"')
    (run / "metrics.json").write_text(text)
    with pytest.raises(SourceError, match="of two evaluations"):
        write_report(run)
    (run / "predictions.parquet").unlink()
    assert r"\udcff\udcfe" in write_report(run).read_text()


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def write(raw: bytes) -> bytes:
        document = json.loads(raw)
        change(document)
        return json.dumps(document).encode()

    return write


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    **{
        f"{name} {text[:9]!r}": (name, lambda _raw, text=text: text, "can't be read")  # type: ignore[misc]
        for name in ("metrics.json", "config.json", "calibration.json")
        for text in (b"", b"[]", b"null", b'"text"', b"{", b"\xff", b"[" * 99_999)
    },
    "no metrics": ("metrics.json", lambda _raw: b"{}", "metrics is missing"),
    "no criterion": ("calibration.json", lambda _raw: b"{}", "criterion is missing"),
    "another criterion": ("calibration.json", lambda _raw: b'{"criterion": "x"}', "criterion is"),
    "5,000 digits": (
        "metrics.json",
        lambda raw: raw.replace(b'"parameters": ', b'"parameters": ' + b"9" * 5000),
        "a number of 5,0",
    ),
    "NaN": (
        "metrics.json",
        edited(lambda it: it["metrics"]["overall"].update(auroc=float("nan"))),
        "NaN is no number",
    ),
    "a list": ("metrics.json", edited(lambda it: it.update(metrics=[])), r"metrics is \[\]"),
    "a text": (
        "metrics.json",
        edited(lambda it: it["metrics"]["overall"].update(ece="0.5")),
        r"metrics\.overall\.ece is '0\.5'",
    ),
    "half an interval": (
        "metrics.json",
        edited(lambda it: it["metrics"]["overall"]["intervals"].update(auroc=[0.1])),
        r"intervals\.auroc is \[0\.1\]",
    ),
    "temperature 0": (
        "metrics.json",
        edited(lambda it: it["metrics"].update(temperature=0)),
        r"temperature is 0",
    ),
    "temperature below": (
        "metrics.json",
        edited(lambda it: it["metrics"].update(temperature=-1.5)),
        r"temperature is -1\.5",
    ),
    "no counts": ("metrics.json", edited(lambda it: it["data"].pop("groups")), "groups is missing"),
    "shards of text": (
        "metrics.json",
        edited(lambda it: it["data"].update(valid_shards=["a"])),
        r"valid_shards\.0 is 'a'",
    ),
    "unseen of text": (
        "metrics.json",
        edited(lambda it: it["data"]["unseen"].update(evaluated_on={"copa": 3})),
        r"unseen\.evaluated_on\.copa is 3",
    ),
    "a line of text": ("train_log.jsonl", lambda raw: b'"a"\n' + raw, "line 1"),
    "a line without a step": ("train_log.jsonl", lambda raw: raw + b'{"loss": 1}\n', "line 4"),
    "half a line inside": ("train_log.jsonl", lambda raw: raw + b'{"st\n' + raw, "line 4"),
    "digits in a log": (
        "train_log.jsonl",
        lambda raw: b'{"step": ' + b"1" * 5000 + b"}\n" + raw,
        "line 1: a number of 5,000 digits",
    ),
    "no Parquet": ("predictions.parquet", lambda _raw: b"PAR1", "not Parquet or Arrow, or damaged"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_an_error_that_names_the_file(run: Path, case: str) -> None:
    name, change, words = DAMAGE[case]
    path = run / name
    path.write_bytes(change(path.read_bytes()))
    done = CliRunner().invoke(app, ["report", str(run)])
    assert isinstance(done.exception, SourceError), done.exception
    assert str(path) in str(done.exception)
    assert len(str(done.exception)) < 600 + len(str(path))
    with pytest.raises(SourceError, match=words):
        write_report(run)


HARMLESS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "half a last line": ("train_log.jsonl", lambda raw: raw + b'{"step": 3, "lo'),
    "half a number": ("train_log.jsonl", lambda raw: raw + b'{"step": 3'),
    "U+2028 in a line": (
        "train_log.jsonl",
        lambda raw: raw + '{"step": 3, "note": "a\u2028b\x85c"}\n'.encode(),
    ),
    "no finite loss": ("train_log.jsonl", lambda raw: raw + b'{"step": 3, "loss": null}\n'),
    "a loss of text": ("train_log.jsonl", lambda raw: raw + b'{"step": 3, "loss": "nan"}\n'),
    "an empty log": ("eval_log.jsonl", lambda _raw: b""),
    "no steps": ("metrics.json", edited(lambda it: it["data"]["groups"].update(trained_on=3))),
    "no metrics": ("metrics.json", edited(lambda it: it.update(metrics=None))),
    "other settings": ("config.json", edited(lambda it: it.update({"<b>": ["$x$", None]}))),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_a_killed_or_another_run_leaves_is_read(run: Path, case: str) -> None:
    name, change = HARMLESS[case]
    path = run / name
    path.write_bytes(change(path.read_bytes() if path.is_file() else b""))
    assert "<b>" not in write_report(run).read_text()


def spoilt(run: Path, name: str, values: list[Any]) -> None:
    """Replace the first cells of a column of the predictions, keeping its type if they have it."""
    table = pq.read_table(run / "predictions.parquet")
    place = table.schema.names.index(name)
    given = pa.array(values + table.column(name).to_pylist()[len(values) :])
    field = table.schema.field(place)
    if given.type != field.type or given.null_count:
        field = pa.field(name, given.type)
    pq.write_table(table.set_column(place, field, given), run / "predictions.parquet")


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("logit", [float("nan")], "a logit is not finite"),
        ("logit", [None], "columns differ"),
        ("label", ["true"] * 12, "columns differ"),
        ("text", [None], "columns differ"),
        ("id", ["without a number"], "does not end with #"),
        ("id", ["a#" + "9" * 5000], "does not end with #"),
    ],
)
def test_predictions_are_checked(run: Path, column: str, values: list[Any], words: str) -> None:
    spoilt(run, column, values)
    with pytest.raises(SourceError, match=words):
        write_report(run)
    model = run.parent / "model"
    save_tiny(model, ["a", "b"])
    done = CliRunner().invoke(app, ["calibrate", str(model), "--on", str(run)])
    assert isinstance(done.exception, SourceError), done.exception


def test_a_folder_whose_name_is_no_utf_8(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be given by its name, but a shell may stand in it."""
    run = run.rename(tmp_path / "out\udcff")
    monkeypatch.chdir(run)
    assert r"Report: out\udcff" in write_report(Path()).read_text()
    write_json(Path("note.json"), {"path": str(run)})
    written = str(run).replace("\udcff", r"\udcff")
    assert json.loads(Path("note.json").read_bytes()) == {"path": written}
