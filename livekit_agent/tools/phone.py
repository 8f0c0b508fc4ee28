"""What only a phone call can do: be passed on to another number, send and hear key tones."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

import aiohttp
from livekit import rtc
from livekit.agents import JobContext
from livekit.api import ServerError
from livekit.protocol.sip import STS_TRANSFER_FAILED
from pydantic import Field

from chassis.logs import get_logger
from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.matching import folded

TRANSFER_S = 9.0  # under the limit of a tool, so that the caller hears why
MAX_DIGITS = 32
DIGIT_GAP_S = 0.2  # shorter, and some exchanges hear two tones as one
INTER_DIGIT_S = 2.0  # a pause this long ends what is being keyed in
KEYS = "0123456789*#ABCD"
Digits = Annotated[str, Field(min_length=1, max_length=MAX_DIGITS, pattern=r"^[0-9*#A-D]+$")]

log = get_logger(__name__)


class Transferred(Result):
    transferred_to: str


class DigitsSent(Result):
    digits: str


class PhoneLine(Protocol):
    """The caller's end of a phone call."""

    async def transfer(self, to: str) -> None:
        """Pass the caller on to a number or SIP address. Raises ToolFailure: still here."""

    async def send(self, digit: str) -> None:
        """One key tone. Raises ToolFailure."""


class SipLine:
    """The line of the SIP participant `caller` (an identity) in the room of a job."""

    def __init__(
        self, ctx: JobContext, caller: str, on_transferred: Callable[[], None] = lambda: None
    ) -> None:
        self._ctx = ctx
        self._caller = caller
        self._on_transferred = on_transferred

    async def transfer(self, to: str) -> None:
        """`on_transferred` is called also when the other side takes the call after all, late."""
        uri = to if ":" in to else f"tel:{to}"
        asked: asyncio.Future[object] = self._ctx.transfer_sip_participant(self._caller, uri)
        asked.add_done_callback(self._settled)
        try:
            async with asyncio.timeout(TRANSFER_S):
                response = await asyncio.shield(asked)
        except (ServerError, aiohttp.ClientError) as exc:
            raise ToolFailure("transfer_failed", "the other line did not take the call") from exc
        except TimeoutError as exc:
            raise ToolFailure("transfer_failed", "the other line is not answering") from exc
        if _refused(response):
            raise ToolFailure("transfer_failed", "the other line did not take the call")

    async def send(self, digit: str) -> None:
        try:
            await self._ctx.room.local_participant.publish_dtmf(code=KEYS.index(digit), digit=digit)
        except (rtc.ConnectError, RuntimeError) as exc:
            raise ToolFailure("tones_failed", "I could not send the tones") from exc

    def _settled(self, asked: "asyncio.Future[object]") -> None:
        if asked.cancelled():
            return
        if (error := asked.exception()) is not None:
            log.info("transfer_failed", error=type(error).__name__)
        elif not _refused(asked.result()):
            self._on_transferred()


def phone_tools(line: PhoneLine, numbers: Mapping[str, str]) -> list[Tool]:
    """`numbers`: where calls may be passed on to, number or SIP address by name."""

    @tool(privileged=True)
    async def send_dtmf(digits: Digits) -> DigitsSent:
        """Press keys on the phone line, such as for a menu that asks for them.

        Args:
            digits: up to 32 of 0 to 9, * and #.
        """
        for place, digit in enumerate(digits):
            if place:
                await asyncio.sleep(DIGIT_GAP_S)
            await line.send(digit)
        return DigitsSent(digits=digits)

    return [*([_transfer_tool(line, numbers)] if numbers else []), send_dtmf]


def _transfer_tool(line: PhoneLine, numbers: Mapping[str, str]) -> Tool:
    by_name = {folded(name): (name, number) for name, number in numbers.items()}
    choices = ", ".join(sorted(numbers))

    async def transfer_call(to: str) -> Transferred:
        known = by_name.get(folded(to))
        if known is None:
            raise ToolFailure("unknown_number", f"I can pass the call on to: {choices}")
        await line.transfer(known[1])
        return Transferred(transferred_to=known[0])

    transfer_call.__doc__ = f"""Pass the caller on to another person. Say so before.

        Args:
            to: one of: {choices}.
        """
    return tool(privileged=True)(transfer_call)


def _refused(response: object) -> bool:
    # Servers that answer with nothing have taken the call: failures are errors there.
    return getattr(response, "status", None) == STS_TRANSFER_FAILED


class DigitCollector:
    """Puts keyed digits together: "#" or a pause ends them. Instants are seconds of one clock."""

    def __init__(self) -> None:
        self._digits = ""
        self._last_at_s = 0.0

    def press(self, digit: str, at_s: float) -> str | None:
        """What is complete with this key, None while more may come. A lone "#" is itself."""
        if digit == "#":
            return self._taken() or "#"
        self._digits += digit
        self._last_at_s = at_s
        return self._taken() if len(self._digits) >= MAX_DIGITS else None

    def paused(self, at_s: float) -> str | None:
        """What is complete because nothing was keyed for INTER_DIGIT_S."""
        over = self._digits and at_s - self._last_at_s >= INTER_DIGIT_S
        return self._taken() if over else None

    def _taken(self) -> str:
        digits, self._digits = self._digits, ""
        return digits


class DigitInput:
    """Hears the key tones of a room and passes complete entries to `on_dtmf`."""

    def __init__(self, on_dtmf: Callable[[str], None]) -> None:
        self._on_dtmf = on_dtmf
        self._collector = DigitCollector()
        self._timer: asyncio.TimerHandle | None = None

    def listen(self, room: rtc.Room) -> None:
        room.on("sip_dtmf_received", lambda event: self.press(event.digit))

    def press(self, digit: str) -> None:
        loop = asyncio.get_running_loop()
        self.close()
        complete = self._collector.press(digit, loop.time())
        if complete is not None:
            self._on_dtmf(complete)
        else:
            self._timer = loop.call_later(INTER_DIGIT_S, self._pause)

    def close(self) -> None:
        """Forget the running pause, at the end of a call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pause(self) -> None:
        complete = self._collector.paused(asyncio.get_running_loop().time() + 0.001)
        if complete is not None:
            self._on_dtmf(complete)
