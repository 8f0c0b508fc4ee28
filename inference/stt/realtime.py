"""`WS /v1/realtime`: live transcription as OpenAI and LiveKit's plugin speak it."""

import asyncio
import json
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chassis.errors import InvalidRequest, ParleyError, RateLimited, error_response
from chassis.keys import check_bearer
from chassis.logs import get_logger
from inference.audio import Resampler
from inference.stt.events import (
    Append,
    BadEvent,
    Clear,
    ClientEvent,
    Commit,
    SessionUpdate,
    client_event,
    error_told,
    told,
)
from inference.stt.items import Item, Items
from inference.stt.listener import Listener
from inference.stt.models import check_model
from inference.stt.service import Stt
from inference.stt.session import MAX_SESSION_S, SessionSettings

# A client may run ahead of real time, as one that sends a file does, but only so far.
MAX_BACKLOG_S = 60.0
MAX_UTTERANCES_WAITING = 8
MAX_MESSAGES_WAITING = 512
SEND_WITHIN_S = 10.0
RETRY_AFTER_S = 5.0
GOING_AWAY, POLICY_VIOLATION = 1001, 1008

log = get_logger(__name__)


def realtime_routes(stt: Stt) -> APIRouter:
    """Live sound to text."""
    router = APIRouter()
    connections = 0

    @router.websocket("/v1/realtime")
    async def realtime(socket: WebSocket) -> None:
        nonlocal connections
        try:
            model = await _admitted(socket, stt, connections)
        except ParleyError as exc:
            request_id = str(getattr(socket.state, "request_id", ""))
            await socket.send_denial_response(error_response(exc, request_id))
            return
        connections += 1
        try:
            with stt.measures.sockets.track_inprogress():
                await socket.accept()
                await Connection(socket, stt, model).run()
        finally:
            connections -= 1

    return router


async def _admitted(socket: WebSocket, stt: Stt, connections: int) -> str:
    """The model asked for. Raises the error to refuse the handshake with."""
    check_bearer(socket.headers.get("authorization"), stt.settings.api_key)
    if socket.query_params.get("intent", "transcription") != "transcription":
        raise InvalidRequest("only intent=transcription is served here", param="intent")
    serving = (await stt.lifecycle.awake()).model
    model = socket.query_params.get("model") or serving
    check_model(model, serving)
    stt.memory.check()
    if connections >= stt.settings.max_sockets:
        raise RateLimited("too many realtime connections", retry_after_s=RETRY_AFTER_S)
    return model


class Closed(Exception):
    """The connection is to end, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One client's socket, from accept to close."""

    def __init__(self, socket: WebSocket, stt: Stt, model: str) -> None:
        self._socket = socket
        self._stt = stt
        self._session = SessionSettings.opened(model)
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MAX_MESSAGES_WAITING)
        self._resampler = Resampler(self._session.rate_hz)
        self._listener = Listener(
            vad=self._session.vad,
            open_utterance=self._on_started,
            on_stopped=self._on_stopped,
        )
        self._items: Items | None = None
        self._appended = False  # something since the last commit or clear

    async def run(self) -> None:
        """Serve until the client leaves or has to. Nothing outlives it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._items = Items(self._stt, self._tell, tasks)
                tasks.create_task(self._write())
                tasks.create_task(self._read())
        except* Closed as closed:
            await self._close(_first(closed))
        except* WebSocketDisconnect:
            pass

    async def _read(self) -> None:
        self._tell(told("session.created", session=self._session.told()))
        try:
            async with asyncio.timeout(MAX_SESSION_S):
                while True:
                    await self._read_one()
        except TimeoutError as exc:
            raise Closed(GOING_AWAY, "the session is an hour old: open another") from exc

    async def _read_one(self) -> None:
        try:
            async with asyncio.timeout(self._stt.settings.idle_s) as idle:
                message = await self._socket.receive()
        except TimeoutError as exc:
            if not idle.expired():
                raise
            raise Closed(GOING_AWAY, "nothing was sent for too long") from exc
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text")
        if text is None:
            error = InvalidRequest("messages are JSON text", code="invalid_json")
            self._tell(error_told(error))
            return
        try:
            event = client_event(text)
        except BadEvent as bad:
            self._tell(error_told(bad.error, bad.event_id))
            return
        try:
            self._act(event)
        except ParleyError as exc:
            self._tell(error_told(exc, event.event_id))

    def _act(self, event: ClientEvent) -> None:
        match event:
            case SessionUpdate():
                self._update(event)
            case Append():
                self._append(event)
            case Commit():
                self._commit()
            case Clear():
                self._clear()

    def _update(self, event: SessionUpdate) -> None:
        before = self._session
        serving = self._stt.known
        self._session = before.updated(event.session, serving.model, serving.abilities)
        if self._session.rate_hz != before.rate_hz:
            self._resampler = Resampler(self._session.rate_hz)
        if self._session.vad != before.vad:
            self._listener.configure(self._session.vad)
        self._tell(told("session.updated", session=self._session.told()))

    def _append(self, event: Append) -> None:
        pcm = event.pcm()
        self._appended = self._appended or bool(pcm)
        self._listener.push(self._resampler.push(np.frombuffer(pcm, np.int16)))
        items = self._opened()
        if items.backlog_s > MAX_BACKLOG_S or len(items) > MAX_UTTERANCES_WAITING:
            raise Closed(POLICY_VIOLATION, "audio came faster than it can be written down")

    def _commit(self) -> None:
        if not self._appended:
            raise InvalidRequest(
                "there is no audio to commit", code="input_audio_buffer_commit_empty"
            )
        self._listener.push(self._resampler.flush())
        self._listener.commit()
        self._appended = False
        self._opened().commit()

    def _clear(self) -> None:
        self._resampler.flush()
        self._listener.clear()
        self._opened().drop()
        self._appended = False
        self._tell(told("input_audio_buffer.cleared"))

    def _on_started(self, started_at_s: float) -> Item:
        item = self._opened().open(self._session)
        if self._session.vad:
            self._tell(
                told(
                    "input_audio_buffer.speech_started",
                    item_id=item.id,
                    audio_start_ms=round(started_at_s * 1000),
                )
            )
        return item

    def _on_stopped(self, ended_at_s: float) -> None:
        items = self._opened()
        assert items.current is not None
        self._tell(
            told(
                "input_audio_buffer.speech_stopped",
                item_id=items.current.id,
                audio_end_ms=round(ended_at_s * 1000),
            )
        )
        items.commit()
        self._appended = False

    def _opened(self) -> Items:
        assert self._items is not None
        return self._items

    def _tell(self, event: dict[str, Any]) -> None:
        try:
            self._outgoing.put_nowait(event)
        except asyncio.QueueFull:
            raise Closed(POLICY_VIOLATION, "the client does not read") from None

    async def _write(self) -> None:
        while True:
            event = await self._outgoing.get()
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await self._socket.send_text(json.dumps(event))
            except TimeoutError as exc:
                raise Closed(POLICY_VIOLATION, "the client does not read") from exc

    async def _close(self, closed: Closed) -> None:
        """Say why, if the client still reads, and close."""
        log.info("realtime_closed", code=closed.code, reason=closed.reason)
        if self._socket.client_state is not WebSocketState.CONNECTED:
            return
        error = InvalidRequest(closed.reason, code="session_closed")
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self._socket.send_text(json.dumps(error_told(error)))
                await self._socket.close(closed.code, closed.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.debug("realtime_gone", code=closed.code)


def _first(group: BaseExceptionGroup[Closed]) -> Closed:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, Closed)
    return found
