"""Labels that hide: a labelled split without them is refused, and those that lack are counted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outputs import request

from unifiedqa_convert.contract.sample import Sample, samples
from unifiedqa_convert.conversion.groups import convert_group
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.conversion.split_size import without_label
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.errors import SourceError, UqaError
from unifiedqa_convert.rows.companion_files import match_files
from unifiedqa_convert.rows.custom_file import Columns
from unifiedqa_convert.rows.readers import read
from unifiedqa_convert.rows.shapes import required

ROW = {"premise": "The kettle sang.", "choice1": "It was full.", "choice2": "It boiled."}


def rows(path: Path, *labels: dict[str, Any]) -> Path:
    lines = (json.dumps({**ROW, "question": "cause", **label}) + "\n" for label in labels)
    path.write_text("".join(lines))
    return path


def test_no_label_in_a_labelled_split_is_an_error_and_may_be_meant(tmp_path: Path) -> None:
    raw = rows(tmp_path / "rows.jsonl", {"idx": 0}, {"idx": 1, "label": -1})
    with pytest.raises(SourceError) as told:
        convert(request(raw, tmp_path / "out"))
    assert f"copa/train: {raw}: none of the rows has a label, but copa/train has" in str(told.value)
    assert "no value in the field label;" in str(told.value)
    assert "--unlabelled" in str(told.value)
    assert not (tmp_path / "out" / "copa" / "train").exists()
    meant = convert(request(raw, tmp_path / "out", unlabelled=True))
    assert meant.resumed_shards == 1
    assert meant.manifest["counts"]["examples"] == {"labelled": 0, "unlabelled": 2}
    assert without_label(meant.manifest) == (
        "copa/train is a labelled split, but 2 of 2 examples have no label"
    )


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["gold", "Label", "answer_key", "correct", "correct_option_idx"])
def test_a_gold_under_another_name_is_never_called_unlabelled(
    tmp_path: Path, split: str, name: str
) -> None:
    raw = rows(tmp_path / "rows.jsonl", {name: 1}, {name: 0})
    with pytest.raises(SourceError, match=rf"field label.*\(fields that are not read: {name}\)"):
        convert(request(raw, tmp_path / "out", split=split))
    some = rows(tmp_path / "some.jsonl", {"label": 0}, {name: 0})
    with pytest.raises(SourceError, match=rf"row 1 and others .* not read: {name}\)"):
        convert(request(some, tmp_path / "out", split=split))


def test_a_hidden_split_is_what_it_is(tmp_path: Path) -> None:
    hidden = {"idx": 3, "gold-source": "x", "activity_label": "Cooking", "answer": ""}
    made = convert(request(rows(tmp_path / "r.jsonl", hidden), tmp_path / "out", split="test"))
    assert made.manifest["labelled"] is False
    assert without_label(made.manifest) is None


def test_some_without_are_counted_and_told(tmp_path: Path) -> None:
    labels: list[dict[str, Any]] = [{"label": 0}, {"label": -1}, {"label": 1}]
    made = convert(request(rows(tmp_path / "rows.jsonl", *labels), tmp_path / "out"))
    told = "copa/train is a labelled split, but 1 of 3 examples have no label"
    assert without_label(made.manifest) == told
    wanted = Request(dataset="", split="train", out=tmp_path / "out", to="jsonl", raw=())
    outcomes = convert_group(wanted, "vera", "train", lambda _: made)
    assert all(told in it.why for it in outcomes if it.outcome == "done")


def test_one_of_several_files_without_labels_is_refused(tmp_path: Path) -> None:
    good = rows(tmp_path / "a.jsonl", {"label": 0}, {"label": 1})
    bare = rows(tmp_path / "b.jsonl", {"idx": 0}, {"idx": 1})
    with pytest.raises(SourceError, match=r"b\.jsonl: none of the rows has a label"):
        convert(replace(request(good, tmp_path / "out"), raw=(good, bare)))


def test_a_column_of_golds_without_one_gold_is_refused_in_a_users_file_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("q,a,b,gold\nWhat sings?,a kettle,a spoon,\n")
    own = Request(
        dataset="mine",
        split="train",
        from_file=path,
        columns=Columns(question="q", choices=("a", "b"), gold="gold"),
        out=tmp_path / "out",
        to="jsonl",
    )
    with pytest.raises(SourceError, match="field gold"):
        convert(own)


OPTIONAL = [
    sample
    for adapter in catalogue().adapters.values()
    for sample in samples(adapter)
    if adapter.source.splits[sample.split].labelled
    and sample.files[0].suffix in (".json", ".jsonl")
    and len(required(sample.shape)) < len(sample.shape.model_fields)
]


@pytest.mark.parametrize("sample", OPTIONAL, ids=str)
def test_rows_without_any_optional_field_never_pass_as_unlabelled(
    sample: Sample, tmp_path: Path
) -> None:
    """Of every shape of every dataset: a label's field may be absent where it is hidden only."""
    (file,) = match_files(sample.adapter, sample.split, sample.files)
    kept = {name.split(".")[0] for name in required(sample.shape)}
    kept |= set(sample.shape.paired or ())
    raw = tmp_path / f"{sample.split}.jsonl"
    bare = (
        {name: value for name, value in record.items() if name in kept}
        for record in read(file.path)
        if isinstance(record, dict)
    )
    raw.write_text("".join(json.dumps(record) + "\n" for record in bare))
    for beside in file.path.parent.glob(f"pair_id_{sample.split}.json"):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    given = Request(
        dataset=sample.adapter.name,
        split=sample.split,
        raw=(raw,),
        out=tmp_path / "out",
        to="jsonl",
        question_converter="none",
    )
    try:
        made = convert(given)
    except UqaError:
        return
    assert made.manifest["counts"]["examples"]["labelled"]
    assert without_label(made.manifest) is None
