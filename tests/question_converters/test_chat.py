"""A language model as question converter: what is asked, kept, refused, and sent to whom."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import started
from chat_server import Asked, ChatServer, completion, problem, rightly
from conftest import ROOT
from hostile_service import Answer, playing
from running import uqa_serve

from unifiedqa_convert.conversion.estimate import estimate_lines, plan_conversion
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UqaError, UsageError
from unifiedqa_convert.question_converters.base import PATIENCE, Ask, Options, Sentence
from unifiedqa_convert.question_converters.learned.judged_rules import JudgedRules
from unifiedqa_convert.question_converters.prompts import CHAT_PROMPT, chat_model
from unifiedqa_convert.question_converters.remote import requests
from unifiedqa_convert.question_converters.remote.uqa_serve import Remote
from unifiedqa_convert.question_converters.select import question_converter

ASK = Ask("Where do herons sleep?", "in trees")
RIGHT = Sentence("Herons sleep in trees.", "openai:tiny:1b")
ASKS = [Ask(f"What did worker {n} carry?", "a bucket") for n in range(40)]
KEY = "sk-of-our-own/0123456789"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(requests, "LOOK_SECONDS", 0.05)
    for name in ("UQA_OPENAI_KEY", "UQA_OPENAI_KEY_FILE", "UQA_OPENAI_KEY_OVER_HTTP"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with playing(ChatServer()) as played:
        yield played


def chat(name: str, patience: float = PATIENCE) -> Any:
    return question_converter(name, Options(patience=patience))


@pytest.mark.parametrize(
    ("name", "model", "address"),
    [
        ("openai:llama3:8b@http://localhost:11434/v1", "llama3:8b", "http://localhost:11434/v1"),
        ("openai:org/model@https://h/v1", "org/model", "https://h/v1"),
        ("openai:a@b@http://[::1]:8000/v1", "a@b", "http://[::1]:8000/v1"),
        ("openai:m@http://x@http://h:1/v1", "m@http://x", "http://h:1/v1"),
        ("openai:/models/tiny.gguf@http://h:1/v1", "/models/tiny.gguf", "http://h:1/v1"),
    ],
)
def test_names(name: str, model: str, address: str) -> None:
    assert chat_model(name) == (model, address)


@pytest.mark.parametrize(
    "name",
    [
        *("openai:", "openai:m", "openai:@http://h/v1", "openai:m@ftp://h/v1", "openai:m@http://"),
        *("openai:m@http://h:x/v1", "openai:m@http://h/v1?key=a", "openai:m@http://h/v1#a"),
        *("openai:m\x1b[2J@http://h/v1", "openai: m@http://h/v1", "openai:m\n@http://h/v1"),
        f"openai:{'m' * 200}@http://h/v1",
    ],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        question_converter(name)
    assert str(caught.value).isprintable()


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="UQA_OPENAI_KEY_FILE") as caught:
        question_converter(f"openai:m@http://u:{KEY}@127.0.0.1/v1")
    assert KEY not in str(caught.value)


def test_options_of_a_local_model_are_refused() -> None:
    with pytest.raises(UsageError, match="--dtype: options of a local model"):
        question_converter("openai:m@http://127.0.0.1:9/v1", Options(dtype="bf16"))


def test_what_is_asked(server: ChatServer) -> None:
    assert chat(server.name).convert([ASK]) == [RIGHT]
    [request] = server.requests
    assert server.paths == ["/v1/chat/completions"]
    assert request["model"] == "org/tiny:1b"
    assert (request["temperature"], request["seed"]) == (0, 0)
    assert request["max_tokens"] > 100
    told = request["messages"]
    assert told[0]["content"].startswith(CHAT_PROMPT.instruction)
    assert told[-1]["content"] == "Question: Where do herons sleep?\nAnswer: in trees"
    assert server.keys == [None]


def test_the_facts_tell_model_and_prompt(server: ChatServer) -> None:
    found = chat(server.name)
    assert found.name == "openai:org/tiny:1b"
    assert found.facts["prompt"] == f"sha256:{CHAT_PROMPT.digest}"
    assert server.url not in json.dumps([found.name, found.version, dict(found.facts)])
    other = CHAT_PROMPT._replace(examples=CHAT_PROMPT.examples[1:])
    assert other.digest != CHAT_PROMPT.digest


def test_slots_in_a_question_stay() -> None:
    assert "Question: {answer}?\n" in CHAT_PROMPT.asked("{answer}?", "x")


def test_sentences_come_in_the_order_of_the_asks(server: ChatServer) -> None:
    """The first requests are answered last."""

    def late(asked: Asked) -> Answer:
        number = int(asked.ask.question.split()[3])
        return Answer(completion(rightly(asked)), delay=0.3 if number < 8 else 0.0)

    server.says = late
    said = chat(server.name).convert([*ASKS, *ASKS[:3]])
    assert [one.text for one in said[:40]] == [f"Worker {n} carried a bucket." for n in range(40)]
    assert said[40:] == said[:3]
    assert len(server.requests) == 40


def test_only_so_many_requests_at_a_time(server: ChatServer) -> None:
    server.seconds = 0.02
    chat(server.name).convert(ASKS)
    assert 4 <= server.most <= 16


def test_sentences_before_the_question_are_kept(server: ChatServer) -> None:
    ask = Ask("Ines found the gate open. What will she do next?", "rake the leaves")
    said = chat(server.name).convert([ask])
    assert said[0].text == "Ines found the gate open. She will rake the leaves next."
    told = server.requests[0]["messages"][-1]["content"]
    assert told.startswith("Before the question: Ines found the gate open.\nQuestion: What will")


def test_an_empty_answer_is_not_asked(server: ChatServer) -> None:
    ask = Ask("Where do herons sleep?", "")
    assert chat(server.name).convert([ask]) == JudgedRules().convert([ask])
    assert server.requests == []


WHOLE = json.dumps(completion("Herons sleep in trees.")).encode()
PASSING = {
    "429": problem("Rate limit reached", 429),
    "429 and when": Answer({}, 429, [("Retry-After", "1")]),
    "500": problem("out of memory", 500),
    "502": Answer(b"<html>Bad gateway</html>", 502),
    "503": problem("Loading model", 503),
    "504": Answer(b"", 504),
    "cut": Answer(WHOLE, kept=60),
    "no head": Answer(b"", kept=0, headers=[("Content-Length", "9")]),
    "half an answer": Answer(WHOLE[:60]),
    "no JSON": Answer(b"<html>"),
    "no choices": Answer({"id": "x", "choices": []}),
    "an error with status 200": Answer({"error": {"message": "upstream is busy"}}),
    "a surrogate": Answer(WHOLE.replace(b"Herons", b"\\ud800")),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_asked_again(server: ChatServer, name: str) -> None:
    server.faults = [PASSING[name]]
    found = chat(server.name)
    found._answered = True
    assert found.convert([ASK]) == [RIGHT]
    assert len(server.requests) == 2
    if name == "429 and when":
        assert server.times[1] - server.times[0] >= 0.9


def test_all_requests_wait_as_long_as_the_server_asks(server: ChatServer) -> None:
    server.faults = [Answer({}, 429, [("Retry-After", "1")]) for _ in range(16)]
    chat(server.name).convert(ASKS)
    assert min(server.times[16:]) - server.times[0] >= 0.9


def test_a_slow_answer_is_asked_again(server: ChatServer) -> None:
    found = chat(server.name)
    found._requests.seconds = 0.3
    found._answered = True
    server.faults = [Answer(WHOLE, delay=2)]
    assert found.convert([ASK]) == [RIGHT]


LASTING: dict[str, tuple[Answer, type[UqaError], str]] = {
    "401": (problem("no", 401), UsageError, "needs an API key, or refuses"),
    "403": (problem("no", 403), UsageError, "needs an API key, or refuses"),
    "404": (problem('model "x" not found', 404), UsageError, r"no model 'org/tiny:1b'.*/v1.*found"),
    "vLLM's 404": (Answer({"message": "gone"}, 404), UsageError, "gone"),
    "405": (Answer(b"", 405), UsageError, "usually ends in /v1"),
    "too long": (
        problem("This model's maximum context length is 512 tokens.", 400),
        QuestionConverterError,
        r"context is too short for 'Question: .*--max-model-len.*512 tokens",
    ),
    "a setting": (problem("seed is unknown", 400), QuestionConverterError, "400: seed is unknown"),
    "a refusal of many lines": (
        problem("a\nb\x1b[2J" * 900, 422),
        QuestionConverterError,
        "status 422",
    ),
    "a redirect": (
        Answer({}, 307, [("Location", "http://127.0.0.1:1/")]),
        UsageError,
        "a redirect, which is not followed",
    ),
    "deep": (Answer(b"[" * 100_000, 400), QuestionConverterError, "status 400"),
    "never JSON": (Answer(b"<html>"), QuestionConverterError, "not the answer of an OpenAI-comp"),
    "never a choice": (Answer({"choices": []}), QuestionConverterError, "choices: List should"),
    "compressed": (
        Answer(b"", headers=[("Content-Encoding", "gzip")]),
        QuestionConverterError,
        "is compressed",
    ),
}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_one_error(server: ChatServer, name: str) -> None:
    answer, kind, words = LASTING[name]
    server.says = lambda _: answer
    with pytest.raises(kind, match=words) as caught:
        chat(server.name).convert([ASK])
    told = str(caught.value)
    assert told.startswith(server.url)
    assert told.isprintable()
    assert len(told) < 1_200
    assert len(server.requests) <= 3


def test_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "FIRST_RETRY_SECONDS", 0.2)
    with pytest.raises(UnreachableError, match=r"no response \(ConnectError: .*when the service"):
        chat("openai:m@http://127.0.0.1:9/v1").convert([ASK])


def test_a_server_that_loads_its_model_is_waited_for(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by the first request: it answers, so that the address is right."""
    monkeypatch.setattr(requests, "FIRST_RETRY_SECONDS", 0.0)
    server.faults = [problem("Loading model", 503)] * 3
    assert chat(server.name).convert([ASK]) == [RIGHT]


WRAPPED = {
    "quotes": '"Herons sleep in trees."',
    "curly quotes": "\u201cHerons sleep in trees.\u201d",
    "a code block": "```\nHerons sleep in trees.\n```",
    "a named code block": "```text\nHerons sleep in trees\n```",
    "a label": "Statement: **Herons sleep in trees.**",
    "thoughts": "<think>\nWhere? In trees.\n</think>\n\nHerons sleep in trees.",
    "a small letter": "herons sleep in trees",
    "white space": "\n  Herons  sleep in trees. \n",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_what_is_around_a_sentence_is_removed(server: ChatServer, name: str) -> None:
    server.says = lambda _: WRAPPED[name]
    assert chat(server.name).convert([ASK]) == [RIGHT]
    assert len(server.requests) == 1


WRONG: dict[str, tuple[str | Answer | None, str]] = {
    "nothing": ("", "is not there"),
    "null": (None, "is not there"),
    "unfinished": (Answer(completion(RIGHT.text, finish_reason="length")), "is not there"),
    "filtered": (Answer(completion(RIGHT.text, finish_reason="content_filter")), "is not there"),
    "a refusal": ("I'm sorry, but I can't help with that.", "does not deny"),
    "several sentences": ("Herons sleep in trees. They are birds.", "is not one sentence"),
    "several lines": ("Herons sleep in trees.\nHerons sleep.", "has several lines"),
    "the question": ("Where do herons sleep in trees?", "is a question"),
    "inverted": ("Do herons sleep in trees.", "is a question"),
    "another word": (
        "Herons sleep in tall trees.",
        "the word \u201ctall\u201d, which is in neither",
    ),
    "the right answer": ("Herons sleep in nests.", "\u201cnests\u201d, which is in neither"),
    "no answer": ("Herons sleep.", "lacks the answer's word"),
    "only the answer": ("In trees.", "does not say what was asked"),
    "denied": ("Herons do not sleep in trees.", "does not deny what the two deny"),
    "a bell": ("Herons sleep\x07 in trees.", "has the character U+0007"),
    "right to left": ("Herons sleep\u202e in trees.", "has the character U+202E"),
    "a loop": ("Herons sleep in trees " + "and herons sleep in trees " * 9, "is too long"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_sentence_is_asked_for_again_with_the_reason(server: ChatServer, name: str) -> None:
    text, why = WRONG[name]
    server.says = lambda asked: rightly(asked) if asked.again else text
    assert chat(server.name).convert([ASK, *ASKS[:2]])[0] == RIGHT
    [again] = [asked.again for asked in server.questions() if asked.again and asked.ask == ASK]
    assert why in again


@pytest.mark.parametrize("name", WRONG)
def test_twice_wrong_is_the_rules_sentence_with_their_via(server: ChatServer, name: str) -> None:
    server.says = lambda _: WRONG[name][0]
    assert chat(server.name).convert([ASK]) == JudgedRules().convert([ASK])
    assert len(server.requests) == 2
    assert chat(server.name).convert([ASK]) == JudgedRules().convert([ASK])
    assert len(server.requests) == 2, "also a wrong text is in the cache"


def test_texts_are_had_without_the_server(server: ChatServer) -> None:
    """From the cache; the same model at another address is the same model."""
    server.says = lambda asked: rightly(asked) if asked.again or asked.ask != ASK else "No."
    said = chat(server.name).convert([ASK, *ASKS])
    gone = "openai:org/tiny:1b@http://127.0.0.1:9/v1"
    assert chat(gone).convert([*ASKS, ASK]) == [*said[1:], said[0]]
    with pytest.raises(UnreachableError):
        chat(gone.replace("tiny", "small"), patience=0).convert([ASK])


def request(server: ChatServer, out: Path, raw: Path) -> Request:
    return Request(
        dataset="commonsenseqa",
        split="validation",
        raw=(raw,),
        out=out,
        shard_rows=8,
        question_converter=server.name,
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows(folder: Path) -> Path:
    sample = ROOT / "data/samples/commonsenseqa/authors/validation.jsonl"
    lines = [line for line in sample.read_text("utf-8").split("\n") if line]
    every = [
        line.replace('"stem":"', f'"stem":"Number {n}: ').replace('"stem": "', f'"stem": "In {n}, ')
        for n in range(2)
        for line in lines
    ]
    raw = folder / "rows.jsonl"
    raw.write_text("".join(f"{line}\n" for line in every), "utf-8")
    return raw


def test_a_killed_conversion_resumes_to_the_same_bytes(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each text is kept as soon as it is there: only what was on its way is asked for twice."""
    raw = rows(tmp_path)
    monkeypatch.setenv("UQA_OPENAI_KEY", KEY)

    def sometimes(asked: Asked) -> str:
        return "Nothing." if len(asked.ask.answer) % 3 == 0 else rightly(asked)

    server.says = sometimes
    whole = convert(request(server, tmp_path / "whole", raw))
    wanted = {(asked.ask, bool(asked.again)) for asked in server.questions()}
    assert len(server.requests) == len(wanted), "each question once"
    manifest = (whole.folder / "manifest.json").read_text("utf-8")
    counts = whole.manifest["counts"]["via"]
    assert counts["openai:tiny:1b"] > 20
    assert counts["rules"] > 5
    assert KEY not in manifest
    assert CHAT_PROMPT.digest in manifest
    assert server.keys[0] == f"Bearer {KEY}"

    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "other cache"))
    server.requests.clear()
    server.seconds = 0.02
    arguments = ["convert", "commonsenseqa", "--split", "validation", "--raw", raw, "--shard-rows"]
    arguments += [8, "--question-converter", server.name, "--out", tmp_path / "killed", "-q"]
    process = started.core.begin(arguments, cwd=tmp_path, env={**os.environ})
    until = time.monotonic() + 60
    while len(server.requests) < len(wanted) // 2:
        assert time.monotonic() < until
        assert process.exitcode is None
        time.sleep(0.005)
    process.kill()
    process.join()
    resumed = convert(request(server, tmp_path / "killed", raw))
    assert len(server.requests) <= len(wanted) + 16
    assert content(resumed.folder) == content(whole.folder)
    assert all(
        KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )


def test_declare_counts_who_made_the_sentences(server: ChatServer, tmp_path: Path) -> None:
    server.says = lambda asked: "Nothing." if "herons" in asked.ask.question else rightly(asked)
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(json.dumps(ask._asdict()) + "\n" for ask in (ASK, *ASKS[:2])))
    done = started.core.run(["declare", lines, "--question-converter", server.name], cwd=tmp_path)
    assert [json.loads(line)["via"] for line in done.stdout.splitlines()] == [
        "rules",
        *["openai:tiny:1b"] * 2,
    ]
    assert "via rules 1, via openai:tiny:1b 2" in done.stderr
    server.faults = [problem("no such model", 404)]
    lines.write_text(json.dumps(ASKS[9]._asdict()))
    done = started.core.run(["declare", lines, "--question-converter", server.name], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    plan = plan_conversion("copa", None, server.name, tmp_path)
    assert any("the server of org/tiny:1b" in line for line in estimate_lines(plan))


def test_a_service_asks_a_language_model(server: ChatServer, tmp_path: Path) -> None:
    with uqa_serve(tmp_path / "log", "--question-converter", server.name) as service:
        body = {"items": [ASK._asdict(), ASKS[0]._asdict()]}
        found = service.client.post("/v1/declare", json=body).json()
        assert [item["via"] for item in found["items"]] == ["openai:tiny:1b"] * 2
        assert found["question_converter"]["name"] == "openai:org/tiny:1b"
        assert Remote(service.url).convert([ASK]) == [RIGHT]
        server.says = lambda _: problem("no", 401)
        body = {"items": [ASKS[1]._asdict()]}
        assert service.client.post("/v1/declare", json=body).status_code == 500


def test_a_key_of_a_file_or_the_environment(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(f"# ours\n{KEY}\n")
    monkeypatch.setenv("OPENAI_API_KEY", "meant-for-another-host")
    monkeypatch.setenv("UQA_OPENAI_KEY_FILE", str(tmp_path / "key"))
    chat(server.name).convert([ASK])
    monkeypatch.setenv("UQA_OPENAI_KEY", KEY)
    with pytest.raises(UsageError, match="both set") as caught:
        chat(server.name)
    assert KEY not in str(caught.value)
    monkeypatch.delenv("UQA_OPENAI_KEY_FILE")
    chat(server.name).convert(ASKS[:1])
    monkeypatch.delenv("UQA_OPENAI_KEY")
    chat(server.name).convert(ASKS[1:2])
    assert server.keys == [f"Bearer {KEY}", f"Bearer {KEY}", None]


@pytest.mark.parametrize("status", [200, 401, 400, 404, 422])
def test_a_key_that_the_server_quotes_is_not_shown(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    monkeypatch.setenv("UQA_OPENAI_KEY", KEY)
    quoted = KEY.replace("/", r"\/")
    server.says = lambda _: (
        completion_of(f"Herons sleep in trees {KEY}.")
        if status == 200
        else Answer(f'{{"error": {{"message": "{KEY} {quoted} is wrong"}}}}'.encode(), status)
    )
    if status == 200:
        assert chat(server.name).convert([ASK]) == JudgedRules().convert([ASK])
    else:
        with pytest.raises(UqaError, match="is wrong") as caught:
            chat(server.name).convert([ASK])
        assert "sk-of" not in str(caught.value)
    assert all(b"sk-of" not in path.read_bytes() for path in tmp_path.rglob("*.sqlite*"))


def completion_of(text: str) -> Answer:
    return Answer(completion(text))


def test_a_key_does_not_follow_a_redirect(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UQA_OPENAI_KEY", KEY)
    with playing(ChatServer()) as other:
        there = f"{other.url}/v1/chat/completions"
        server.says = lambda _: Answer({}, 307, [("Location", there)])
        with pytest.raises(UsageError, match="redirect"):
            chat(server.name).convert([ASK])
        assert other.requests == []


@pytest.mark.parametrize(
    ("address", "environment", "sent"),
    [
        ("http://models.example/v1", {}, False),
        ("http://192.168.0.7:8000/v1", {}, False),
        ("http://192.168.0.7:8000/v1", {"UQA_OPENAI_KEY_OVER_HTTP": "1"}, True),
        ("https://models.example/v1", {}, True),
        ("http://localhost:8000/v1", {}, True),
        ("http://[::1]:8000/v1", {}, True),
        ("http://127.0.0.1:8000/v1", {"HTTP_PROXY": "http://proxy.example:3128"}, False),
        (
            "http://127.0.0.1:8000/v1",
            {"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "127.0.0.1"},
            True,
        ),
    ],
)
def test_a_key_is_not_sent_where_others_can_read_it(
    address: str, environment: dict[str, str], sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UQA_OPENAI_KEY", KEY)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if sent:
        chat(f"openai:m@{address}")
        return
    with pytest.raises(UsageError, match="use https://") as caught:
        chat(f"openai:m@{address}")
    assert KEY not in str(caught.value)
