"""Live sound to transcripts, over real sockets: whatever an engine does, no sound is lost."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Literal

import numpy as np
from livekit import rtc
from livekit.agents import stt, vad
from pydantic import SecretStr
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from livekit_agent.budgets import Budgets
from livekit_agent.stages import Endpoint, Stage
from livekit_agent.stt import PREFIX_S, LiveStream, LiveStt, SttEvents, SttOptions

PREFIX = "conversation.item.input_audio_transcription"
RATE_HZ = 24_000  # the protocol's: nothing is resampled, and bytes can be compared
FRAME_BYTES = RATE_HZ // 50 * 2
WITHIN_S = 8.0
BUDGETS = Budgets(connect_s=1.0, stt_s=0.4)


class Engine:
    """A server that keeps the sound of each utterance. `answers`: what it says to a commit."""

    def __init__(self) -> None:
        self.utterances: list[bytes] = []
        self.sound = b""
        self.sockets = 0
        self.refuses = False
        self.texts: list[str | None] = []  # of the next utterances; None: no answer
        self.on_append: Callable[[ServerConnection], None] | None = None
        self.client: ServerConnection | None = None
        self._server: Server | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._admit) as server:
            yield server.sockets[0].getsockname()[1]

    def _admit(self, client: ServerConnection, request: Request) -> Response | None:
        if self.refuses:
            return client.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        return None

    async def _serve(self, client: ServerConnection) -> None:
        self.sockets += 1
        self.client = client
        self.sound = b""
        async for message in client:
            event = json.loads(message)
            if event["type"] == "input_audio_buffer.append":
                self.sound += base64.b64decode(event["audio"])
                if self.on_append is not None:
                    self.on_append(client)
            elif event["type"] == "input_audio_buffer.commit":
                self.utterances.append(self.sound)
                self.sound = b""
                await self._answer(client)

    async def _answer(self, client: ServerConnection) -> None:
        text = self.texts.pop(0) if self.texts else "hello"
        if text is not None:
            told = {"type": f"{PREFIX}.completed", "item_id": "i", "transcript": text}
            await client.send(json.dumps(told))

    async def says(self, delta: str) -> None:
        assert self.client is not None
        told = {"type": f"{PREFIX}.delta", "item_id": "i", "delta": delta}
        await self.client.send(json.dumps(told))


class Hearer:
    """A LiveStt with its stream, and what came of it."""

    def __init__(self, stage: Stage, prepare_after_s: float | None) -> None:
        self.stt = LiveStt(
            stage, BUDGETS, SttOptions(language="en", prepare_after_s=prepare_after_s)
        )
        self.agent_speaks = False
        self.nothings: list[bool] = []
        self.interruptions = 0
        self.finals_told = 0
        self.stt.listen(
            SttEvents(
                agent_is_speaking=lambda: self.agent_speaks,
                on_nothing=self.nothings.append,
                on_interruption=self._interrupted,
                on_speech_ended=lambda: None,
                on_final=self._final,
            )
        )
        self.stream: LiveStream = self.stt.stream()
        self.events: list[stt.SpeechEvent] = []
        self.sent = b""
        self._reading = asyncio.create_task(self._read())
        self._count = 0

    def _interrupted(self) -> None:
        self.interruptions += 1

    def _final(self) -> None:
        self.finals_told += 1

    async def _read(self) -> None:
        async for event in self.stream:
            self.events.append(event)

    async def aclose(self) -> None:
        await self.stream.aclose()
        await asyncio.gather(self._reading, return_exceptions=True)

    def texts(self, kind: str) -> list[str]:
        return [event.alternatives[0].text for event in self.events if event.type.value == kind]

    @property
    def finals(self) -> list[str]:
        return self.texts("final_transcript")

    def observe(self, kind: vad.VADEventType, silence_s: float = 0.0) -> None:
        self.stt.observe(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=0.0,
                speech_duration=0.0,
                silence_duration=silence_s,
                raw_accumulated_silence=silence_s,
            )
        )

    async def hear(self, frames: int) -> bytes:
        """So many frames of sound, none like another."""
        sound = b""
        for _ in range(frames):
            self._count += 1
            data = np.full(FRAME_BYTES // 2, self._count, "<i2").tobytes()
            sound += data
            self.stream.push_frame(rtc.AudioFrame(data, RATE_HZ, 1, len(data) // 2))
        while self.stream._input_ch.qsize():  # noqa: ASYNC110  # the SDK's queue
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return sound

    async def utterance(self, frames: int = 20) -> bytes:
        self.observe(vad.VADEventType.START_OF_SPEECH)
        sound = await self.hear(frames)
        self.observe(vad.VADEventType.END_OF_SPEECH)
        return sound


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110  # whatever it is
            await asyncio.sleep(0.01)


class Bench:
    def __init__(self) -> None:
        self.main, self.standby = Engine(), Engine()
        self.main_is_well = False
        self.changes: list[str] = []
        self.hearer: Hearer
        self.stage: Stage


def endpoint(name: Literal["main", "standby"], port: int) -> Endpoint:
    return Endpoint(
        name=name, base_url=f"http://127.0.0.1:{port}/v1", model="m", api_key=SecretStr("k")
    )


@asynccontextmanager
async def bench(
    *, prepare_after_s: float | None = None, main_port: int | None = None
) -> AsyncIterator[Bench]:
    it = Bench()

    async def probe(_: Endpoint) -> bool:
        return it.main_is_well

    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(engine.serving()) for engine in (it.main, it.standby)
        ]
        ports[0] = main_port or ports[0]
        endpoints = [endpoint("main", ports[0]), endpoint("standby", ports[1])]
        it.stage = await stack.enter_async_context(
            Stage(
                "stt",
                endpoints,
                probe=probe,
                on_change=lambda change: it.changes.append(change.state),
            )
        )
        it.hearer = Hearer(it.stage, prepare_after_s)
        stack.push_async_callback(it.hearer.aclose)
        yield it


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
        assert it.hearer.stt.heard_text == "one two three"
        it.hearer.stt.turn_taken()
        it.main.texts = ["four"]
        await it.hearer.utterance()
        await until(lambda: it.hearer.stt.heard_text == "four")


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
        assert it.hearer.stt.heard_text == ""


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
