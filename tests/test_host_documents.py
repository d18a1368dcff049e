"""What the hub's and GitHub's APIs answer is read with a bound: one error each, whatever comes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hostile_service import Answer, Hostile, bomb, playing
from huggingface_hub import constants

from unifiedqa_convert import hub, transfers
from unifiedqa_convert.datasets import github
from unifiedqa_convert.question_converters import download
from unifiedqa_convert.transfers import Home, HubDown

HOME = Home("http://here.example/owner/name", "give the rows with --raw")
COMMIT = "2c94ad3e1aafab77146f384e23536f97a4849815"
MIB = 2**20


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """Something at the address of both hosts."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfers, "DOCUMENT_BYTES", MIB)
    monkeypatch.setattr(transfers, "HUB_TROUBLE", 1)
    with playing(Hostile()) as played:
        monkeypatch.setattr(constants, "ENDPOINT", played.url)
        monkeypatch.setenv("UQA_GITHUB_API", played.url)
        yield played


ASKED: dict[str, Callable[[], Any]] = {
    "a dataset": lambda: hub.describe("owner/name", COMMIT, HOME),
    "a model": lambda: download.plan_download("owner/name", COMMIT),
    "files on GitHub": lambda: github.files_at("owner/name", COMMIT, HOME),
    "a commit on GitHub": lambda: github.newest_commit("owner/name", HOME),
}
WRONG = {
    "null": Answer(None),
    "a list": Answer([1]),
    "deep": Answer(b"[" * 200_000),
    "no JSON": Answer(b"\0" * 100),
    "no UTF-8": Answer(b'{"sha": "\xff"}'),
    "too large": Answer(b" " * MIB, repeated=300),
    "a bomb": bomb(16 * MIB),
    "dripping": Answer(b" " * 10_000, pause=0.02),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("wrong", WRONG)
def test_another_answer_is_one_error(host: Hostile, wrong: str, what: str) -> None:
    host.models = WRONG[wrong]
    with pytest.raises(HubDown) as caught:
        ASKED[what]()
    assert "\n" not in str(caught.value)
    assert host.sent < 24 * MIB  # 1 read, the rest in buffers


def test_a_document_within_the_bound_is_read(host: Hostile) -> None:
    tree = [{"path": f"{n}.tsv", "type": "blob", "size": n, "sha": "b" * 40} for n in range(9_000)]
    host.models = Answer({"tree": tree})
    assert len(github.files_at("owner/name", COMMIT, HOME)) == 9_000
    host.models = Answer({"id": "owner/name", "sha": COMMIT, "siblings": []})
    assert hub.describe("owner/name", None, HOME).sha == COMMIT


def test_a_files_download_is_not_bound_like_a_document(host: Hostile, tmp_path: Any) -> None:
    host.models = Answer(b"x" * (3 * MIB))
    with transfers.hub_requests("a file", HOME):
        transfers.download(f"{host.url}/file", tmp_path / "file", 3 * MIB, {})
    assert (tmp_path / "file").stat().st_size == 3 * MIB
