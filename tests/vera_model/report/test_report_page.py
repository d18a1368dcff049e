"""Reports: whole, self-contained, and true to what lies in the folder."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tiny_vera import save_tiny
from typer.testing import CliRunner
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.storage import write_json
from vera_model.metrics.calibration import calibrate
from vera_model.metrics.predictions import read_predictions
from vera_model.programs.replicate import replication_lines, table_lines
from vera_model.report.page import worst_mistakes, write_report
from vera_model.report.terminal import closing_lines

GROUPS = [
    *[
        choice(
            n,
            [f"<b>Cause</b> {n} has effect {k}." for k in range(3)],
            n % 3,
            context=f"Passage <i>{n}</i> says it." if n % 2 else None,
        )
        for n in range(9)
    ],
    *[yes_no(9 + n, f"Number {n} is even.", n % 2 == 0) for n in range(12)],
]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation by the command line, of a tiny random model."""
    folder = tmp_path_factory.mktemp("report")
    texts = [statement.sentence for group in GROUPS for statement in group.statements]
    save_tiny(folder / "model", texts)
    write_split(folder / "data" / "planted", GROUPS, partition="seen")
    places = ["--model", folder / "model", "--data", folder / "data", "--out", folder / "out"]
    done = CliRunner().invoke(app, ["evaluate", *map(str, places), "--resamples", "20"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip().endswith("metrics.json")
    (folder / "out" / "train_log.jsonl").write_text(
        "".join(
            json.dumps({"step": n, "loss": 2 - n / 50, "accuracy": n / 50}) + "\n"
            for n in range(1, 41)
        )
    )
    return folder


@pytest.fixture(scope="module")
def text(evaluated: Path) -> str:
    return write_report(evaluated / "out").read_text()


class Page(HTMLParser):
    """What a reader and a screen reader meet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.ids += [named["id"] or ""] if "id" in named else []
        self.links += [named[key] or "" for key in ("src", "href", "xlink:href") if key in named]
        if tag not in ("meta", "path", "use", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in ("meta", "path", "use", "br"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "use"):
            assert self.open.pop() == tag


def test_the_page_needs_nothing_beside_itself(text: str) -> None:
    page = Page(text)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") for link in page.links)
    for target in page.links:
        assert target[1:] in page.ids, target
    assert "<script" not in text
    assert not re.search(r"url\((?!#)|@import", text)
    assert "prefers-color-scheme: dark" in text


def test_it_says_what_the_folder_says(evaluated: Path, text: str) -> None:
    document = json.loads((evaluated / "out" / "metrics.json").read_text())
    overall = document["metrics"]["overall"]
    for key in ("choice_accuracy", "statement_accuracy", "auroc"):
        assert f"{overall[key]:.3f}" in text
    assert f"<small>{overall['choice_accuracy_by_chance']:.3f} by chance</small>" in text
    assert f"<small>{overall['ece_equal_width']:.3f} in bins of equal width</small>" in text
    lines = closing_lines(evaluated / "out" / "metrics.json", document)
    assert any(f"ECE {overall['ece_equal_width']:.3f} (" in line for line in lines)
    assert "Mean of the first 4 updates 1.950, of the last 4 1.230." in text
    assert document["data"]["valid_shards"][0]["sha256"] in text
    assert "&lt;b&gt;Cause" in text
    assert "<b>Cause" not in text
    names = {path.name for path in (evaluated / "out" / "report").iterdir()}
    drawn = {"choice_accuracy", "auroc", "roc", "precision_recall", "reliability"}
    assert names == {f"{name}.png" for name in {*drawn, "loss", "accuracy"}}
    assert text == write_report(evaluated / "out").read_text()


def test_missing_splits_and_samples_are_said_first(evaluated: Path, tmp_path: Path) -> None:
    for name in ("metrics.json", "config.json"):
        (tmp_path / name).write_bytes((evaluated / "out" / name).read_bytes())
    document = json.loads((tmp_path / "metrics.json").read_text())
    document["missing"] = [{"task": "prost", "part": "dev", "reason": "no network"}]
    document["data"]["sample"] = True
    write_json(tmp_path / "metrics.json", document)
    text = write_report(tmp_path).read_text()
    assert "prost (dev)" in text
    assert "no network" in text
    assert "Invented rows." in text


def test_worst_mistakes_are_mistakes_and_the_worst_come_first(evaluated: Path) -> None:
    predictions = read_predictions(evaluated / "out" / "predictions.parquet")
    found = worst_mistakes(predictions)
    plausible = [one["score"] for one in found["false, but plausible"]]
    implausible = [one["score"] for one in found["true, but implausible"]]
    assert plausible == sorted(plausible, reverse=True)
    assert implausible == sorted(implausible)
    assert all(score > 0.5 for score in plausible)
    assert all(score <= 0.5 for score in implausible)
    assert len(plausible) == min(10, int((~predictions.label & (predictions.logit > 0)).sum()))


def test_a_mistake_shows_its_statement_and_folds_its_context(evaluated: Path, text: str) -> None:
    found = worst_mistakes(read_predictions(evaluated / "out" / "predictions.parquet"))
    both = [one for side in found.values() for one in side]
    assert {bool(one["context"]) for one in both} == {True, False}
    for one in both:
        number = re.search(r"\d+", one["statement"])
        assert number is not None
        assert one["statement"].startswith(("<b>Cause</b>", "Number"))
        assert one["context"] in ("", f"Passage <i>{number[0]}</i> says it.")
    part = text[text.index("Worst mistakes") : text.index("Data and configuration")]
    folded = re.findall(r"<details><summary>context</summary>(.*?)</details>", part)
    assert len(folded) == sum(bool(one["context"]) for one in both)
    assert not re.search(r"<td>Passage", part)
    before = re.findall(r"<(\w+)[^>]*>\s*<table", text)
    assert set(before) == {"div"}, "each table is in a part that scrolls"
    assert len(before) == text.count("<table") == len(re.findall(r'<div class="scroll"', text))


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="finished run"):
        write_report(tmp_path)


def numbers(page: str) -> tuple[float, list[float]]:
    """The tile of the calibrated ECE, and its column."""
    tile = re.search(r"<dt>ECE calibrated[^<]*</dt><dd>([\d.]+)", page)
    head = re.search(r"<table>\s*<thead>(.*?)</thead>", page, re.DOTALL)
    assert tile is not None
    assert head is not None
    names = re.findall(r"<th[^>]*>(.*?)</th>", head[1])
    place = next(at for at, name in enumerate(names) if name.startswith("ECE calibrated"))
    body = page[head.end() : page.index("</table>", head.end())]
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', body, re.DOTALL)
    cells = [re.findall(r'<td class="n">([^<\n]*)', row)[place - 1] for row in rows]
    return float(tile[1]), [float(cell) for cell in cells]


def test_the_calibrated_ece_is_one_number_in_tile_and_table(
    evaluated: Path, tmp_path: Path, text: str
) -> None:
    predictions = read_predictions(evaluated / "out" / "predictions.parquet")
    found = calibrate(predictions)
    tile, column = numbers(text)
    assert tile == pytest.approx(found.ece_held_out, abs=5e-4)
    assert column == [tile] * 3  # all, its partition, its only dataset
    assert abs(found.ece_held_out - found.ece_before) > 1e-3  # or the test would show nothing
    save_tiny(tmp_path / "hot", [one.sentence for one in GROUPS[0].statements], temperature=3.0)
    places = ["--model", tmp_path / "hot", "--data", evaluated / "data", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, ["evaluate", *map(str, places), "--resamples", "5"])
    assert done.exit_code == 0, done.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())["metrics"]
    tile, column = numbers(write_report(tmp_path / "out").read_text())
    assert column == [tile] * 3
    assert tile == pytest.approx(metrics["overall"]["ece_calibrated"], abs=5e-4)
    assert "temperature 3.00, the model&#39;s" in (tmp_path / "out" / "report.html").read_text()


def test_statements_that_were_trained_on_are_said_first(evaluated: Path, tmp_path: Path) -> None:
    for name in ("metrics.json", "config.json"):
        (tmp_path / name).write_bytes((evaluated / "out" / name).read_bytes())
    document = json.loads((tmp_path / "metrics.json").read_text())
    document["data"]["overlap"] = {
        **{"statements": 39, "trained_on": 17, "with_another_label": 2},
        "tasks": {"planted": {"statements": 39, "trained_on": 17, "with_another_label": 2}},
    }
    write_json(tmp_path / "metrics.json", document)
    text = write_report(tmp_path).read_text()
    head = text[: text.index("<main>")]
    assert "17 of 39 evaluation\nstatements were trained on" in head
    assert "2 with the\nother label" in head


def test_calibrate_by_the_command_line(evaluated: Path, tmp_path: Path) -> None:
    found = read_predictions(evaluated / "out" / "predictions.parquet")
    wrong = np.arange(len(found.label)) % 4 == 0
    surer = np.where(found.label != wrong, 1.0, -1.0) * np.linspace(2, 4, len(wrong))
    found._replace(logit=surer).write(tmp_path / "predictions.parquet")
    on = ["--on", str(tmp_path)]
    done = CliRunner().invoke(app, ["calibrate", str(evaluated / "model"), *on, "--json"])
    assert done.exit_code == 0, done.output
    temperature = json.loads(done.stdout)["temperature"]
    config = json.loads((evaluated / "model" / "config.json").read_text())
    assert config["temperature"] == temperature


def test_replicate_names_what_is_missing(
    evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_split(tmp_path / "root" / "copa" / "validation", GROUPS[:9], dataset="copa")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    places = ["--model", evaluated / "model", "--data-root", tmp_path / "root"]
    arguments = [*map(str, places), "--out", str(tmp_path / "out"), "--resamples", "10"]
    done = CliRunner().invoke(app, ["replicate", "vera-eval", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    lines = json.loads(done.stdout)
    assert len(lines) == 32
    had = [line for line in lines if line["missing"] is None]
    assert [line["task"] for line in had] == ["copa"]
    assert had[0]["part"] == "unseen-1"
    assert had[0]["accuracy"] <= had[0]["upstream"]
    table = (tmp_path / "out" / "table.md").read_text()
    assert "Missing, 31 of 32 tasks" in table
    assert "| mean of 1 of 6 | unseen-1 |" in table
    document = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert replication_lines(table_lines(document)) + "\n" == table
    assert np.isfinite(had[0]["auroc"])


@pytest.mark.parametrize("name", ["report", "report/loss.png"])
def test_figures_are_not_written_through_a_link(evaluated: Path, tmp_path: Path, name: str) -> None:
    run = shutil.copytree(evaluated / "out", tmp_path / "run")
    shutil.rmtree(run / "report", ignore_errors=True)
    mine = tmp_path / "mine"
    link = run / name
    if name == "report":
        mine.mkdir()
    else:
        mine.write_text("mine")
        link.parent.mkdir()
    link.symlink_to(mine)
    with pytest.raises(OutputError, match="is a link to"):
        write_report(run)
    assert not any(mine.iterdir()) if mine.is_dir() else mine.read_text() == "mine"
