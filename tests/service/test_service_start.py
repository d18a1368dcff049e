"""The URL is printed when the models are loaded; docs/service.md shows the actual answers."""

import json
import re
import subprocess
from pathlib import Path

import httpx2
import pytest
from conftest import ROOT
from running import GUARD, UQA, Running, uqa_serve

DOCS = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")


def test_the_service_is_ready_when_its_url_is_printed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [UQA, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx2.get(f"{url}/health/ready", timeout=GUARD).status_code == 200
        first = json.loads((tmp_path / "log").read_text().splitlines()[0])
        assert (first["event"], first["url"]) == ("loading", url)
        assert list(first) == ["time", "level", "event", "url"]
    finally:
        process.terminate()
        assert process.wait(timeout=GUARD) == 0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> object:
    with uqa_serve(tmp_path_factory.mktemp("service") / "log") as found:
        yield found


def test_the_answers_in_the_docs_are_the_actual_ones(service: Running) -> None:
    shown = re.findall(r"^\$ (curl .*?')\n(\{.*?)\n(?:```|\$)", DOCS, re.MULTILINE | re.DOTALL)
    assert len(shown) >= 2
    for command, answer in shown:
        local = command.replace("http://127.0.0.1:8017", service.url)
        done = subprocess.run(["bash", "-c", local], capture_output=True, text=True, check=True)
        # The docs break lines between members and omit the end of the longest answer.
        expected, cut, _ = re.sub(r"\n *", "", answer).partition(", …")
        assert done.stdout.startswith(expected) if cut else done.stdout == expected
