"""Archives that are broken, encrypted, too large, or lead elsewhere."""

import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from downloads import make_tar, make_zip

from unifiedqa_convert.datasets.data_folder import in_folder
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows import archives, compression
from unifiedqa_convert.storage import cache_folder

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path_factory.mktemp("cache")))


def find(folder: Path) -> tuple[Path, ...]:
    return in_folder(load_adapter("copa"), "validation", folder, "--data-dir")


def nothing_unpacked() -> bool:
    folder = cache_folder() / "unpacked"
    return not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "name",
    ["../val.jsonl", "/val.jsonl", "COPA/../val.jsonl", "COPA\\val.jsonl", "COPA//val.jsonl"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    make_zip(tmp_path / "COPA.zip", {name: b"{}"})
    make_tar(tmp_path / "copa" / "x.tar", {name: b"{}"})
    with pytest.raises(SourceError, match=r"no val\.jsonl"):
        find(tmp_path)
    assert nothing_unpacked()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"S"])
def test_members_that_are_no_plain_files_are_refused(tmp_path: Path, kind: bytes) -> None:
    link = zipfile.ZipInfo("COPA/val.jsonl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "COPA.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with tarfile.open(tmp_path / "COPA.tar", "w") as tar:
        member = tarfile.TarInfo("COPA/val.jsonl")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(SourceError, match=r"no val\.jsonl|not a complete tar"):
        find(tmp_path)
    assert nothing_unpacked()


@pytest.mark.parametrize("name", ["COPA.zip", "COPA.tar.gz", "COPA.tar.bz2"])
def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(compression, "FREE", 2**20)
    monkeypatch.setattr(compression, "RATIO", 2)
    make = make_zip if name.endswith("zip") else make_tar
    make(tmp_path / name, {"COPA/val.jsonl": b"0" * (4 * 2**20)})
    with pytest.raises(SourceError, match=f"{name}: decompresses to far more bytes"):
        find(tmp_path)
    make(tmp_path / name, {"padding": b"0" * (4 * 2**20), "COPA/val.jsonl": b"{}"})
    if make is make_zip:  # its directory is read, what is not wanted never decompressed
        assert find(tmp_path)[0].read_bytes() == b"{}"
    else:
        with pytest.raises(SourceError, match="decompresses to far more bytes"):
            find(tmp_path)


@pytest.mark.parametrize("name", ["COPA.zip", "COPA.tgz"])
def test_too_many_members_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 100)
    make = make_zip if name.endswith("zip") else make_tar
    make(tmp_path / name, {f"COPA/{number}": b"" for number in range(101)})
    with pytest.raises(SourceError, match="more than 100 files"):
        find(tmp_path)


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "COPA.zip", {"COPA/val.jsonl": b"{}"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"COPA\.zip: COPA/val\.jsonl is encrypted"):
        find(tmp_path)
    assert nothing_unpacked()


@pytest.mark.parametrize("name", ["COPA.zip", "COPA.tar", "COPA.tar.gz", "COPA.tar.bz2"])
def test_a_broken_archive_is_named(tmp_path: Path, name: str) -> None:
    members = {"COPA/val.jsonl": bytes(range(256)) * 400, "COPA/test.jsonl": b"{}"}
    path = (make_zip if name.endswith("zip") else make_tar)(tmp_path / name, members)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=f"{name}: not a complete"):
        find(tmp_path)
    path.write_bytes(whole[:100] + bytes(b ^ 255 for b in whole[100:160]) + whole[160:])
    if name != "COPA.tar":  # which has no checksum over its files
        with pytest.raises(SourceError, match=f"{name}: not a complete"):
            find(tmp_path)
    assert nothing_unpacked() or name == "COPA.tar"


def test_a_member_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "COPA.zip", "w") as archive:
        archive.writestr("COPA/val.jsonl", b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("COPA/val.jsonl", b"[]")
    with pytest.raises(SourceError, match=r"holds COPA/val\.jsonl twice"):
        find(tmp_path)


@pytest.mark.parametrize("name", ["COPA.zip", "COPA.tar.gz"])
def test_a_page_or_a_pointer_in_an_archives_place_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(SourceError, match=r"git-lfs pointer.*git lfs pull"):
        find(tmp_path)
    (tmp_path / name).write_bytes(b"<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(SourceError, match="an HTML page, not data"):
        find(tmp_path)


def test_an_archive_is_what_its_bytes_say(tmp_path: Path) -> None:
    make_zip(tmp_path / "COPA.tar.gz", {"COPA/val.jsonl": b"{}"})
    assert [path.name for path in find(tmp_path)] == ["val.jsonl"]
