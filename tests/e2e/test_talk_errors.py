"""What the Talk page says when something of the stack is gone, and the way back it offers."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.pages import (
    ANSWER_WITHIN_MS,
    FAKE_MICROPHONE,
    browser_page,
    has_no_barriers,
    said_by,
    start_call,
)
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NOTICED_WITHIN_MS = 20_000
BACK_WITHIN_MS = 60_000
NEVER_JOINED_WITHIN_MS = 30_000  # the page waits for 10 s
WHOLE_WITHIN_S = 60.0


@contextmanager
def stopped(*pids: int) -> Iterator[Callable[[], None]]:
    """Processes that stand still: they hold their ports and answer nobody. Call to let them go."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def let_go() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    try:
        yield let_go
    finally:
        let_go()


def ask(page: Page, question: str, answer: str) -> None:
    page.get_by_role("textbox", name="Message").fill(question)
    page.keyboard.press("Enter")
    expect(said_by(page, "agent").filter(has_text=answer).last).to_be_visible(
        timeout=ANSWER_WITHIN_MS
    )


def ask_until_heard(page: Page, text: str, answer: str) -> None:
    """The agent shows itself an instant before its data channel is open again: what is typed in
    that instant is lost, and typed again."""
    replied = said_by(page, "agent").filter(has_text=answer).last
    for _ in range(3):
        page.get_by_role("textbox", name="Message").fill(text)
        page.keyboard.press("Enter")
        try:
            replied.wait_for(state="visible", timeout=ANSWER_WITHIN_MS / 2)
        except PlaywrightTimeout:
            continue
        return
    raise AssertionError(f"{text} was never answered")


def start(page: Page, button: str = "Continue with text only") -> None:
    page.get_by_role("button", name=button).first.click()


def problem(page: Page, title: str, within_ms: int = NOTICED_WITHIN_MS) -> None:
    """The card of a problem, with a way to try again."""
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=within_ms)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    has_no_barriers(page)


def test_a_lost_voice_server_takes_no_words_away(stack: Stack) -> None:
    with browser_page("sfu-killed", *FAKE_MICROPHONE) as page:
        start_call(page, stack, "Continue with text only")
        ask(page, "What is 12 x 12?", "144")
        state = page.get_by_test_id("agent-state")
        expect(state).to_have_attribute("data-state", "speaking", timeout=ANSWER_WITHIN_MS)
        (killed,) = stack.pids("sfu")
        # Who restarts it stands still for as long as the page is looked at.
        with stopped(stack.process.pid):
            os.kill(killed, signal.SIGKILL)
            banner = page.get_by_text("The connection is interrupted")
            expect(banner).to_be_visible(timeout=NOTICED_WITHIN_MS)
            expect(page.get_by_role("button", name="End", exact=True)).to_be_enabled()
            has_no_barriers(page)
        stack.wait_restarted("sfu", killed, WHOLE_WITHIN_S)
        expect(state).to_have_attribute("data-state", "waiting_for_text", timeout=BACK_WITHIN_MS)
        ask_until_heard(page, "What is 3 plus 4?", "7")
        expect(said_by(page, "agent").filter(has_text="144").first).to_be_visible()
    stack.wait_ready(WHOLE_WITHIN_S)


def test_an_agent_that_stands_still_is_named_and_can_be_tried_again(stack: Stack) -> None:
    agents = stack.pids("agent")
    with browser_page("agent-stopped", *FAKE_MICROPHONE) as page:
        page.goto(stack.url)

        def stop_after_the_token(route: Route) -> None:
            answer = route.fetch()
            for pid in agents:
                os.kill(pid, signal.SIGSTOP)
            route.fulfill(response=answer)

        page.route("**/api/token", stop_after_the_token, times=1)
        try:
            start(page)
            problem(page, "The agent did not join", NEVER_JOINED_WITHIN_MS)
            agent = page.get_by_test_id("services-down").locator("[data-service=agent]")
            expect(agent).to_be_visible(timeout=NOTICED_WITHIN_MS)
            expect(page.get_by_role("link", name="See what is down")).to_have_attribute(
                "href", "/health"
            )
            page.get_by_role("button", name="Try again").click()
            problem(page, "No agent can answer just now")
        finally:
            for pid in agents:
                os.kill(pid, signal.SIGCONT)
        stack.wait_ready(WHOLE_WITHIN_S)
        again = page.get_by_role("button", name="Try again")
        expect(again).to_be_enabled(timeout=NOTICED_WITHIN_MS)
        again.click()
        # The same conversation: the agent may say hello, or that it was gone for a moment.
        expect(said_by(page, "agent").first).to_be_visible(timeout=ANSWER_WITHIN_MS)


def test_an_engine_that_stands_still_is_shown_with_its_standby(stack: Stack) -> None:
    with browser_page("llm-stopped", *FAKE_MICROPHONE) as page:
        start_call(page, stack, "Continue with text only")
        with stopped(*stack.pids("llm")) as let_go:
            ask(page, "What is 12 x 12?", "144")
            standby = page.get_by_text("Using the standby for thinking")
            expect(standby).to_be_visible()
            expect(standby).to_contain_text("since")
            has_no_barriers(page)
            let_go()
            expect(standby).not_to_be_visible(timeout=BACK_WITHIN_MS)
    stack.wait_ready(WHOLE_WITHIN_S)


def test_refusals_say_what_to_do(stack: Stack) -> None:
    with browser_page("refused", *FAKE_MICROPHONE) as page:
        page.goto(stack.url)
        page.route("**/api/token", lambda route: route.abort(), times=1)
        start(page)
        problem(page, "The server cannot be reached")
        page.route("**/api/token", with_a_false_token, times=1)
        page.get_by_role("button", name="Try again").click()
        problem(page, "The voice server refused the call")
        page.route("**/api/token", refusing(429, "rate_limited", retry_after_s=5), times=1)
        again = page.get_by_role("button", name="Try again")
        again.click()
        expect(page.get_by_role("heading", name="Too many calls in a short time")).to_be_visible()
        expect(again).to_be_disabled()  # before the page is looked at: that may take as long
        problem(page, "Too many calls in a short time")
        expect(again).to_be_enabled()
        again.click()
        expect(said_by(page, "agent").first).to_contain_text("Hello", timeout=ANSWER_WITHIN_MS)


def test_a_place_in_the_line_is_kept_until_a_line_is_free_or_the_person_goes(
    stack: Stack,
) -> None:
    busy = refusing(503, "lines_busy", retry_after_s=1, details={"position": 3})
    with browser_page("queue", *FAKE_MICROPHONE) as page:
        page.goto(stack.url)
        page.route("**/api/token", busy)
        start(page, "Start")
        place = page.get_by_role("heading", name="You are number 3 in line")
        expect(place).to_be_visible(timeout=NOTICED_WITHIN_MS)
        has_no_barriers(page)
        page.get_by_role("button", name="Leave the line").click()
        expect(page.get_by_role("heading", name="Call ended")).to_be_visible()
        start(page, "Start again")
        expect(place).to_be_visible(timeout=NOTICED_WITHIN_MS)
        page.unroute("**/api/token")
        expect(said_by(page, "agent").first).to_contain_text("Hello", timeout=ANSWER_WITHIN_MS)


def with_a_false_token(route: Route) -> None:
    """The stack's own answer, signed by nobody the voice server knows."""
    answer = route.fetch()
    body = answer.json()
    head, payload, _ = body["participant_token"].split(".")
    body["participant_token"] = f"{head}.{payload}.{'A' * 43}"
    route.fulfill(response=answer, json=body)


def refusing(
    status: int, code: str, *, retry_after_s: int, details: dict[str, Any] | None = None
) -> Callable[[Route], None]:
    error = {"message": code, "type": "refused", "code": code, "details": details}
    return lambda route: route.fulfill(
        status=status,
        headers={"Retry-After": str(retry_after_s), "Content-Type": "application/json"},
        body=json.dumps({"error": error}),
    )
