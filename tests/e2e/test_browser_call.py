"""A person opens the page in a real browser, speaks or types, and is answered."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    ANSWER_WITHIN_MS,
    CONNECT_WITHIN_MS,
    FAKE_MICROPHONE,
    RECEIVED_ENERGY,
    browser_page,
    microphone,
    said_by,
    start_call,
)
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_a_question_by_voice_is_answered_aloud(stack: Stack, tmp_path: Path) -> None:
    args = microphone(tmp_path / "question.wav", "what is twelve times seven", lead_s=6)
    with browser_page("voice", *args) as page:
        start_call(page, stack)
        asked = said_by(page, "user").filter(has_text=re.compile("twelve times seven", re.I))
        expect(asked.first).to_be_visible(timeout=3 * ANSWER_WITHIN_MS)
        before = page.evaluate(RECEIVED_ENERGY)
        answered = said_by(page, "agent").filter(has_text="84")
        expect(answered.first).to_be_visible(timeout=ANSWER_WITHIN_MS)
        expect(page.get_by_test_id("tool-card").first).to_be_visible()
        page.wait_for_function(f"async () => (await ({RECEIVED_ENERGY})()) > {before} + 1e-4")
        page.get_by_role("button", name="End", exact=True).click()
        expect(page.get_by_role("heading", name="Call ended")).to_be_visible()
        expect(answered.first).to_be_visible()


def test_a_question_by_text_is_answered_aloud(stack: Stack) -> None:
    with browser_page("text", *FAKE_MICROPHONE) as page:
        start_call(page, stack, "Continue with text only")
        before = page.evaluate(RECEIVED_ENERGY)
        page.get_by_role("textbox", name="Message").fill("How many seconds are in 3 minutes?")
        page.keyboard.press("Enter")
        expect(said_by(page, "agent").last).to_contain_text("180", timeout=ANSWER_WITHIN_MS)
        page.wait_for_function(f"async () => (await ({RECEIVED_ENERGY})()) > {before} + 1e-4")


def test_a_call_by_keyboard_alone(stack: Stack) -> None:
    with browser_page("keyboard", *FAKE_MICROPHONE) as page:
        page.goto(stack.url)
        start = page.get_by_role("button", name="Start", exact=True)
        press_tab_until(page, start)
        page.keyboard.press("Enter")
        expect(said_by(page, "agent").first).to_contain_text("Hello", timeout=CONNECT_WITHIN_MS)
        mute = page.get_by_role("button", name="Mute")
        press_tab_until(page, mute)
        page.keyboard.press("Enter")
        expect(mute).to_have_attribute("aria-pressed", "true")
        press_tab_until(page, page.get_by_role("textbox", name="Message"))
        page.keyboard.type("Goodbye")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Call ended")).to_be_visible(
            timeout=ANSWER_WITHIN_MS
        )
        expect(page.get_by_text("You said goodbye")).to_be_visible()


def test_escape_stops_the_agent(stack: Stack) -> None:
    with browser_page("escape", *FAKE_MICROPHONE) as page:
        start_call(page, stack, "Continue with text only")
        state = page.get_by_test_id("agent-state")
        expect(state).to_have_attribute("data-state", "waiting_for_text", timeout=ANSWER_WITHIN_MS)
        page.get_by_role("textbox", name="Message").fill("What can you do?")
        page.keyboard.press("Enter")
        # Some words, not only sound: of a reply stopped before its first there is nothing to mark.
        expect(said_by(page, "agent")).to_have_count(2, timeout=ANSWER_WITHIN_MS)
        expect(said_by(page, "agent").last).to_have_text(re.compile(r"\w+ \w+ \w+"))
        expect(state).to_have_attribute("data-state", "speaking")
        page.keyboard.press("Escape")
        expect(page.locator("[data-interrupted=true]")).to_be_visible()
        expect(state).to_have_attribute("data-state", "waiting_for_text")


def press_tab_until(page: Page, target: Any) -> None:
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


def test_a_denied_microphone_is_explained_and_text_offered(stack: Stack) -> None:
    with browser_page("denied", "--deny-permission-prompts") as page:
        page.goto(stack.url)
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_role("alert").first).to_contain_text(re.compile("microphone", re.I))
        page.get_by_role("button", name=re.compile("text only", re.I)).first.click()
        expect(said_by(page, "agent").first).to_contain_text("Hello", timeout=CONNECT_WITHIN_MS)


def test_the_page_fits_a_small_phone(stack: Stack) -> None:
    with browser_page("phone", *FAKE_MICROPHONE) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        start_call(page, stack)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320
