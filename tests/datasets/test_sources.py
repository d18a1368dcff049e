"""Where rows come from, without the hub: given files, folders, samples, names. See test_hub.py."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unifiedqa_convert.datasets import sources
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError, UnreachableError, UqaError, UsageError
from unifiedqa_convert.schema import Source, Split

SCIQ = load_adapter("sciq")
HOSTILE = (
    "../sciq ../../etc/passwd .. . / // /etc/passwd ./sciq sciq/ sciq/.. sci\0q sciq\0 \0 "
    "path:sciq path:/etc/passwd file:///etc/passwd ~/sciq ~root $HOME sciq;id `id` $(id) a|b "
    "sciq\\..\\x C:\\sciq \\\\host\\x %2e%2e%2f sciq%00 -rf --raw * ? [a-z]* {a,b} linked "
    "con nul sciq\u202e \ufeffsciq s\u0441iq \u017fciq crea\u212a \uff0e\uff0e\uff0fsciq "
    "sciq\r sciq\u2028 owner/sciq allenai//sciq allenai/sciq/ allenai/../sciq allenai/sciq@main "
    "allenai/sciq:main -sciq sciq- sciq:sciq allenai\\sciq allen\u0430i/sciq ./allenai/sciq "
    "allenai/sciq#1 hf://datasets/allenai/sciq https://example.org/sciq "
    "sciq@main sciq#1 sciq:test main refs/heads/main HEAD __init__ __class__ os.path "
    "converters.sciq ../converters/sciq.py sciq.py"
).split(" ")
HOSTILE += [
    "",
    " ",
    " sciq",
    "sciq ",
    "sciq\t",
    "sciq\n",
    "a" * 5000,
    "allenai/sciq\n",
    " SCIQ",
    "arc  easy",
    "a/" * 5000,
    "../" * 2000 + "etc/passwd",
]


def test_sample_rows_are_ours_and_complete() -> None:
    for name in ("copa", "wsc273", "sciq"):
        adapter = load_adapter(name)
        for split in sources.sample_splits(adapter):
            (path,) = sources.sample_files(adapter, split)
            assert path.is_file()


def test_a_missing_raw_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.jsonl"):
        sources.locate(SCIQ, "validation", (tmp_path / "absent.jsonl",), "auto")


@pytest.mark.parametrize(
    "place", ["valid.json", "sciq/valid.json", "sciq/SciQ dataset-2 3/valid.json", "valid.json.gz"]
)
def test_data_dir_finds_the_authors_name(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"[]")
    (tmp_path / "train.json").write_bytes(b"[]")
    found = sources.locate(SCIQ, "validation", (), "auto", tmp_path)
    assert (found.kind, found.files, found.note) == ("given", (path,), None)


def test_data_dir_finds_a_gzipped_name_unpacked(tmp_path: Path) -> None:
    adapter = load_adapter("csqa2")
    assert adapter.source.splits["validation"].names == ("CSQA2_dev.json.gz",)
    (tmp_path / "CSQA2_dev.json").write_bytes(b"{}")
    assert sources.locate(adapter, "validation", (), "auto", tmp_path).files[0].suffix == ".json"


def test_data_dir_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "valid.json").write_bytes(b"[]")
    monkeypatch.setenv("UQA_DATA_DIR", str(tmp_path))
    assert sources.locate(SCIQ, "validation", (), "auto").kind == "given"
    assert sources.locate(SCIQ, "validation", (), "sample").kind == "sample"
    with pytest.raises(SourceError, match="UQA_DATA_DIR"):
        sources.locate(SCIQ, "test", (), "auto")
    own = tmp_path / "own"
    own.mkdir()
    (own / "valid.json").write_bytes(b"[1]")
    found = sources.locate(SCIQ, "validation", (), "auto", own)
    assert found.files == (own / "valid.json",)


def test_raw_goes_before_data_dir(tmp_path: Path) -> None:
    (tmp_path / "valid.json").write_bytes(b"[]")
    mine = tmp_path / "mine.json"
    mine.write_bytes(b"[]")
    assert sources.locate(SCIQ, "validation", (mine,), "auto", tmp_path).files == (mine,)


def test_a_data_dir_without_the_file_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"valid\.json or valid\.json\.gz") as caught:
        sources.locate(SCIQ, "validation", (), "auto", tmp_path)
    assert not isinstance(caught.value, UnreachableError), "auto would fall back to the sample"
    assert f"{tmp_path}/sciq/*" in str(caught.value)
    assert "--raw" in str(caught.value)
    with pytest.raises(SourceError, match="no such folder"):
        sources.locate(SCIQ, "validation", (), "auto", tmp_path / "absent")


def test_two_candidates_are_for_the_caller_to_choose(tmp_path: Path) -> None:
    (tmp_path / "sciq").mkdir()
    one, two = tmp_path / "valid.json", tmp_path / "sciq" / "valid.json.gz"
    one.write_bytes(b"[]")
    two.write_bytes(gzip.compress(b"[1]"))
    with pytest.raises(SourceError, match="choose with --raw") as caught:
        sources.locate(SCIQ, "validation", (), "auto", tmp_path)
    assert str(one) in str(caught.value)
    assert str(two) in str(caught.value)


def test_the_same_file_twice_is_one_candidate(tmp_path: Path) -> None:
    (tmp_path / "sciq").mkdir()
    (tmp_path / "valid.json").write_bytes(b"[]")
    (tmp_path / "sciq" / "valid.json").symlink_to(tmp_path / "valid.json")
    found = sources.locate(SCIQ, "validation", (), "auto", tmp_path)
    assert found.files == (tmp_path / "valid.json",)


def test_a_split_in_several_files_is_found_whole_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = ("z/data.json", "a/data.json")
    source = Source(splits={"test": Split(parts=parts)}, license="", homepage="", citation="")
    monkeypatch.setattr(type(SCIQ), "source", source)
    for name in parts:
        (tmp_path / "sciq" / name).parent.mkdir(parents=True)
    (tmp_path / "sciq" / parts[0]).write_bytes(b"[]")
    with pytest.raises(SourceError, match=r"no z/data\.json and a/data\.json for sciq/test"):
        sources.locate(SCIQ, "test", (), "auto", tmp_path)
    (tmp_path / "sciq" / parts[1]).write_bytes(b"[]")
    found = sources.locate(SCIQ, "test", (), "auto", tmp_path)
    assert found.files == tuple(tmp_path / "sciq" / name for name in parts)


def test_data_dir_and_another_source_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        sources.locate(SCIQ, "validation", (), "sample", tmp_path)


def test_a_split_whose_file_has_no_known_name_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(splits={"test": Split()}, license="", homepage="", citation="")
    monkeypatch.setattr(type(SCIQ), "source", source)
    with pytest.raises(SourceError, match="no file name is known"):
        sources.locate(SCIQ, "test", (), "auto", tmp_path)


def test_an_unpinned_source_names_the_command_that_pins_it() -> None:
    with pytest.raises(UnreachableError, match="`uqa sources --pin copa`"):
        sources.locate(load_adapter("copa"), "validation", (), "hub")


@pytest.mark.parametrize("name", ["./sciq", "../sciq", "/data/sciq", "path:sciq"])
def test_a_name_written_as_a_path_is_told_where_paths_go(name: str) -> None:
    with pytest.raises(UsageError, match="--from-file"):
        load_adapter(name)


def test_a_bare_name_is_the_registrys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sciq").mkdir()
    (tmp_path / "sciq" / "valid.json").write_bytes(b"[]")
    monkeypatch.chdir(tmp_path)
    assert load_adapter("sciq") is SCIQ
    found = sources.locate(SCIQ, "validation", (), "sample")
    assert not any(path.is_relative_to(tmp_path) for path in found.files)


def test_hostile_names_are_refused_before_anything_is_opened(tmp_path: Path) -> None:
    """In a process that notes each file it opens or lists, in a folder full of bait."""
    (tmp_path / "linked").symlink_to("/etc/passwd")
    (tmp_path / "sciq").mkdir()
    (tmp_path / "sciq" / "valid.json").write_bytes(b"[]")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from unifiedqa_convert.errors import UsageError\n"
        "from unifiedqa_convert.datasets.registry import load_adapter\n"
        "from unifiedqa_convert.datasets.sources import canonical_split, locate\n"
        "adapter, opened = load_adapter('sciq'), []\n"
        "def note(event, arguments):\n"
        "    if event.startswith(('open', 'os.listdir', 'os.scandir', 'socket', 'glob')):\n"
        "        opened.append((event, arguments))\n"
        "sys.addaudithook(note)\n"
        f"for name in {HOSTILE!r}:\n"
        "    for step in (\n"
        "        lambda: load_adapter(name),\n"
        "        lambda: locate(adapter, canonical_split(name), (), 'auto', Path('.')),\n"
        "        lambda: locate(adapter, canonical_split(name), (Path('/etc/passwd'),), 'hub'),\n"
        "        lambda: locate(adapter, name, (), 'sample'),\n"
        "    ):\n"
        "        try:\n"
        "            step()\n"
        "        except UsageError:\n"
        "            continue\n"
        "        sys.exit(f'accepted {name!r}')\n"
        "print(len(opened), opened)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(sources.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(HOSTILE) >= 60
    assert done.stdout == "0 []\n", done.stdout + done.stderr


def test_errors_of_sources_are_caught_by_one_name() -> None:
    from unifiedqa_convert.hub import Gone, HubDown

    assert {Gone.exit_code, HubDown.exit_code, UnreachableError.exit_code} == {7}
    assert issubclass(HubDown, UqaError)
