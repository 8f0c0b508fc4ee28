"""Utterances of a connection as its client sees them: items that get deltas, then are completed."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from chassis.errors import ParleyError
from chassis.logs import get_logger
from inference.audio import Pcm
from inference.model_status import EngineFailed
from inference.stt.agreement import common_prefix
from inference.stt.decoding import Decoding
from inference.stt.engine import Hypothesis, Transcript
from inference.stt.events import error_told, told
from inference.stt.service import Stt
from inference.stt.session import SessionSettings

PREFIX = "conversation.item.input_audio_transcription"

log = get_logger(__name__)
Tell = Callable[[dict[str, Any]], None]


class Item:
    """One utterance: a `listener.Utterance` on one side, events on the other."""

    def __init__(self, stt: Stt, session: SessionSettings, tell: Tell) -> None:
        self.id = f"item_{secrets.token_hex(8)}"
        self._stt = stt
        self._session = session
        self._tell_client = tell
        self._held: list[dict[str, Any]] | None = []
        self._decoding = Decoding(
            stt.lanes, stt.measures, client=session.id, on_interim=self._on_interim
        )
        self._sent: list[str] = []
        self._opened_at_s = time.monotonic()
        self._committed_at_s: float | None = None

    @property
    def backlog_s(self) -> float:
        return self._decoding.backlog_s

    def release(self) -> None:
        """It is this item's turn to be told about."""
        held, self._held = self._held, None
        for event in held or ():
            self._tell_client(event)

    def push(self, pcm: Pcm) -> None:
        self._decoding.push(pcm)

    def pause(self) -> None:
        self._decoding.pause()

    def commit(self) -> None:
        """The utterance is over: `completed` follows."""
        self._committed_at_s = time.monotonic()
        self._decoding.finish()

    async def run(self) -> None:
        """Until it is completed, or failed and the client was told so."""
        with self._stt.measures.streams.track_inprogress():
            try:
                transcript = await self._heard()
            except ParleyError as exc:
                self._failed(exc)
                return
            except EngineFailed as exc:
                log.error("decoder_failed", item=self.id, exc_info=exc)
                self._failed(ParleyError("the recogniser failed on this utterance"))
                return
        self._stt.warm_up.passed()
        self._complete(transcript)

    async def _heard(self) -> Transcript:
        self._stt.memory.check()
        async with self._stt.lifecycle.lease() as engine:
            return await self._decoding.run(engine, self._session.options(engine.abilities))

    def _complete(self, transcript: Transcript) -> None:
        assert self._committed_at_s is not None
        took_s = time.monotonic() - self._committed_at_s
        self._stt.measures.final_seconds.observe(took_s)
        log.info(
            "utterance_heard",
            item=self.id,
            words=len(transcript.words),
            audio_s=round(self._decoding.audio_s, 2),
            transcription_delay_s=round(took_s, 3),
        )
        self._send_delta(transcript.text)
        self._tell(completed(self.id, transcript, self._decoding.audio_s))

    def _on_interim(self, hypothesis: Hypothesis) -> None:
        if hypothesis.stable and not self._sent:
            waited_s = time.monotonic() - self._opened_at_s
            self._stt.measures.first_interim_seconds.observe(waited_s)
        self._send_delta(hypothesis.stable)

    def _send_delta(self, text: str) -> None:
        """The words that `text` adds. Deltas cannot be taken back: a text that begins otherwise
        than what was sent adds none, and `completed` has the last word."""
        words = text.split()
        if len(common_prefix(self._sent, words)) < len(self._sent) or words == self._sent:
            return
        added = " ".join(words[len(self._sent) :])
        delta = f" {added}" if self._sent else added
        self._sent = words
        self._tell(told(f"{PREFIX}.delta", item_id=self.id, content_index=0, delta=delta))

    def _tell(self, event: dict[str, Any]) -> None:
        if self._held is None:
            self._tell_client(event)
        else:
            self._held.append(event)

    def _failed(self, error: ParleyError) -> None:
        body = error.body()
        self._tell(told(f"{PREFIX}.failed", item_id=self.id, content_index=0, error=body))
        self._tell(error_told(error))


class Items:
    """The items of one connection and their tasks.

    Told one after the other, also where a short one is ready before a long one: LiveKit's plugin
    adds up deltas without looking at whose they are.
    """

    def __init__(self, stt: Stt, tell: Tell, tasks: asyncio.TaskGroup) -> None:
        self._stt = stt
        self._tell = tell
        self._tasks = tasks
        self._running: deque[tuple[Item, asyncio.Task[None]]] = deque()
        self._last_id: str | None = None
        self.current: Item | None = None

    @property
    def backlog_s(self) -> float:
        """Sound that waits to be decoded, over all items."""
        return sum(item.backlog_s for item, _ in self._running)

    def __len__(self) -> int:
        return len(self._running)

    def open(self, session: SessionSettings) -> Item:
        """A new one, to be heard as the session asks for now."""
        item = self.current = Item(self._stt, session, self._tell)
        task = self._tasks.create_task(item.run())
        self._running.append((item, task))
        task.add_done_callback(lambda _: self._next())
        self._next()
        return item

    def commit(self) -> None:
        """Close the current item; one without speech is completed at once, empty."""
        item, self.current = self.current, None
        item_id = item.id if item else f"item_{secrets.token_hex(8)}"
        self._tell(
            told("input_audio_buffer.committed", item_id=item_id, previous_item_id=self._last_id)
        )
        self._last_id = item_id
        if item:
            item.commit()
        else:
            self._tell(completed(item_id, Transcript(), 0.0))

    def drop(self) -> None:
        """Forget the current item."""
        dropped, self.current = self.current, None
        for item, task in self._running:
            if item is dropped:
                task.cancel()

    def _next(self) -> None:
        """Let the first item that is not over be told about."""
        while self._running:
            item, task = self._running[0]
            item.release()
            if not task.done():
                return
            self._running.popleft()


def completed(item_id: str, transcript: Transcript, audio_s: float) -> dict[str, Any]:
    return told(
        f"{PREFIX}.completed",
        item_id=item_id,
        content_index=0,
        transcript=transcript.text,
        confidence=None if transcript.confidence is None else round(transcript.confidence, 4),
        language=transcript.language,
        usage={"type": "duration", "seconds": round(audio_s, 3)},
    )
