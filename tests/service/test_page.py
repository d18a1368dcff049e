"""The page in a real browser: everything a visitor can do in its three views."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, needs_chromium, page_on
from running import Running, uqa_serve, wait_for

from unifiedqa_convert.records.profiles import PROFILES

pytestmark = needs_chromium
SEPARATOR = " \\n "


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with uqa_serve(tmp_path_factory.mktemp("page") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any, service: Running) -> Iterator[Any]:
    with page_on(browser, service.url) as opened:
        yield opened


def open_view(page: Any, service: Running, view: str) -> None:
    page.goto(f"{service.url}/#/{view}")
    page.wait_for_selector("#models:not(:empty)")


def wait_for_request(page: Any, held: list[Any]) -> None:
    """Wait until the route holds a request."""
    wait_for(lambda: bool(held or page.wait_for_timeout(20)), lambda: "no request")


def converted(service: Running, dataset: str, place: int = 0) -> tuple[Any, Any]:
    """A dataset's first sample and the example of one of its rows, from the API."""
    sample = service.client.get(f"/v1/datasets/{dataset}").json()["samples"][0]
    body = {"dataset": dataset, "split": sample["split"], "rows": sample["rows"]}
    answer = service.client.post("/v1/convert", json=body).json()
    return sample, answer["items"][place]["examples"][0]


def texts(page: Any, selector: str) -> list[str]:
    return [element.text_content() for element in page.query_selector_all(selector)]


def test_convert_shows_the_apis_answer(page: Any, service: Running) -> None:
    open_view(page, service, "convert/social_iqa")
    page.wait_for_selector(".sides")
    sample, example = converted(service, "social_iqa")
    assert json.loads(page.input_value("#row")) == sample["rows"][0]
    # The record is shown character by character, with its separators marked.
    assert texts(page, ".flow > .step:nth-child(2) .text") == [example["input"]]
    assert page.locator(".flow > .step:nth-child(2) .separator").all_text_contents() == [
        SEPARATOR
    ] * example["input"].count(SEPARATOR)
    for label, side in ((True, ".is-true"), (False, ".is-false")):
        sentences = [s["sentence"] for s in example["statements"] if s["label"] is label]
        assert texts(page, f"{side} .sentence-text") == sentences
    assert texts(page, ".lines .text") == [s["input"] for s in example["statements"]]
    assert texts(page, ".lines .output span") == [s["output"] for s in example["statements"]]
    left, right = page.locator(".is-true").bounding_box(), page.locator(".is-false").bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]


def flow(page: Any, service: Running, dataset: str, place: int) -> str:
    """The text of the steps for one sample row of a dataset."""
    page.goto("about:blank")  # or the steps of the dataset before are taken for these
    open_view(page, service, f"convert/{dataset}")
    page.wait_for_selector(".flow .example")
    for _ in range(place):
        with page.expect_response("**/v1/convert"):
            page.click("#row-after")
    page.wait_for_selector("#convert-result[aria-busy=false]")
    return str(page.inner_text("#convert-result"))


def test_convert_shows_references_parts_and_what_has_no_answer(page: Any, service: Running) -> None:
    for dataset, place, wanted in (
        ("squad2", 0, "right"),
        ("squad2", 1, "The question is unanswerable: its output is <No Answer>."),
        ("quoref", 1, "part of the answer"),
        ("pubmedqa_unlabeled", 0, "The answer is hidden in this split."),
    ):
        assert wanted in flow(page, service, dataset, place), dataset
    _, example = converted(service, "squad2")
    flow(page, service, "squad2", 0)
    assert texts(page, ".options .letter") == [str(n + 1) for n in range(len(example["choices"]))]
    assert page.locator(".is-true").count() == 1
    assert page.locator(".is-false").count() == 0  # none is made up
    flow(page, service, "boolq", 0)
    assert texts(page, ".options .letter") == ["", ""]
    assert texts(page, ".sides h3 .count") == ["1"]


def test_convert_offers_every_dataset_by_partition_and_every_profile(
    page: Any, service: Running
) -> None:
    open_view(page, service, "convert")
    page.wait_for_selector(".sides")
    offered = page.evaluate(
        "[...document.querySelectorAll('#dataset option')]"
        ".map((o) => [o.value, o.parentElement.label])"
    )
    facts = {one["name"]: one["partition"] for one in service.client.get("/v1/datasets").json()}
    assert sorted(name for name, _ in offered) == sorted(facts)
    assert len({(facts[name], label) for name, label in offered}) == len(set(facts.values()))
    assert texts(page, "#profile option") == [*PROFILES]


def test_convert_follows_dataset_shape_row_and_profile(page: Any, service: Running) -> None:
    open_view(page, service, "convert")
    page.select_option("#dataset", "copa")
    page.wait_for_url("**/#/convert/copa")
    page.select_option("#sample", label="balanced_dev, authors")
    page.wait_for_function("document.querySelector('#row').value.includes('asks-for')")
    page.get_by_text("copa-balanced_dev-0").wait_for()
    first = page.input_value("#row")
    page.click("#row-after")
    assert page.input_value("#row") != first
    page.get_by_text("2 of").wait_for()
    page.select_option("#profile", "unifiedqa")
    page.get_by_text("(A)").first.wait_for()


def test_going_back_while_another_dataset_loads(page: Any, service: Running) -> None:
    """The late answer must not be shown under the first dataset's address."""
    open_view(page, service, "convert/copa")
    page.wait_for_selector(".sides")
    row = page.input_value("#row")
    held: list[Any] = []
    page.route("**/v1/datasets/sciq", lambda route: held.append(route))
    page.select_option("#dataset", "sciq")
    wait_for_request(page, held)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/sciq")):
        page.select_option("#dataset", "copa")
    assert page.input_value("#dataset") == "copa"
    assert page.input_value("#row") == row


def test_an_error_is_shown_at_its_field(page: Any, service: Running) -> None:
    open_view(page, service, "convert/social_iqa")
    page.wait_for_selector(".sides")
    good = page.input_value("#row")
    page.fill("#row", good.replace('"label": "1"', '"label": "7"'))
    error = page.locator("#row-error p")
    error.wait_for()
    assert error.text_content().startswith("label Input should be '1', '2' or '3'")
    assert texts(page, ".line.wrong") == ['  "label": "7"']
    assert texts(page, "#field-list .wrong dt") == ["label"]
    assert page.get_attribute("#row", "aria-invalid") == "true"
    assert page.locator(".flow.stale .sides").count() == 1
    page.click("#row-error button")
    assert page.evaluate("getSelection().toString()") == '"label"'
    page.fill("#row", good.replace('"label": "1"', '"label": '))
    page.get_by_text("Not JSON").wait_for()
    assert page.is_disabled("[data-copy=curl]")
    page.click("#row-reset")
    page.wait_for_selector(".flow:not(.stale) .sides")
    assert page.input_value("#row") == good
    assert page.get_attribute("#row", "aria-invalid") is None


def test_what_is_copied_works(page: Any, service: Running) -> None:
    open_view(page, service, "convert/copa")
    page.wait_for_selector(".sides")
    row = json.loads(page.input_value("#row"))
    row["premise"] = 'It\'s "her" garden; $HOME and \\n `date`.'
    page.fill("#row", json.dumps(row))
    page.locator(".example").get_by_text("garden; $HOME").wait_for()

    def copied(kind: str) -> str:
        button = page.locator(f"[data-copy={kind}]")
        button.click()
        # The toast of the previous copy may still be shown.
        toast = page.locator("#toast.shown")
        toast.get_by_text(f"Copied as {button.text_content()}.", exact=True).wait_for()
        return str(page.evaluate("navigator.clipboard.readText()"))

    example = json.loads(copied("json"))[0]["examples"][0]
    assert row["premise"] in example["question"]
    records = [line.split("\t") for line in copied("text").split("\n")]
    pairs = [example, *example["statements"]]
    assert records == [[one["input"], one["output"]] for one in pairs]
    curl = subprocess.run(["bash", "-c", copied("curl")], capture_output=True, check=True)
    assert json.loads(curl.stdout)["items"][0]["examples"][0] == example
    program = [sys.executable, "-c", copied("python")]
    python = subprocess.run(program, capture_output=True, text=True, check=True)
    assert python.stdout.splitlines() == [
        f"{example['input']} -> {example['output']}",
        *(f"{s['label']} {s['sentence']}" for s in example["statements"]),
    ]


def test_markup_in_a_row_is_text(page: Any, service: Running) -> None:
    open_view(page, service, "convert/copa")
    page.wait_for_selector(".sides")
    hostile = "<img src=x onerror=alert(1)>"
    row = {**json.loads(page.input_value("#row")), "choice1": hostile}
    page.fill("#row", json.dumps(row))
    page.locator(".options").get_by_text(hostile).wait_for()
    assert page.locator("main img").count() == 0


def test_ask_states_each_choice(page: Any, service: Running) -> None:
    open_view(page, service, "ask")
    question, choices = "Where would you put a wet umbrella?", ["in the hall", "in bed", "away"]
    page.focus("#question")
    page.keyboard.type(question)
    page.focus(".choice:nth-child(1) input")
    page.keyboard.type(f"{choices[0]}\n{choices[1]}")  # Enter moves to the next choice
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # + Add a choice
    page.keyboard.type(f"{choices[2]}\n")
    page.wait_for_selector(".answers")
    items = [{"question": question, "answer": choice} for choice in choices]
    declared = service.declare(*items).json()["items"]
    assert texts(page, ".answers .sentence-text") == [item["statement"] for item in declared]
    record = f"{question}{SEPARATOR}(a) {choices[0]} (b) {choices[1]} (c) {choices[2]}"
    assert texts(page, "#ask-result .record .text") == [record]
    assert page.get_by_text("--vera MODEL").count() == 1


def test_ask_yes_or_no_and_missing_fields(page: Any, service: Running) -> None:
    open_view(page, service, "ask")
    page.click("text=Make statements")
    assert texts(page, "#question-error") == ["Write a question."]
    assert page.evaluate("document.activeElement.id") == "question"
    page.fill("#question", "Can a penguin fly?")
    page.fill(".choice:nth-child(1) input", "yes")
    page.click("text=Make statements")
    assert texts(page, ".choice .error") == ["", "Write an answer, or remove it."]
    page.check("input[value=yes_no]", force=True)
    page.click("text=Make statements")
    page.wait_for_selector(".answers")
    statements = ["A penguin can fly.", "A penguin can not fly."]
    assert texts(page, ".answers .sentence-text") == statements
    page.fill("#question", "x" * 20_001)
    page.click("text=Make statements")
    page.get_by_text("more than 20000 characters").wait_for()
    assert "20000" in page.text_content("#question-error")


def test_ask_free_text(page: Any, service: Running) -> None:
    open_view(page, service, "ask")
    page.check("input[value=free_text]", force=True)
    page.fill("#question", "What do bees make?")
    page.fill(".choice:nth-child(1) input", "honey")
    page.fill(".choice:nth-child(2) input", "wax")
    assert texts(page, ".choice .letter") == ["1", "2"]
    page.click("text=Make statements")
    page.wait_for_selector(".answers")
    assert texts(page, ".answers .sentence-text") == ["Bees make honey.", "Bees make wax."]
    assert texts(page, "#ask-result .record .text") == ["What do bees make?"]


def play(page: Any, golds: dict[str, int], wanted: list[bool]) -> None:
    """Answer each question by its digit: right or wrong as wanted."""
    for right in wanted:
        page.wait_for_selector(".option:enabled")
        gold = golds[page.text_content("#quiz-question")]
        page.keyboard.press(str(1 + (gold if right else 1 - gold)))
        page.wait_for_selector(".option.right")
        page.keyboard.press("Enter")


def test_quiz_by_keyboard(page: Any, service: Running) -> None:
    sample, _ = converted(service, "csqa2")
    body = {"dataset": "csqa2", "split": sample["split"], "rows": sample["rows"]}
    items = service.client.post("/v1/convert", json=body).json()["items"]
    golds = {i["examples"][0]["question"]: i["examples"][0]["golds"][0] for i in items}
    open_view(page, service, "quiz")
    page.select_option("#quiz-from", "csqa2")
    page.select_option("#quiz-count", "5")
    page.click("text=Start")
    play(page, golds, [True, True, False, True, False])
    assert page.get_attribute(".end h2", "aria-label") == "3 of 5 right"
    assert page.locator(".strip li").evaluate_all("(all) => all.map((one) => one.className)") == [
        *("right", "right", "wrong", "right", "wrong")
    ]
    figures = dict(zip(texts(page, ".figures dt"), texts(page, ".figures dd"), strict=True))
    assert figures["best streak"] == "2"
    assert 300 < int(figures["points"]) <= 450
    page.click("text=Copy the result")
    page.wait_for_selector("#toast.shown")
    assert "3 of 5\n🟩🟩🟥🟩🟥\n" in page.evaluate("navigator.clipboard.readText()")


def test_quiz_ends_a_question_when_its_time_is_up(page: Any, service: Running) -> None:
    page.clock.install()
    open_view(page, service, "quiz")
    page.click("text=Start")
    page.wait_for_selector(".option:enabled")
    page.clock.fast_forward(31_000)
    page.get_by_text("Time is up.").wait_for()
    assert page.locator(".option.right").count() == 1


def test_a_full_queue_is_retried_and_a_lost_service_is_reported(
    page: Any, service: Running
) -> None:
    open_view(page, service, "ask")
    refused = []

    def refuse_once(route: Any) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=429, headers={"retry-after": "1"}, json={"detail": "full"})

    page.route("**/v1/declare", refuse_once)
    page.click(".invite button >> nth=0")
    page.wait_for_selector(".answers")
    assert refused
    page.route("**/v1/declare", lambda route: route.abort())
    page.click("text=Make statements")
    page.get_by_text("The service does not answer.").wait_for()


def test_a_service_with_a_key_asks_for_it_once(browser: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("a-key-for-the-page-of-this-test-0123456789\n")
    with (
        uqa_serve(tmp_path / "log", "--api-key-file", keys) as guarded,
        page_on(browser, guarded.url) as page,
    ):
        # The page starts with two requests; the second 401 arrives after the key was entered.
        held: list[Any] = []
        page.route("**/v1/models", lambda route: held.append(route), times=1)
        page.goto(f"{guarded.url}/#/convert/copa")
        page.wait_for_selector("#key[open]")
        page.fill("#key-value", keys.read_text().strip())
        page.keyboard.press("Enter")
        page.wait_for_selector("#key:not([open])", state="attached")
        wait_for_request(page, held)
        held[0].continue_()
        page.wait_for_selector(".sides")
        page.click("[data-copy=curl]")
        page.wait_for_selector("#toast.shown")
        curl = page.evaluate("navigator.clipboard.readText()")
        assert "Bearer $UQA_API_KEY" in curl
        assert keys.read_text().strip() not in curl
