"""What only a phone call can do."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import FunctionTool
from livekit.agents.llm import ToolError
from livekit.agents.llm.utils import prepare_function_arguments
from livekit.api import ServerError
from livekit.protocol.sip import (
    STS_TRANSFER_FAILED,
    STS_TRANSFER_SUCCESSFUL,
    TransferSIPParticipantResponse,
)
from pydantic import ValidationError

from livekit_agent.settings import AgentSettings
from livekit_agent.tools import phone
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.phone import DigitCollector, DigitInput, SipLine, phone_tools
from tests.livekit_agent.tools.calls import call, code_of

NUMBERS = {"Reception": "+15550100", "Médecin": "sip:doctor@example.com"}


class Line:
    """A line that notes what it is asked for; some numbers refuse."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.asked: list[str] = []
        self.digits = ""

    async def transfer(self, to: str) -> None:
        self.asked.append(to)
        if to == self.refuses:
            raise ToolFailure("transfer_failed", "the other line did not take the call")

    async def send(self, digit: str) -> None:
        self.digits += digit


@pytest.mark.parametrize(
    ("to", "number"), [("reception", "+15550100"), (" medecin ", "sip:doctor@example.com")]
)
async def test_a_call_is_passed_on_to_a_name_on_the_list(to: str, number: str) -> None:
    line = Line()
    answer = await call(phone_tools(line, NUMBERS), "transfer_call", to=to)
    assert answer["transferred_to"] in NUMBERS
    assert line.asked == [number]


@pytest.mark.parametrize("to", ["+33123456789", "sip:evil@example.com", "+15550100", ""])
async def test_no_other_number_is_called(to: str) -> None:
    line = Line()
    answer = await call(phone_tools(line, NUMBERS), "transfer_call", to=to)
    assert answer["error"]["code"] == "unknown_number"
    assert "Reception" in answer["error"]["message"]
    assert line.asked == []


async def test_a_refused_transfer_is_said() -> None:
    tools = phone_tools(Line(refuses="+15550100"), NUMBERS)
    assert await code_of(tools, "transfer_call", to="Reception") == "transfer_failed"


def test_without_numbers_there_is_no_transfer() -> None:
    assert [each.info.name for each in phone_tools(Line(), {})] == ["send_dtmf"]


async def test_digits_are_sent_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "DIGIT_GAP_S", 0)
    line = Line()
    assert await call(phone_tools(line, {}), "send_dtmf", digits="12*3#") == {"digits": "12*3#"}
    assert line.digits == "12*3#"


@pytest.mark.parametrize("digits", ["", "12x", "1" * 33, "1 2", "12\n"])
def test_what_is_no_digits_is_refused(digits: str) -> None:
    (tool,) = phone_tools(Line(), {})
    assert isinstance(tool, FunctionTool)
    with pytest.raises(ToolError):
        prepare_function_arguments(fnc=tool, json_arguments={"digits": digits})


class Job:
    """A job whose transfer comes to `outcome`, once `settle` is set."""

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome
        self.asked: list[tuple[str, str]] = []
        self.settle = asyncio.Event()
        self.tones: list[tuple[int, str]] = []
        self.room = SimpleNamespace(local_participant=self)

    def transfer_sip_participant(self, caller: str, to: str) -> "asyncio.Future[Any]":
        self.asked.append((caller, to))
        return asyncio.ensure_future(self._transferred())

    async def _transferred(self) -> object:
        await self.settle.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def publish_dtmf(self, *, code: int, digit: str) -> None:
        self.tones.append((code, digit))


def line_of(job: Job, transferred: asyncio.Event) -> SipLine:
    return SipLine(job, "sip_caller", transferred.set)  # type: ignore[arg-type]  # the part used


@pytest.mark.parametrize(
    "outcome",
    [
        TransferSIPParticipantResponse(status=STS_TRANSFER_SUCCESSFUL),
        TransferSIPParticipantResponse(),
    ],
)
async def test_a_transfer_that_is_taken_ends_our_part(outcome: object) -> None:
    transferred = asyncio.Event()
    job = Job(outcome)
    job.settle.set()
    await line_of(job, transferred).transfer("+15550100")
    await asyncio.wait_for(transferred.wait(), 5)


@pytest.mark.parametrize(
    "outcome",
    [
        TransferSIPParticipantResponse(status=STS_TRANSFER_FAILED),
        ServerError("unavailable", "603 Declined", status=503),
    ],
)
async def test_a_transfer_that_is_refused_keeps_the_caller(outcome: object) -> None:
    transferred = asyncio.Event()
    job = Job(outcome)
    job.settle.set()
    with pytest.raises(ToolFailure) as caught:
        await line_of(job, transferred).transfer("+15550100")
    assert caught.value.code == "transfer_failed"
    assert not transferred.is_set()


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ("+15550100", "tel:+15550100"),
        ("tel:+15550100", "tel:+15550100"),
        ("sip:doctor@example.com", "sip:doctor@example.com"),
    ],
)
async def test_a_number_is_asked_for_as_the_sfu_takes_it(to: str, asked: str) -> None:
    job = Job(TransferSIPParticipantResponse())
    job.settle.set()
    await line_of(job, asyncio.Event()).transfer(to)
    assert job.asked == [("sip_caller", asked)]


async def test_a_line_that_rings_on_keeps_the_caller_until_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phone, "TRANSFER_S", 0.01)
    transferred = asyncio.Event()
    job = Job(TransferSIPParticipantResponse(status=STS_TRANSFER_SUCCESSFUL))
    with pytest.raises(ToolFailure):
        await line_of(job, transferred).transfer("+15550100")
    job.settle.set()
    await asyncio.wait_for(transferred.wait(), 5)


async def test_tones_have_their_codes() -> None:
    job = Job(None)
    line = line_of(job, asyncio.Event())
    for digit in "09*#A":
        await line.send(digit)
    assert job.tones == [(0, "0"), (9, "9"), (10, "*"), (11, "#"), (12, "A")]


def test_a_hash_ends_what_is_keyed() -> None:
    collector = DigitCollector()
    assert [collector.press(digit, 0.0) for digit in "12#"] == [None, None, "12"]
    assert collector.press("#", 1.0) == "#"


def test_a_pause_ends_what_is_keyed() -> None:
    collector = DigitCollector()
    collector.press("1", at_s=10.0)
    assert collector.paused(at_s=11.9) is None
    collector.press("2", at_s=11.9)
    assert collector.paused(at_s=13.8) is None
    assert collector.paused(at_s=13.9) == "12"
    assert collector.paused(at_s=99.0) is None


def test_nobody_keys_without_end() -> None:
    collector = DigitCollector()
    assert [collector.press("1", 0.0) for _ in range(33)][31:] == ["1" * 32, None]


async def test_keys_pressed_in_a_call_arrive_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "INTER_DIGIT_S", 0.05)
    keyed: asyncio.Queue[str] = asyncio.Queue()
    digits = DigitInput(keyed.put_nowait)
    for digit in "42":
        digits.press(digit)
    assert await asyncio.wait_for(keyed.get(), 5) == "42"
    digits.press("7")
    digits.close()
    assert keyed.empty()


def test_numbers_of_the_settings_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_TRANSFER_NUMBERS", '{"Reception": "+15550100"}')
    assert AgentSettings().transfer_numbers == {"Reception": "+15550100"}
    for wrong in ('{"Reception": "the desk"}', '{"": "+15550100"}', "[]", "+15550100"):
        monkeypatch.setenv("AGENT_TRANSFER_NUMBERS", wrong)
        with pytest.raises(ValidationError, match="transfer_numbers"):
            AgentSettings()
