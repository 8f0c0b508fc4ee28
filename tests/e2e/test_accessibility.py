"""No screen has a fault that axe can see, in either theme, on a phone, with people in it."""

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    ANSWER_WITHIN_MS,
    FAKE_MICROPHONE,
    browser_page,
    has_no_barriers,
    said_by,
    start_call,
)
from tests.processes import LOGS
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SCREENS = (
    "/",
    "/conversations",
    "/calls",
    "/memory",
    "/personas",
    "/personas/new",
    "/settings",
    "/health",
)
SIZES = {"desk": (1280, 900), "phone": (320, 700)}


@pytest.fixture(scope="module")
def conversation(stack: Stack) -> str:
    """The id of a conversation with a question, a tool and a reply."""
    with browser_page("spoken-of", *FAKE_MICROPHONE) as page:
        start_call(page, stack, "Continue with text only")
        page.get_by_role("textbox", name="Message").fill("Remember that my bike is red")
        page.keyboard.press("Enter")
        replied = said_by(page, "agent").nth(1)
        expect(replied).to_be_visible(timeout=ANSWER_WITHIN_MS)
        page.get_by_role("textbox", name="Message").fill("Goodbye")
        page.keyboard.press("Enter")
        ended = page.get_by_role("heading", name="Call ended")
        expect(ended).to_be_visible(timeout=ANSWER_WITHIN_MS)
    kept = httpx2.get(f"{stack.url}/api/conversations", trust_env=False).json()["conversations"]
    return str(kept[0]["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_screen_is_for_everybody(
    stack: Stack, conversation: str, theme: Any, size: str
) -> None:
    with browser_page(f"axe-{theme}-{size}", *FAKE_MICROPHONE) as page:
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for path in (*SCREENS, f"/conversations/{conversation}"):
            page.goto(f"{stack.url}{path}")
            settle(page)
            name = path.strip("/").replace("/", "-") or "talk"
            page.screenshot(path=LOGS / "browser" / f"{name}-{theme}-{size}.png", full_page=True)
            has_no_barriers(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_call_is_for_everybody(stack: Stack) -> None:
    with browser_page("axe-call", *FAKE_MICROPHONE) as page:
        page.set_viewport_size({"width": 320, "height": 700})
        page.emulate_media(reduced_motion="reduce")
        start_call(page, stack)
        page.get_by_role("textbox", name="Message").fill("What is six times seven?")
        page.keyboard.press("Enter")
        expect(said_by(page, "agent").filter(has_text="42")).to_be_visible(timeout=ANSWER_WITHIN_MS)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            has_no_barriers(page)


def settle(page: Page) -> None:
    """Until the screen has its heading, and what it asked the server for has come."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
