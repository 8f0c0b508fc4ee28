"""A person calls through the containers, and is answered aloud."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.compose import report
from tests.compose.calls import ANSWER, QUESTION, a_spoken_question, calling
from tests.compose.project import Project
from tests.e2e.pages import (
    ANSWER_WITHIN_MS,
    CONNECT_WITHIN_MS,
    RECEIVED_ENERGY,
    browser_page,
    microphone,
    said_by,
)


@pytest.mark.timeout(150)
async def test_a_spoken_question_is_answered_aloud(stack: Project) -> None:
    async with calling(stack) as caller:
        for _ in range(3):  # the embedded recogniser may mishear one
            silence_s, right = await a_spoken_question(caller)
            if right:
                break
        assert right, caller.summary()
        report.note("spoken question, to the answer's sound", silence_s)


@pytest.mark.timeout(180)
def test_a_browser_is_heard_and_answered(stack: Project, tmp_path: Path) -> None:
    args = microphone(tmp_path / "question.wav", QUESTION, lead_s=6)
    with browser_page("compose", *args) as page:
        page.goto(stack.url)
        page.get_by_role("button", name="Start").first.click()
        greeting = said_by(page, "agent").first
        expect(greeting).to_contain_text("Hello", timeout=2 * CONNECT_WITHIN_MS)
        asked = said_by(page, "user").filter(has_text=re.compile("twelve times seven", re.I))
        expect(asked.first).to_be_visible(timeout=3 * ANSWER_WITHIN_MS)
        before = page.evaluate(RECEIVED_ENERGY)
        expect(said_by(page, "agent").filter(has_text=ANSWER).first).to_be_visible(
            timeout=ANSWER_WITHIN_MS
        )
        page.wait_for_function(f"async () => (await ({RECEIVED_ENERGY})()) > {before} + 1e-4")
