"""`python -m bench.turns.engines --port N`: the three engines with fixed delays, and a ledger."""

import argparse
import asyncio
import base64
import contextlib
import io
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import soundfile as sf
import uvicorn
from fastapi import FastAPI, File, Form, HTTPException, Request, Response, UploadFile, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.websockets import WebSocketDisconnect

from bench.turns.hearing import BEHIND_S, Announcements, Hearing
from bench.turns.ledger import Ledger
from bench.turns.replies import (
    FIRST_WORD_S,
    WORDS_PER_S,
    chat_answer,
    chat_events,
    code_in,
    new_code,
    reply_words,
    speech,
)

MODELS = ("gpt-realtime-whisper", "gpt-4o-mini-transcribe", "gpt-4o-mini", "gpt-4o-mini-tts")
CONTEXT_TOKENS = 32_768
KEEP_ALIVE_S = 600  # as good servers do; 5 s would close between two turns
SERVER_PAUSE_MS = 350  # OpenAI's, where the client does not say
# The names that the stock plugin commits for; any other has server VAD until told otherwise.
CLIENT_COMMIT_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")
MEDIA_TYPES = {"pcm": "audio/pcm", "mp3": "audio/mpeg"}


def create_engines() -> FastAPI:
    """All routes on one origin."""
    app = FastAPI()
    ledger, announcements = Ledger(), Announcements()
    _control_routes(app, ledger, announcements)
    _hearing_routes(app, ledger, announcements)
    _reply_routes(app, ledger)

    @app.middleware("http")
    async def count_requests(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.client and request.url.path.startswith("/v1/"):
            ledger.requests += 1
            ledger.connections.add((request.client.host, request.client.port))
        return await answer(request)

    return app


def _control_routes(app: FastAPI, ledger: Ledger, announcements: Announcements) -> None:
    @app.post("/control/say")
    async def say(sentence: dict[str, Any]) -> None:
        await announcements.add(sentence["text"], sentence["duration_s"])

    @app.get("/control/ledger")
    async def told() -> dict[str, Any]:
        return ledger.told()

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        told = {"object": "model", "owned_by": "bench", "meta": {"n_ctx": CONTEXT_TOKENS}}
        return {"object": "list", "data": [{"id": name, **told} for name in MODELS]}


def _hearing_routes(app: FastAPI, ledger: Ledger, announcements: Announcements) -> None:
    @app.post("/v1/audio/transcriptions")
    async def transcriptions(
        file: Annotated[UploadFile, File()], response_format: Annotated[str, Form()] = "json"
    ) -> dict[str, Any]:
        entry = ledger.open("stt", "")
        samples, rate = sf.read(io.BytesIO(await file.read()), dtype="int16")
        said = announcements.claim_like(len(samples) / rate)
        await asyncio.sleep(BEHIND_S)
        entry.text = said.text if said else ""
        entry.done_at_s = asyncio.get_running_loop().time()
        return {"text": entry.text}

    @app.websocket("/v1/realtime")
    async def realtime(socket: WebSocket) -> None:
        ledger.sockets += 1
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await Socket(socket, ledger, announcements).run()


class Socket:
    """One realtime client."""

    def __init__(self, socket: WebSocket, ledger: Ledger, announcements: Announcements) -> None:
        self._socket = socket
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._hearing = Hearing(announcements, ledger, self._outgoing.put_nowait)
        model = socket.query_params.get("model", "")
        if not model.startswith(CLIENT_COMMIT_MODELS):
            self._hearing.pause_s = SERVER_PAUSE_MS / 1000

    async def run(self) -> None:
        self._outgoing.put_nowait({"type": "session.created", "session": {"id": "bench"}})
        writing = asyncio.create_task(self._write())
        try:
            while True:
                self._act(json.loads(await self._socket.receive_text()))
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._socket.send_text(json.dumps(await self._outgoing.get()))

    def _act(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                self._hearing.push(base64.b64decode(event["audio"]))
            case "input_audio_buffer.commit":
                self._hearing.commit()
            case "input_audio_buffer.clear":
                self._hearing.clear()
            case "session.update":
                self._update(event["session"]["audio"]["input"])
                told = {"type": "session.updated", "session": event["session"]}
                self._outgoing.put_nowait(told)

    def _update(self, given: dict[str, Any]) -> None:
        if rate := (given.get("format") or {}).get("rate"):
            self._hearing.rate_hz = rate
        if "turn_detection" in given:
            turns = given["turn_detection"]
            pause_ms = turns.get("silence_duration_ms", SERVER_PAUSE_MS) if turns else None
            self._hearing.pause_s = pause_ms / 1000 if pause_ms else None


def _reply_routes(app: FastAPI, ledger: Ledger) -> None:
    @app.post("/v1/chat/completions")
    async def chat(body: dict[str, Any]) -> Response:
        entry = ledger.open("llm", _last_said(body["messages"]), new_code())
        model = body.get("model", MODELS[2])
        if body.get("stream"):
            return StreamingResponse(chat_events(entry, model), media_type="text/event-stream")
        await asyncio.sleep(FIRST_WORD_S + len(reply_words(entry.code)) / WORDS_PER_S)
        entry.done_at_s = asyncio.get_running_loop().time()
        return JSONResponse(chat_answer(entry, model))

    @app.post("/v1/audio/speech")
    async def speak(body: dict[str, Any]) -> Response:
        kind = body.get("response_format", "mp3")
        if kind not in MEDIA_TYPES:
            raise HTTPException(400, f"{kind} is not made here")
        entry = ledger.open("tts", body["input"], code_in(body["input"]))
        return StreamingResponse(speech(entry, kind), media_type=MEDIA_TYPES[kind])

    @app.get("/v1/audio/voices")
    async def voices() -> dict[str, Any]:
        return {"voices": [{"id": "alloy", "name": "Alloy", "language": "en"}]}


def _last_said(messages: list[dict[str, Any]]) -> str:
    said = [m["content"] for m in messages if m["role"] == "user"]
    if not said:
        return ""
    last = said[-1]
    return last if isinstance(last, str) else " ".join(part.get("text", "") for part in last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        create_engines(),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_S,
    )


if __name__ == "__main__":
    main()
