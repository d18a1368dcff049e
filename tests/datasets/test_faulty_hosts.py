"""Hosts that answer what they should not: no traceback, no wait, nothing left, no row taken.

The hub's protocol by COPA and RiddleSense, GitHub's by ComVE's trial rows, which are looked up.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from desk import in_caches
from made_rows import (
    ANSWERS,
    COMVE,
    COMVE_COMMIT,
    COPA,
    COPA_COMMIT,
    COPA_FILE,
    RIDDLES,
    TRIAL,
    copa,
    parquet,
    riddles,
    trial,
)
from repositories import Answer, Fault, Repositories, serving

from unifiedqa_convert.datasets.origins import is_safe

LOGIN = b"<!doctype html><title>Log in to this network</title>"
TREE, INFO = f"trees/{COMVE_COMMIT}", f"revision/{COPA_COMMIT}"
SPLITS = {"github": ("comve_a", "trial"), "hub": ("copa", "validation")}
Convert = Callable[[str, str], str]


class Client:
    """Repositories with the right rows, until a fault is added; and who fetches from them."""

    def __init__(self, folder: Path, uqa: Run, env: dict[str, str], state: Repositories) -> None:
        self.folder, self.uqa, self.state = folder, uqa, state
        self.env = {**env, "UQA_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hub")}

    def convert(self, host: str, **env: str) -> tuple[int, str]:
        dataset, split = SPLITS[host]
        words = ("convert", dataset, "--split", split, "--source", "hub")
        done = self.uqa(*words, **{**self.env, **env})
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr

    def refused(self, host: str, **env: str) -> str:
        code, error = self.convert(host, **env)
        assert code in (2, 4, 7), error
        assert len(error) < 2_500
        assert not (self.folder / "uqa.lock").exists()
        assert in_caches(self.env) == []
        return error


@pytest.fixture
def client(tmp_path: Path, uqa: Run) -> Iterator[Client]:
    state = Repositories()
    state.add("github", COMVE, COMVE_COMMIT, trial())
    state.add("hub", COPA, COPA_COMMIT, {COPA_FILE: parquet(copa())})
    with serving(state) as env:
        yield Client(tmp_path, uqa, env, state)


def saying(body: bytes, status: int = 200, **headers: str) -> Fault:
    """Another answer to everything."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _method, _answer: (status, {"Content-Length": str(len(body)), **named}, body)


def changing(**headers: str) -> Fault:
    """The right answer with other headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _method, answer: (answer[0], {**answer[1], **named}, answer[2])


def cut(method: str, answer: Answer) -> Answer:
    """206 and the first half, which nobody asked for."""
    _, headers, body = answer
    if method == "HEAD":
        return answer
    half, ranged = body[: len(body) // 2], f"bytes 0-{len(body) // 2 - 1}/{len(body)}"
    return 206, {**headers, "Content-Range": ranged, "Content-Length": str(len(half))}, half


def endless(_: str, answer: Answer) -> Answer:
    """More and more, without a length."""
    return answer[0], {**answer[1], "Content-Length": "none"}, answer[2] + b"x" * 2**22


def login(method: str, answer: Answer) -> Answer:
    """The login page for GET only."""
    return answer if method == "HEAD" else saying(LOGIN)(method, answer)


def no_length(_: str, answer: Answer) -> Answer:
    return answer[0], {**answer[1], "Content-Length": "none"}, answer[2]


DOCUMENTS: dict[str, Any] = {
    "no files": {"tree": [], "siblings": []},
    "no list": {"tree": None, "siblings": 7},
    "numbers": {"tree": [1, 2], "siblings": [1, 2]},
    "texts": {"tree": "tree", "siblings": "siblings"},
    "no names": {"tree": [{"type": "blob"}], "siblings": [{"size": 1}]},
    "an array": [],
    "a text": "commit",
    "an error": {"message": "Not Found"},
}
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
AT_GITHUB: dict[str, dict[str, Fault]] = {
    "login page for the list": {TREE: saying(LOGIN)},
    "login page for a file": {TRIAL: saying(LOGIN)},
    "login page after the announcement": {TRIAL: login},
    "an error without a reason": {TREE: saying(b"null", 404), TRIAL: saying(b"null", 404)},
    "login page for labels": {ANSWERS: saying(LOGIN)},
    "pointer for a file": {TRIAL: saying(POINTER)},
    "gzip said, not done": {TRIAL: changing(Content_Encoding="gzip")},
    "a part": {TRIAL: cut},
    "a file that does not end": {TRIAL: endless},
    "a length of 5,000 digits": {TRIAL: changing(Content_Length="9" * 5_000)},
    "a length below 0": {TRIAL: changing(Content_Length="-1")},
    "redirect to a local file": {TRIAL: saying(b"", 302, Location="file:///etc/passwd")},
    "redirect to nowhere": {TRIAL: saying(b"", 302, Location="http://[")},
    "redirect in a circle": {TRIAL: saying(b"", 302, Location=f"/{TRIAL}")},
    "redirect to another host": {TRIAL: saying(b"", 302, Location="http://127.0.0.1:9/x")},
    "the hour's requests used up": {TREE: saying(b"{}", 403, X_RateLimit_Remaining="0")},
    "not the list": {TREE: saying(b"[" * 100_000)},
    "teapot": {TREE: saying(b"", 418), TRIAL: saying(b"", 418)},
}
AT_HUB: dict[str, dict[str, Fault]] = {
    "login page for the list": {INFO: saying(LOGIN)},
    "login page for a file": {COPA_FILE: saying(LOGIN)},
    "login page after the announcement": {COPA_FILE: login},
    "pointer for a file": {COPA_FILE: saying(POINTER, X_Repo_Commit=COPA_COMMIT, ETag='"1"')},
    "gzip said, not done": {COPA_FILE: changing(Content_Encoding="gzip")},
    "a part": {COPA_FILE: cut},
    "a file that does not end": {COPA_FILE: endless},
    "redirect to a local file": {COPA_FILE: saying(b"", 302, Location="file:///etc/passwd")},
    "redirect in a circle": {COPA_FILE: saying(b"", 302, Location=f"/{COPA_FILE}")},
    "not the list": {INFO: saying(b"[" * 100_000)},
    "teapot": {INFO: saying(b"", 418), COPA_FILE: saying(b"", 418)},
}
CASES = [("github", what) for what in AT_GITHUB] + [("hub", what) for what in AT_HUB]


@pytest.mark.parametrize(("host", "what"), CASES)
def test_what_is_not_the_file_is_refused(client: Client, host: str, what: str) -> None:
    client.state.faults.update((AT_GITHUB if host == "github" else AT_HUB)[what])
    client.refused(host)
    # The next run, after the fault has passed, is not disturbed by what the first one left.
    client.state.faults.clear()
    code, error = client.convert(host)
    assert (code, "took" in error) == (0, True), error


@pytest.mark.parametrize("what", DOCUMENTS)
@pytest.mark.parametrize("host", SPLITS)
def test_a_listing_that_is_none(client: Client, host: str, what: str) -> None:
    body = json.dumps(DOCUMENTS[what]).encode()
    if isinstance(DOCUMENTS[what], dict):
        body = json.dumps({"id": COPA, "sha": COPA_COMMIT} | DOCUMENTS[what]).encode()
    client.state.faults[TREE if host == "github" else INFO] = saying(body)
    client.refused(host)


def test_a_listing_that_is_cut_off(client: Client) -> None:
    """The file is in the part that came; whether another one is too is not known."""

    def fault(_: str, answer: Answer) -> Answer:
        body = json.dumps({**json.loads(answer[2]), "truncated": True}).encode()
        return answer[0], {**answer[1], "Content-Length": str(len(body))}, body

    client.state.faults[TREE] = fault
    assert "cut off" in client.refused("github")


def test_a_login_page_is_named(client: Client) -> None:
    page = saying(LOGIN, Content_Type="text/html; charset=utf-8")
    client.state.faults.update({TRIAL: page, COPA_FILE: page, INFO: page})
    for host in SPLITS:
        assert "if the network has a login page, log in" in client.refused(host)


def test_files_without_a_length_are_taken(client: Client) -> None:
    client.state.faults[TRIAL] = no_length
    code, error = client.convert("github")
    assert (code, "took" in error) == (0, True), error


@pytest.mark.parametrize("size", ["9" * 5_000, "many", ""])
def test_a_size_that_is_none_is_not_needed(client: Client, size: str) -> None:
    client.state.faults[COPA_FILE] = changing(X_Linked_Size=size)
    code, error = client.convert("hub")
    assert (code, "took" in error) == (0, True), error


def test_a_small_file_of_the_hub_is_proven_by_its_git_blob(client: Client) -> None:
    """One that the listing has no sha256 of, from a mirror whose ETags are no hashes."""

    def small(_: str, answer: Answer) -> Answer:
        document = json.loads(answer[2])
        for it in document["siblings"]:
            del it["lfs"]
        body = json.dumps(document).encode()
        return answer[0], {**answer[1], "Content-Length": str(len(body))}, body

    def other(_: str, answer: Answer) -> Answer:
        return answer[0], {**answer[1], "ETag": "v1", "X-Linked-Etag": "v1"}, answer[2][::-1]

    client.state.faults.update({INFO: small, COPA_FILE: other})
    assert "git blob" in client.refused("hub")


def test_git_lfs_in_the_authors_repository(client: Client) -> None:
    """Git lists the pointer, and the host serves it: right bytes, but no rows."""
    client.state.add("github", COMVE, COMVE_COMMIT, {TRIAL: POINTER})
    client.refused("github")


HOSTILE = [
    "../../../../x/{}",
    "/tmp/{}",
    "data/../../../{}",
    "./{}",
    "a//{}",
    "..\\{}",
    "a\0/{}",
    "line\nbreak/{}",
    "\ud800/{}",
    "\u202e/{}",
    "x" * 300 + "/{}",
    "y/" * 300 + "{}",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_that_lead_elsewhere(client: Client, name: str, tmp_path: Path) -> None:
    """No path of a listing becomes a path outside the cache, or one that can't be written."""
    tree = [
        {"path": name.format(Path(path).name), "type": "blob", "size": len(body), "sha": "0" * 40}
        for path, body in trial().items()
    ]
    assert not any(is_safe(it["path"]) for it in tree)
    client.state.faults[TREE] = saying(json.dumps({"tree": tree}).encode())
    client.refused("github")
    body = parquet(riddles(9))
    client.state.add("hub", RIDDLES, "a" * 40, {"README.md": body})
    named = name.format("validation-00000-of-00001.parquet")
    siblings = [{"rfilename": named, "size": len(body), "blobId": "0" * 40}]
    document = {"id": RIDDLES, "sha": "a" * 40, "siblings": siblings}
    client.state.faults[f"api/datasets/{RIDDLES}"] = saying(json.dumps(document).encode())
    words = ("convert", "riddlesense", "--split", "validation", "--source", "hub")
    done = client.uqa(*words, **client.env)
    assert done.returncode in (4, 7), done.stderr
    assert "Traceback" not in done.stderr
    assert in_caches(client.env) == []
    outside = {path.name for path in tmp_path.iterdir()} - {"cache", "hub", "data"}
    assert outside == set()


@pytest.mark.parametrize("address", ["file:///etc", "http://[", "no address", "http://x:99999"])
@pytest.mark.parametrize("variable", ["UQA_GITHUB_RAW", "UQA_GITHUB_API"])
def test_a_mirror_that_is_no_address(client: Client, variable: str, address: str) -> None:
    assert variable in client.refused("github", **{variable: address})
