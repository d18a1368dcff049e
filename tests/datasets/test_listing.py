"""Which files of a listing hold a split."""

import pytest

from unifiedqa_convert.datasets.listing import Wanted, files_of
from unifiedqa_convert.errors import SourceError

OTHERS = ("train", "test", "test_2018", "validation_2018")
WANTED = Wanted("validation", OTHERS)


@pytest.mark.parametrize(
    "path",
    [
        "validation.jsonl",
        "dev.json.gz",
        "piqa_validation.parquet",
        "data/validation-00000-of-00001.parquet",
        "default/validation/0000.parquet",
        "validation/data-00000-of-00001.arrow",
        "val/part.csv",
    ],
)
def test_a_file_is_known_by_its_name_or_its_folders(path: str) -> None:
    beside = [path.replace("va", "xx"), "README.md", "validation/state.json", "train.jsonl"]
    beside += ["validation/dataset_info.json", "validation/cache-1f.arrow", "validation.py"]
    assert files_of(WANTED, {*beside, path}) == (path,)


def test_the_longer_name_of_another_split_is_that_ones() -> None:
    assert files_of(WANTED, ["validation_2018.json", "validation-2018.parquet"]) == ()
    assert files_of(Wanted("test_2018", ("test",)), ["test.csv", "test_2018.csv"]) == (
        "test_2018.csv",
    )


def test_parts_are_complete_and_in_order() -> None:
    paths = [f"validation-0000{number}-of-00003.parquet" for number in (2, 0, 1)]
    assert files_of(WANTED, paths) == tuple(sorted(paths))
    for missing in paths:
        with pytest.raises(SourceError, match="other parts of this split are missing"):
            files_of(WANTED, [path for path in paths if path != missing])


def test_another_configurations_files_are_not_taken() -> None:
    paths = ["xl/validation-00000-of-00001.parquet", "m/validation-00000-of-00001.parquet"]
    assert files_of(WANTED._replace(config="m"), paths) == (paths[1],)
    assert files_of(WANTED._replace(config="xs"), paths) == ()
    for common in ("data/validation.parquet", "validation/0000.parquet", "validation.parquet"):
        assert files_of(WANTED._replace(config="xs"), [*paths, common]) == (common,)
    with pytest.raises(SourceError, match="could be any of"):
        files_of(WANTED, paths)


def test_of_copies_in_several_formats_one_is_taken() -> None:
    assert files_of(WANTED, ["dev.csv", "dev.parquet", "dev.jsonl"]) == ("dev.parquet",)
    with pytest.raises(SourceError, match="could be any of"):
        files_of(WANTED, ["dev.csv", "validation.parquet"])
