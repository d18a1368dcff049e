"""The published bytes: sha256 of the TSV that each profile writes from the authors' rows."""

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import SHARED

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import catalogue

pytestmark = pytest.mark.shared


class Published(NamedTuple):
    """A dataset's split, its raw files under real/, and the file they must become."""

    dataset: str
    split: str
    raw: str
    profile: str
    file: str


SPATIAL = "spatial_cs/authors/height/data.json;spatial_cs/authors/posrel/data_qa.json;"
SPATIAL += "spatial_cs/authors/size/data.json"
COM2SENSE = "com2sense/authors/dev.json"
PAIRED = "com2sense/authors/dev.json;com2sense/authors/pair_id_dev.json"

PUBLISHED = [
    Published(dataset, split, raw, profile, file)
    for profile, table in {
        "unifiedqa": [
            ("commonsenseqa", "validation", "commonsenseqa/authors/dev_rand_split.jsonl", "dev"),
            (
                "commonsenseqa",
                "test",
                "commonsenseqa/authors/test_rand_split_no_answers.jsonl",
                "test",
            ),
            ("openbookqa", "validation", "openbookqa/authors/dev.jsonl", "dev"),
            ("social_iqa", "validation", "social_iqa/authors/dev.jsonl", "dev"),
            ("winogrande_l", "validation", "winogrande/authors/dev.jsonl", "dev"),
            ("arc_easy", "validation", "arc_easy/authors/ARC-Easy-Dev.jsonl", "dev"),
            ("arc_hard", "validation", "arc_hard/authors/ARC-Challenge-Dev.jsonl", "dev"),
            ("qasc", "validation", "qasc/authors/dev.jsonl", "dev"),
            (
                "ai2_science_elementary",
                "validation",
                "ai2_science_elementary/authors/Elementary-NDMC-Dev.jsonl",
                "dev",
            ),
            (
                "ai2_science_middle",
                "validation",
                "ai2_science_middle/authors/Middle-NDMC-Dev.jsonl",
                "dev",
            ),
            ("physical_iqa", "validation", "physical_iqa/authors/valid.jsonl", "dev"),
            ("contrast_sets_boolq", "test", "boolq/authors/boolq_perturbed.json", "dev"),
        ],
        "rainier": [
            ("csqa2", "validation", "csqa2/authors/CSQA2_dev.json.gz", "dev"),
            ("wsc273", "test", "wsc273/winogrande_style/wsc.jsonl", "dev"),
            ("alphanli", "validation", "alphanli/authors/dev.jsonl", "dev"),
            ("com2sense", "validation", COM2SENSE, "dev"),
            ("com2sense_paired", "validation", PAIRED, "dev"),
            ("comve_a", "validation", "comve_a/authors/subtaskA_dev_data.csv", "dev"),
            ("creak", "validation", "creak/authors/dev.json", "dev"),
            ("numersense", "validation", "numersense/authors/validation.masked.tsv", "dev"),
            ("numersense_new", "validation", "numersense/authors/validation.masked.tsv", "dev"),
            ("spatial_cs", "validation", SPATIAL, "dev"),
            ("strategyqa", "validation", "strategyqa/authors/dev.json", "dev"),
            ("truthfulqa_mc1", "validation", "truthfulqa/authors/mc_task.json", "dev"),
            ("truthfulqa_mc2", "validation", "truthfulqa/authors/mc_task.json", "dev"),
        ],
    }.items()
    for dataset, split, raw, file in table
    if dataset in catalogue().adapters
]


def digests(profile: str) -> dict[str, str]:
    name = "unifiedqa-official" if profile == "unifiedqa" else profile
    with (SHARED / "reference" / f"{name}-sha256.tsv").open(encoding="utf-8") as file:
        return {path: sha256 for path, _, sha256 in csv.reader(file, delimiter="\t")}


@pytest.mark.parametrize("it", PUBLISHED, ids=lambda it: f"{it.profile}-{it.dataset}-{it.split}")
def test_the_published_bytes(it: Published, tmp_path: Path) -> None:
    request = Request(
        dataset=it.dataset,
        split=it.split,
        raw=tuple(SHARED / "real" / name for name in it.raw.split(";")),
        to="tsv",
        profile=it.profile,
        out=tmp_path,
        question_converter="none",
    )
    written = convert(request).folder / "data-00000.tsv"
    wanted = digests(it.profile)[f"{it.dataset}/{it.file}.tsv"]
    assert hashlib.sha256(written.read_bytes()).hexdigest() == wanted
