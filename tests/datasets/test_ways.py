"""The ways to rows that can't be had: each printed command can be copied and works."""

import json
import shlex
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from repositories import Repositories, serving
from test_published import CASES, Case

from unifiedqa_convert.datasets import sources
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import Places, sample_files, ways
from unifiedqa_convert.errors import UnreachableError

FIRST = [(it.name, next(iter(it.source.splits))) for it in catalogue().adapters.values()]
INDENT = "     "
SEVERAL_FILES = [
    case
    for case in CASES
    if (case.dataset, case.split)
    in {
        *(("csqa2", "validation"), ("com2sense_paired", "validation"), ("comve_a", "validation")),
        *(("spatial_cs", "validation"), ("physical_iqa", "validation")),
    }
]


def commands(lines: list[str]) -> Iterator[list[str]]:
    """The words of each command among the lines."""
    for line in "\n".join(lines).splitlines():
        if line.startswith(INDENT):
            yield shlex.split(line)


@pytest.mark.parametrize(("dataset", "split"), FIRST, ids=lambda it: str(it))
def test_each_datasets_ways_are_its_own(
    dataset: str, split: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    adapter = load_adapter(dataset)
    with pytest.raises(UnreachableError) as caught:
        sources.locate(adapter, split, Places(sample=False))
    reason, headline, *lines = str(caught.value).splitlines()
    assert reason.startswith(f"{dataset}/{split}: ")
    assert "give them with --raw" not in reason, "that is one of the ways"
    assert headline == sources.WAYS
    found = list(commands(lines))
    assert all(words[0] in ("uqa", "curl") for words in found)
    converts = [words for words in found if words[:2] == ["uqa", "convert"]]
    assert all(words[2:5] == [dataset, "--split", split] for words in converts)
    assert len(converts) == sum(line.lstrip()[0].isdigit() for line in lines)
    fetches = [words for words in found if words[:2] == ["uqa", "fetch"]]
    assert bool(fetches) == bool(adapter.source.having(split)) == (fetches == found[:1])
    assert ("sample" in lines[-1]) == bool(sample_files(adapter, split))
    assert not adapter.source.ask or adapter.source.ask in "\n".join(lines)


@pytest.mark.shared
@pytest.mark.parametrize("case", SEVERAL_FILES, ids=lambda case: case.dataset)
def test_the_printed_addresses_give_the_rows(
    case: Case, uqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories, it = Repositories(), case.repository
    pinned = it.files[case.split]
    held = {file.path: path.read_bytes() for file, path in zip(pinned, case.files, strict=True)}
    repositories.add(it.host, it.name, str(it.commit), held)
    with serving(repositories) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        found = list(commands(ways(load_adapter(case.dataset), case.split)))
        curls = [words for words in found if words[0] == "curl"]
        assert len(curls) == len(case.files)
        for words in curls:
            place = tmp_path / words[words.index("-o") + 1]
            place.parent.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(words[-1]) as answer:
                place.write_bytes(answer.read())
    (convert,) = [words for words in found if "--raw" in words]
    done = uqa(*convert[1:], "--json", "--limit", 5, "--question-converter", "none")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sample"] is False


def test_what_another_folders_lock_proves_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file on this machine whose commit is pinned, but not its hash."""
    adapter = load_adapter("swag")
    assert "--lock" not in "\n".join(ways(adapter, "train"))
    adapter = load_adapter("copa")
    monkeypatch.setattr(sources.origins, "cached", lambda _pin: tmp_path)
    first = ways(adapter, "train")[0]
    assert "uqa convert copa --split train --lock FOLDER/uqa.lock" in first
