"""Where rows come from, without the hub: given files, samples, names. See test_hub.py, and
test_data_folder.py for --data-dir."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unifiedqa_convert.datasets import sources
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError, UnreachableError, UqaError, UsageError

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
        sources.locate(SCIQ, "validation", sources.Places((tmp_path / "absent.jsonl",)))


def test_rows_that_no_host_has_say_whom_to_ask() -> None:
    with pytest.raises(UnreachableError, match=r"1\. ask its authors") as caught:
        sources.locate(load_adapter("symkd_anno"), "train", sources.Places(source="hub"))
    assert "uqa convert symkd_anno --split train" in str(caught.value)


@pytest.mark.parametrize("name", ["./sciq", "../sciq", "/data/sciq", "path:sciq"])
def test_a_name_written_as_a_path_is_told_where_paths_go(name: str) -> None:
    with pytest.raises(UsageError, match="--from-file"):
        load_adapter(name)


def test_a_bare_name_is_the_registrys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sciq").mkdir()
    (tmp_path / "sciq" / "valid.json").write_bytes(b"[]")
    monkeypatch.chdir(tmp_path)
    assert load_adapter("sciq") is SCIQ
    found = sources.locate(SCIQ, "validation", sources.Places(source="sample"))
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
        "from unifiedqa_convert.datasets.listing import canonical_split\n"
        "from unifiedqa_convert.datasets.sources import Places, locate\n"
        "adapter, opened = load_adapter('sciq'), []\n"
        "def note(event, arguments):\n"
        "    if event.startswith(('open', 'os.listdir', 'os.scandir', 'socket', 'glob')):\n"
        "        opened.append((event, arguments))\n"
        "sys.addaudithook(note)\n"
        f"for name in {HOSTILE!r}:\n"
        "    for step in (\n"
        "        lambda: load_adapter(name),\n"
        "        lambda: locate(adapter, canonical_split(name), Places(data_dir=Path('.'))),\n"
        "        lambda: locate(adapter, canonical_split(name), Places((Path('/etc/passwd'),))),\n"
        "        lambda: locate(adapter, name, Places(source='sample')),\n"
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
    from unifiedqa_convert.transfers import Gone, HubDown

    assert {Gone.exit_code, HubDown.exit_code, UnreachableError.exit_code} == {7}
    assert issubclass(HubDown, UqaError)
