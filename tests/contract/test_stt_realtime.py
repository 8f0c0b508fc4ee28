"""Live transcription over the WebSocket: what is said comes as deltas, then as a whole."""

import asyncio
import time
from collections.abc import Iterator

import httpx2
import numpy as np
import openai
import pytest
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent as Completed,
)
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.contract.realtime_client import (
    COMPLETED,
    DELTA,
    Caller,
    append,
    calling,
    said,
    session,
    silence,
)
from tests.processes import running

TEXT = "what is forty five divided by nine"
FINAL_WITHIN_S = 2.0  # measured 0.005 after a pause and 0.1 without; others load the machine


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("stt-cache")
    with running("inference.stt", {"STT_CACHE_DIR": str(cache), "STT_SLOTS": "2"}) as url:
        yield url


def deltas(caller: Caller, item_id: str) -> str:
    return "".join(event["delta"] for event in caller.of(DELTA) if event["item_id"] == item_id)


def metric(url: str, name: str) -> float:
    for line in httpx2.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


async def until_metric(url: str, name: str, value: float, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while await asyncio.to_thread(metric, url, name) != value:  # noqa: ASYNC110 - of a process
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
async def test_words_come_while_they_are_spoken(url: str, rate_hz: int) -> None:
    async with calling(url) as caller:
        await caller.send(session(rate_hz=rate_hz))
        await caller.say(said(TEXT), rate_hz=rate_hz, real_time=True)
        committed_at = await caller.commit()
        done = await caller.wait(COMPLETED)
        assert done["transcript"] == TEXT
        assert 0.3 < done["confidence"] <= 1
        assert done["usage"]["seconds"] == pytest.approx(2.5, abs=0.8)
        assert caller.instant(DELTA) < committed_at - 0.5
        assert caller.instant(COMPLETED) - committed_at < FINAL_WITHIN_S
        assert deltas(caller, done["item_id"]) == TEXT


async def test_after_a_pause_the_final_is_there_at_once(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(said(TEXT, after_s=0.3), real_time=True)
        await asyncio.sleep(0.3)
        committed_at = await caller.commit()
        done = await caller.wait(COMPLETED)
        assert done["transcript"] == TEXT
        assert caller.instant(COMPLETED) - committed_at < 0.05


async def test_half_a_minute_of_silence_first_costs_nothing(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(silence(30))
        await caller.say(said("what time is it"))
        committed_at = await caller.commit()
        done = await caller.wait(COMPLETED)
        assert done["transcript"] == "what time is it"
        assert caller.instant(COMPLETED) - committed_at < 5
        assert done["usage"]["seconds"] < 2.5


async def test_a_commit_of_silence_is_empty_at_once(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(silence(2))
        committed_at = await caller.commit()
        done = await caller.wait(COMPLETED)
        assert done["transcript"] == ""
        assert done["item_id"] == caller.of("input_audio_buffer.committed")[0]["item_id"]
        assert caller.instant(COMPLETED) - committed_at < 0.2


async def test_several_utterances_a_socket(url: str) -> None:
    texts = ["what time is it", "cancel the timer", "what is twelve times seven"]
    async with calling(url) as caller:
        await caller.send(session())
        for number, text in enumerate(texts, 1):
            await caller.say(said(text, before_s=0.5))
            await caller.commit()
            assert (await caller.wait(COMPLETED, number=number))["transcript"] == text
        commits = caller.of("input_audio_buffer.committed")
        assert [c["previous_item_id"] for c in commits[1:]] == [c["item_id"] for c in commits[:-1]]


async def test_a_short_utterance_waits_for_the_long_one_before_it(url: str) -> None:
    long = np.concatenate([said(TEXT, before_s=0.5) for _ in range(3)])
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(long)
        await caller.commit()
        await caller.say(said("thank you", before_s=0.5))
        await caller.commit()
        await caller.wait(COMPLETED, number=2)
        first, second = caller.of(COMPLETED)
        assert second["transcript"] == "thank you"
        told = [e["item_id"] for _, e in caller.events if e["type"] in (DELTA, COMPLETED)]
        assert told == sorted(told, key=[first["item_id"], second["item_id"]].index)


async def test_server_vad_ends_utterances(url: str) -> None:
    async with calling(url, "gpt-4o-transcribe") as caller:
        turns = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 350}
        await caller.send(session(turn_detection=turns))
        await caller.say(said("what time is it", before_s=1, after_s=1))
        await caller.say(said("cancel the timer", after_s=1))
        assert (await caller.wait(COMPLETED, number=1))["transcript"] == "what time is it"
        assert (await caller.wait(COMPLETED, number=2))["transcript"] == "cancel the timer"
        started = caller.of("input_audio_buffer.speech_started")
        stopped = caller.of("input_audio_buffer.speech_stopped")
        assert [e["item_id"] for e in started] == [e["item_id"] for e in stopped]
        assert 400 < started[0]["audio_start_ms"] < 1300
        assert stopped[0]["audio_end_ms"] > started[0]["audio_start_ms"] + 500
        assert len(caller.of("input_audio_buffer.committed")) == 2


async def test_a_second_update_keeps_what_it_does_not_name(url: str) -> None:
    async with calling(url, "gpt-4o-transcribe") as caller:
        await caller.send(session(turn_detection=None))
        first = await caller.wait("session.updated")
        await caller.send(
            {
                "type": "session.update",
                "session": {
                    "type": "transcription",
                    "audio": {"input": {"transcription": {"language": "en"}}},
                },
            }
        )
        second = await caller.wait("session.updated", number=2)
        assert first["session"]["audio"]["input"]["turn_detection"] is None
        assert second["session"]["audio"]["input"]["turn_detection"] is None
        assert second["session"]["audio"]["input"]["format"]["rate"] == 16_000
        assert second["session"]["audio"]["input"]["transcription"]["language"] == "en"


async def test_cleared_sound_is_not_transcribed(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(said("remember to buy milk"))
        await caller.send({"type": "input_audio_buffer.clear"})
        await caller.wait("input_audio_buffer.cleared")
        await caller.say(said("what time is it"))
        await caller.commit()
        assert (await caller.wait(COMPLETED))["transcript"] == "what time is it"
        await until_metric(url, 'parley_stt_slots_busy{lane="streams"}', 0)


async def test_an_idle_caller_holds_no_slot(url: str) -> None:
    async with calling(url) as one, calling(url) as two, calling(url) as three:
        for caller in (one, two, three):
            await caller.say(silence(1))
        assert metric(url, 'parley_stt_slots_busy{lane="streams"}') == 0
        await three.send(session())
        await three.say(said("what time is it"))
        await three.commit()
        assert (await three.wait(COMPLETED))["transcript"] == "what time is it"


async def test_a_caller_that_hangs_up_frees_its_slot(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(said(TEXT))
        await until_metric(url, 'parley_stt_slots_busy{lane="streams"}', 1)
    await until_metric(url, 'parley_stt_slots_busy{lane="streams"}', 0)
    await until_metric(url, "parley_stt_realtime_sockets", 0)


async def test_more_talkers_than_slots_are_all_heard(url: str) -> None:
    async def talk() -> str:
        async with calling(url) as caller:
            await caller.send(session())
            await caller.say(said(TEXT, after_s=0.2), real_time=True)
            await caller.commit()
            return str((await caller.wait(COMPLETED))["transcript"])

    assert await asyncio.gather(*(talk() for _ in range(4))) == [TEXT] * 4


async def test_long_speech_is_heard_to_its_end(url: str) -> None:
    sentences = ["what time is it", "cancel the timer", "set a timer for five minutes"] * 5
    async with calling(url) as caller:
        await caller.send(session())
        await caller.say(np.concatenate([said(s, before_s=0.7) for s in sentences]))
        await caller.commit()
        heard = (await caller.wait(COMPLETED))["transcript"]
        assert heard.endswith("timer for five minutes")
        assert len(heard.split()) == pytest.approx(len(" ".join(sentences).split()), abs=6)


async def test_the_stock_client_understands_every_event(url: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(RealtimeServerEvent)
    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any")
    seen = []
    async with client.realtime.connect(
        model="gpt-4o-transcribe", extra_query={"intent": "transcription"}
    ) as connection:
        await connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24_000},
                        "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
                        "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
                    }
                },
            }
        )
        sound = np.repeat(said("what time is it", after_s=1), 3)[::2]  # 16 to 24 kHz, roughly
        await connection.input_audio_buffer.append(audio=append(sound)["audio"])
        async with asyncio.timeout(15):
            async for event in connection:
                adapter.validate_python(event.model_dump())
                seen.append(event.type)
                if isinstance(event, Completed):
                    assert event.transcript
                    assert event.usage.type == "duration"
                    break
    assert seen[:2] == ["session.created", "session.updated"]
    assert DELTA in seen


async def test_a_file_sent_at_once_is_heard(url: str) -> None:
    async with calling(url) as caller:
        await caller.send(session())
        started = time.monotonic()
        await caller.say(said(TEXT))
        await caller.commit()
        assert (await caller.wait(COMPLETED))["transcript"] == TEXT
        assert time.monotonic() - started < 3
