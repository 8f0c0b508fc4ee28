"""A call whose user wants its sound kept: told, recorded on both sides, replayed, deleted."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile as sf

from parley.caller import Caller
from tests.processes import until
from tests.speech import RATE_HZ, speak
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ANSWER_WITHIN_S = 40.0
KEPT_WITHIN_S = 60.0
AUDIBLE = 0.01  # of full scale, root mean square of the loudest second


@pytest.fixture
def web(stack: Stack) -> Iterator[httpx2.Client]:
    """The web app of somebody whose calls are recorded."""
    headers = {"origin": stack.url}
    with httpx2.Client(base_url=stack.url, headers=headers, trust_env=False) as web:
        web.patch("/api/me", json={"record_calls": True}).raise_for_status()
        yield web
        web.patch("/api/me", json={"record_calls": False}).raise_for_status()


async def test_a_call_is_heard_again_and_forgotten(stack: Stack, web: httpx2.Client) -> None:
    async with Caller(stack.url) as caller:
        await caller.until(lambda r: len(r.finals("agent")) > 1, ANSWER_WITHIN_S, "the greeting")
        await caller.until_quiet()
        assert "This call is being recorded." in caller.record.finals("agent")
        started = {"v": 1, "type": "recording", "state": "started"}
        await caller.until(lambda r: started in r.events, ANSWER_WITHIN_S, "the recording is told")
        await caller.say(speak("what is twelve times seven"), RATE_HZ)
        await caller.until(lambda r: r.finals("user"), ANSWER_WITHIN_S, "a transcript")
        await caller.until_quiet()
    path = f"/api/conversations/{caller.conversation_id}"
    await asyncio.to_thread(until, lambda: bool(_recordings(web, path, whole=True)), KEPT_WITHIN_S)
    (recording,) = _recordings(web, path)
    played = web.get(f"{path}/recordings/{recording['id']}")
    assert played.headers["content-type"] == "audio/ogg"
    sound, rate = sf.read(io.BytesIO(played.content))
    assert abs(len(sound) / rate - recording["duration_s"]) < 2
    assert [_loudest(sound[:, side], rate) > AUDIBLE for side in (0, 1)] == [True, True]
    waiting = stack.folder / ".parley/data/recordings"
    await asyncio.to_thread(until, lambda: not list(waiting.iterdir()))  # sent, then deleted
    assert web.delete(path).status_code == 204
    assert web.get(f"{path}/recordings/{recording['id']}").status_code == 404


def _recordings(web: httpx2.Client, path: str, *, whole: bool = False) -> list[dict[str, Any]]:
    told = web.get(path)
    found = told.json()["recordings"] if told.status_code == 200 else []
    return [one for one in found if not whole or one["duration_s"] is not None]


def _loudest(side: Any, rate: int) -> float:
    seconds = side[: len(side) // rate * rate].reshape(-1, rate)
    return float(np.sqrt((seconds**2).mean(axis=1)).max())
