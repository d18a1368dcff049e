"""The OpenAPI document: Schemathesis sends valid and invalid requests generated from it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import GUARD, Running, uqa_serve

# An invalid item does not fail its request, and each dataset has its own row shapes, so the
# document's item schemas do not determine the status.
EXCLUDED_CHECKS = "negative_data_rejection,positive_data_acceptance"
# As a command: its pytest plug-in does not run under pytest 9.2.
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with uqa_serve(tmp_path_factory.mktemp("openapi") / "log") as service:
        yield service


@pytest.mark.slow
def test_answers_conform_to_the_document(service: Running, tmp_path: Path) -> None:
    # The examples phase takes as long as the others together; the next test covers it.
    options = f"--phases coverage,fuzzing --max-examples 4 --exclude-checks {EXCLUDED_CHECKS}"
    # A busy machine generates data and answers slowly.
    options += f" --suppress-health-check too_slow --request-timeout {GUARD}"
    done = subprocess.run(
        [
            *(SCHEMATHESIS, "run", f"{service.url}/openapi.json", *options.split()),
            *("--generation-deterministic", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Unresolvable references" not in done.stdout
    assert "Tested: 11" in done.stdout
    assert service.client.get("/health/live").status_code == 200
    assert '"event": "bug"' not in service.log()


def test_every_request_has_a_valid_example(service: Running) -> None:
    document = service.client.get("/openapi.json").json()
    tried = 0
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body is None or path == "/v1/score":
            continue
        name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        example = document["components"]["schemas"][name]["example"]
        answer = service.client.post(path, json=example)
        assert answer.status_code == 200, (path, answer.text)
        assert "problem" not in json.dumps(answer.json()["items"]), path
        tried += 1
    assert tried == 4


def test_the_document_is_complete_without_the_network(service: Running) -> None:
    document = service.client.get("/openapi.json").text
    assert "http://" not in document.replace("http://127.0.0.1", "")
    assert "https://" not in document
