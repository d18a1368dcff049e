"""The remote question converter: a local run's bytes, through refusals, restarts and faults."""

import json
import signal
import socket
import sys
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
from unifiedqa_convert.question_converters.remote import Remote
from unifiedqa_convert.question_converters.rules.converter import Rules

MODELS = {
    "question_converter": {"name": "rules", "version": "1", "dtype": "none"},
    "limits": {"items": 4, "deadline": 5.0},
}
ASKS = [Ask(f"Where do fish number {n} live?", "in water") for n in range(30)]


class Counterpart:
    """A service of our own that answers by ``script``: one step per request, then as it should."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str]]] = []
        self.sizes: list[int] = []
        self.times: list[float] = []
        self.answer: Callable[[list[Any]], dict[str, Any]] = self.rightly
        self.most = 99
        self._lock = threading.Lock()

    @staticmethod
    def rightly(items: list[Any]) -> dict[str, Any]:
        said = Rules().convert([Ask(**item) for item in items])
        return {
            "question_converter": MODELS["question_converter"],
            "items": [{"statement": one.text, "via": one.via} for one in said],
        }

    def reply(self, items: list[Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        with self._lock:
            self.times.append(time.monotonic())
            self.sizes.append(len(items))
            if self.script:
                status, headers = self.script.pop(0)
                return status, headers, {"title": "No", "detail": "not now"}
            if len(items) > self.most:
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


def test_it_goes_by_the_services_name_and_cuts_requests_to_its_limits(
    counterpart: Counterpart,
) -> None:
    remote = Remote(counterpart.url)
    assert (remote.name, remote.version, remote.facts) == ("rules", "1", {"dtype": "none"})
    assert remote.convert(ASKS) == Rules().convert(ASKS)
    assert sorted(counterpart.sizes) == [2, *[4] * 7]
    assert remote.convert([]) == []


def test_a_refusal_holds_back_every_request_as_long_as_it_says(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(429, {"Retry-After": "1"})] * 4  # as many as are under way at a time
    assert remote.convert(ASKS) == Rules().convert(ASKS)
    assert min(counterpart.times[4:]) - counterpart.times[0] >= 0.9


@pytest.mark.parametrize("status", [408, 502, 503])
def test_what_passes_is_waited_for(counterpart: Counterpart, status: int) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(status, {})] * 3
    assert remote.convert(ASKS[:3]) == Rules().convert(ASKS[:3])
    assert counterpart.sizes == [3] * 4


def test_too_much_at_a_time_is_cut_in_halves(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url)
    counterpart.most = 1
    assert remote.convert(ASKS[:4]) == Rules().convert(ASKS[:4])
    assert counterpart.sizes == [4, 2, 1, 1, 2, 1, 1]
    counterpart.most = 0
    with pytest.raises(QuestionConverterError, match="no time for"):
        remote.convert(ASKS[:4])


def test_patience_ends_with_a_word_on_what_to_do(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url, patience=0.5)
    counterpart.script = [(503, {})] * 99
    with pytest.raises(UnreachableError, match="goes on where this one stopped") as caught:
        remote.convert(ASKS[:1])
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"items": [{"statement": "One.", "via": "x"}]}, "no longer runs .*rules.* but None"),
        ({"question_converter": {"name": "rules", "version": "2"}, "items": []}, "no longer runs"),
        ({"question_converter": MODELS["question_converter"], "items": []}, "not one answer"),
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


def test_a_refusal_for_good_is_told_in_the_services_words(counterpart: Counterpart) -> None:
    remote = Remote(counterpart.url)
    counterpart.script = [(422, {})]
    with pytest.raises(QuestionConverterError, match="422 No: not now"):
        remote.convert(ASKS[:1])
    assert counterpart.sizes == [1]


@pytest.mark.parametrize("address", ["http://key@127.0.0.1:1", "http://", "http://h/?key=1"])
def test_an_address_holds_no_key(address: str) -> None:
    with pytest.raises(UsageError, match="UQA_API_KEY_FILE"):
        Remote(address)


def test_a_key_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# ours\na-key-of-our-own-0123456789\n")
    with uqa_serve(tmp_path / "log", "--api-key-file", keys) as service:
        with pytest.raises(UsageError, match="UQA_API_KEY_FILE"):
            Remote(service.url)
        monkeypatch.setenv("UQA_API_KEY_FILE", str(keys))
        assert Remote(service.url).convert(ASKS) == Rules().convert(ASKS)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_conversion_through_a_kill_and_a_restart_has_the_local_bytes(tmp_path: Path) -> None:
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
    begun, stopped = threading.Event(), threading.Event()
    done: list[Any] = []

    def half_way(rows: int) -> None:
        if rows >= 16:
            begun.set()
            assert stopped.wait(GUARD)

    def go(port: int) -> None:
        done.append(convert(request("remote", f"http://127.0.0.1:{port}"), progress=half_way))

    with socket.socket() as kept:  # so that nobody else is given the port between the two
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        command = [Path(sys.executable).with_name("uqa"), "serve", "--port", port, "-q"]
        converting = threading.Thread(target=go, args=[port])
        with running(command, tmp_path / "first") as first:
            converting.start()
            assert begun.wait(GUARD)
            first.process.send_signal(signal.SIGSTOP)  # from now on it answers nothing
            stopped.set()
            converting.join(0.2)  # until a question is under way, most likely
        assert not done, "killed in the middle"
        with running(command, tmp_path / "second"):
            converting.join(2 * GUARD)
    assert content(done[0].folder) == content(local.folder)
    assert len(content(local.folder)) > 10


def test_no_service_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unifiedqa_convert.question_converters.remote._FIRST_PATIENCE", 0.3)
    with pytest.raises(UnreachableError, match="no answer"):
        Remote("http://127.0.0.1:9")
