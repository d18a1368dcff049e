"""Recipe ``vera``: raw rows all the way to upstream's statements, as it made them of its TSVs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SHARED

from unifiedqa_convert.conversion.pipeline import convert, converted_rows
from unifiedqa_convert.conversion.request import Request, resolve
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.arrow import arrow_schema, as_rows, record_batch
from unifiedqa_convert.records.formats import vera_group
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.typed_rows import typed_rows


class Stub:
    """The converter whose answers the goldens were recorded with."""

    name, version = "stub", "1"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        return [Sentence(f"<<{question} => {answer}>>", "stub") for question, answer in asks]


DEV = {
    "openbookqa": "openbookqa/authors/dev.jsonl",
    "commonsenseqa": "commonsenseqa/authors/dev_rand_split.jsonl",
    "qasc": "qasc/authors/dev.jsonl",
    "physical_iqa": "physical_iqa/authors/valid.jsonl",
    "social_iqa": "social_iqa/authors/dev.jsonl",
    "winogrande_xl": "winogrande/authors/dev.jsonl",
    "ai2_science_elementary": "ai2_science_elementary/authors/Elementary-NDMC-Dev.jsonl",
    "ai2_science_middle": "ai2_science_middle/authors/Middle-NDMC-Dev.jsonl",
    "alphanli": "alphanli/authors/dev.jsonl",
    "strategyqa": "strategyqa/authors/dev.json",
    "creak": "creak/authors/dev.json",
    "csqa2": "csqa2/authors/CSQA2_dev.json.gz",
    "com2sense": "com2sense/authors/dev.json",
}


@pytest.mark.shared
@pytest.mark.parametrize("task", DEV)
def test_raw_rows_become_upstreams_statements(task: str) -> None:
    raw = SHARED / "real" / DEV[task]
    request = Request(dataset=task, split="validation", raw=(raw,), recipe="vera")
    job = replace(resolve(request), converter=Stub())
    golden = SHARED / "golden" / "vera" / "declarative" / f"{task}.jsonl"
    wanted = [json.loads(line) for line in golden.read_text("utf-8").split("\n") if line]
    rows = list(typed_rows(job.adapter, job.split, job.located.files))[: len(wanted)]
    chunk = converted_rows(job, rows)
    clean = PROFILES["rainier"].of(task).clean
    batch = record_batch(as_rows(chunk.converted, "both"), arrow_schema("both", job.facts()))
    for row, line in zip(batch.to_pylist(), wanted, strict=True):
        if "skipped" in line:
            assert not row["statements"]
        else:
            group = vera_group(row, clean)
            assert group == {"golds": line["golds"], "distractors": line["distractors"]}, line[
                "tsv"
            ]


def test_the_recipe_changes_what_is_written(tmp_path: Path) -> None:
    written = {}
    for recipe in ("clean", "vera"):
        request = Request(
            dataset="copa", split="validation", source="sample", to="vera", out=tmp_path / recipe,
            recipe=recipe,  # type: ignore[arg-type]
        )  # fmt: skip
        folder = convert(request).folder
        written[recipe] = json.loads((folder / "data-00000.json").read_text())[0]
    assert "because" in written["clean"]["golds"][0] or ", so " in written["clean"]["golds"][0]
    assert "because" not in written["vera"]["golds"][0]


def test_what_upstream_has_no_statement_for_is_counted(tmp_path: Path) -> None:
    request = Request(
        dataset="commonsenseqa", split="test", source="sample", out=tmp_path, recipe="vera"
    )
    counts = convert(request).manifest["counts"]
    unlabelled = counts["examples"]["unlabelled"]
    assert counts["statements"]["not made"] == {"upstream has labelled rows only": unlabelled}
