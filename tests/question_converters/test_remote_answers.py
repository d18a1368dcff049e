"""Wrong answers at a service's address: one error each, read with a bound; signals are obeyed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import started
from hostile_service import KNOWN, MODELS, Answer, Hostile, bomb, declared, playing

from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UsageError
from unifiedqa_convert.question_converters.base import Ask, Options, Sentence
from unifiedqa_convert.question_converters.remote import requests, uqa_serve
from unifiedqa_convert.question_converters.remote.uqa_serve import Remote
from unifiedqa_convert.question_converters.select import question_converter

ASK = Ask("Where do fish swim?", "in water")
FINE = {"statement": "Fish swim.", "via": "rules"}
MIB = 2**20


@pytest.fixture
def service() -> Iterator[Hostile]:
    with playing(Hostile()) as played:
        yield played


def models(**changed: Any) -> Answer:
    return Answer({**MODELS, **changed})


def limits(**changed: Any) -> Answer:
    return models(limits={"items": 8, "deadline": 5.0, **changed})


def named(**changed: Any) -> Answer:
    return models(question_converter={**KNOWN, **changed})


WRONG_MODELS = {
    "null": Answer(None),
    "a list": Answer([1]),
    "a text": Answer("rules"),
    "nothing": Answer(b""),
    "a page": Answer(b"<html>Log in</html>", headers=[("Content-Type", "text/html")]),
    "NUL": Answer(b"\0" * 100),
    "no UTF-8": Answer(b'{"question_converter": "\xff"}'),
    "deep": Answer(b"[" * 200_000),
    "deep and wide": Answer(b'{"a":' * 100_000),
    "no limits": Answer({"question_converter": KNOWN}),
    "limits as a list": models(limits=[8, 5.0]),
    "no items": limits(items=0),
    "negative items": limits(items=-5),
    "half an item": limits(items=2.5),
    "items as a text": limits(items="8"),
    "true items": limits(items=True),
    "infinite items": Answer(b'{"question_converter":{},"limits":{"items":1e999,"deadline":1}}'),
    "a deadline of NaN": limits(deadline=float("nan")),
    "no time": limits(deadline=0),
    "negative time": limits(deadline=-100.0),
    "infinite time": limits(deadline=float("inf")),
    "a converter as a list": models(question_converter=[KNOWN]),
    "no name": models(question_converter={"version": "1"}),
    "an empty name": named(name=""),
    "a name as a list": named(name=["rules"]),
    "a name of two lines": named(name="rules\n---"),
    "a name with ESC": named(name="\x1b[2Jrules"),
    "a long name": named(name="r" * 5_000),
    "a version as a number": named(version=1),
    "a fact as an object": named(extra={"a": [1]}),
    "a fact of many lines": named(extra="a\nb"),
    "an infinite fact": named(extra=float("inf")),
    "a surrogate": Answer(b'{"question_converter":{"name":"\\ud800","version":"1"}}'),
    "another status": Answer({"a": 1}, status=418),
    "a redirect": Answer({}, status=302, headers=[("Location", "http://127.0.0.1:1/")]),
    "compressed": bomb(1_000),
    "a bomb": bomb(16 * MIB),
    "an unknown compression": Answer(b"?", headers=[("Content-Encoding", "evil")]),
    "too large": Answer(b" " * MIB, repeated=500),
}


@pytest.mark.parametrize("name", WRONG_MODELS)
def test_another_program_at_the_address_is_one_error(service: Hostile, name: str) -> None:
    service.models = WRONG_MODELS[name]
    with pytest.raises(QuestionConverterError) as caught:
        Remote(service.url)
    told = str(caught.value)
    assert told.startswith(service.url)
    assert told.isprintable()
    assert len(told) < 1_000
    assert service.sent < 24 * MIB  # 8 read, the rest in buffers


def items_of(item: Any) -> Callable[[list[Any]], Answer]:
    return lambda _: Answer({"question_converter": KNOWN, "items": item})


def always(answer: Answer) -> Callable[[list[Any]], Answer]:
    return lambda _: answer


WRONG_ITEMS = {
    "null": always(Answer(None)),
    "a list": always(Answer([])),
    "deep": always(Answer(b"[" * 200_000)),
    "no items": items_of([]),
    "too many items": items_of([FINE] * 9),
    "items as an object": items_of({"0": FINE}),
    "items as null": items_of(None),
    "another name": always(Answer({"question_converter": {**KNOWN, "name": "x"}, "items": [FINE]})),
    "another fact": always(Answer({"question_converter": {**KNOWN, "x": 1}, "items": [FINE]})),
    "too large": always(Answer(b" " * MIB, repeated=500)),
    "a bomb": always(bomb(16 * MIB)),
    "a plain 500": always(Answer(b"\x1b[2J" * 1_000, status=500)),
    "a status with a text of many lines": always(
        Answer({"title": "a\nb", "detail": "\x1b" * 90_000}, status=422)
    ),
    "item: null": declared(None),
    "item: a list": declared([]),
    "item: a text": declared("Fish swim."),
    "a problem as a text": declared({"problem": "x"}),
    "a problem as a list": declared({"problem": [{}]}),
    "a problem with ESC": declared({"problem": {"title": "\x1b[2J", "detail": "\n" * 9_000}}),
    "no statement": declared({"via": "rules"}),
    "statement: null": declared({**FINE, "statement": None}),
    "statement: a list": declared({**FINE, "statement": ["Fish swim."]}),
    "statement: a number": declared({**FINE, "statement": 7}),
    "statement: NUL": declared({**FINE, "statement": "Fish\0swim."}),
    "statement: ESC": declared({**FINE, "statement": "\x1b[2JFish swim."}),
    "statement: a tab": declared({**FINE, "statement": "Fish\tswim."}),
    "statement: two lines": declared({**FINE, "statement": "Fish\nswim."}),
    "statement: C1": declared({**FINE, "statement": "Fish\x9bswim."}),
    "statement: a surrogate": declared({**FINE, "statement": "\ud800"}),
    "statement: too long": declared({**FINE, "statement": "x" * 5_000_000}),
    "no via": declared({"statement": "Fish swim."}),
    "via: an object": declared({**FINE, "via": {"x": 1}}),
    "via: a list": declared({**FINE, "via": ["rules"]}),
    "via: empty": declared({**FINE, "via": ""}),
    "via: parts": declared({**FINE, "via": "a/b/c"}),
    "via: two lines": declared({**FINE, "via": "rules\n"}),
}


@pytest.mark.parametrize("name", WRONG_ITEMS)
def test_a_wrong_answer_is_one_error(service: Hostile, name: str) -> None:
    found = Remote(service.url)
    service.declare, service.sent = WRONG_ITEMS[name], 0
    with pytest.raises(QuestionConverterError) as caught:
        found.convert([ASK])
    told = str(caught.value)
    assert told.startswith(service.url)
    assert told.isprintable()
    assert len(told) < 1_000
    assert service.sent < 24 * MIB


def test_what_a_newer_service_adds_is_ignored(service: Hostile) -> None:
    service.models = Answer({**MODELS, "more": [1], "limits": {**MODELS["limits"], "more": None}})
    service.declare = declared({**FINE, "more": {"a": 1}})
    assert Remote(service.url).convert([ASK]) == [Sentence("Fish swim.", "rules")]


def test_a_control_character_of_the_question_may_be_in_the_statement(service: Hostile) -> None:
    """As in a local run."""
    service.declare = declared({**FINE, "statement": "Fish \x96 swim."})
    found = Remote(service.url)
    assert found.convert([Ask("Who \x96 swims?", "fish")])[0].text == "Fish \x96 swim."
    with pytest.raises(QuestionConverterError, match=r"control characters: U\+0096"):
        found.convert([ASK])


@pytest.mark.parametrize("where", ["models", "declare"])
def test_an_answer_that_drips_is_given_up(
    service: Hostile, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Head or body: httpx's own time-outs begin anew with each byte."""
    monkeypatch.setattr(uqa_serve, "_FIRST_ANSWER_SECONDS", 0.3)
    for limit in ("CONNECT_SECONDS", "GRACE_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(requests, limit, 0.2)
    found = Remote(service.url)
    found._requests.seconds = 0.3  # it is the service's deadline and half a minute
    service.models = Answer(b" " * 10_000, pause=0.05)
    service.declare = always(service.models)
    wait: Callable[[], object] = (
        (lambda: Remote(service.url)) if where == "models" else (lambda: found.convert([ASK]))
    )
    with pytest.raises(UnreachableError, match="no complete answer within 1 s"):
        wait()


def in_a_year() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(days=365), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [["999999999"], ["9" * 5_000], [in_a_year()], ["1", "700"], ["700", "nonsense"]],
    ids=["number", "huge", "date", "several", "one of two"],
)
def test_a_wait_longer_than_the_patience_ends_at_once(
    service: Hostile, headers: list[str], status: int
) -> None:
    found = Remote(service.url)
    answer = Answer({}, status, [("Retry-After", value) for value in headers])
    service.declare = always(answer)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"asks for \w+ s, more than --patience 600; when"):
        found.convert([ASK] * 30)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "value",
    [
        *("-5", "0", "NaN", "inf", "1e9", "0x10", "", "soon", "٣" * 9),
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00 +99999999999999999999",
    ],
)
def test_a_wait_that_is_none_is_ours(service: Hostile, value: str) -> None:
    """It grows with each retry, so that the service is not asked without end."""
    found = Remote(service.url, retry_seconds=0.5)
    encoded = value.encode().decode("latin-1")
    service.declare = always(Answer({}, 503, [("Retry-After", encoded)]))
    with pytest.raises(UnreachableError, match="status 503"):
        found.convert([ASK])
    assert service.asked < 50


def test_the_patience_is_a_flag(service: Hostile) -> None:
    service.declare = always(Answer({}, 503, [("Retry-After", "40")]))
    found = question_converter(service.url, Options(patience=30))
    assert found is not None
    with pytest.raises(UnreachableError, match="asks for 40 s, more than --patience 30"):
        found.convert([ASK])
    for name in ("rules", "./folder"):
        with pytest.raises(UsageError, match="--patience"):
            question_converter(name, Options(patience=30))


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_no_patience(service: Hostile, seconds: float) -> None:
    with pytest.raises(UsageError, match="--patience takes a number of seconds"):
        question_converter(service.url, Options(patience=seconds))


def test_an_error_ends_the_other_requests(service: Hostile) -> None:
    """One is refused for good while three others wait for a busy service."""
    found = Remote(service.url)
    service.declare = lambda _: Answer({}, 422 if service.asked == 4 else 503)
    began = time.monotonic()
    with pytest.raises(QuestionConverterError, match="status 422"):
        found.convert([Ask(f"Who is number {n}?", "fish") for n in range(64)])
    assert time.monotonic() - began < 10
    time.sleep(0.5)  # those that were on their way
    asked = service.asked
    time.sleep(1.5)
    assert service.asked == asked


@pytest.mark.parametrize("kind", ["fifo", "folder", "lost", "too large", "UTF-16", "control"])
def test_a_key_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "key"
    {
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "lost": lambda: None,
        "too large": lambda: path.write_bytes(b"k" * 2 * MIB),
        "UTF-16": lambda: path.write_text("a-key-of-ours", "utf-16"),
        "control": lambda: path.write_bytes(b"a-key\x01-of-ours"),
    }[kind]()
    monkeypatch.setenv("UQA_API_KEY_FILE", str(path))
    with pytest.raises(UsageError, match="UQA_API_KEY_FILE"):
        Remote("http://127.0.0.1:9")


@pytest.mark.parametrize("address", ["http://127.0.0.1:x", "http://127.0.0.1:99999", "http://"])
def test_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="http://HOST:PORT"):
        Remote(address)


def test_a_proxy_that_cannot_be_used_is_one_error(
    service: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(UsageError, match="proxy"):
        Remote(service.url)


WAITS = {
    "busy": always(Answer({}, 503)),
    "as asked": always(Answer({}, 503, [("Retry-After", "500")])),
    "dripping": always(Answer(b" " * 10_000, pause=0.1)),
}


@pytest.mark.parametrize("waits", WAITS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_that_waits(
    service: Hostile, tmp_path: Path, number: int, code: int, waits: str
) -> None:
    service.declare = WAITS[waits]
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"question": "What swims?", "answer": "fish"}\n')
    files = started.Files(stderr=tmp_path / "stderr")
    arguments = ["declare", lines, "--question-converter", service.url, "--quiet"]
    process = started.core.begin(arguments, cwd=tmp_path, env={**os.environ}, files=files)
    until = time.monotonic() + 60
    while not service.asked:
        assert time.monotonic() < until, (tmp_path / "stderr").read_text()
        time.sleep(0.01)
    time.sleep(0.2)
    sent = time.monotonic()
    os.kill(process.pid or 0, number)
    process.join(30)
    assert process.exitcode == code
    assert time.monotonic() - sent < 2
    name = signal.Signals(number).name
    told = f"uqa: stopped by {name}; run the same command again: what was finished is kept\n"
    assert (tmp_path / "stderr").read_text() == told
