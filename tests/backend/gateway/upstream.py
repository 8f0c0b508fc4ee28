"""A model server for tests: says what it was asked, streams as scripted, notes who leaves."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from tests.processes import free_port, until


class Upstream:
    """What it saw: `asked` requests with headers, bodies' sizes, `left` streams cut short."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.left = 0
        self.close_codes: list[int] = []
        self.go_on = threading.Event()  # what streams wait for after their first piece
        self.app = FastAPI()
        self._add_routes()

    def _add_routes(self) -> None:
        @self.app.api_route("/{path:path}", methods=["GET", "POST", "DELETE", "PUT"])
        async def anything(request: Request, path: str) -> Response:
            try:
                body = await request.body()
            except ClientDisconnect:
                self.left += 1
                raise
            told = {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "headers": dict(request.headers),
                "size": len(body),
            }
            if not path.startswith("health"):  # the backend's own probes
                self.asked.append(told)
            return self._answer(request.query_params.get("do", ""), path, told)

        @self.app.websocket("/v1/realtime")
        async def realtime(socket: WebSocket) -> None:
            self.asked.append({"headers": dict(socket.headers), "query": socket.url.query})
            await socket.accept()
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    self.close_codes.append(message["code"])
                    return
                if message.get("text") == "close":
                    await socket.close(4321, "as asked")
                    return
                await socket.send_text(message["text"])

    def _answer(self, what: str, path: str, told: dict[str, Any]) -> Response:
        if path == "v1/models":
            listed = {"object": "list", "data": [{"id": "one", "object": "model"}]}
            return Response(json.dumps(listed), media_type="application/json")
        if what == "wait":
            return StreamingResponse(self._waiting(), media_type="text/event-stream")
        if what == "break":
            return StreamingResponse(self._breaking(), media_type="text/event-stream")
        if what.isdigit():
            return Response(json.dumps({"error": {"message": "no"}}), int(what))
        headers = {"set-cookie": "a=b", "x-secret": "1", "x-request-id": "theirs"}
        usage = {"usage": {"total_tokens": 100, "seconds": 6.0}}
        return Response(json.dumps({"asked": told} | usage), headers=headers)

    async def _waiting(self) -> AsyncIterator[bytes]:
        try:
            yield b'data: {"n": 1}\n\n'
            await asyncio.to_thread(self.go_on.wait, 30)
            yield b'data: {"n": 2}\n\n'
        except asyncio.CancelledError:
            self.left += 1
            raise

    async def _breaking(self) -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        raise RuntimeError("scripted")


@contextmanager
def upstream_running() -> Iterator[Upstream]:
    upstream = Upstream()
    port = free_port()
    config = uvicorn.Config(upstream.app, port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, 10)
    upstream.url = f"http://127.0.0.1:{port}"
    try:
        yield upstream
    finally:
        upstream.go_on.set()
        server.should_exit = True
        thread.join()
