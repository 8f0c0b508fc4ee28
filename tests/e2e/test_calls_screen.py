"""Who owns the telephone sees how to switch it on, and prepares its lines in the web app."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import browser_page, has_no_barriers
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SIZES = {"desk": (1280, 900), "phone": (320, 700)}
PROVIDER = "203.0.113.0/24"


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page("calls") as page:
        yield page


@pytest.fixture(autouse=True)
def no_lines(stack: Stack) -> Iterator[None]:
    """The stack is shared: what a test adds goes with it."""
    yield
    with httpx2.Client(base_url=stack.url, trust_env=False) as client:
        for line in client.get("/api/phone/lines").json()["lines"]:
            client.delete(f"/api/phone/lines/{line['id']}").raise_for_status()


def test_a_telephone_that_is_off_says_how_to_switch_it_on(stack: Stack, page: Page) -> None:
    page.goto(stack.url)
    page.get_by_role("navigation").get_by_role("link", name="Calls").click()
    expect(page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="The telephone is switched off")).to_be_visible()
    expect(page.get_by_text("PARLEY_PHONE=on")).to_be_visible()
    expect(page.get_by_role("heading", name="No calls yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Call somebody")).to_have_count(0)


def test_a_line_is_prepared_changed_and_deleted(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.url}/calls")
    fill_in_a_line(page)
    page.get_by_role("button", name="Save").click()
    # Nobody says yet who may call: the whole internet might.
    expect(page.get_by_role("alert")).to_contain_text("else the whole internet may")
    page.get_by_role("textbox", name="Allowed addresses").fill("203.0.113.300")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("network", re.I))
    page.get_by_role("textbox", name="Allowed addresses").fill(PROVIDER)
    page.get_by_role("button", name="Save").click()

    line = page.get_by_test_id("line")
    expect(line).to_contain_text("Home")
    expect(line).to_contain_text("Waiting for the telephone")
    expect(line).to_contain_text("+4930123456")
    expect(line).to_contain_text("Whoever knows the number can talk to the agent")
    expect(page.get_by_text("“Home” was saved.")).to_be_focused()

    line.get_by_role("button", name="Change Home").click()
    page.get_by_role("switch", name="Ask callers for a PIN").click()
    page.get_by_label("PIN", exact=True).fill("4711")
    page.get_by_role("button", name="Save").click()
    expect(line).to_contain_text("asks for a PIN")
    expect(line).not_to_contain_text("Whoever knows the number")

    line.get_by_role("button", name="Delete Home").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no line yet")).to_be_visible()
    expect(page.get_by_text("“Home” was deleted.")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_lines_and_their_form_are_for_everybody(
    stack: Stack, page: Page, theme: str, size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{stack.url}/calls")
    fill_in_a_line(page)
    page.get_by_role("textbox", name="Address for calls out").fill("sip.example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    look(page, width)
    page.get_by_role("textbox", name="Allowed addresses").fill(PROVIDER)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("line")).to_be_visible()
    expect(page.get_by_role("heading", name="Telephone", exact=True)).to_be_visible()
    look(page, width)


def fill_in_a_line(page: Page) -> None:
    page.get_by_role("button", name="Add a line").click()
    page.get_by_role("textbox", name="Name").fill("Home")
    page.get_by_role("textbox", name="Numbers").fill("+49 30 123456")


def look(page: Page, width: int) -> None:
    has_no_barriers(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
