"""STT, LLM and TTS on one origin that do at once, well or badly, what a test scripts.

`python -m tests.fakes.scripted_engines <port>`: as a process of its own, to be killed.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from tests.fakes.chat_chunks import completion, conversation, reply
from tests.fakes.openai_backend import Json, Pause, Reply, Request, Reset
from tests.fakes.scripted_hearing import ScriptedStt

HOST = "127.0.0.1"
RATE_HZ = 24_000
PIECE_S = 0.1  # of speech, sent as one chunk
CHAR_S = 0.05  # how long a character sounds
LOUDNESS = 8_000  # of 32768
CONTEXT_TOKENS = 32_768
PCM = {"content-type": "audio/pcm"}

Replies = Callable[[Request], Reply]


class Scripted:
    """What one kind of request is answered with, and who asked. Change `reply` any time."""

    def __init__(self, reply: Replies) -> None:
        self.usual = reply
        self.reply = reply
        self.requests: list[Request] = []
        self.active = 0
        self.left = 0  # clients who did not wait for the end

    async def __call__(self, asked: Asked) -> Response:
        body = json.loads(await asked.body() or b"{}")
        headers = dict(asked.headers)
        request = Request(path=asked.url.path, headers=headers, body=body)
        self.requests.append(request)
        return _Playing(self, self.reply(request))


class ScriptedEngines:
    """All three. `tone_hz` is its voice."""

    def __init__(self, tone_hz: float = 1000.0) -> None:
        self.tone_hz = tone_hz
        self.stt = ScriptedStt()
        self.llm = Scripted(lambda _: reply("All ", "is ", "well."))
        self.tts = Scripted(lambda request: Reply(steps=self.speech(request.body), headers=PCM))

    @property
    def spoken(self) -> list[str]:
        """Every text it was asked to speak."""
        return [str(request.body.get("input")) for request in self.tts.requests]

    def conversation(self) -> list[tuple[str, str]]:
        """What the LLM was last told was said: (role, text)."""
        return conversation(self.llm.requests[-1].body)

    def usual(self) -> None:
        """Do what a healthy engine does again."""
        self.stt.usual()
        for scripted in (self.llm, self.tts):
            scripted.reply = scripted.usual

    def speech(self, body: Json) -> list[bytes]:
        """A tone as long as the text would be: 24 kHz, 16 bit, mono."""
        return tone(len(str(body.get("input", ""))) * CHAR_S, self.tone_hz)

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Answer on the port that is yielded."""
        config = uvicorn.Config(
            Starlette(routes=self._routes()),
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        with socket.create_server((HOST, port)) as listening:
            task = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                yield listening.getsockname()[1]
            finally:
                server.should_exit = True
                await task

    def _routes(self) -> list[Route | WebSocketRoute]:
        async def ready(_: Asked) -> Response:
            return JSONResponse({"status": "ready", "dependencies": []})

        async def models(_: Asked) -> Response:
            card = {"id": "scripted", "object": "model", "meta": {"n_ctx": CONTEXT_TOKENS}}
            return JSONResponse({"object": "list", "data": [card]})

        async def transcriptions(asked: Asked) -> Response:
            await asked.body()
            return JSONResponse({"text": self.stt.sentence})

        async def realtime(opened: WebSocket) -> None:
            await self.stt.listen(opened)

        async def chat(asked: Asked) -> Response:
            if json.loads(await asked.body() or b"{}").get("stream"):
                return await self.llm(asked)
            # What nobody waits for on the line: facts to remember, summaries. There are none.
            return JSONResponse(completion("[]"))

        async def speech(asked: Asked) -> Response:
            return await self.tts(asked)

        return [
            Route("/health/ready", ready),
            Route("/v1/models", models),
            Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]),
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/audio/speech", speech, methods=["POST"]),
            WebSocketRoute("/v1/realtime", realtime),
        ]


def tone(seconds: float, hz: float, rate_hz: int = RATE_HZ) -> list[bytes]:
    """A sine in pieces of PIECE_S."""
    times = np.arange(int(max(seconds, PIECE_S) * rate_hz)) / rate_hz
    wave = (np.sin(2 * np.pi * hz * times) * LOUDNESS).astype("<i2")
    size = int(PIECE_S * rate_hz)
    return [wave[start : start + size].tobytes() for start in range(0, len(wave), size)]


class _Playing(Response):
    """A reply, step by step, until it is over or the client leaves."""

    def __init__(self, scripted: Scripted, reply: Reply) -> None:
        super().__init__()
        self._scripted = scripted
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scripted.active += 1
        playing = asyncio.create_task(self._play(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                self._scripted.left += 1
            elif playing.exception():
                await playing
        finally:
            self._scripted.active -= 1
            for task in (playing, leaving):
                task.cancel()
            await asyncio.gather(playing, leaving, return_exceptions=True)

    async def _play(self, send: Send) -> None:
        has_begun = False
        for step in self._reply.steps:
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            if isinstance(step, Reset):
                raise ConnectionAbortedError("as scripted")
            if not has_begun:
                await self._begin(send)
                has_begun = True
            await send({"type": "http.response.body", "body": step, "more_body": True})
            await asyncio.sleep(0)
        if not has_begun:
            await self._begin(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self, send: Send) -> None:
        headers: Sequence[tuple[bytes, bytes]] = [
            (name.encode(), value.encode()) for name, value in self._reply.headers.items()
        ]
        status = self._reply.status
        await send({"type": "http.response.start", "status": status, "headers": headers})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _serve_alone(port: int) -> None:
    async with ScriptedEngines().serving(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve_alone(int(sys.argv[1])))
