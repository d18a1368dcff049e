"""A real browser for the page's tests: the system's Chromium, driven by Playwright."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path(os.environ.get("UQA_CHROMIUM", "/usr/bin/chromium"))
SCREENSHOTS = "UQA_SCREENSHOTS"
"""Environment variable: the folder for screenshots."""
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Sums up layout shifts without user input (web.dev/cls).
_SHIFTS = """
window.shifted = 0;
window.shifts = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
});
window.shifts.observe({ type: "layout-shift", buffered: true });
"""
# A full-page screenshot resizes the window, which counts as a shift in a later frame.
_SETTLE = """async () => {
  for (let still = 0, frames = 0; still < 6 && frames < 1000; still += 1, frames += 1) {
    await new Promise(requestAnimationFrame);
    if (window.shifts.takeRecords().length) still = 0;
  }
  window.shifted = 0;
}"""
_GUARD = 30_000
"""Milliseconds after which a step fails; not a performance limit."""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: apt-get install chromium"
)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=_FLAGS, timeout=4 * _GUARD
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def page_on(browser: Any, url: str, *, width: int = 1280, scheme: str = "light") -> Iterator[Any]:
    """A new page of the service; fails on script errors and on requests to other hosts."""
    phone = width < 600
    context = browser.new_context(
        viewport={"width": width, "height": 844 if phone else 800},
        color_scheme=scheme,
        is_mobile=phone,
        has_touch=phone,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.set_default_timeout(_GUARD)
    page.add_init_script(_SHIFTS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: request.url.startswith(url) or faults.append(request.url))
    try:
        yield page
        # Chromium writes such a line for each error status that a test provokes.
        assert [fault for fault in faults if not fault.startswith("Failed to load resource")] == []
    finally:
        context.close()


def settle(page: Any) -> None:
    """Wait until the layout is stable, and reset the sum of shifts."""
    page.evaluate(_SETTLE)


def screenshot(page: Any, name: str, default: Path) -> None:
    """Save a screenshot."""
    folder = Path(os.environ.get(SCREENSHOTS, default))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
