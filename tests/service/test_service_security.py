"""API keys, host names, response headers, and secrets in logs (fault 20)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from running import Running, item, uqa_serve

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.service.config import Config, ServiceLimits
from unifiedqa_convert.service.state import Keys

KEY, OTHER = "a-key-of-our-own-0123456789", "another-key-of-ours-987654321"
SECRET = "Zanzibarbadian"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"# ours\n{KEY}\n")
    return path


@pytest.fixture(scope="module")
def service(keys: Path) -> Iterator[Running]:
    options = ["--host", "0.0.0.0", "--api-key-file", keys, "--allowed-host", "gpu.lab"]
    with uqa_serve(keys.with_name("log"), *options) as service:
        yield service


def ask(service: Running, key: str | None, **headers: str) -> httpx2.Response:
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return service.declare(item(f"Where is {SECRET}?", "there"), headers=headers)


@pytest.mark.parametrize("key", [None, "wrong", KEY[:-1], KEY + "x", KEY.upper()])
def test_a_request_without_a_valid_key_is_refused(service: Running, key: str | None) -> None:
    answer = ask(service, key)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["/v1/models", "/v1/datasets", "/v1/nope", "/metrics"])
def test_everything_but_health_and_the_page_needs_the_key(service: Running, path: str) -> None:
    assert service.client.get(path).status_code == 401
    assert service.client.get("/health/live").status_code == 200
    assert service.client.get("/").status_code == 200


def test_another_authorization_scheme_is_refused(service: Running) -> None:
    assert service.client.get("/v1/models", headers={"Authorization": KEY}).status_code == 401
    basic = {"Authorization": f"Basic {KEY}"}
    assert service.client.get("/v1/models", headers=basic).status_code == 401


def test_keys_are_changed_without_a_restart(service: Running, keys: Path) -> None:
    assert ask(service, KEY).status_code == 200
    keys.write_text(f"{KEY}\n{OTHER}\n")
    assert [ask(service, key).status_code for key in (KEY, OTHER)] == [200, 200]
    fresh = keys.with_name("fresh")
    fresh.write_text(f"{OTHER}\n")
    fresh.replace(keys)
    assert [ask(service, key).status_code for key in (KEY, OTHER)] == [401, 200]
    keys.unlink()
    assert [ask(service, key).status_code for key in (KEY, OTHER)] == [401, 401]
    keys.write_text(f"{KEY}\n")
    assert ask(service, KEY).status_code == 200


def test_neither_keys_nor_texts_are_logged_or_measured(service: Running) -> None:
    ask(service, KEY)
    ask(service, "wrong-but-still-somebodys")
    ask(service, KEY, **{"X-Secret": SECRET})
    service.client.post(f"/v1/{SECRET}?key={KEY}", headers={"Authorization": f"Bearer {KEY}"})
    body = {"dataset": SECRET, "rows": [{}]}
    service.client.post("/v1/convert", json=body, headers={"Authorization": f"Bearer {KEY}"})
    metrics = service.client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).text
    for text in (service.log(), metrics):
        assert "/v1/declare" in text
        for secret in (KEY, OTHER, "wrong-but-still", SECRET):
            assert secret not in text


def test_uvicorns_errors_are_logged_without_their_exceptions() -> None:
    """An exception's message may quote a client's text."""
    program = (
        "import logging; from unifiedqa_convert.service import monitoring; "
        "monitoring.configure_logging(quiet=True); "
        f"logging.getLogger('uvicorn.error').error('failed', exc_info=ValueError('{SECRET}'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    line = json.loads(done.stderr)
    assert line == {"time": line["time"], "level": "error", "event": "failed"}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", 200),
        ("localhost:8017", 200),
        ("[::1]:8017", 200),
        ("gpu.lab", 200),
        ("GPU.lab:80", 200),
        ("evil.example", 400),
        ("gpu.lab.evil.example", 400),
        ("", 400),
    ],
)
def test_only_known_host_names_are_answered(service: Running, host: str, expected: int) -> None:
    answer = ask(service, KEY, Host=host)
    assert answer.status_code == expected


def test_every_answer_has_the_security_headers_and_no_cors_headers(service: Running) -> None:
    for path in ("/", "/health/live", "/v1/nope", "/openapi.json"):
        answer = service.client.get(path, headers={"Origin": "https://evil.example"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = service.client.options("/v1/declare", headers=preflight)
    assert answer.status_code in (401, 405)


def test_a_public_host_needs_keys_or_insecure() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "gpu.lab"):
        with pytest.raises(UsageError, match="--api-key-file"):
            Config(host=host)
        assert Config(host=host, insecure=True).host == host
    assert Config(host="localhost").port == Config(host="::1").port == Config().port


def test_a_key_file_must_hold_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(UsageError, match="No such file"):
        Keys(path)
    for text in ("", "short\n", "# a-comment-is-no-key-0123456789\n"):
        path.write_text(text)
        with pytest.raises(UsageError, match="16 characters"):
            Keys(path)


def as_a_fifo(path: Path) -> None:
    os.mkfifo(path)


def as_too_large(path: Path) -> None:
    path.write_bytes(f"{KEY}\n".encode() * 50_000)


NO_KEY_FILES = {
    "lost": (lambda _: None, "No such file"),
    "folder": (Path.mkdir, "not a regular file"),
    "fifo": (as_a_fifo, "not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "too large": (as_too_large, "more than 1,048,576 bytes"),
    "UTF-16": (lambda path: path.write_text(KEY, "utf-16"), "line 1 is not ASCII"),
    "byte order mark": (lambda path: path.write_text(KEY, "utf-8-sig"), "line 1 is not ASCII"),
    "NUL": (lambda path: path.write_bytes(b"# ours\n" + KEY.encode() + b"\0"), "line 2 is not"),
}


@pytest.mark.parametrize("name", NO_KEY_FILES)
def test_a_key_file_that_cannot_be_read_blocks_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    make, why = NO_KEY_FILES[name]
    path = tmp_path / "keys"
    make(path)
    with pytest.raises(UsageError, match=why):
        Keys(path)
    good = tmp_path / "good"
    good.write_text(f"{KEY}\n")
    good.chmod(0o600)
    keys = Keys(good)
    assert keys.accept(KEY.encode())
    good.unlink()
    make(good)
    assert not keys.accept(KEY.encode())
    assert not keys.accept(KEY.encode())
    assert capsys.readouterr().out.count("no key is accepted") == 1  # told once
    if name == "folder":
        good.rmdir()
    else:
        good.unlink(missing_ok=True)
    good.write_text(f"{KEY}\n")
    assert keys.accept(KEY.encode())


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_key_file_that_others_can_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int, told: bool
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{KEY}\n")
    path.chmod(mode)
    assert Keys(path).accept(KEY.encode())
    expected = f"uqa: warning: --api-key-file {path} can be read by other users of this machine "
    expected += f"(mode {mode:04o}): chmod 600 {path}\n"
    assert capsys.readouterr().err == (expected if told else "")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_limits_are_numbers_of_seconds(seconds: float) -> None:
    for name in ("deadline", "hang"):
        with pytest.raises(UsageError, match=f"--{name} takes a number of seconds"):
            Config(limits=ServiceLimits(**{name: seconds}))


def test_an_allowed_host_may_have_a_port() -> None:
    config = Config(allowed_hosts=("GPU.lab:8443", "desk.lab"))
    names = ("gpu.lab:8443", "gpu.lab", "gpu.lab:80", "desk.lab", "desk.lab:80", "other.lab:8443")
    assert [config.answers_to(name) for name in names] == [True, False, False, True, True, False]


def test_converters_that_cannot_be_served() -> None:
    with pytest.raises(UsageError, match="another service"):
        Config(question_converter="http://127.0.0.1:1")
    with pytest.raises(UsageError, match="cannot be served; use rules or a model"):
        Config(question_converter="none")


def test_an_unknown_converter_is_one_line_on_stderr(uqa: Callable[..., Any]) -> None:
    done = uqa("serve", "--port", 0, "--question-converter", "nope", "-q")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "uqa: --question-converter takes rules, rules-only, none or a model: no model 'nope'"
    )
    assert done.stderr.count("\n") == 1
