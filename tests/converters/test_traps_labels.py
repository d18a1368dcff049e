"""Traps of labels that lie elsewhere or hide: each on sample rows, under other names or files."""

import json
from pathlib import Path

import pytest
from trap_rows import SAMPLES, changed, chunk_of, one, sample

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.schema import FieldError, FreeText


def given(place: str, raw: Path, out: Path) -> Request:
    dataset, split, _ = sample(place)
    return Request(dataset=dataset, split=split, raw=(raw,), out=out, to="jsonl")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("social_iqa/authors/test", "dev.sorted.jsonl"),
        ("physical_iqa/authors/train", "piqa.v2.valid.jsonl"),
        ("alphanli/authors/train", "anli.2020.dev.jsonl"),
    ],
)
def test_labels_belong_to_the_file_with_their_whole_name(
    place: str, name: str, tmp_path: Path
) -> None:
    dataset, _, path = sample(place)
    rows = tmp_path / name
    rows.write_bytes(path.read_bytes())
    number = len(path.read_text("utf-8").splitlines())
    (tmp_path / f"{name.split('.')[0]}-labels.lst").write_text("1\n" * number)
    (tmp_path / f"{name.split('.')[0]}.jsonl").write_bytes(path.read_bytes())
    with pytest.raises(SourceError, match=rf"{rows.stem}-labels\.lst, which is missing"):
        chunk_of(dataset, "validation", rows)
    (tmp_path / f"{rows.stem}-labels.lst").write_text("1\n" * number)
    assert len(chunk_of(dataset, "validation", rows).converted) == number


@pytest.mark.parametrize(
    ("place", "line"),
    [("comve_a/authors/validation", "8,1\n"), ("cycic_mc/authors/validation", None)],
)
def test_labels_by_id_are_those_of_the_same_ids(
    place: str, line: str | None, tmp_path: Path
) -> None:
    dataset, split, path = sample(place)
    end = "_answers.csv" if line else "_labels.jsonl"
    labels = path.with_name(f"{path.stem}{end}").read_text("utf-8")
    (tmp_path / path.name).write_bytes(path.read_bytes())
    beside = tmp_path / f"{path.stem}{end}"
    beside.write_text(labels + (line or json.dumps({"run_id": 8, "correct_answer": 1}) + "\n"))
    with pytest.raises(SourceError, match=r"1 not in .* 8\)"):
        chunk_of(dataset, split, tmp_path / path.name)
    beside.write_text("".join(labels.splitlines(keepends=True)[1:]))
    with pytest.raises(SourceError, match=r"1 not in .*(answers|labels)"):
        chunk_of(dataset, split, tmp_path / path.name)


def test_social_iqas_first_release_has_its_gold_in_the_row() -> None:
    for words, gold in (("Tariq", 0), ("Gwen", 1), ("Hugo", 2)):
        item = one("social_iqa/v1_4/validation", words)
        assert getattr(item.example, "golds", None) == (gold,)


def test_a_labelled_split_without_a_label_is_refused(tmp_path: Path) -> None:
    _, _, path = sample("copa/superglue/train")
    raw = tmp_path / "rows.jsonl"
    raw.write_text(path.read_text("utf-8").replace('"label": ', '"mark": '))
    with pytest.raises(SourceError, match=r"none of the rows has a label.* mark\)"):
        convert(given("copa/superglue/train", raw, tmp_path / "out"))


def test_a_gold_of_another_name_is_not_hidden(tmp_path: Path) -> None:
    _, _, path = sample("copa/superglue/test")
    raw = tmp_path / "rows.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    bare = [{k: v for k, v in line.items() if k != "label"} | {"gold": 1} for line in lines]
    raw.write_text("".join(json.dumps(line) + "\n" for line in bare))
    with pytest.raises(SourceError, match=r"field label \(fields that are not read: gold\)"):
        convert(given("copa/superglue/test", raw, tmp_path / "out"))


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("tweetqa/authors/validation", "Answer"),
        ("natural_questions/authors/validation", "answer"),
        ("qaconv/authors/validation", "answers"),
    ],
)
def test_a_blank_answer_is_none(place: str, field: str) -> None:
    dataset, _, path = sample(place)
    adapter = load_adapter(dataset)
    shape = adapter.shapes[0]
    text = path.read_text("utf-8")
    raw = json.loads(text if text.startswith("[") else f"[{','.join(text.splitlines())}]")[0]
    raw["segment"] = {"seg_dialog": [{"speaker": "Ola", "text": "Yes."}]}
    (example,) = adapter.examples(shape.model_validate(raw | {field: [" ", "Ola ", "Ola"]}))
    assert isinstance(example, FreeText)
    assert example.answers == ("Ola",)
    with pytest.raises(FieldError, match=f"^{field}: no answer"):
        list(adapter.examples(shape.model_validate(raw | {field: [" "]})))


@pytest.mark.parametrize("shape", ["authors", "hub"])
def test_a_story_of_the_other_mctest_is_refused(tmp_path: Path, shape: str) -> None:
    folder, split = SAMPLES / "mctest_mc160" / shape, "validation"
    for file in folder.glob(f"{split}.*"):
        (tmp_path / file.name).write_text(file.read_text("utf-8").replace("mc160.", "mc500."))
    name = f"{split}.{'tsv' if shape == 'authors' else 'jsonl'}"
    chunk = chunk_of("mctest_mc160", split, tmp_path / name)
    assert not chunk.converted
    assert chunk.rejects[0]["field"] == ("id" if shape == "authors" else "idx.story")
    assert "is a story of mctest_mc500" in chunk.rejects[0]["reason"]


def test_drops_spans_are_joined_alike_in_both_shapes(tmp_path: Path) -> None:
    spans = {"spans": ["Holm ", "", " Berg"], "types": ["span"] * 3}
    chunk = changed("drop/hub/train", tmp_path, lambda row: row.update(answers_spans=spans))
    assert chunk.converted[-1].question.output == "Holm, Berg"
