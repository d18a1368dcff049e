"""--data-dir: what people download, as it is: archives, folders, snapshots, saved datasets."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from downloads import make_tar, make_zip, put

from unifiedqa_convert.datasets import data_folder, sources
from unifiedqa_convert.datasets.data_folder import in_folder, looked_for
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import RowError, SourceError, UnreachableError, UsageError
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import Row, Source, Split

SCIQ = load_adapter("sciq")
# What people download: dataset, split, the archive without suffix, the file in it (= is its name).
DOWNLOADS = """
copa validation | COPA | COPA/val.jsonl
copa train | COPA | COPA/train.jsonl
winogrande_xl validation | winogrande_1.1 | winogrande_1.1/dev.jsonl
winogrande_xs train | winogrande_1.1 | winogrande_1.1/train_xs.jsonl
openbookqa validation | OpenBookQA-V1-Sep2018 | OpenBookQA-V1-Sep2018/Data/Main/dev.jsonl
openbookqa_fact test | OpenBookQA-V1-Sep2018 | =/Data/Additional/test_complete.jsonl
arc_easy test | ARC-V1-Feb2018 | ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Test.jsonl
arc_hard validation | ARC-V1-Feb2018-2 | ARC-V1-Feb2018-2/ARC-Challenge/ARC-Challenge-Dev.jsonl
ai2_science_middle test | AI2-ScienceQuestions-V2.1-Jan2018 | =/MiddleSchool/Middle-NDMC-Test.jsonl
sciq validation | SciQ | SciQ dataset-2 3/valid.json
qasc validation | qasc_dataset | QASC_Dataset/dev.jsonl
quartz test | quartz-dataset-v1-aug2019 | quartz-dataset-v1-aug2019/test.jsonl
quarel train | quarel-dataset-v1-nov2018 | quarel-dataset-v1/quarel-v1-train.jsonl
social_iqa validation | socialiqa-train-dev | socialiqa-train-dev/dev.jsonl
social_iqa test | socialiqa-test | socialiqa-test/socialiqa.jsonl
physical_iqa validation | physicaliqa-train-dev | physicaliqa-train-dev/dev.jsonl
alphanli validation | alphanli-train-dev | dev.jsonl
alphanli test | alphanli-test | alphanli-test/anli.jsonl
strategyqa train_full | strategyqa_dataset | strategyqa_train.json
atomic2020_3d validation | atomic2020_data-feb2021 | atomic2020_data-feb2021/dev.tsv
cycic_mc train | CycIC-train-dev | CycIC-train-dev/cycic_training_questions.jsonl
truthfulqa_mc1 validation | TruthfulQA-main | TruthfulQA-main/data/mc_task.json
csqa2 validation | csqa2-master | csqa2-master/dataset/CSQA2_dev.json.gz
com2sense validation | Com2Sense-15864a7 | Com2Sense-15864a7/data/dev.json
codah train | CODAH-master | CODAH-master/data/cv_split/fold_0/train.tsv
numersense test_core | NumerSense-main | NumerSense-main/data/test.core.masked.txt
creak contrast | creak-main | creak-main/data/creak/contrast_set.json
comve_a trial | @-master | =/ALL data/Trial Data/taskA_trial_data.csv
swag validation | swagaf-master | swagaf-master/data/val.csv
hellaswag test | hellaswag-master | hellaswag-master/data/hellaswag_test.jsonl
""".strip().splitlines()
COMVE = "SemEval2020-Task4-Commonsense-Validation-and-Explanation"
PARTS = [tuple(it.strip().replace("@", COMVE) for it in line.split("|")) for line in DOWNLOADS]
LAYOUTS = [(wanted, name, member.replace("=", name)) for wanted, name, member in PARTS]
layouts = pytest.mark.parametrize(("wanted", "name", "member"), LAYOUTS)
# What lies beside it in such an archive, or in another: never to be taken for it.
OTHERS = ("README.md", "__MACOSX/._dev.jsonl", "._val.jsonl", "WiC/val.jsonl", "x/dev.jsonl")


def find(wanted: str, folder: Path) -> tuple[Path, ...]:
    name, split = wanted.split()
    return in_folder(load_adapter(name), split, folder, "--data-dir")


def sample(name: str, shape: str, split: str) -> Path:
    (path,) = (sources.sample_folder(load_adapter(name)) / shape).glob(f"{split}.*")
    return path


def rows_of(wanted: str, files: tuple[Path, ...]) -> list[Row]:
    name, split = wanted.split()
    adapter = load_adapter(name)
    found = [it.row for it in typed_rows(adapter, split, with_companions(adapter, split, files))]
    assert found
    assert not any(isinstance(row, RowError) for row in found), found
    return [row for row in found if isinstance(row, Row)]


# The authors' downloads.


@layouts
def test_an_archive_is_found_unopened(tmp_path: Path, wanted: str, name: str, member: str) -> None:
    members = {member: b"wanted", **dict.fromkeys(OTHERS, b"other")}
    make_zip(tmp_path / f"{name}.zip", members)
    (found,) = find(wanted, tmp_path)
    assert found.read_bytes() == b"wanted"
    assert found.name == member.split("/")[-1]
    make_zip(tmp_path / "WiC.zip", {"WiC/val.jsonl": b"", "WiC/train.jsonl": b"", member[1:]: b""})
    assert find(wanted, tmp_path) == (found,)


@layouts
def test_its_folder_is_found(tmp_path: Path, wanted: str, name: str, member: str) -> None:
    inside = member if "/" in member else f"{name}/{member}"
    path = put(tmp_path / inside)
    assert find(wanted, tmp_path) == (path,)
    moved = tmp_path / wanted.split()[0] / inside
    moved.parent.mkdir(parents=True)
    path.rename(moved)
    assert find(wanted, tmp_path) == (moved,)


@layouts
def test_a_tar_is_found_by_its_name_or_its_place(
    tmp_path: Path, wanted: str, name: str, member: str
) -> None:
    dataset = wanted.split()[0]
    for path in (tmp_path / f"{name} (1).tar.gz", tmp_path / dataset / "some.tar.bz2"):
        make_tar(path, {member: b"wanted", "README.md": b""})
        (found,) = find(wanted, tmp_path)
        assert found.read_bytes() == b"wanted"
        path.unlink()


def test_only_what_is_wanted_is_unpacked_and_only_once(tmp_path: Path) -> None:
    members = {"a/dev.jsonl": b"{}", "a/dev-labels.lst": b"1", "a/train.jsonl": b"{}", "a/x": b""}
    archive = make_tar(tmp_path / "alphanli" / "download.tgz", members)
    (rows,) = find("alphanli validation", tmp_path)
    assert sorted(path.name for path in rows.parent.iterdir()) == ["dev-labels.lst", "dev.jsonl"]
    before = rows.stat().st_mtime_ns
    assert find("alphanli validation", tmp_path) == (rows,)
    assert rows.stat().st_mtime_ns == before
    archive.unlink()
    make_zip(tmp_path / "alphanli-train-dev.zip", {"dev.jsonl": b"{}", "dev-labels.lst": b"2"})
    (other,) = find("alphanli validation", tmp_path)
    assert other.with_name("dev-labels.lst").read_bytes() == b"2"


def test_a_split_in_several_files_is_found_in_an_archive(tmp_path: Path) -> None:
    parts = load_adapter("spatial_cs").source.splits["validation"].parts
    members = {f"spatial-commonsense-main/data/{part}": part.encode() for part in parts}
    make_zip(tmp_path / "spatial-commonsense-main.zip", members)
    found = find("spatial_cs validation", tmp_path)
    assert [path.read_text() for path in found] == list(parts)


def test_pairs_lie_beside_the_rows(tmp_path: Path) -> None:
    folder = sample("com2sense_paired", "authors", "validation").parent
    members = {
        "Com2Sense-master/data/dev.json": (folder / "validation.json").read_bytes(),
        "Com2Sense-master/data/pair_id_dev.json": (folder / "pair_id_validation.json").read_bytes(),
    }
    make_zip(tmp_path / "Com2Sense-master.zip", members)
    assert rows_of("com2sense_paired validation", find("com2sense_paired validation", tmp_path))


# Repositories and copies, written by `datasets`.

SAVED = (
    ("copa validation", "superglue"),
    ("sciq validation", "authors"),
    ("openbookqa validation", "hub"),
    ("arc_easy test", "hub"),
    ("winogrande_xl validation", "hub"),
    ("alphanli validation", "hub"),
)
saved = pytest.mark.parametrize(("wanted", "shape"), SAVED)


@pytest.fixture(scope="module")
def hub() -> Any:
    import datasets

    datasets.disable_progress_bars()
    return datasets


def raw_rows(wanted: str, shape: str) -> list[dict[str, Any]]:
    name, split = wanted.split()
    text = sample(name, shape, split).read_text(encoding="utf-8")
    return json.loads(text) if text.startswith("[") else list(map(json.loads, text.splitlines()))


@saved
def test_what_datasets_writes_is_found_and_read(
    tmp_path: Path, hub: Any, wanted: str, shape: str
) -> None:
    name, split = wanted.split()
    rows = raw_rows(wanted, shape)
    data = hub.Dataset.from_list(rows)
    expected = len(rows_of(wanted, (sample(name, shape, split),)))
    alias = "dev" if split == "validation" else split
    ways: dict[str, Callable[[Path], object]] = {
        f"{name}/{split}.json": data.to_json,
        f"{name}/{alias}.jsonl": data.to_json,
        f"{name}/{split}.parquet": data.to_parquet,
        f"{name}/{name}_{alias}.parquet": data.to_parquet,
        f"{name}/data/{split}-00000-of-00001.parquet": data.to_parquet,
        f"{name}/{split}": data.save_to_disk,
        f"{name}": hub.DatasetDict({split: data, "other": data.select([0])}).save_to_disk,
    }
    for place, write in ways.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / place)
        assert len(rows_of(wanted, find(wanted, tmp_path))) == expected, place
        shutil.rmtree(tmp_path / name)
    write_in = tmp_path / f"{name}_{split}.parquet"
    data.to_parquet(write_in)
    assert find(wanted, tmp_path) == (write_in,)


def test_shards_are_read_in_order(tmp_path: Path, hub: Any) -> None:
    rows = [{**raw_rows("copa validation", "superglue")[0], "idx": n} for n in range(12)]
    data = hub.Dataset.from_list(rows)
    hub.DatasetDict({"validation": data}).save_to_disk(
        tmp_path / "copa", num_shards={"validation": 3}
    )
    found = find("copa validation", tmp_path)
    assert [path.name for path in found] == [f"data-0000{n}-of-00003.arrow" for n in range(3)]
    assert [getattr(row, "idx", None) for row in rows_of("copa validation", found)] == list(
        range(12)
    )
    found[1].unlink()
    with pytest.raises(SourceError, match="other parts of this split are missing"):
        find("copa validation", tmp_path)


def test_one_saved_split_is_known_by_its_state(tmp_path: Path, hub: Any) -> None:
    data = hub.Dataset.from_list(raw_rows("copa validation", "superglue"), split="validation")
    data.save_to_disk(tmp_path / "copa")
    put(tmp_path / "copa" / "cache-1234.arrow")
    assert rows_of("copa validation", find("copa validation", tmp_path))
    with pytest.raises(SourceError, match=r"no train\.jsonl"):
        find("copa train", tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        "allenai/openbookqa/main/validation-00000-of-00001.parquet",
        "openbookqa/main/validation-00000-of-00001.parquet",
        "openbookqa/main/validation/0000.parquet",
        "datasets--allenai--openbookqa/snapshots/388097ea7776314e93a529163e0fea805b8a6454/main/"
        "validation-00000-of-00001.parquet",
    ],
)
def test_a_snapshot_of_the_hub_is_found(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / place)
    put(tmp_path / place.replace("main", "additional"), b"other")
    put(tmp_path / place.replace("validation", "test"), b"other")
    assert find("openbookqa validation", tmp_path) == (path,)
    path.unlink()
    with pytest.raises(SourceError, match=r"no dev\.jsonl"):
        find("openbookqa validation", tmp_path)


def test_the_hubs_cache_has_one_snapshot_that_is_pinned(tmp_path: Path) -> None:
    (repository,) = SCIQ.source.repositories
    root = tmp_path / "datasets--allenai--sciq" / "snapshots"
    name = "data/validation-00000-of-00001.parquet"
    put(root / ("0" * 40) / name, b"older")
    path = put(root / str(repository.commit) / name)
    assert find("sciq validation", tmp_path) == (path,)


def test_a_name_of_the_hub_for_another_split_is_not_this_one(tmp_path: Path) -> None:
    """The hub's train of CODAH are all rows; that of Balanced COPA are its 1000."""
    put(tmp_path / "codah" / "train.parquet")
    with pytest.raises(SourceError, match=r"no train\.tsv"):
        find("codah train", tmp_path)
    path = put(tmp_path / "copa" / "train.parquet")
    assert find("copa train", tmp_path) == (path,)
    with pytest.raises(SourceError, match="no balanced-copa"):
        find("copa balanced_dev", tmp_path)
    path = put(tmp_path / "pkavumba" / "balanced-copa" / "train.parquet")
    assert find("copa balanced_dev", tmp_path) == (path,)


@pytest.mark.parametrize(
    "ending", [".ndjson", ".jsonlines", ".feather", ".ndjson.gz", ".csv.gz", ".tsv.gz"]
)
def test_copies_of_every_format_that_is_read_are_found(tmp_path: Path, ending: str) -> None:
    path = put(tmp_path / "physical_iqa" / f"train{ending}")
    put(tmp_path / "physical_iqa" / f"validation{ending}")
    assert find("physical_iqa train", tmp_path) == (path,)
    better = put(tmp_path / "physical_iqa" / "train.parquet")
    assert find("physical_iqa train", tmp_path) == (better,)


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ("winogrande_xs train", "winogrande_xs/train_xl.jsonl"),
        ("winogrande_xs train", "winogrande/winogrande_xl/train-00000-of-00001.parquet"),
        ("strategyqa train", "strategyqa/strategyqa_train.json"),
        ("copa validation", "super_glue/boolq/validation-00000-of-00001.parquet"),
        ("copa validation", "super_glue/BoolQ/val.jsonl"),
        ("copa validation", "WiC/val.jsonl"),
        ("cycic_mc validation", "cycic_mc/dev_labels.jsonl"),
        ("story_cloze_test validation", "story_cloze_test/validation_2018.parquet"),
        ("comve_a validation", "comve_a/subtaskB_dev_data.csv"),
        ("arc_easy test", "ARC-V1-Feb2018-2/ARC-Challenge/ARC-Easy-Test.jsonl"),
    ],
)
def test_another_datasets_or_splits_file_is_left_alone(
    tmp_path: Path, wanted: str, other: str
) -> None:
    put(tmp_path / other)
    with pytest.raises(SourceError, match=r": no .* in --data-dir "):
        find(wanted, tmp_path)


# Names, places, messages.


@pytest.mark.parametrize(
    "place", ["valid.json", "sciq/valid.json", "sciq/any folder/valid.json", "valid.json.gz"]
)
def test_the_authors_name_is_found(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / place, b"[]")
    put(tmp_path / "train.json", b"[]")
    found = sources.locate(SCIQ, "validation", sources.Places(data_dir=tmp_path))
    assert (found.kind, found.files, found.note) == ("given", (path,), None)


def test_a_gzipped_name_is_found_unpacked(tmp_path: Path) -> None:
    adapter = load_adapter("csqa2")
    assert adapter.source.splits["validation"].names == ("CSQA2_dev.json.gz",)
    put(tmp_path / "CSQA2_dev.json")
    assert in_folder(adapter, "validation", tmp_path, "--data-dir")[0].suffix == ".json"


def test_the_folder_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "valid.json", b"[]")
    monkeypatch.setenv("UQA_DATA_DIR", str(tmp_path))
    assert sources.locate(SCIQ, "validation", sources.Places()).kind == "given"
    assert sources.locate(SCIQ, "validation", sources.Places(source="sample")).kind == "sample"
    with pytest.raises(SourceError, match="UQA_DATA_DIR"):
        sources.locate(SCIQ, "test", sources.Places())
    path = put(tmp_path / "own" / "valid.json", b"[1]")
    assert sources.locate(SCIQ, "validation", sources.Places(data_dir=tmp_path / "own")).files == (
        path,
    )


def test_raw_goes_before_data_dir(tmp_path: Path) -> None:
    put(tmp_path / "valid.json", b"[]")
    mine = put(tmp_path / "mine.json", b"[]")
    assert sources.locate(SCIQ, "validation", sources.Places((mine,), data_dir=tmp_path)).files == (
        mine,
    )


def test_data_dir_and_another_source_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        sources.locate(SCIQ, "validation", sources.Places(source="sample", data_dir=tmp_path))


def test_a_folder_without_the_file_names_what_was_looked_for(tmp_path: Path) -> None:
    put(tmp_path / "cut.zip", b"PK\3\4")
    with pytest.raises(SourceError, match=r"no valid\.json in --data-dir ") as caught:
        find("sciq validation", tmp_path)
    assert not isinstance(caught.value, UnreachableError), "auto would fall back to the sample"
    for text in ("--raw", "`uqa sources sciq` lists where it may lie"):
        assert text in str(caught.value)
    assert f"{tmp_path}/cut.zip: not a complete zip file" in str(caught.value)
    with pytest.raises(SourceError, match="no such folder"):
        find("sciq validation", tmp_path / "absent")
    with pytest.raises(SourceError, match="is a file: name the folder"):
        find("sciq validation", tmp_path / "cut.zip")


def test_the_names_that_are_looked_for_are_told() -> None:
    assert looked_for(load_adapter("winogrande_xl"), "validation") == [
        "dev.jsonl",
        "winogrande_1.1.zip or .tar.gz",
        "winogrande_1.1/dev.jsonl",
        "allenai/winogrande/winogrande_xl/validation-00000-of-00001.parquet",
        "winogrande_xl/validation.parquet, .jsonl, .json or .csv",
        "winogrande_xl_validation.parquet, .jsonl, .json or .csv",
        "winogrande_xl/validation/*.arrow",
    ]
    assert "csqa2-<ref>/dataset/CSQA2_dev.json.gz" in looked_for(
        load_adapter("csqa2"), "validation"
    )


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("valid.json", "sciq/valid.json.gz"),
        ("sciq/valid.json", "sciq/validation.parquet"),
        ("sciq/validation.jsonl", "sciq/validation.parquet"),
        ("SciQ dataset-2 3/valid.json", "SciQ.zip"),
        ("sciq/a/valid.json", "sciq/b/valid.json"),
        ("allenai/sciq/data/validation-00000-of-00001.parquet", "SciQ.zip"),
    ],
)
def test_two_candidates_are_for_the_caller_to_choose(tmp_path: Path, one: str, two: str) -> None:
    put(tmp_path / one, b"[]")
    if two.endswith(".zip"):
        make_zip(tmp_path / two, {"SciQ dataset-2 3/valid.json": b"[1]"})
    else:
        put(tmp_path / two, gzip.compress(b"[1]"))
    with pytest.raises(SourceError, match="choose with --raw") as caught:
        find("sciq validation", tmp_path)
    assert str(tmp_path / one) in str(caught.value)
    assert str(tmp_path / two) in str(caught.value)


def test_the_same_bytes_twice_are_one_candidate(tmp_path: Path) -> None:
    path = put(tmp_path / "SciQ dataset-2 3" / "valid.json", b"[]")
    (tmp_path / "sciq").mkdir()
    (tmp_path / "sciq" / "valid.json").symlink_to(path)
    make_zip(tmp_path / "SciQ.zip", {"SciQ dataset-2 3/valid.json": b"[]"})
    assert find("sciq validation", tmp_path)[0].resolve() == path


def test_other_labels_beside_the_same_rows_are_two_candidates(tmp_path: Path) -> None:
    for folder, label in (("alphanli-train-dev", b"1\n"), ("alphanli", b"2\n")):
        put(tmp_path / folder / "dev.jsonl")
        put(tmp_path / folder / "dev-labels.lst", label)
    with pytest.raises(SourceError, match="choose with --raw"):
        find("alphanli validation", tmp_path)


def test_a_split_in_several_files_is_found_whole_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = ("z/data.json", "a/data.json")
    source = Source(splits={"test": Split(parts=parts)}, license="", homepage="", citation="")
    monkeypatch.setattr(type(SCIQ), "source", source)
    put(tmp_path / "sciq" / parts[0], b"[]")
    with pytest.raises(SourceError, match=r"sciq/test: no z/data\.json and a/data\.json in"):
        find("sciq test", tmp_path)
    put(tmp_path / "sciq" / parts[1], b"[]")
    assert find("sciq test", tmp_path) == tuple(tmp_path / "sciq" / name for name in parts)


def test_too_many_files_in_a_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "MOST_FILES", 2)
    for number in range(3):
        put(tmp_path / "copa" / str(number))
    with pytest.raises(SourceError, match="more than 2 files"):
        find("copa validation", tmp_path)


def test_a_foreign_tar_is_not_even_opened(tmp_path: Path) -> None:
    put(tmp_path / "corpus.tar.gz", b"not a tar")
    path = put(tmp_path / "val.jsonl")
    assert find("copa validation", tmp_path) == (path,)


def test_convert_reads_a_download(tmp_path: Path, uqa: Run) -> None:
    rows = sample("copa", "superglue", "validation").read_bytes()
    make_zip(tmp_path / "downloads" / "COPA.zip", {"COPA/val.jsonl": rows})
    command = "convert copa --split validation --data-dir downloads --out out"
    done = uqa(*command.split(), UQA_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        json.loads((tmp_path / "out" / "copa" / "validation" / "manifest.json").read_text())[
            "sample"
        ]
        is False
    )
