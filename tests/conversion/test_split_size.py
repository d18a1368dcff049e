"""A split's size is a fact: what was read of it stands in the manifest, and is told."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED
from outputs import raw_file, request

from unifiedqa_convert.conversion.groups import convert_group
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.conversion.split_size import other_size, size_words, split_size
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.rows.companion_files import LATER
from unifiedqa_convert.rows.own.columns import Columns

WHOLE = [0, 1]


def rows(read: int, **skipped: int) -> dict[str, Any]:
    return {"read": read, "skipped": {why.replace("_", " "): n for why, n in skipped.items()}}


def sized(tmp_path: Path, number: int, **changes: object) -> dict[str, Any]:
    return convert(request(raw_file(tmp_path, number), tmp_path / "out", **changes)).manifest


def test_the_manifest_has_both_numbers_and_a_mark(tmp_path: Path) -> None:
    part = sized(tmp_path, 90, split="validation")
    assert part["split_size"] == {"read": 90, "known": 100, "partial": True}
    assert other_size(part) == "copa/validation has 100 rows; these are fewer, 90"
    whole = sized(tmp_path, 100, split="validation", overwrite=True)
    assert whole["split_size"] == {"read": 100, "known": 100, "partial": False}
    assert other_size(whole) is None
    more = sized(tmp_path, 110, split="validation", overwrite=True)
    assert more["split_size"] == {"read": 110, "known": 100, "partial": False}
    assert other_size(more) == "copa/validation has 100 rows; these are more, 110"
    kept = json.loads((tmp_path / "out/copa/validation/manifest.json").read_text())
    assert kept["split_size"] == more["split_size"]


def test_rejected_rows_are_the_splits_too(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 100, broken=42)
    made = convert(request(raw, tmp_path / "out", split="validation", max_rejects=1))
    assert made.manifest["split_size"]["partial"] is False


def test_a_limit_is_a_part_that_was_asked_for_unless_the_file_ended_before(tmp_path: Path) -> None:
    part = sized(tmp_path, 100, split="validation", limit=9)
    assert part["split_size"] == {"read": 9, "known": 100, "partial": True}
    assert other_size(part) is None
    all_of_it = sized(tmp_path, 100, split="validation", limit=100, overwrite=True)
    assert all_of_it["split_size"]["partial"] is False
    ended = sized(tmp_path, 90, split="validation", limit=95, overwrite=True)
    assert other_size(ended) == "copa/validation has 100 rows; these are fewer, 90"


def test_a_share_is_a_part_unless_it_is_everything(tmp_path: Path) -> None:
    share = {"split": "validation", "num_shards": 2, "shard_index": 0}
    half = sized(tmp_path, 100, shard_rows=50, **share)
    assert half["split_size"] == {"read": 50, "known": 100, "partial": True}
    assert other_size(half) is None
    one = sized(tmp_path, 100, shard_rows=100, overwrite=True, **share)
    assert one["split_size"]["partial"] is False


def test_samples_and_own_files_have_no_mark(tmp_path: Path) -> None:
    sample = Request(dataset="copa", split="train", source="sample", out=tmp_path)
    assert convert(sample).manifest["split_size"] is None
    (tmp_path / "mine.csv").write_text("q,a\nIs ice cold?,yes\n")
    columns = Columns(question="q", gold="a")
    own = Request(
        dataset="mine", split="train", from_file=tmp_path / "mine.csv", columns=columns,
        out=tmp_path, limit=1,
    )  # fmt: skip
    made = convert(own).manifest
    assert made["split_size"] is None
    assert other_size(made) is None


def test_rows_that_a_shape_leaves_out_are_none_of_the_splits() -> None:
    pairs = rows(782, second_of_its_pair=391)
    assert split_size(pairs, 391, None, WHOLE)["partial"] is False
    assert split_size(pairs, 400, None, WHOLE) == {"read": 391, "known": 400, "partial": True}
    assert split_size(rows(285, beyond_the_first_273=12), 273, None, WHOLE)["read"] == 273
    assert split_size(rows(270), 273, None, WHOLE)["partial"] is True


def test_what_an_adapter_skips_may_be_counted_in_the_known_number_or_not() -> None:
    tails = rows(100, its_tail_is_none=30)
    assert split_size(tails, 100, None, WHOLE) == {"read": 100, "known": 100, "partial": False}
    items = rows(100, **{"a_true/false_item": 30})
    assert split_size(items, 70, None, WHOLE) == {"read": 70, "known": 70, "partial": False}
    assert split_size(items, 110, None, WHOLE)["partial"] is True


def test_where_a_row_holds_several_questions_the_known_number_counts_these() -> None:
    whole = {"read": 300, "known": 300, "partial": False}
    assert split_size(rows(120), 300, None, WHOLE, examples=300) == whole
    assert split_size(rows(60), 300, None, WHOLE, examples=150)["partial"] is True
    answers = rows(900, **{LATER.reason.replace(" ", "_"): 600})
    assert split_size(answers, 300, None, WHOLE, examples=300) == whole


def test_where_nobody_knows_the_size_only_a_part_that_was_asked_for_is_marked() -> None:
    assert split_size(rows(9), None, None, WHOLE)["partial"] is None
    assert split_size(rows(9), None, 20, WHOLE)["partial"] is None, "the file ended before"
    assert split_size(rows(9), None, 9, WHOLE)["partial"] is True
    assert split_size(rows(9), None, None, [0, 8])["partial"] is True
    assert size_words(split_size(rows(9), None, 9, WHOLE)) == "9 of an unknown number of rows"


def test_a_groups_table_has_it(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 90)
    asked = Request(dataset="", split="", out=tmp_path / "out")

    def convert_one(one: Request) -> Any:
        if one.dataset != "copa":
            return convert(Request(dataset="copa", split="train", source="sample", out=tmp_path))
        return convert(request(raw, tmp_path / "out", split=one.split))

    found = convert_group(asked, "vera-unseen", "validation", convert_one)
    (copa,) = [one for one in found if one.dataset == "copa"]
    assert (copa.outcome, copa.rows) == ("done", 90)
    assert copa.why == "copa/validation has 100 rows; these are fewer, 90"


def listed() -> list[dict[str, str]]:
    """The raw files of the team's index whose dataset there is an adapter for."""
    if not SHARED.is_dir():
        return []
    with (SHARED / "golden" / "INDEX.tsv").open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file, delimiter="\t"))
    return [one for one in entries if one["dataset"] in catalogue().adapters]


@pytest.mark.slow
@pytest.mark.shared
def test_the_known_sizes_are_those_of_real_files(shared: Path, tmp_path: Path) -> None:
    parts = {  # of which only some rows are there, or one of several files
        *("hellaswag", "quarel", "quartz", "riddlesense", "spatial_cs", "swag"),
        *("drop", "ropes", "squad1_1", "squad2"),
    }
    seen = 0
    for number, one in enumerate(listed()):
        named = one["raw files, under real/"].split(";")
        asked = Request(
            dataset=one["dataset"], split=one["split"], question_converter="none",
            records="question", raw=tuple(shared / "real" / name for name in named),
            out=tmp_path / str(number),
        )  # fmt: skip
        made = convert(asked)
        size = made.manifest["split_size"]
        part = one["dataset"] in parts or one["golden, under canonical/"] == "copa/train32.jsonl"
        assert size["partial"] is part, (one, size)
        assert part or size["read"] == size["known"], (one, size)
        seen += not part
    assert seen >= 30


@pytest.mark.shared
def test_the_known_sizes_are_those_that_the_hub_states(shared: Path) -> None:
    features = shared / "reference" / "hub_features"
    compared = 0
    for path, config, dataset in (
        ("ai2_arc", "ARC-Easy", "arc_easy"), ("ai2_arc", "ARC-Challenge", "arc_hard"),
        ("art", "anli", "alphanli"), ("codah", "fold_0", "codah"),
        ("commonsense_qa", "default", "commonsenseqa"), ("hellaswag", "default", "hellaswag"),
        ("numer_sense", "default", "numersense"), ("openbookqa", "main", "openbookqa"),
        ("openbookqa", "additional", "openbookqa_fact"), ("piqa", "plain_text", "physical_iqa"),
        ("qasc", "default", "qasc"), ("quarel", "default", "quarel"),
        ("quartz", "default", "quartz"), ("riddle_sense", "default", "riddlesense"),
        ("sciq", "default", "sciq"), ("social_i_qa", "default", "social_iqa"),
        ("super_glue", "copa", "copa"), ("swag", "regular", "swag"),
        ("genericskb", "generics_kb_best", "genericskb_3d"),
        ("truthful_qa", "multiple_choice", "truthfulqa_mc1"),
        ("truthful_qa", "multiple_choice", "truthfulqa_mc2"),
        ("winograd_wsc", "wsc273", "wsc273"),
        *(("winogrande", f"winogrande_{size}", f"winogrande_{size}")
          for size in ("xs", "s", "m", "l", "xl", "debiased")),
    ):  # fmt: skip
        stated = json.loads((features / f"{path}.json").read_text())[config]["splits"]
        known = load_adapter(dataset).source.splits
        for split, facts in stated.items():
            number = facts["num_examples"] if isinstance(facts, dict) else facts
            assert known[split].rows == number, (dataset, split)
            compared += 1
    assert compared >= 70
