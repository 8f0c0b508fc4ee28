"""What the text-to-speech server sends is played by a browser, in every format but bare samples."""

import base64
import shutil
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.processes import running

TEXT = "Good morning. Your meeting begins in ten minutes."
PAGE_S = 60_000
# Where it is decoded whole, and where an element plays it to its end.
DECODE = """async (data) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const sound = await new OfflineAudioContext(1, 1, 24000).decodeAudioData(bytes.buffer);
  const samples = sound.getChannelData(0);
  return [sound.duration, Math.sqrt(samples.reduce((a, x) => a + x * x, 0) / samples.length)];
}"""
PLAY = """async ([data, kind]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const player = new Audio(URL.createObjectURL(new Blob([bytes], {type: kind})));
  player.playbackRate = 8;
  player.muted = true;
  await new Promise((resolve, reject) => {
    player.onended = resolve;
    player.onerror = () => reject(new Error(player.error.message));
    player.play().catch(reject);
  });
  return player.currentTime;
}"""

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.tts", {"TTS_ENGINE": "espeak"}) as url:
        yield url


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    executable = shutil.which("chromium")
    assert executable, "chromium is needed: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        page = browser.new_page()
        page.set_default_timeout(PAGE_S)
        yield page
        browser.close()


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_it_plays_to_the_end(url: str, page: Page, response_format: str) -> None:
    body = {"input": TEXT, "response_format": response_format}
    answer = httpx2.post(f"{url}/v1/audio/speech", json=body, timeout=20)
    data = base64.b64encode(answer.content).decode()
    duration_s, level = page.evaluate(DECODE, data)
    assert 2 < duration_s < 5
    assert level > 0.03
    played_s = page.evaluate(PLAY, [data, answer.headers["content-type"]])
    assert played_s == pytest.approx(duration_s, abs=0.2)
