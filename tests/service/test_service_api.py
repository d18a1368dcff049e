"""The answer of each route, and that it equals the command line's output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from running import Running, item, uqa_serve

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.question_converters.learned.judged_rules import JudgedRules
from unifiedqa_convert.question_converters.rules.converter import Rules

SAMPLES = ROOT / "data" / "samples"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with uqa_serve(tmp_path_factory.mktemp("api") / "log") as service:
        yield service


def rows_of(path: str) -> list[dict[str, Any]]:
    lines = (SAMPLES / path).read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


@pytest.mark.parametrize("profile", ["canonical", "rainier"])
@pytest.mark.parametrize("sample", ["commonsenseqa/authors", "copa/superglue", "sciq/authors"])
def test_converted_rows_equal_the_command_lines(
    service: Running, sample: str, profile: str, tmp_path: Path
) -> None:
    dataset = sample.split("/")[0]
    found = sorted((SAMPLES / sample).glob("validation.*"))[0]
    if found.suffix == ".json":
        rows = json.loads(found.read_text("utf-8"))
    else:
        rows = rows_of(f"{sample}/{found.name}")
    request = Request(
        dataset=dataset,
        split="dev",
        raw=(found,),
        to="jsonl",
        records="both",
        profile=profile,
        out=tmp_path,
        max_rejects=99,
    )
    written = (convert(request).folder / "data-00000.jsonl").read_text("utf-8")
    body = {"dataset": dataset, "split": "dev", "rows": rows, "profile": profile}
    answer = service.client.post("/v1/convert", json=body)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert len(items) == len(rows)
    examples = [example for one in items for example in one.get("examples", ())]
    assert examples == [json.loads(line) for line in written.split("\n") if line]


def test_an_invalid_row_has_a_problem_and_the_others_are_converted(
    service: Running,
) -> None:
    good, *_ = rows_of("copa/superglue/validation.jsonl")
    rows = [good, {**good, "label": 7}, "no row", {"premise": "alone"}, good]
    answer = service.client.post(
        "/v1/convert", json={"dataset": "copa", "rows": rows, "first_row": 5}
    )
    assert answer.status_code == 200
    document = answer.json()
    ids = [one["examples"][0]["id"] for one in document["items"] if "examples" in one]
    assert ids == ["copa-validation-5", "copa-validation-9"]
    found = [one["problem"] for one in document["items"] if "problem" in one]
    assert [(p["item"], p["field"]) for p in found] == [(1, "label"), (2, "-"), (3, "choice1")]
    assert document["counts"]["rows"] == {"read": 5, "used": 2, "skipped": {}, "rejected": 3}


def test_a_request_of_only_invalid_rows_is_refused(service: Running) -> None:
    answer = service.client.post("/v1/convert", json={"dataset": "copa", "rows": [{}, {"a": 1}]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["item"] for error in answer.json()["errors"]] == [0, 1]


def test_without_statements_the_converter_is_not_used(service: Running) -> None:
    rows = rows_of("commonsenseqa/authors/validation.jsonl")[:1]
    body = {"dataset": "commonsenseqa", "rows": rows, "statements": False}
    document = service.client.post("/v1/convert", json=body).json()
    assert document["question_converter"] is None
    assert document["items"][0]["examples"][0]["statements"] == []


def test_declare_names_the_rule_of_each_statement(service: Running) -> None:
    answer = service.declare(
        item("Where do fish live?", "in water"), item("Which of these?", "***")
    )
    document = answer.json()
    known = {"name": "rules", "version": Rules.version, **JudgedRules().facts}
    assert document["question_converter"] == known
    sure = document["items"][0].pop("confidence")
    assert document["items"][0] == {"statement": "Fish live in water.", "via": "rules"}
    assert 1 >= sure > 0.5 > document["items"][1]["confidence"] >= 0
    assert document["items"][1]["via"] == "rules-fallback"


def test_encoded_records_are_parsed_back(service: Running) -> None:
    examples = [
        {"question": "Where do fish live?", "choices": ["in water", "on land"], "golds": [0]},
        {"question": "Do fish swim?", "answer": "yes", "context": "Fish have fins."},
        {"question": "What is (b) it?", "choices": ["one (b) two", "three"]},
    ]
    encoded = service.client.post("/v1/encode", json={"items": examples}).json()["items"]
    assert encoded[0] == {
        "input": r"Where do fish live? \n (a) in water (b) on land",
        "output": "in water",
        "recovers": True,
    }
    assert [one["recovers"] for one in encoded] == [True, True, False]
    records = [{"input": one["input"], "output": one["output"]} for one in encoded[:2]]
    parsed = service.client.post("/v1/parse", json={"items": records}).json()["items"]
    assert parsed[0] == {**examples[0], "context": None, "answer": "in water"}
    assert (parsed[1]["context"], parsed[1]["answer"]) == ("Fish have fins.", "yes")


def test_references_and_unanswerable_questions(service: Running) -> None:
    items = [
        {"question": "Q?", "answers": ["42", "forty-two"]},
        {"question": "Q?", "answers": []},
        {"question": "Q?"},
    ]
    encoded = service.client.post("/v1/encode", json={"items": items}).json()["items"]
    assert [one["output"] for one in encoded] == ["42", "<No Answer>", None]
    asked = item("Who sank it?", "<No Answer>"), item("Who sank it?", "Ida")
    none, one = service.declare(*asked).json()["items"]
    assert none["problem"]["field"] == "answer"
    assert "no statement" in none["problem"]["detail"]
    assert one["statement"] == "Ida sank it."
    assert service.declare(asked[0]).status_code == 422
    rows = rows_of("squad2/hub/validation.jsonl")
    body = {"dataset": "squad2", "split": "validation", "rows": rows}
    answer = service.client.post("/v1/convert", json=body).json()
    labels = [s["label"] for one in answer["items"] for s in one["examples"][0]["statements"]]
    assert labels
    assert all(labels)
    assert answer["counts"]["statements"]["not made"]["unanswerable"] >= 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"question": "Q?", "golds": [0]}, "golds"),
        ({"question": "Q?", "choices": ["a"], "golds": [1]}, "golds"),
        ({"question": "Q?", "choices": ["a", "b"], "golds": [1], "answer": "a"}, "answer"),
        ({"question": "Q?", "choices": ["a\x00"]}, "choices.0"),
        ({"question": "Q" * 20_001}, "question"),
        ({"choices": ["a"]}, "question"),
        ({"question": "Q?", "answers": ["a", " "]}, "answers"),
        ({"question": "Q?", "answer": ""}, "answer"),
        ({"question": "Q?", "answers": ["a"], "answer": "a"}, "answers"),
        ({"question": "Q?", "answers": ["a"], "choices": ["a", "b"], "golds": [0]}, "answers"),
    ],
)
def test_an_invalid_example_names_its_field(
    service: Running, bad: dict[str, Any], field: str
) -> None:
    good = {"question": "Q?", "choices": ["a", "b"]}
    both = service.client.post("/v1/encode", json={"items": [bad, good]})
    assert both.status_code == 200
    assert both.json()["items"][0]["problem"]["field"] == field
    assert both.json()["items"][1]["output"] is None
    assert service.client.post("/v1/encode", json={"items": [bad]}).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/v1/convert", {"dataset": "nope", "rows": [{}]}, 404, None),
        ("/v1/convert", {"dataset": "copa", "rows": [{}], "split": "nope"}, 422, "split"),
        ("/v1/convert", {"dataset": "copa", "rows": [{}], "profile": "nope"}, 422, "profile"),
        (
            "/v1/convert",
            {"dataset": "copa", "rows": [{}], "profile": "unifiedqa:x"},
            422,
            "profile",
        ),
        ("/v1/encode", {"items": [{}], "profile": "unifiedqa:mctest"}, 422, "profile"),
        ("/v1/convert", {"dataset": "copa", "rows": [{}], "first_row": -1}, 422, "first_row"),
        ("/v1/convert", {"dataset": "copa", "rows": [{}], "url": "http://x"}, 422, "url"),
        ("/v1/convert", {"dataset": "copa", "rows": [{}] * 257}, 422, "rows"),
        ("/v1/declare", {"items": []}, 422, "items"),
        ("/v1/declare", {"items": [item("Q?")] * 257}, 422, "items"),
        ("/v1/declare", {}, 422, "items"),
        ("/v1/declare", [], 422, None),
        ("/v1/score", {"items": [{"statement": "Fish swim."}]}, 404, None),
        ("/v1/nope", {}, 404, None),
    ],
)
def test_an_invalid_request_names_its_field(
    service: Running, path: str, body: Any, status: int, field: str | None
) -> None:
    answer = service.client.post(path, json=body)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert problem.get("errors", [{}])[0].get("field") == field


def test_sample_rows_of_every_dataset_convert(service: Running) -> None:
    names = [entry["name"] for entry in service.client.get("/v1/datasets").json()]
    assert "commonsenseqa" in names
    for name in names:
        facts = service.client.get(f"/v1/datasets/{name}").json()
        assert facts["shapes"][0]["fields"]
        for sample in facts["samples"]:
            body = {"dataset": name, "split": sample["split"], "rows": sample["rows"]}
            answer = service.client.post("/v1/convert", json={**body, "statements": False})
            assert answer.status_code == 200, (name, sample["split"], answer.text)
    assert service.client.get("/v1/datasets/nope").status_code == 404


def test_the_page_is_served(service: Running) -> None:
    answer = service.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_metrics_name_routes_and_reasons(service: Running) -> None:
    service.client.get("/v1/secret-path-of-a-client")
    text = service.client.get("/metrics").text
    assert 'uqa_requests_total{code="404",reason="not-found",route="-"}' in text
    assert "secret-path" not in text
    assert "uqa_build_info{" in text
