"""The remote question converter: the same bytes as a local run, despite refusals and restarts."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from running import GUARD, running, uqa_serve

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UsageError
from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.learned.judged_rules import JudgedRules
from unifiedqa_convert.question_converters.remote import requests
from unifiedqa_convert.question_converters.remote.uqa_serve import Remote
from unifiedqa_convert.question_converters.rules.converter import Rules

MODELS = {
    "question_converter": {"name": "rules", "version": "1", "dtype": "none"},
    "limits": {"items": 4, "deadline": 5.0},
}
ASKS = [Ask(f"Where do fish number {n} live?", "in water") for n in range(30)]


class Counterpart:
    """A fake service: answers by ``script``, one step per request, then correctly."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str]]] = []
        self.sizes: list[int] = []
        self.times: list[float] = []
        self.answer: Callable[[list[Any]], dict[str, Any]] = self.correctly
        self.max_items = 99
        self._lock = threading.Lock()

    @staticmethod
    def correctly(items: list[Any]) -> dict[str, Any]:
        sentences = Rules().convert([Ask(**item) for item in items])
        return {
            "question_converter": MODELS["question_converter"],
            "items": [{"statement": one.text, "via": one.via} for one in sentences],
        }

    def reply(self, items: list[Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        with self._lock:
            self.times.append(time.monotonic())
            self.sizes.append(len(items))
            if self.script:
                status, headers = self.script.pop(0)
                return status, headers, {"title": "No", "detail": "not now"}
            if len(items) > self.max_items:
                return 504, {}, {}
            return 200, {}, self.answer(items)


@pytest.fixture
def counterpart() -> Iterator[Counterpart]:
    made = Counterpart()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(200, {}, MODELS)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send(*made.reply(json.loads(body)["items"]))

        def send(self, status: int, headers: dict[str, str], document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_takes_the_services_name_and_splits_requests_by_its_limits(
    counterpart: Counterpart,
) -> None:
    remote = Remote(counterpart.url)
    assert (remote.name, remote.version, remote.facts) == ("rules", "1", {"dtype": "none"})
    assert remote.convert(ASKS) == Rules().convert(ASKS)
    assert sorted(counterpart.sizes) == [2, *[4] * 7]
    assert remote.convert([]) == []


def test_retry_after_delays_every_request(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(429, {"Retry-After": "1"})] * 4  # as many as are sent at once
    assert remote.convert(ASKS) == Rules().convert(ASKS)
    assert min(counterpart.times[4:]) - counterpart.times[0] >= 0.9


@pytest.mark.parametrize("status", [408, 502, 503])
def test_temporary_errors_are_retried(counterpart: Counterpart, status: int) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(status, {})] * 3
    assert remote.convert(ASKS[:3]) == Rules().convert(ASKS[:3])
    assert counterpart.sizes == [3] * 4


def test_a_request_that_takes_too_long_is_halved(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url)
    counterpart.max_items = 1
    assert remote.convert(ASKS[:4]) == Rules().convert(ASKS[:4])
    assert counterpart.sizes == [4, 2, 1, 1, 2, 1, 1]
    counterpart.max_items = 0
    with pytest.raises(QuestionConverterError, match=r"did not convert .* in time"):
        remote.convert(ASKS[:4])


def test_the_error_after_the_last_retry_says_what_to_do(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url, retry_seconds=0.5)
    counterpart.script = [(503, {})] * 99
    with pytest.raises(UnreachableError, match="run the same command again") as caught:
        remote.convert(ASKS[:1])
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"items": [{"statement": "One.", "via": "x"}]}, "no longer runs .*rules.* but None"),
        ({"question_converter": {"name": "rules", "version": "2"}, "items": []}, "no longer runs"),
        (
            {"question_converter": MODELS["question_converter"], "items": []},
            "does not have 1 items",
        ),
        (
            {
                "question_converter": MODELS["question_converter"],
                "items": [{"problem": {"title": "It hung", "detail": "for 9 s"}}],
            },
            "number 0 live.*It hung: for 9 s",
        ),
        (
            {"question_converter": MODELS["question_converter"], "items": [{"statement": ""}]},
            "no statement",
        ),
    ],
)
def test_a_wrong_answer_is_an_error(
    counterpart: Counterpart, answer: dict[str, Any], message: str
) -> None:
    remote = Remote(counterpart.url)
    counterpart.answer = lambda _: answer
    with pytest.raises(QuestionConverterError, match=message):
        remote.convert(ASKS[:1])


def test_a_permanent_refusal_is_reported_with_the_services_message(
    counterpart: Counterpart,
) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(422, {})]
    with pytest.raises(QuestionConverterError, match="422 No: not now"):
        remote.convert(ASKS[:1])
    assert counterpart.sizes == [1]


@pytest.mark.parametrize("address", ["http://key@127.0.0.1:1", "http://", "http://h/?key=1"])
def test_a_url_must_not_contain_a_key(address: str) -> None:
    with pytest.raises(UsageError, match="UQA_API_KEY_FILE"):
        Remote(address)


def test_a_key_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# ours\na-key-of-our-own-0123456789\n")
    with uqa_serve(tmp_path / "log", "--api-key-file", keys) as service:
        with pytest.raises(UsageError, match="UQA_API_KEY_FILE"):
            Remote(service.url)
        monkeypatch.setenv("UQA_API_KEY_FILE", str(keys))
        assert Remote(service.url).convert(ASKS) == JudgedRules().convert(ASKS)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_conversion_with_a_killed_and_restarted_service_equals_a_local_one(
    tmp_path: Path,
) -> None:
    """The service is killed and started again in the middle, on the same port."""
    sample = ROOT / "data/samples/commonsenseqa/authors/validation.jsonl"
    rows = [line for line in sample.read_text("utf-8").split("\n") if line]
    raw = tmp_path / "rows.jsonl"
    raw.write_text("".join(f"{line}\n" for _ in range(10) for line in rows), "utf-8")

    def request(out: str, converter: str) -> Request:
        return Request(
            dataset="commonsenseqa",
            split="validation",
            raw=(raw,),
            out=tmp_path / out,
            shard_rows=8,
            question_converter=converter,
        )

    local = convert(request("local", "rules"))
    started, stopped = threading.Event(), threading.Event()
    done: list[Any] = []

    def pause_half_way(rows: int) -> None:
        if rows >= 16:
            started.set()
            assert stopped.wait(GUARD)

    def go(port: int) -> None:
        done.append(convert(request("remote", f"http://127.0.0.1:{port}"), progress=pause_half_way))

    with socket.socket() as kept:  # reserves the port between the two services
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        command = ["serve", "--port", port, "-q"]
        converting = threading.Thread(target=go, args=[port])
        with running(command, tmp_path / "first") as first:
            converting.start()
            assert started.wait(GUARD)
            os.kill(first.process.pid, signal.SIGSTOP)  # it no longer answers
            stopped.set()
            converting.join(0.2)  # most likely until a request was sent
        assert not done, "killed in the middle"
        with running(command, tmp_path / "second"):
            converting.join(2 * GUARD)
    assert content(done[0].folder) == content(local.folder)
    assert len(content(local.folder)) > 10


def test_an_unreachable_service_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "FIRST_RETRY_SECONDS", 0.3)
    with pytest.raises(UnreachableError, match="no response"):
        Remote("http://127.0.0.1:9")
