"""One file for several splits, one text for several rows: as NarrativeQA is published."""

from pathlib import Path

import pytest

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import SourceError, TooManyRejects

HEADER = "document_id,set,question,answer1,answer2\n"
QUESTIONS = HEADER + (
    "s1,train,Who bakes?,Ada,ada\n"
    "s2,valid,Who sails?,Bo,the captain\n"
    "s1,train,Who eats?,Cy,Cy\n"
    "s2,valid,Who swims?,a dog,Bo's dog\n"
)
SUMMARIES = (
    "document_id,summary\ns1,Ada bakes and Cy eats.\ns2,Bo sails. His dog swims.\ns3,None.\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qaps.csv").write_text(QUESTIONS)
    (tmp_path / "third_party/wikipedia").mkdir(parents=True)
    (tmp_path / "third_party/wikipedia/summaries.csv").write_text(SUMMARIES)
    return tmp_path


def converted(folder: Path, split: str = "validation") -> tuple[dict[str, object], str]:
    raw = (folder / "qaps.csv",)
    request = Request(dataset="narrativeqa", split=split, raw=raw, out=folder / "out", to="tsv")
    result = convert(request)
    return result.manifest, (result.folder / "data-00000.tsv").read_text()


def test_each_split_takes_its_rows_and_counts_the_others(folder: Path) -> None:
    for split, first in (("train", "Who bakes?"), ("validation", "Who sails?")):
        manifest, text = converted(folder, split)
        assert text.startswith(first)
        assert text.count("\n") == 2
        counts = manifest["counts"]
        assert isinstance(counts, dict)
        assert counts["rows"]["skipped"] == {"of another split": 2}
        size = manifest["split_size"]
        assert isinstance(size, dict)
        assert size["read"] == 2
    with pytest.raises(SourceError, match="every row is of another split"):
        converted(folder, "test")


def test_two_rows_share_a_text_and_another_splits_text_is_left(folder: Path) -> None:
    assert converted(folder)[1].count("Bo sails. His dog swims.") == 2


def test_a_text_that_is_missing_is_told(folder: Path) -> None:
    path = folder / "third_party/wikipedia/summaries.csv"
    path.write_text(SUMMARIES.replace("s2,", "s4,"))
    with pytest.raises(TooManyRejects, match="no summary for document_id 's2'"):
        converted(folder)
    path.unlink()
    with pytest.raises(
        SourceError, match=r"in another file .*summaries.csv, which is missing; put"
    ):
        converted(folder)


def test_a_split_that_nobody_knows_is_no_reason_to_skip(folder: Path) -> None:
    (folder / "qaps.csv").write_text(QUESTIONS.replace("train", "trial"))
    with pytest.raises(
        TooManyRejects, match="field set: Input should be 'train', 'valid' or 'test'"
    ):
        converted(folder)


def test_a_document_of_texts_may_be_larger_than_a_row(tmp_path: Path) -> None:
    turn = '{"id":"t","speaker":"A","text":"%s"}'
    long, short = turn % ("word " * 2_000_000), turn % "It rains."
    segments = ",".join(
        f'"s{n}":{{"seg_dialog":[{it}]}}' for n, it in enumerate([long] * 2 + [short])
    )
    (tmp_path / "article_segment.json").write_text(f"{{{segments}}}")
    row = '[{"id":"val-0","article_segment_id":"s2","question":"Is it dry?","answers":["no"]}]'
    (tmp_path / "val.json").write_text(row)
    raw = (tmp_path / "val.json",)
    request = Request(dataset="qaconv", split="validation", raw=raw, out=tmp_path / "out", to="tsv")
    text = (convert(request).folder / "data-00000.tsv").read_text()
    assert text == "Is it dry? \\n A: It rains.\tno\n"
    (tmp_path / "article_segment.json").write_text(f"{{{segments}")
    with pytest.raises(SourceError, match=r"article_segment.json: not a JSON object"):
        convert(Request(**{**vars(request), "overwrite": True}))
