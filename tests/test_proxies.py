"""A proxy or a key from the environment that no request can use is told in one line."""

import os
from pathlib import Path

import httpx2
import pytest

from unifiedqa_convert.errors import UnreachableError, UsageError
from unifiedqa_convert.proxies import check_header, check_proxy, without_unusable_proxies
from unifiedqa_convert.question_converters.remote import requests, uqa_serve
from unifiedqa_convert.transfers import hub_client

HERE = "http://127.0.0.1:9"
UNUSABLE = {
    "socks5://127.0.0.1:9": "socksio",
    "socks5h://u:secret@h:9": "socksio",
    "socks4://u:secret@h:9": "unknown kind",
    "http://u:secret@h:abc": "without an address",
    "http://": "without an address",
    "foo:bar://x": "without an address",
}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
@pytest.mark.parametrize("proxy", UNUSABLE)
def test_the_variable_is_named_and_its_password_is_not(
    proxy: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(UsageError, match=f"{variable} names a proxy .*{UNUSABLE[proxy]}") as found:
        check_proxy(HERE)
    assert "secret" not in str(found.value)
    with pytest.raises(UsageError, match=variable):
        uqa_serve.Remote(HERE)
    with without_unusable_proxies():
        httpx2.Client().close()  # which would raise: it makes the client of each proxy at once
    assert os.environ[variable] == proxy


def test_other_proxies_are_left_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:8")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    check_proxy(HERE)  # http:// goes through the proxy for it
    with pytest.raises(UsageError, match="ALL_PROXY"):
        check_proxy("https://huggingface.co/x")
    with without_unusable_proxies():
        assert "HTTP_PROXY" in os.environ


@pytest.mark.parametrize("covered", ["127.0.0.1", "127.0.0.1:9", "*", "a.example,127.0.0.1"])
def test_no_proxy_is_heeded(covered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", covered)
    check_proxy(HERE)
    monkeypatch.setattr(requests, "FIRST_RETRY_SECONDS", 0.0)
    with pytest.raises(UnreachableError, match="no response"):  # it asked, without a proxy
        uqa_serve.Remote(HERE)


@pytest.mark.parametrize(
    "key", ["hf_aaaa\u028bbbbb", "hf_a\nX-Header: 1", "hf a", "hf_\x00", "\xff"]
)
def test_a_key_that_no_header_carries(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"U\+[0-9A-F]{4} at position") as found:
        check_header("the key", key)
    assert "hf" not in str(found.value)
    if "\x00" in key:
        return  # no environment can hold it
    monkeypatch.setenv("HF_TOKEN", key)
    if key == key.strip():
        with pytest.raises(UsageError, match="HF_TOKEN") as found, hub_client():
            pytest.fail("it would be sent")
        assert "hf_a" not in str(found.value)


def test_a_key_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_bytes(b"abc\x0bdef\n")
    monkeypatch.setenv(uqa_serve.KEY_FILE, str(tmp_path / "key"))
    with pytest.raises(UsageError, match=r"U\+000B at position 4") as found:
        uqa_serve.Remote(HERE)
    assert "abc" not in str(found.value)
