"""The fake STT: which words it has heard when, and when it says so."""

import asyncio
import time
from typing import Any

import numpy as np
import pytest

from bench.turns.hearing import BEHIND_S, PREFIX, Announcements, Hearing
from bench.turns.ledger import Ledger

RATE_HZ = 24_000
SENTENCE = "one two three four"
SENTENCE_S = 0.8


class Ears:
    """A Hearing, what it told and when."""

    def __init__(self, announcements: Announcements, pause_s: float | None = None) -> None:
        self.told: list[dict[str, Any]] = []
        self.at_s: list[float] = []
        self._news = asyncio.Event()
        self.ledger = Ledger()
        self.hearing = Hearing(announcements, self.ledger, self._tell)
        self.hearing.pause_s = pause_s

    def _tell(self, event: dict[str, Any]) -> None:
        self.told.append(event)
        self.at_s.append(time.perf_counter())
        self._news.set()

    def hear(self, seconds: float, *, loud: bool = True) -> None:
        wave = 8_000 * np.sin(np.arange(int(seconds * RATE_HZ)) / 10)
        self.hearing.push((wave if loud else wave * 0).astype(np.int16).tobytes())

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while not (found := [e for e in self.told if e["type"].endswith(kind)]):
                self._news.clear()
                await self._news.wait()
        return found[-1]

    def interim(self) -> str:
        return "".join(e["delta"] for e in self.told if e["type"] == f"{PREFIX}.delta")


@pytest.fixture
async def announced() -> Announcements:
    announcements = Announcements()
    await announcements.add(SENTENCE, SENTENCE_S)
    return announcements


async def test_a_commit_makes_final_what_was_said(announced: Announcements) -> None:
    ears = Ears(announced)
    ears.hear(SENTENCE_S)
    ears.hear(0.2, loud=False)
    began_s = time.perf_counter()
    ears.hearing.commit()
    final = await ears.until("completed")
    assert final["transcript"] == ears.interim() == SENTENCE
    assert ears.at_s[-1] - began_s >= BEHIND_S
    noted = {entry.stage: entry.text.strip() for entry in ears.ledger.entries}
    assert noted == {"interim": "four", "stt": SENTENCE}


async def test_a_commit_in_mid_sentence_leaves_the_rest_for_another_item(
    announced: Announcements,
) -> None:
    ears = Ears(announced)
    ears.hear(SENTENCE_S / 2)
    ears.hearing.commit()
    first = await ears.until("completed")
    ears.hear(SENTENCE_S / 2)
    ears.told.clear()
    ears.hearing.commit()
    second = await ears.until("completed")
    assert f"{first['transcript']} {second['transcript']}" == SENTENCE
    assert first["transcript"]
    assert first["item_id"] != second["item_id"]


async def test_server_vad_ends_an_utterance_after_its_pause(announced: Announcements) -> None:
    ears = Ears(announced, pause_s=0.3)
    ears.hear(SENTENCE_S)
    ears.hear(0.25, loud=False)
    assert not [e for e in ears.told if e["type"].endswith("speech_stopped")]
    ears.hear(0.1, loud=False)
    assert (await ears.until("speech_stopped"))["audio_end_ms"] == SENTENCE_S * 1000
    assert (await ears.until("completed"))["transcript"] == SENTENCE


async def test_what_nobody_announced_has_no_words() -> None:
    ears = Ears(Announcements())
    ears.hear(0.5)
    ears.hearing.commit()
    assert (await ears.until("completed"))["transcript"] == ""


async def test_a_file_is_the_announced_sentence_as_long_as_it() -> None:
    announcements = Announcements()
    await announcements.add("a short one", 0.5)
    await announcements.add("a much longer one", 2.5)
    said = announcements.claim_like(2.7)
    assert said is not None
    assert said.text == "a much longer one"
