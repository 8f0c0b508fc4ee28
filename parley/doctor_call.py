"""One call as a person would make it: join, be greeted, ask aloud, be answered."""

import asyncio
import time
from collections.abc import Awaitable

import httpx2
import numpy as np
from livekit import rtc
from pydantic import SecretStr

from chassis.http import HTTPError, pooled_client
from chassis.metrics import Metrics
from parley.caller import CONNECT_WITHIN_S, Caller, CallRecord, Pcm
from parley.doctor_check import Check, fine, wrong
from parley.environment import StackSettings

NAME = "call"
QUESTION = "What time is it?"
SPEECH_RATE_HZ = 24_000
SPOKEN_WITHIN_S = 15.0
GREETED_WITHIN_S = 15.0
ANSWERED_WITHIN_S = 30.0
WHOLE_CALL_S = 90.0


class _Failed(Exception):
    """The call went wrong; `code` says where."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


async def call_check(stack: StackSettings, key: SecretStr | None) -> Check:
    """`key`: the service key: a call with it needs no account and leaves no record."""
    try:
        async with asyncio.timeout(WHOLE_CALL_S):
            return fine(NAME, await _call(stack, key))
    except _Failed as exc:
        return wrong(NAME, str(exc), exc.code)
    except TimeoutError:
        return wrong(NAME, f"not over within {WHOLE_CALL_S:g} s", "call_not_answered")


async def _call(stack: StackSettings, key: SecretStr | None) -> str:
    question = await _question(stack)
    began_s = time.perf_counter()
    bearer = key.get_secret_value() if key else None
    caller = Caller(stack.reach("backend"), bearer=bearer, sfu_url=stack.livekit_url)
    try:
        await _connected(caller)
        joined_s = time.perf_counter()
        await _in_time(
            caller.until(lambda r: r.first_loud_after(began_s), GREETED_WITHIN_S, "a greeting"),
            "call_not_greeted",
        )
        greeted_s = time.perf_counter()
        await _in_time(caller.until_quiet(), "call_not_greeted")
        asked_s = await _ask(caller, question)
        await _in_time(
            caller.until(lambda r: _answered(r, asked_s), ANSWERED_WITHIN_S, "an answer"),
            "call_not_answered",
        )
        answered_s = time.perf_counter()
    finally:
        await caller.__aexit__(None, None, None)
    how = "typed" if question is None else "spoken"
    return (
        f"joined in {joined_s - began_s:.1f} s, greeted {greeted_s - joined_s:.1f} s later; "
        f"a {how} question was answered in {answered_s - asked_s:.1f} s"
    )


async def _connected(caller: Caller) -> None:
    try:
        await caller.__aenter__()
    except httpx2.HTTPStatusError as exc:
        raise _Failed("call_refused", f"no token: {exc.response.text[:300]}") from exc
    except (HTTPError, rtc.ConnectError, OSError) as exc:
        raise _Failed("call_not_connected", str(exc) or type(exc).__name__) from exc
    except TimeoutError as exc:
        said = f"not connected within {CONNECT_WITHIN_S:g} s"
        raise _Failed("call_not_connected", said) from exc


async def _in_time(wait: Awaitable[object], code: str) -> None:
    try:
        await wait
    except AssertionError as exc:  # the caller's word for too late; what was said stays out of it
        raise _Failed(code, str(exc).partition(";")[0]) from exc


async def _ask(caller: Caller, question: Pcm | None) -> float:
    """When the question was asked."""
    if question is None:
        await caller.type(QUESTION)
        return time.perf_counter()
    return await caller.say(question, SPEECH_RATE_HZ)


def _answered(record: CallRecord, asked_s: float) -> bool:
    return record.first_loud_after(asked_s) is not None


async def _question(stack: StackSettings) -> Pcm | None:
    """Spoken by TTS; None when it cannot: then it is typed."""
    key = stack.tts_api_key
    client = pooled_client(
        metrics=Metrics("parley"),
        bearer=key.get_secret_value() if key else None,
        read_timeout_s=SPOKEN_WITHIN_S,
    )
    body = {"model": "tts-1", "input": QUESTION, "response_format": "pcm"}
    async with client:
        try:
            async with asyncio.timeout(SPOKEN_WITHIN_S):
                answer = await client.post(f"{stack.reach('tts')}/v1/audio/speech", json=body)
        except (HTTPError, TimeoutError):
            return None
    if answer.status_code != 200 or len(answer.content) % 2:
        return None
    return np.frombuffer(answer.content, dtype=np.int16)
