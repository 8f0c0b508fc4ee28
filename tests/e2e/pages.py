"""A real browser with a fake microphone, and what is looked at in a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.processes import LOGS, ROOT
from tests.speech import RATE_HZ, Pcm, speak, wav_bytes
from tests.stack import Stack

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# What is wrong and where, without the page around it.
FIND_BARRIERS = """async () => (await axe.run()).violations.map(
  ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`
)"""
COLOURS_SETTLED = """() => !document.getAnimations().some(
  (animation) => animation instanceof CSSTransition && animation.playState === 'running'
)"""
MIC_RATE_HZ = 48_000
QUIET_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
CONNECT_WITHIN_MS = 30_000
ANSWER_WITHIN_MS = 20_000
expect.set_options(timeout=15_000)  # on a machine that others load
# The page keeps its connections to itself; the test only listens to what they receive.
COLLECT_CONNECTIONS = """
window.__connections = [];
window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(...args) { super(...args); window.__connections.push(this); }
};
"""
RECEIVED_ENERGY = """async () => {
  let energy = 0;
  for (const connection of window.__connections)
    for (const stat of (await connection.getStats()).values())
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') energy += stat.totalAudioEnergy;
  return energy;
}"""


@contextmanager
def browser_page(name: str, *args: str) -> Iterator[Page]:
    """A page of a new browser; a picture and its console stay in the logs."""
    executable = shutil.which("chromium")
    assert executable, "chromium is needed: make test installs it"
    folder = LOGS / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=executable, args=[*QUIET_ARGS, *args]
        )
        page = browser.new_page(locale="en-US")  # the page speaks the browser's language
        console: list[str] = []
        page.on("console", lambda message: console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: console.append(f"pageerror: {error}"))
        page.add_init_script(COLLECT_CONNECTIONS)
        try:
            yield page
            assert [line for line in console if line.startswith("pageerror")] == []
        finally:
            page.screenshot(path=folder / f"{name}.png")
            (folder / f"{name}.log").write_text("\n".join(console))
            browser.close()


def microphone(path: Path, text: str, lead_s: float) -> list[str]:
    """Chromium's arguments for a microphone that says `text` over and over, in long silences.

    On a busy machine Chromium is late to read the file and the word it is in gets a hole, so that
    even a perfect listener hears another one. A person not understood asks again; so does this.
    """
    spoken: Pcm = soxr.resample(speak(text, "slt"), RATE_HZ, MIC_RATE_HZ)
    lead = np.zeros(int(lead_s * MIC_RATE_HZ), dtype=np.int16)
    path.write_bytes(wav_bytes(np.concatenate([lead, spoken, lead]), MIC_RATE_HZ))
    return [*FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={path}"]


def start_call(page: Page, stack: Stack, button: str = "Start") -> None:
    page.goto(stack.url)
    page.get_by_role("button", name=button).first.click()
    expect(said_by(page, "agent").first).to_contain_text("Hello", timeout=CONNECT_WITHIN_MS)


def said_by(page: Page, role: str) -> Any:
    return page.locator(f"[data-role={role}]")


def has_no_barriers(page: Page) -> None:
    """For people who cannot see, hear or point, as far as axe can tell."""
    page.wait_for_function(COLOURS_SETTLED)  # they fade from one theme to the other
    page.evaluate(AXE.read_text())
    assert page.evaluate(FIND_BARRIERS) == [], page.url
