"""How soon a person can press Start: the built web app in a real browser that knows nothing yet."""

import shutil
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from bench.backend.measures import Numbers
from bench.turns import percentile

LOADS = 10
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def interactive(url: str) -> Numbers:
    """From the address entered until Start can be pressed; every time with an empty cache."""
    executable = shutil.which("chromium")
    assert executable, "chromium is needed: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGS)
        times = [_load(browser, url) for _ in range(1 + LOADS)][1:]  # the browser itself is cold
        browser.close()
    return {
        "Talk interactive P50 s": statistics.median(times),
        "Talk interactive P95 s": percentile(times, 0.95),
    }


def _load(browser: Browser, url: str) -> float:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    began_s = time.perf_counter()
    page.goto(url, wait_until="commit")
    # A trial of a click waits until the button is there, enabled, still, and takes the pointer.
    page.get_by_role("button", name="Start", exact=True).click(trial=True)
    took_s = time.perf_counter() - began_s
    context.close()
    return took_s
