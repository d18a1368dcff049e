"""`uqa serve --vera`: a tiny random Vera answers /v1/score, and the page shows its scores.

Also the look of the page, wide and narrow, light and dark: screenshots, contrast, layout shifts.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from browser import chromium, needs_chromium, page_on, screenshot, settle
from running import Running, uqa_serve
from tiny_vera import save_model

from vera_model.model.modeling_vera import from_scratch
from vera_model.model.saving import load_checkpoint
from vera_model.model.tokenizer import train_tokenizer
from vera_model.shapes import Encoder

pytestmark = pytest.mark.slow
TEXTS = ["Fish live in water.", "Fish live on the moon and sing songs at night.", "Snow is hot."]
STILL = 0.1  # "good" by web.dev/cls
OTHER = {"light": "dark", "dark": "light"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Vera, not calibrated."""
    folder = tmp_path_factory.mktemp("vera") / "model"
    torch.manual_seed(0)
    tokenizer = train_tokenizer(TEXTS, 64)
    encoder = Encoder(
        vocab_size=64, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2, dropout=0.0
    )
    save_model(folder, from_scratch(encoder, len(tokenizer)), tokenizer)
    return folder


@pytest.fixture(scope="module")
def service(model: Path) -> Iterator[Running]:
    with uqa_serve(model.with_name("log"), "--vera", model) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.mark.numeric
def test_scores_equal_the_models(service: Running, model: Path) -> None:
    vera, tokenizer = load_checkpoint(model)
    expected = []
    for text in [*TEXTS, f"Deep. {TEXTS[0]}"]:
        one = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            expected.append(float(vera(one["input_ids"], one["attention_mask"]).logits))
    items = [*({"statement": text} for text in TEXTS), {"statement": TEXTS[0], "context": "Deep."}]
    answer = service.client.post("/v1/score", json={"items": [*items, {"statement": ""}]})
    assert answer.status_code == 200
    found = answer.json()["items"]
    assert [one["logit"] for one in found[:4]] == pytest.approx(expected, abs=1e-5)
    scores = torch.tensor(expected).sigmoid().tolist()
    assert [one["score"] for one in found[:4]] == pytest.approx(scores, abs=1e-5)
    # A model that is not calibrated has temperature 1.
    assert [one["calibrated"] for one in found[:4]] == pytest.approx(scores, abs=1e-5)
    assert found[4]["problem"]["field"] == "statement"
    not_seen = ("cut", "tokens_cut_off", "unknown_tokens")
    assert [found[0][name] for name in not_seen] == [False, 0, 0]
    odd = {"items": [{"statement": "Fish {live} in water."}, {"statement": TEXTS[1] * 30}]}
    unknown, long = service.client.post("/v1/score", json=odd).json()["items"]
    assert [unknown[name] for name in not_seen] == [False, 0, 2]
    assert not unknown["same_tokens"]
    alike = ["Fish {live}.", "Fish ~live~.", "Fish live.", "Fish live."]
    found = service.client.post("/v1/score", json={"items": [{"statement": t} for t in alike]})
    assert [one["same_tokens"] for one in found.json()["items"]] == [True, True, False, False]
    assert long["cut"]
    assert long["tokens_cut_off"] > long["tokens"] > 100
    loaded = service.client.get("/v1/models").json()["score"]
    assert loaded == answer.json()["model"]
    assert loaded["name"] == "vera"


def play(page: Any, look: Callable[[str], None]) -> None:
    """Answer five questions with the first option; call ``look`` at the first of them."""
    for place in range(5):
        page.wait_for_selector(".option:enabled")
        if place == 0:
            look("quiz-question")
        page.keyboard.press("1")
        page.wait_for_selector(".next:enabled")
        if place == 0:
            look("quiz-answer")
        page.keyboard.press("Enter")
    page.wait_for_selector(".end")


@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_view(
    browser: Any, service: Running, tmp_path: Path, width: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    with page_on(browser, service.url, width=width, scheme=scheme) as page:

        def look(name: str) -> None:
            assert page.evaluate("window.shifted") < STILL, name
            for colours in (OTHER[scheme], scheme):  # both colour schemes on one page
                page.emulate_media(color_scheme=colours)
                screenshot(page, f"{name}-{width}-{colours}", tmp_path)
            found = axe.run(page)
            assert found.violations_count == 0, (name, found.generate_report())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            settle(page)

        page.goto(f"{service.url}/#/convert/social_iqa")
        page.wait_for_selector(".sides")
        look("convert")
        row = page.input_value("#row")
        page.fill("#row", row.replace('"label": "1"', '"label": "7"'))
        page.wait_for_selector(".flow.stale")
        look("convert-error")
        page.goto(f"{service.url}/#/ask")
        page.reload()
        page.wait_for_selector(".invite")
        look("ask-empty")
        page.click(".invite button >> nth=0")
        page.wait_for_selector(".answers .bar")
        page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
        look("ask")
        page.click("text=Quiz")
        page.select_option("#quiz-count", "5")
        look("quiz")
        page.click("text=Start")
        play(page, look)
        look("quiz-end")


@needs_chromium
def test_vera_has_a_bar_per_statement_and_plays_the_quiz(browser: Any, service: Running) -> None:
    with page_on(browser, service.url) as page:
        page.goto(f"{service.url}/#/ask")
        page.click(".invite button >> nth=0")
        page.wait_for_selector(".answers .bar")
        statements = page.locator(".answers .sentence-text").all_text_contents()
        items = [{"statement": text} for text in statements]
        scored = service.client.post("/v1/score", json={"items": items}).json()["items"]
        scores = [one["calibrated"] or one["score"] for one in scored]
        shown = page.locator(".percent").all_text_contents()
        assert shown == [f"{100 * score:.1f} %" for score in scores]
        best = page.locator(".sentence:has(.tag) .sentence-text").all_text_contents()
        assert best == [statements[scores.index(max(scores))]]
        page.click("text=Quiz")
        page.select_option("#quiz-from", "copa")
        page.select_option("#quiz-count", "5")
        page.click("text=Start")
        right = 0
        for _ in range(5):
            page.wait_for_selector(".option:enabled")
            page.keyboard.press("1")
            page.wait_for_selector(".next:enabled")
            picked = page.locator(".option:has(.verdict:text('Vera'))")
            assert picked.count() == 1
            right += "right" in picked.get_attribute("class").split()
            page.keyboard.press("Enter")
        page.wait_for_selector(".end")
        figures = page.locator(".figures div:has(dt:text('Vera')) dd").all_text_contents()
        assert figures == [f"{right} of 5"]
        assert page.locator(".duel ol").count() == 2


@needs_chromium
def test_the_page_says_what_vera_did_not_see(browser: Any, service: Running) -> None:
    with page_on(browser, service.url) as page:
        page.goto(f"{service.url}/#/ask")
        page.fill("#question", "Where do fish live?")
        for place, answer in enumerate(("in {water}", "in ~water~"), start=1):
            page.fill(f".choice:nth-child({place}) input", answer)
        page.click("text=Make statements")
        page.wait_for_selector(".answers .score")
        said = [hint.text_content() for hint in page.locator(".answers .hint").all()]
        assert len(said) == 2
        assert all(
            "tokens are unknown to the model; another statement has the" in one for one in said
        )
        page.fill(".choice:nth-child(2) input", "in water " * 60)
        page.click("text=Make statements")
        page.get_by_text("Too long for the model:").wait_for()
