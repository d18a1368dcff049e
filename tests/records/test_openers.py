"""Other people's readers open what we write: datasets, pandas, polars."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from unifiedqa_convert.cli.convert import summary
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.records.arrow import shard_facts
from unifiedqa_convert.records.formats import FORMATS, Format
from unifiedqa_convert.rows.own.columns import Columns

COLUMNS = ["id", "source_id", "row", "kind", "input", "output", "question", "context"]
COLUMNS += ["choices", "golds", "flags", "statements"]


def converted(folder: Path, to: Format) -> str:
    result = convert(
        Request(dataset="sciq", split="validation", source="sample", to=to, out=folder)
    )
    return str(result.folder / result.manifest["files"][0]["path"])


def test_datasets_maps_the_arrow_shard(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    file = converted(tmp_path, "arrow")
    found = datasets.Dataset.from_file(file)
    assert found.column_names == COLUMNS
    assert found.num_rows == 12
    assert found[0]["statements"][1]["label"] is True
    assert found[0]["statements"][1]["output"] == "yes"
    with pa.memory_map(file) as shard, pa.ipc.open_stream(shard) as reader:
        assert shard_facts(reader.schema)["sample"] is True


def test_datasets_loads_parquet_and_json(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    for to, builder in (("parquet", "parquet"), ("jsonl", "json")):
        file = converted(tmp_path / to, to)
        found = datasets.load_dataset(builder, data_files=file, cache_dir=cache, split="train")
        assert found.column_names == COLUMNS
        assert found[1]["output"] == "Mercury"


def test_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(converted(tmp_path / "parquet", "parquet"))
    assert list(frame.columns) == COLUMNS
    lines = pandas.read_json(converted(tmp_path / "jsonl", "jsonl"), lines=True)
    assert list(lines["input"]) == list(frame["input"])
    table = pandas.read_csv(
        converted(tmp_path / "tsv", "tsv"), sep="\t", names=["input", "output"], quoting=3
    )
    assert list(table["input"]) == list(frame["input"])


def test_polars(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    stream = polars.read_ipc_stream(converted(tmp_path / "arrow", "arrow"))
    parquet = polars.read_parquet(converted(tmp_path / "parquet", "parquet"))
    lines = polars.read_ndjson(converted(tmp_path / "jsonl", "jsonl"))
    assert stream.columns == parquet.columns == lines.columns == COLUMNS
    assert stream["input"].to_list() == parquet["input"].to_list() == lines["input"].to_list()


@pytest.mark.parametrize("shard_rows", [50_000, 10])
@pytest.mark.parametrize("to", FORMATS)
def test_the_printed_line_opens_it(tmp_path: Path, to: Format, shard_rows: int) -> None:
    asked = {"dataset": "copa", "split": "train", "source": "sample", "to": to, "out": tmp_path}
    lines = summary(convert(Request(**asked, shard_rows=shard_rows)))  # type: ignore[arg-type]
    (line,) = [line for line in lines if line.startswith("open it: ")]
    opener = line.removeprefix("open it: ")
    if "load_dataset" in opener:
        opener = opener[:-1] + f", cache_dir={str(tmp_path / 'cache')!r}, split='train')"
    library = opener.split(".")[0]
    found = eval(opener, {library: pytest.importorskip(library)})
    first_alone = opener.endswith("  # the first of 2 files")
    assert len(found) == (10 if first_alone else 16)
    assert first_alone == (shard_rows == 10 and not FORMATS[to].in_batches)


def test_texts_stay_texts_when_pandas_opens_them(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    file = tmp_path / "own.csv"
    file.write_text("q,a\nHow many?,4\nHow few?,None\n")
    for to in ("jsonl", "tsv"):
        out = tmp_path / to
        columns = Columns("q", gold="a")
        own = {"dataset": "own", "split": "train", "from_file": file, "columns": columns}
        result = convert(Request(**own, to=to, out=out))  # type: ignore[arg-type]
        (line,) = [line for line in summary(result) if line.startswith("open it: ")]
        assert list(eval(line.removeprefix("open it: "), {"pandas": pandas})["output"]) == [
            "4",
            "None",
        ]
        assert not [line for line in summary(result) if line.startswith("license")]


def test_the_same_rows_in_every_form_and_the_same_bytes_twice(tmp_path: Path) -> None:
    for to in FORMATS:
        one, two = converted(tmp_path / "one", to), converted(tmp_path / "two", to)
        assert Path(one).read_bytes() == Path(two).read_bytes()
        Path(one).parent.rename(tmp_path / f"one-{to}")
        Path(two).parent.rename(tmp_path / f"two-{to}")
        manifests = [tmp_path / f"{name}-{to}" / "manifest.json" for name in ("one", "two")]
        assert manifests[0].read_bytes() == manifests[1].read_bytes()
        assert "sample" in json.loads(manifests[0].read_text())


def test_the_card_opens_the_folder_and_states_the_license(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    folder = Path(converted(tmp_path, "parquet")).parent
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "license: cc-by-nc-3.0" in card
    assert "Invented sample rows" in card
    found = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["validation"]
    assert found["validation"].column_names == COLUMNS
    assert found["validation"][1]["output"] == "Mercury"
