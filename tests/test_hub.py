"""huggingface_hub against a local hub server: downloads, and each way in which they may fail.

It runs in processes of its own, since it reads its settings when imported. Cases in which it waits
or tries again take as long as for a user, so they run at the same time.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import hub_asks
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import started
from hub_server import COMMIT, OTHER_COMMIT, State, serving

FILE = "data/validation-00000-of-00001.parquet"
ROW = {"question": "Q?", "distractor1": "a", "distractor2": "b", "distractor3": "c"}
ROW |= {"correct_answer": "d", "support": ""}
PINNED: dict[str, Any] = {"file": FILE, "names": ("valid.json",)}


class Client:
    """A hub server, a cache folder, and a process that requests files."""

    def __init__(self, folder: Path) -> None:
        pq.write_table(pa.Table.from_pylist([ROW] * 500), folder / "rows.parquet")
        self.body = (folder / "rows.parquet").read_bytes()
        self.hub = State({FILE: self.body})
        self.cache = folder / "cache"
        self.endpoint = ""

    def __call__(
        self, step: str = "locate", *, fresh: bool = False, **options: Any
    ) -> dict[str, Any]:
        """``fresh``: in a new interpreter, which several threads may start at once."""
        given: dict[str, Any] = {"step": step, "source": "hub", "commit": COMMIT}
        given |= {"lock": str(self.cache.parent / "uqa.lock"), "pinned": self.pinned()}
        # On a busy machine a slow hub must not count as a silent one.
        patience = 1 if self.hub.fault.startswith("silent") else 30
        given |= {"patience": patience, "trouble": 3, **options}
        settings = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(self.cache)}
        settings |= {"HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
        settings |= {"HF_HUB_DOWNLOAD_TIMEOUT": str(patience)}
        settings |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", **options.get("settings", {})}
        env, asked = {**os.environ, **settings}, json.dumps(given, default=list)
        if fresh:
            command = [sys.executable, hub_asks.__file__, asked]
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
        else:
            done = started.core.run([asked], env=env, program=hub_asks.ask)
        assert done.returncode == 0, done.stderr
        self.stderr = done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def pinned(self, **facts: Any) -> dict[str, Any]:
        """The file's pin, with its hash; ``facts`` change or add some."""
        return {**PINNED, "sha256": sha256(self.body), **facts}

    def left(self) -> list[str]:
        """Files in the cache that a later run could use."""
        found = self.cache.rglob("*")
        return sorted(
            path.name
            for path in found
            if path.is_file() and not path.name.endswith((".lock", ".TAG", ".gitignore"))
        )


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    given = Client(tmp_path)
    with serving(given.hub) as given.endpoint:
        yield given


class Waiting(NamedTuple):
    """A fault that takes seconds, since huggingface_hub waits and tries again."""

    fault: str
    trouble: int = 20
    headers: Mapping[str, str] = MappingProxyType({})
    more: int = 0
    """Bytes appended to the body."""


AFTER = {"Retry-After": "2"}
PASSING = ("truncated:1", "silent-body:1", "body-429:1", "refusing-503:1")
WAITING = {
    "a silent body": Waiting("silent-body", 3),
    "a truncated body": Waiting("truncated"),
    "always from the start": Waiting("truncated-no-range", 3, more=20 * 2**20),
    **{fault: Waiting(fault, 3) for fault in ("refusing-503", "refusing-429", "body-429")},
    **{f"passing {fault}": Waiting(fault) for fault in PASSING},
    **{f"after {fault}": Waiting(fault, headers=AFTER) for fault in PASSING[2:]},
    "after refusing-429:1": Waiting("refusing-429:1", headers=AFTER),
    "after a date": Waiting("refusing-429:1", headers={"Retry-After": "date"}),
}


class Waited(NamedTuple):
    client: Client
    answer: dict[str, Any]


def wait(case: Waiting, folder: Path) -> Waited:
    client = Client(folder)
    client.hub.fault, client.hub.headers = case.fault, dict(case.headers)
    client.hub.files = {FILE: client.body + bytes(case.more)}
    pinned = client.pinned(sha256=sha256(client.hub.files[FILE]))
    with serving(client.hub) as client.endpoint:
        return Waited(client, client("fetch", pinned=pinned, trouble=case.trouble, fresh=True))


@pytest.fixture(scope="module")
def waited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Waited]]]:
    with ThreadPoolExecutor(4) as pool:
        folders = {name: tmp_path_factory.mktemp("waiting") for name in WAITING}
        yield {name: pool.submit(wait, case, folders[name]) for name, case in WAITING.items()}


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def one_line(answer: dict[str, Any]) -> str:
    message = str(answer["message"])
    assert "\n" not in message
    assert "--raw" in message or "rm -r" in message or "sources --" in message or "HF_" in message
    return message


def test_the_pinned_file_is_fetched_once_then_found_in_the_cache(client: Client) -> None:
    right = client.pinned(bytes=len(client.body))
    first = client(pinned=right)
    (path,) = first["value"]["files"]
    assert (first["value"]["kind"], first["value"]["at"][2]) == ("published", COMMIT)
    assert pq.read_table(path).to_pylist() == [ROW] * 500
    assert [line for line in client.hub.asked if line.startswith("GET /cdn/")] == [
        f"GET /cdn/{FILE}"
    ]
    assert not any("main" in line for line in client.hub.asked)
    client.hub.asked.clear()
    again = client(pinned=right)
    assert again["value"]["files"] == [path]
    assert client.hub.asked == []


def test_a_file_of_the_xet_store_comes_by_plain_http(client: Client) -> None:
    client.hub.fault = "xet"
    assert client()["value"]["kind"] == "published"


# Fault, words of the message, highest number of requests.
TROUBLES: dict[str, tuple[str, int]] = {
    "silent": ("does not answer", 1),
    "refusing-503": ("HTTP 503 for", 3),
    "refusing-429": ("HTTP 429 for", 3),
    "body-503": ("HTTP 503; try again later", 3),
    "body-429": ("HTTP 429 for", 4),
    "login-page": ("not from a hub", 1),
    "reset": ("breaks off", 3),
    "gated-401": ("is gated (HTTP 401): accept its terms at", 1),
    "gated-403": ("is gated (HTTP 403): accept its terms at", 1),
    "no-repo": ("absent, or private (HTTP 401)", 1),
    "private": ("absent, or private (HTTP 401)", 1),
    "forbidden": ("is forbidden (HTTP 403)", 1),
    "absent": ("is absent (HTTP 404)", 1),
    "no-revision": ("no such commit any more", 1),
    "no-entry": ("no such file any more", 1),
}


@pytest.mark.parametrize("fault", TROUBLES)
def test_requests_to_a_failing_hub_end_in_time(
    client: Client, waited: dict[str, Future[Waited]], fault: str
) -> None:
    words, most = TROUBLES[fault]
    if fault in WAITING:
        client, answer = waited[fault].result()
    else:
        client.hub.fault = fault
        answer = client("fetch")
    assert (answer["error"], answer["exit"]) in [
        (name, 7) for name in ("UnreachableError", "HubDown", "Gone")
    ], answer
    assert words in one_line(answer)
    assert len(client.hub.asked) <= most
    # Without the imports. It takes 0 to 4 s; without a deadline, 10 to 23 s.
    assert answer["seconds"] < (15 if fault in WAITING else 8), answer
    assert client.left() == []
    assert client.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "words", "most"),
    [
        ("a silent body", "no complete answer for", 20),
        ("a truncated body", "breaks off", 20),
        # huggingface_hub alone never ends: each part that arrives resets its count of retries.
        ("always from the start", "no complete answer for", 60),
    ],
)
def test_the_download_of_an_endless_body_ends(
    waited: dict[str, Future[Waited]], case: str, words: str, most: float
) -> None:
    client, answer = waited[case].result()
    assert answer["exit"] == 7
    assert words in one_line(answer)
    assert answer["seconds"] < most
    assert {Path(name).suffix for name in client.left()} <= {".incomplete"}, "to be resumed"


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_retried(waited: dict[str, Future[Waited]], fault: str) -> None:
    _, answer = waited[f"passing {fault}"].result()
    assert answer["value"]["files"], answer


@pytest.mark.parametrize("where", ["refusing-429:1", "refusing-503:1", "body-429:1"])
def test_retry_after_is_honoured(waited: dict[str, Future[Waited]], where: str) -> None:
    client, answer = waited[f"after {where}"].result()
    assert answer["value"]["files"]
    gaps = waits(client.hub)
    assert max(gaps) >= 2, list(zip(client.hub.asked[1:], gaps, strict=True))
    assert sum(gaps) < 12


def waits(hub: State) -> list[float]:
    """Seconds between one request and the next."""
    return [later - sooner for sooner, later in pairwise(hub.times)]


def test_a_retry_after_that_is_a_date_is_honoured_too(
    waited: dict[str, Future[Waited]],
) -> None:
    client, answer = waited["after a date"].result()
    assert answer["value"]["files"]
    assert max(waits(client.hub)) >= 2


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "3600"}, {"RateLimit": '"resolvers";r=0;t=3600'}]
)
def test_a_retry_after_that_is_too_long_is_an_error(
    client: Client, headers: dict[str, str]
) -> None:
    client.hub.fault, client.hub.headers = "refusing-429", headers
    answer = client("fetch")
    assert (answer["exit"], answer["seconds"] < 60) == (7, True)
    assert "retry after 3600 s" in one_line(answer)


def test_a_refused_connection_is_an_error_at_once(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        client.endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    answer = client("fetch")
    assert (answer["exit"], answer["seconds"] < 8) == (7, True)
    assert "127.0.0.1 does not answer" in one_line(answer)
    assert "refused" in answer["message"]


def test_offline_means_no_connection(client: Client) -> None:
    answer = client(source="auto", settings={"HF_HUB_OFFLINE": "1"})
    assert answer["value"]["kind"] == "sample"
    assert "HF_HUB_OFFLINE" in answer["value"]["note"]
    assert client.hub.asked == []


def test_the_cache_serves_offline(client: Client) -> None:
    client()
    client.hub.asked.clear()
    assert client(settings={"HF_HUB_OFFLINE": "1"})["value"]["kind"] == "published"
    assert client.hub.asked == []


# Wrong before a byte is fetched: the fault, or the pin that differs.
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "commit": ("changed", {}, f"a changed revision: commit {OTHER_COMMIT} is offered"),
    "size": ("", {"bytes": 1}, "but 1 is pinned"),
    "sha256": ("other-sha", {"sha256": "1" * 64}, "sha256 " + "0" * 64 + " is offered"),
}


@pytest.mark.parametrize("source", ["hub", "auto"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_pinned_is_refused_before_it_is_fetched(
    client: Client, case: str, source: str
) -> None:
    client.hub.fault, pinned, words = REFUSED[case]
    answer = client(pinned=client.pinned(**pinned), source=source)
    assert (answer["error"], answer["exit"]) == ("SourceError", 4)
    assert words in one_line(answer)
    assert not any("/cdn/" in line for line in client.hub.asked)
    assert client.left() == []


def test_another_length_than_announced_is_thrown_away(client: Client) -> None:
    client.hub.fault = "longer"
    answer = client(source="auto")
    assert (answer["error"], answer["exit"]) == ("SourceError", 4)
    assert "which were discarded" in one_line(answer)
    assert client.left() == []


@pytest.mark.parametrize("step", ["fetch", "locate"], ids=["unpinned-hash", "pinned-hash"])
def test_wrong_bytes_of_the_right_size_are_refused_and_removed(client: Client, step: str) -> None:
    client.hub.fault = "wrong-bytes"
    pinned = client.pinned() if step == "locate" else PINNED
    answer = client(step, pinned=pinned, source="auto")
    assert (answer["error"], answer["exit"]) == ("SourceError", 4)
    wrong, right = sha256(client.body[::-1]), sha256(client.body)
    assert f"sha256 {wrong}, but {right} " in answer["message"]
    assert client.left() == []
    client.hub.fault = ""
    assert client(step, pinned=pinned)["value"]["files"]


def test_a_commit_that_changes_under_way_is_refused_and_removed(client: Client) -> None:
    """huggingface_hub then caches the other commit under the pinned one."""
    client.hub.fault = "changed-late"
    first = client(source="auto")
    assert first["exit"] == 4
    assert f"a changed revision: not of the pinned commit {COMMIT}" in first["message"]
    client.hub.fault = ""
    assert client()["value"]["kind"] == "published"


def test_a_changed_bit_in_the_cache_is_detected(client: Client) -> None:
    path = Path(client()["value"]["files"][0])
    body = bytearray(path.read_bytes())
    body[100] ^= 1
    path.resolve().write_bytes(body)
    answer = client(source="auto")
    assert answer["exit"] == 4
    assert f"but {sha256(client.body)} is pinned" in one_line(answer)
    path.resolve().write_bytes(body)
    answer = client("fetch", pinned=PINNED)
    assert f"but {sha256(client.body)} was announced" in one_line(answer)


@pytest.mark.parametrize(
    ("pinned", "words"),
    [({"bytes": 1}, "but 1 are pinned"), ({"sha256": "1" * 64}, "is pinned; remove it with")],
)
def test_a_cached_file_that_a_newer_pin_denies_is_refused(
    client: Client, pinned: dict[str, Any], words: str
) -> None:
    client()
    answer = client(source="auto", pinned=client.pinned(**pinned))
    assert answer["exit"] == 4
    assert words in one_line(answer)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written_is_an_output_error(client: Client) -> None:
    client.cache.mkdir(mode=0o500)
    answer = client(source="auto")
    assert (answer["error"], answer["exit"]) == ("OutputError", 5)
    assert "HF_HOME" in one_line(answer)


def test_a_cache_that_is_a_file_is_an_output_error(client: Client) -> None:
    client.cache.mkdir()
    (client.cache / "hub").write_text("in the way")
    answer = client(source="auto")
    assert (answer["error"], answer["exit"]) == ("OutputError", 5)
    assert "HF_HOME" in one_line(answer)


@pytest.mark.parametrize("commit", ["main", "refs/convert/parquet", "2c94ad3", "../main"])
def test_no_commit_no_hub(client: Client, commit: str) -> None:
    answer = client(commit=commit)
    assert (answer["error"], answer["exit"]) == ("SourceError", 4)
    assert f"{commit!r} is not a commit" in answer["message"]
    assert client.hub.asked == []


@pytest.mark.parametrize("name", ["sciq.py", "model.pkl", "data.exe", "README.md", "data"])
def test_only_data_files_are_fetched(client: Client, name: str) -> None:
    answer = client(pinned=client.pinned(file=name))
    assert answer["exit"] == 4
    assert "not a data file" in answer["message"]
    assert client.hub.asked == []


def test_status_needs_no_network(client: Client) -> None:
    for here in (False, True):
        answer = client("status", settings={"HF_HUB_OFFLINE": "1"})
        (entry,) = answer["value"]
        split = entry["splits"]["validation"]
        (source,) = split["sources"]
        assert (source["repository"], source["commit"]) == ("allenai/sciq", COMMIT)
        assert (source["proof"], entry["reach"]) == ("sha256", "pinned")
        assert split["on this machine"] is here
        if not here:
            assert client.hub.asked == []
            client()
    answer = client("status", pinned=PINNED, commit=None)
    assert (answer["value"][0]["reach"], split["lock"]) == ("lock", None)


CHECKS: dict[str, tuple[str, str, Callable[[Client], dict[str, Any]]]] = {
    "same": ("ok", "", lambda a: {"pinned": a.pinned(bytes=len(a.body))}),
    "size": ("changed", f"{FILE}: bytes ", lambda a: {"pinned": a.pinned(bytes=1)}),
    "hash": ("changed", "sha256", lambda a: {"pinned": a.pinned(sha256="0" * 64)}),
    "file": ("changed", "gone.json: not there", lambda a: {"pinned": a.pinned(file="gone.json")}),
    "commit": ("changed", "no such commit", lambda _: {"commit": "a" * 40}),
    "none": ("unpinned", "records it in the lock", lambda _: {"commit": None}),
    "offline": ("unreachable", "OFFLINE", lambda _: {"settings": {"HF_HUB_OFFLINE": "1"}}),
}


@pytest.mark.parametrize("case", CHECKS)
def test_check_compares_the_pinned_commit_and_files(client: Client, case: str) -> None:
    result, detail, options = CHECKS[case]
    answer = client("check_pins", **options(client))
    (entry,) = answer["value"]
    assert entry["result"] == result, entry
    assert detail in entry["detail"]


@pytest.mark.parametrize("fault", ["silent", "refusing-503"])
def test_check_of_a_hub_that_does_not_answer_is_unreachable(client: Client, fault: str) -> None:
    client.hub.fault = fault
    answer = client("check_pins")
    assert answer["value"][0]["result"] == "unreachable"
