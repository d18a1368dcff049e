"""Packed files: read as what is inside, never past what a dataset can hold."""

import bz2
import gzip
import zipfile
from pathlib import Path

import pytest

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows import compression
from unifiedqa_convert.rows.readers import read

LINE = b'{"a": 1}\n'


def packed(tmp_path: Path, suffix: str, content: bytes = LINE) -> Path:
    path = tmp_path / f"rows.jsonl{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deep/rows.jsonl", content)
            archive.writestr("__MACOSX/deep/._rows.jsonl", b"x")
    else:
        path.write_bytes({".gz": gzip, ".bz2": bz2}[suffix].compress(content))
    return path


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zip"])
def test_the_rows_inside_are_read(tmp_path: Path, suffix: str) -> None:
    assert list(read(packed(tmp_path, suffix))) == [{"a": 1}]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zip"])
def test_a_cut_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = packed(tmp_path, suffix, LINE * 1000)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match=r"not a complete"):
        list(read(path))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zip"])
def test_a_bomb_is_not_unpacked(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "FREE", 2**20)
    monkeypatch.setattr(compression, "RATIO", 10)
    with pytest.raises(SourceError, match="decompresses to far more"):
        list(read(packed(tmp_path, suffix, b" " * 2**23)))


def test_a_zip_of_several_files_names_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.jsonl", LINE)
        archive.writestr("../dev.jsonl", LINE)
    with pytest.raises(SourceError, match=r"holds 2 files.*train\.jsonl.*unzip it"):
        list(read(path))
    assert not (tmp_path.parent / "dev.jsonl").exists()
