"""A LiveStt between two realtime servers that keep what they are sent."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Literal

import numpy as np
from livekit import rtc
from livekit.agents import stt, vad
from pydantic import SecretStr
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from livekit_agent.budgets import Budgets
from livekit_agent.stages import Endpoint, Stage
from livekit_agent.stt import LiveStream, LiveStt
from livekit_agent.transcripts import SttEvents, SttOptions

PREFIX = "conversation.item.input_audio_transcription"
RATE_HZ = 24_000  # the protocol's: nothing is resampled, and bytes can be compared
FRAME_BYTES = RATE_HZ // 50 * 2
WITHIN_S = 30.0
BUDGETS = Budgets(connect_s=1.0, stt_s=0.4)


class Engine:
    """A server that keeps the sound of each utterance. `answers`: what it says to a commit."""

    def __init__(self) -> None:
        self.utterances: list[bytes] = []
        self.sound = b""
        self.sockets = 0
        self.languages: list[str | None] = []  # asked for, by socket
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
            if event["type"] == "session.update":
                asked = event["session"]["audio"]["input"]["transcription"]
                self.languages.append(asked.get("language"))
            elif event["type"] == "input_audio_buffer.append":
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
        self.language: str | None = "en"
        options = SttOptions(language=lambda: self.language, prepare_after_s=prepare_after_s)
        self.stt = LiveStt(stage, BUDGETS, options)
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
