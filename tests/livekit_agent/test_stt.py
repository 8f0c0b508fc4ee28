"""Live sound to transcripts, over real sockets: whatever an engine does, no sound is lost."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import vad
from websockets.asyncio.server import ServerConnection

from livekit_agent.stt import PREFIX_S
from tests.livekit_agent.stt_bench import RATE_HZ, WITHIN_S, bench, until


async def test_an_utterance_is_sent_with_what_came_before_it_was_noticed() -> None:
    async with bench() as it:
        before = await it.hearer.hear(100)
        sound = await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        [heard] = it.main.utterances
        assert (before + sound).endswith(heard)
        assert 0.9 < (len(heard) - len(sound)) / (PREFIX_S * RATE_HZ * 2) <= 1
        assert it.hearer.finals_told == 1


async def test_nothing_is_sent_while_nobody_speaks() -> None:
    async with bench() as it:
        await until(lambda: it.main.sockets)
        await it.hearer.hear(100)
        assert (it.main.sound, it.main.utterances) == (b"", [])


async def test_each_utterance_is_its_own() -> None:
    async with bench() as it:
        it.main.texts = ["one", "two", "three"]
        sounds = [await it.hearer.utterance() for _ in range(3)]
        await until(lambda: it.hearer.finals == ["one", "two", "three"])
        assert it.main.utterances == sounds
        assert it.hearer.stt.heard.text == "one two three"
        it.hearer.stt.turn_taken()
        it.main.texts = ["four"]
        await it.hearer.utterance()
        await until(lambda: it.hearer.stt.heard.text == "four")


async def test_another_language_is_heard_from_the_next_silence_on() -> None:
    async with bench() as it:
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        sound = await it.hearer.hear(20)
        await until(lambda: it.main.sound == sound)
        it.hearer.language = "fr"
        sound += await it.hearer.hear(20)
        it.hearer.observe(vad.VADEventType.END_OF_SPEECH)
        await until(lambda: it.main.languages == ["en", "fr"])
        assert it.hearer.stt.heard.language == "fr"
        sounds = [sound, await it.hearer.utterance()]
        await until(lambda: len(it.hearer.finals) == 2)
        assert it.main.utterances == sounds


async def test_an_engine_that_hangs_after_a_commit_loses_no_sound() -> None:
    async with bench() as it:
        it.main.texts = [None]
        sound = await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.standby.utterances == [sound]
        assert it.changes == ["fallback"]


async def test_a_reset_in_mid_sentence_loses_no_sound() -> None:
    async with bench() as it:
        count = 0

        def die(client: ServerConnection) -> None:
            nonlocal count
            count += 1
            if count == 5:
                client.transport.abort()

        it.main.on_append = die
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        sound = await it.hearer.hear(20)
        await until(lambda: it.standby.sockets)
        sound += await it.hearer.hear(20)
        it.hearer.observe(vad.VADEventType.END_OF_SPEECH)
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.standby.utterances == [sound]


async def test_an_engine_that_refuses_is_passed_over() -> None:
    async with bench() as it:
        it.main.refuses = True
        sound = await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.standby.utterances == [sound]


async def test_an_engine_that_is_not_there_is_passed_over() -> None:
    async with bench(main_port=1) as it:
        sound = await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.standby.utterances == [sound]


async def test_what_no_engine_took_waits_for_one() -> None:
    async with bench() as it:
        it.main.refuses = it.standby.refuses = True
        await until(lambda: it.stage.state == "down")
        sounds = [await it.hearer.utterance() for _ in range(2)]
        it.main.texts = it.standby.texts = ["one", "two"]
        it.standby.refuses = False
        await until(lambda: it.hearer.finals == ["one", "two"])
        assert it.standby.utterances == sounds


async def test_a_standby_that_failed_does_not_keep_the_main_engine_from_a_try() -> None:
    async with bench() as it:
        it.main.refuses = it.standby.refuses = True
        await until(lambda: it.stage.state == "down")
        sound = await it.hearer.utterance()
        it.main.refuses = False  # nobody says so: its readiness cannot be asked here
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.main.utterances == [sound]


async def test_a_bug_with_one_answer_does_not_leave_it_deaf() -> None:
    async with bench() as it:
        told, crashes = it.hearer.stt.events, ["once"]

        def crashing() -> None:
            told.on_final()
            if crashes:
                raise KeyError(crashes.pop())

        it.hearer.stt.listen(replace(told, on_final=crashing))
        await it.hearer.utterance()
        await until(lambda: not crashes)
        await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.stage.current.name == "standby"


async def test_what_was_understood_is_not_sent_again() -> None:
    async with bench() as it:
        await it.hearer.utterance()
        await until(lambda: len(it.hearer.finals) == 1)
        it.main.texts = [None]
        second = await it.hearer.utterance()
        await until(lambda: len(it.hearer.finals) == 2)
        assert it.standby.utterances == [second]


async def test_the_main_engine_is_used_again_when_nobody_speaks() -> None:
    async with bench() as it:
        it.main.texts = [None]
        await it.hearer.utterance()
        await until(lambda: len(it.hearer.finals) == 1)
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        first = await it.hearer.hear(10)
        it.main_is_well = True
        await until(lambda: it.stage.state == "recovered")
        first += await it.hearer.hear(10)
        assert it.main.sockets == 1  # not in mid-sentence
        it.hearer.observe(vad.VADEventType.END_OF_SPEECH)
        await until(lambda: it.main.sockets == 2)
        assert it.standby.utterances[-1] == first
        last = await it.hearer.utterance()
        await until(lambda: len(it.hearer.finals) == 3)
        assert it.main.utterances[-1] == last


async def test_an_empty_transcript_is_told_and_is_no_final() -> None:
    async with bench() as it:
        it.main.texts = [""]
        await it.hearer.utterance()
        await until(lambda: it.hearer.nothings == [False])
        assert (it.hearer.finals, it.hearer.finals_told) == ([], 0)


async def test_a_murmur_over_the_agent_is_no_final() -> None:
    async with bench() as it:
        it.hearer.agent_speaks = True
        it.main.texts = ["Mm-hm."]
        await it.hearer.utterance()
        await until(lambda: it.hearer.nothings == [True])
        assert it.hearer.finals == []
        assert it.hearer.stt.heard.text == ""


async def test_the_same_murmur_is_an_answer_when_the_agent_is_silent() -> None:
    async with bench() as it:
        it.main.texts = ["Mm-hm."]
        await it.hearer.utterance()
        await until(lambda: it.hearer.finals == ["Mm-hm."])


async def test_real_words_over_the_agent_are_told_before_they_are_over() -> None:
    async with bench() as it:
        await until(lambda: it.main.sockets)
        it.hearer.agent_speaks = True
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        await it.hearer.hear(5)
        await it.main.says("no")
        await until(lambda: it.hearer.texts("interim_transcript") == ["no"])
        assert it.hearer.interruptions == 0
        await it.main.says(" wait")
        await until(lambda: it.hearer.interruptions)
        await it.main.says(" please stop")
        await until(lambda: it.hearer.texts("interim_transcript")[-1].endswith("stop"))
        assert it.hearer.interruptions == 1


async def test_a_reply_is_prepared_only_after_silence_and_once() -> None:
    async with bench(prepare_after_s=0.05) as it:
        await until(lambda: it.main.sockets)
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        await it.hearer.hear(5)
        await it.main.says("how old is it")
        await until(lambda: it.hearer.texts("interim_transcript"))
        assert it.hearer.texts("preflight_transcript") == []
        for _ in range(3):
            it.hearer.observe(vad.VADEventType.INFERENCE_DONE, silence_s=1.0)
        await until(lambda: it.hearer.texts("preflight_transcript"))
        await asyncio.sleep(0.05)
        assert it.hearer.texts("preflight_transcript") == ["how old is it"]


async def test_nothing_is_prepared_for_a_murmur_over_the_agent() -> None:
    async with bench(prepare_after_s=0.05) as it:
        await until(lambda: it.main.sockets)
        it.hearer.agent_speaks = True
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        await it.hearer.hear(5)
        await it.main.says("yeah okay")
        await until(lambda: it.hearer.texts("interim_transcript"))
        it.hearer.observe(vad.VADEventType.INFERENCE_DONE, silence_s=1.0)
        await asyncio.sleep(0.05)
        assert it.hearer.texts("preflight_transcript") == []


async def test_a_key_that_is_let_go_ends_the_utterance() -> None:
    async with bench() as it:
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        sound = await it.hearer.hear(10)
        it.hearer.stt.end_utterance()
        await until(lambda: it.hearer.finals == ["hello"])
        assert it.main.utterances == [sound]


async def test_sixteen_kilohertz_are_sent_as_twenty_four() -> None:
    async with bench() as it:
        it.hearer.observe(vad.VADEventType.START_OF_SPEECH)
        for _ in range(50):
            frame = rtc.AudioFrame(np.full(320, 5000, "<i2").tobytes(), 16_000, 1, 320)
            it.hearer.stream.push_frame(frame)
        await asyncio.sleep(0.05)
        it.hearer.observe(vad.VADEventType.END_OF_SPEECH)
        await until(lambda: it.main.utterances)
        samples = np.frombuffer(it.main.utterances[0], "<i2")
        assert 0.95 < samples.size / 24_000 <= 1.0
        assert abs(float(np.median(samples)) - 5000) < 50


async def test_closing_leaves_no_socket() -> None:
    async with bench() as it:
        await until(lambda: it.main.sockets)
        client = it.main.client
        assert client is not None
    async with asyncio.timeout(WITHIN_S):
        await client.wait_closed()
    others: set[Any] = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "livekit_agent" in str(task.get_coro())]
