"""A synthetic caller: joins a call by the backend's token, speaks in real time, hears the agent."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
import numpy as np
from livekit import rtc
from numpy.typing import NDArray

MIC_RATE_HZ = 48_000
EAR_RATE_HZ = 24_000
FRAME_S = 0.01
LOUD_DBFS = -45.0  # speech is far above, the codec's comfort noise far below
CONNECT_WITHIN_S = 10.0
TICK_S = 0.1

Pcm = NDArray[np.int16]


@dataclass(slots=True)
class Line:
    """One piece of the transcript as the agent published it."""

    id: str
    role: str  # user | agent
    text: str
    is_final: bool
    at_s: float


@dataclass(slots=True)
class Heard:
    """10 ms of the agent's audio."""

    at_s: float
    dbfs: float
    hz: float  # by zero crossings: the pitch of a tone, a rough colour of anything else


@dataclass(slots=True)
class CallRecord:
    """Everything a caller saw and heard; instants on `time.perf_counter`."""

    lines: dict[str, Line] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    agent_state: str = ""
    disconnected: bool = False

    def finals(self, role: str) -> list[str]:
        return [line.text for line in self.lines.values() if line.role == role and line.is_final]

    def tools(self, state: str = "finished") -> list[str]:
        return [e["name"] for e in self.events if e["type"] == "tool" and e["state"] == state]

    def first_loud_after(self, instant_s: float) -> float | None:
        return next((h.at_s for h in self.heard if h.at_s > instant_s and h.dbfs > LOUD_DBFS), None)

    def last_loud(self) -> float | None:
        return next((h.at_s for h in reversed(self.heard) if h.dbfs > LOUD_DBFS), None)


class Caller:
    """One call. `async with Caller(backend_url) as caller:` connects; leaving hangs up.

    `conversation_id`: of an earlier call to go on with. `bearer`: the service key. `sfu_url`: where
    the SFU is for somebody who cannot reach it where browsers do; unset: there.
    """

    def __init__(
        self,
        backend_url: str,
        conversation_id: str | None = None,
        *,
        bearer: str | None = None,
        sfu_url: str | None = None,
    ) -> None:
        self._backend_url = backend_url
        self._sfu_url = sfu_url
        self._headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        self.conversation_id = conversation_id
        self.record = CallRecord()
        self.room = rtc.Room()
        self._mic = rtc.AudioSource(MIC_RATE_HZ, 1, queue_size_ms=100)
        self._to_say: Pcm = np.zeros(0, dtype=np.int16)
        self._said_at_s: asyncio.Future[float] | None = None
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            where = await self._token()
            self._subscribe()
            await self.room.connect(
                self._sfu_url or where["server_url"], where["participant_token"]
            )
            # Who is there first is not announced, nor what they had already said of themselves.
            for participant in self.room.remote_participants.values():
                self._on_joined(participant)
            track = rtc.LocalAudioTrack.create_audio_track("mic", self._mic)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await self.room.local_participant.publish_track(track, options)
        self._spawn(self._pump_microphone())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()
        await self._mic.aclose()

    async def say(self, samples: Pcm, rate_hz: int) -> float:
        """Speak `samples` in real time; returns the instant the last one was sent."""
        positions = np.arange(0, len(samples), rate_hz / MIC_RATE_HZ)
        upsampled = np.interp(positions, np.arange(len(samples)), samples)
        self._said_at_s = asyncio.get_running_loop().create_future()
        self._to_say = upsampled.astype(np.int16)
        return await self._said_at_s

    async def type(self, text: str) -> None:
        """Send `text` as chat, as the web app's text input does."""
        await self.room.local_participant.send_text(text, topic="lk.chat")

    async def until(
        self, condition: Callable[[CallRecord], Any], within_s: float, what: str
    ) -> Any:
        """Wait until `condition` holds for the record. Raises AssertionError naming `what`."""
        deadline_s = time.perf_counter() + within_s
        async with self._changed:
            while not (result := condition(self.record)):
                # Not `asyncio.timeout` around it all: `wait_for` of Python 3.11 may swallow that.
                if time.perf_counter() > deadline_s:
                    raise AssertionError(f"{what}: not within {within_s:g} s; {self.summary()}")
                # Also looked at without news: a condition may be about time that has passed.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), TICK_S)
            return result

    async def until_quiet(self, for_s: float = 0.6, within_s: float = 20.0) -> None:
        """Wait until the agent has spoken and then been silent for `for_s`."""

        def quiet(record: CallRecord) -> bool:
            last = record.last_loud()
            return last is not None and time.perf_counter() - last > for_s

        await self.until(quiet, within_s, "the agent falls silent")

    def summary(self) -> str:
        """What was said, for a failure's message."""
        lines = [
            f"{x.role}{'' if x.is_final else '…'}: {x.text!r}" for x in self.record.lines.values()
        ]
        return f"state={self.record.agent_state!r} lines={lines} events={self.record.events}"

    async def _token(self) -> dict[str, Any]:
        async with httpx2.AsyncClient(trust_env=False, headers=self._headers) as client:
            wanted = {"conversation_id": self.conversation_id} if self.conversation_id else {}
            response = await client.post(f"{self._backend_url}/api/token", json=wanted)
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
            self.conversation_id = answer["conversation_id"]
            return answer

    def _subscribe(self) -> None:
        self.room.on("track_subscribed", self._on_track)
        self.room.on("participant_connected", self._on_joined)
        self.room.on("participant_attributes_changed", self._on_attributes)
        self.room.on("disconnected", self._on_disconnected)
        self.room.register_text_stream_handler("lk.transcription", self._on_transcription)
        self.room.register_text_stream_handler("parley.events", self._on_event)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._spawn(self._listen(track))

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        self._on_attributes(participant.attributes, participant)

    def _on_attributes(self, changed: dict[str, str], _participant: object) -> None:
        if "lk.agent.state" in changed:
            self.record.agent_state = changed["lk.agent.state"]
            self._spawn(self._notify())

    def _on_disconnected(self, *_: object) -> None:
        self.record.disconnected = True
        self._spawn(self._notify())

    def _on_transcription(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._spawn(self._read_line(reader, identity))

    def _on_event(self, reader: rtc.TextStreamReader, _identity: str) -> None:
        self._spawn(self._read_event(reader))

    async def _read_line(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        id_ = attributes.get("lk.segment_id", reader.info.stream_id)
        role = "user" if identity == self.room.local_participant.identity else "agent"
        final = attributes.get("lk.transcription_final") == "true"
        text = ""
        async for chunk in reader:
            text += chunk
            await self._note(Line(id_, role, text, False, time.perf_counter()))
        # The agent's text is one stream that grows; it is final when the stream ends.
        is_final = final or role == "agent"
        await self._note(Line(id_, role, text, is_final, time.perf_counter()))

    async def _note(self, line: Line) -> None:
        known = self.record.lines.get(line.id)
        # Each stream is read by a task of its own: an interim one may end after the final one.
        if known is None or line.is_final or not known.is_final:
            self.record.lines[line.id] = line
            await self._notify()

    async def _read_event(self, reader: rtc.TextStreamReader) -> None:
        self.record.events.append(json.loads(await reader.read_all()))
        await self._notify()

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=EAR_RATE_HZ, num_channels=1, frame_size_ms=10)
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, dtype=np.int16)
                heard = Heard(time.perf_counter(), dbfs(samples), crossings_hz(samples))
                self.record.heard.append(heard)
                await self._notify()
        finally:
            await stream.aclose()

    async def _pump_microphone(self) -> None:
        """10 ms frames on an absolute clock, silence when there is nothing to say."""
        size = int(MIC_RATE_HZ * FRAME_S)
        next_at_s = time.perf_counter()
        while True:
            frame = np.zeros(size, dtype=np.int16)
            chunk, self._to_say = self._to_say[:size], self._to_say[size:]
            frame[: len(chunk)] = chunk
            await self._mic.capture_frame(rtc.AudioFrame(frame.tobytes(), MIC_RATE_HZ, 1, size))
            said = self._said_at_s
            if said is not None and not said.done() and not len(self._to_say):
                said.set_result(time.perf_counter())
            next_at_s += FRAME_S
            await asyncio.sleep(max(0.0, next_at_s - time.perf_counter()))


def dbfs(samples: Pcm) -> float:
    """Level of `samples` in dB below full scale; -120 for digital silence."""
    rms = float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) if len(samples) else 0.0
    return max(-120.0, 20 * float(np.log10(max(rms, 1e-6) / 32768)))


def crossings_hz(samples: Pcm) -> float:
    """Half the sign changes of `samples`, taken at EAR_RATE_HZ, a second."""
    changes = np.count_nonzero(np.diff(np.signbit(samples)))
    return float(changes) / 2 * EAR_RATE_HZ / max(1, len(samples))
