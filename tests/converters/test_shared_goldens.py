"""Real rows against the team's goldens: every line of golden/INDEX.tsv for the datasets we have."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.records.converted import Record
from unifiedqa_convert.records.encode import parse
from unifiedqa_convert.records.profiles import PROFILES

pytestmark = pytest.mark.shared
CANONICAL = PROFILES["canonical"]


def index() -> list[Any]:
    if not SHARED.is_dir():
        return [pytest.param({}, id="no ../shared")]
    with (SHARED / "golden" / "INDEX.tsv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    ours = [line for line in lines if line["dataset"] in catalogue().adapters]
    return [pytest.param(x, id=f"{x['dataset']}-{x['split']}-{x['shape']}") for x in ours]


def rows_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "data-00000.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def as_set(row: dict[str, Any]) -> tuple[Any, ...]:
    parsed = parse(Record(row["input"], row["output"]), CANONICAL)
    return parsed.question, sorted(parsed.choices), parsed.context, row["output"]


def run(dataset: str, split: str, raw: list[Path], out: Path) -> list[dict[str, Any]]:
    request = Request(
        dataset=dataset, split=split, raw=tuple(raw), to="jsonl", out=out, records="question"
    )
    return rows_of(convert(request).folder)


@pytest.mark.parametrize("line", index())
def test_canonical_records_equal_the_golden(line: dict[str, str], tmp_path: Path) -> None:
    raw = [SHARED / "real" / name for name in line["raw files, under real/"].split(";")]
    ours = run(line["dataset"], line["split"], raw, tmp_path)
    golden = SHARED / "golden" / "canonical" / line["golden, under canonical/"]
    wanted = [json.loads(text) for text in golden.read_text(encoding="utf-8").split("\n") if text]
    assert len(ours) == len(wanted) == int(line["rows"])
    for mine, theirs in zip(ours, wanted, strict=True):
        if line["compare"] == "set":
            assert as_set(mine) == as_set(theirs)
        else:
            assert (mine["input"], mine["output"]) == (theirs["input"], theirs["output"])
    made = [s["sentence"] for row in ours for s in row["statements"] if s["via"] != "given"]
    assert all(text and not text.endswith("?") for text in made)  # no real row is beyond `rules`


def test_wsc_from_the_xml(tmp_path: Path) -> None:
    xml = SHARED / "real" / "wsc273" / "authors" / "WSCollection.xml"
    ours = run("wsc273", "test", [xml], tmp_path)
    golden = SHARED / "golden" / "canonical" / "wsc273" / "test.jsonl"
    wanted = [json.loads(text) for text in golden.read_text(encoding="utf-8").split("\n") if text]
    assert len(ours) == 273
    for mine, theirs in zip(ours, wanted, strict=True):
        parsed = parse(Record(theirs["input"], theirs["output"]), CANONICAL)
        assert mine["question"] == parsed.question
        assert mine["golds"] == list(parsed.golds or ())
    assert ours[0]["choices"] == ["The city councilmen", "the demonstrators"]


def test_wsc_statements_use_the_noun_in_the_pronouns_case(tmp_path: Path) -> None:
    xml = SHARED / "real" / "wsc273" / "authors" / "WSCollection.xml"
    ours = run("wsc273", "test", [xml], tmp_path)
    endings = {
        0: "because the demonstrators feared violence.",  # lower case inside the sentence
        44: "because Ann is nosy.",  # offered as "Ann's"
        50: "even though he is 30 years younger.",  # offered as "him"
        54: "You can see the garden through the wall.",  # no space before the stop
        58: "Luckily, the meeting was short, so it worked out.",  # offered without its article
        208: "and Emma's mother's education had been managed by an excellent woman as governess.",
        218: 'because Dan\'s "Dibs!" was slow.',
    }
    for row, ending in endings.items():
        assert any(s["sentence"].endswith(ending) for s in ours[row]["statements"]), row


def test_sciq_golds_stand_in_every_place(tmp_path: Path) -> None:
    """Chi-square over the gold's position: what the published order would betray is gone."""
    ours = run("sciq", "validation", [SHARED / "real/sciq/authors/valid.json"], tmp_path)
    places = Counter(row["golds"][0] for row in ours)
    chi_square = sum((places[place] - 250) ** 2 / 250 for place in range(4))
    assert chi_square < 16.27  # p = 0.001 at three degrees of freedom


def test_balanced_copa_is_a_split_of_its_own(tmp_path: Path) -> None:
    xml = SHARED / "real/copa/authors/balanced-copa-dev-all.xml"
    ours = run("copa", "balanced_dev", [xml], tmp_path)
    assert Counter(row["golds"][0] for row in ours) == {0: 506, 1: 494}
    assert len(ours) == 1000
