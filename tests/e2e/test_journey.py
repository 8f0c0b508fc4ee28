"""A person's first day: an account, a call, what stays of it, and away with all of it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    ANSWER_WITHIN_MS,
    CONNECT_WITHIN_MS,
    RECEIVED_ENERGY,
    browser_page,
    microphone,
    said_by,
)
from tests.processes import LOGS
from tests.stack import Stack, running_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASSWORD = "correct horse battery"
QUESTION = "what is twelve times seven"


@pytest.fixture(scope="module")
def accounts() -> Iterator[Stack]:
    """A stack where people sign in, and anybody may make an account."""
    shutil.rmtree(LOGS / "journey", ignore_errors=True)  # the people of an earlier run
    with running_stack("journey", {"BACKEND_AUTH": "on", "BACKEND_SIGNUP": "open"}) as stack:
        admin = {"login": "owner", "password": PASSWORD}
        made = httpx2.post(f"{stack.url}/api/auth/setup", json=admin, trust_env=False)
        assert made.status_code == 201, made.text
        yield stack


def test_from_signing_up_to_being_forgotten(accounts: Stack, tmp_path: Path) -> None:
    args = microphone(tmp_path / "question.wav", QUESTION, lead_s=6)
    with browser_page("journey", *args) as page:
        sign_up(page, accounts)
        talk_by_voice(page)
        look_at_history(page)
        change_memories(page)
        talk_to_a_persona_of_ones_own(page)
        delete_the_account(page, accounts)


def sign_up(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    page.get_by_role("link", name=re.compile("account", re.I)).first.click()
    page.get_by_role("textbox", name="Login").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("textbox", name="What to call you").fill("Ada")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def talk_by_voice(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    # The preferred name is used from the first word.
    expect(said_by(page, "agent").first).to_contain_text("Ada", timeout=CONNECT_WITHIN_MS)
    asked = said_by(page, "user").filter(has_text=re.compile("twelve times seven", re.I))
    expect(asked.first).to_be_visible(timeout=3 * ANSWER_WITHIN_MS)
    before = page.evaluate(RECEIVED_ENERGY)
    answered = said_by(page, "agent").filter(has_text="84")
    expect(answered.first).to_be_visible(timeout=ANSWER_WITHIN_MS)
    expect(page.get_by_test_id("tool-card").first).to_be_visible()
    page.wait_for_function(f"async () => (await ({RECEIVED_ENERGY})()) > {before} + 1e-4")
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_role("heading", name="Call ended")).to_be_visible()


def look_at_history(page: Page) -> None:
    go_to(page, "Conversations")
    page.get_by_role("searchbox").fill("SEVEN")
    page.get_by_role("list", name="Your conversations").get_by_role("link").first.click()
    expect(page.get_by_text("84").locator("visible=true").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Speak it again|Play", re.I)).first.click()
    expect(page.get_by_text("playing now").first).to_be_attached(timeout=ANSWER_WITHIN_MS)


def change_memories(page: Page) -> None:
    go_to(page, "Memory")
    text = page.get_by_role("textbox", name="What is to be known")
    page.get_by_role("button", name="Add a memory").first.click()
    text.fill("Ada has a dog")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Edit “Ada has a dog”").click()
    text.fill("Ada has a cat")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Edit “Ada has a cat”")).to_be_visible()
    expect(page.get_by_text("Ada has a dog")).to_have_count(0)


def talk_to_a_persona_of_ones_own(page: Page) -> None:
    go_to(page, "Personas")
    page.get_by_role("link", name="New persona").click()
    page.get_by_role("textbox", name="Name").fill("Grace")
    page.get_by_role("textbox", name="Instructions").fill("You are Grace, who counts.")
    voice = page.get_by_role("combobox", name="Voice")
    expect(voice.get_by_role("option").nth(2)).to_be_attached()
    voice.select_option(index=2)
    page.get_by_role("textbox", name="Greeting").fill("Grace is listening.")
    page.get_by_role("button", name="Make persona").click()
    expect(page.get_by_role("heading", name="Grace", level=1)).to_be_visible()
    go_to(page, "Personas")
    page.get_by_role("button", name="Talk to Grace").click()
    page.get_by_role("button", name="Continue with text only").click()
    before = page.evaluate(RECEIVED_ENERGY)
    expect(said_by(page, "agent").first).to_contain_text(
        "Grace is listening", timeout=CONNECT_WITHIN_MS
    )
    page.wait_for_function(f"async () => (await ({RECEIVED_ENERGY})()) > {before} + 1e-4")
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_role("heading", name="Call ended")).to_be_visible()


def delete_the_account(page: Page, stack: Stack) -> None:
    go_to(page, "Settings")
    page.get_by_role("tab", name="Privacy and data").click()
    page.get_by_role("button", name="Delete my account…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("ada")).fill("ada")
    dialog.get_by_label("Your password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_role("alert")).to_contain_text("was deleted")
    dialog.get_by_role("button", name="OK").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    refused = httpx2.post(
        f"{stack.url}/api/auth/login",
        json={"login": "ada", "password": PASSWORD},
        trust_env=False,
    )
    assert refused.status_code == 401


def go_to(page: Page, screen: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=screen, exact=True).click()
    expect(page.get_by_role("heading", name=screen, level=1)).to_be_visible()
