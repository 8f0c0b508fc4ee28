"""A TTS over HTTP that says what it is told to, and remembers what it was asked."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_S = 30.0


class SpeechServer:
    """What it answers, to be set, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.model = "kokoro"
        self.pcm = b""
        self.answers: list[int] = []  # statuses of the first requests, then 200
        self.sounds: list[bytes] = []  # of the first requests, then `pcm`
        self.refused_language: str | None = None
        self.hangs = False
        self.bodies: list[dict[str, Any]] = []
        self.priorities: list[str | None] = []
        self.let_go = threading.Event()
        self._asked = threading.Event()

    async def asked(self) -> None:
        """Until the first request for speech is here."""
        assert await asyncio.to_thread(self._asked.wait, HANG_S)

    def answer(self, body: dict[str, Any], priority: str | None) -> tuple[int, bytes]:
        self._asked.set()
        if self.hangs:
            self.let_go.wait(HANG_S)
        if self.answers:
            return self.answers.pop(0), b"{}"
        if body.get("language", "") == self.refused_language:
            return 400, b"{}"
        self.bodies.append(body)
        self.priorities.append(priority)
        return 200, self.sounds.pop(0) if self.sounds else self.pcm


@contextmanager
def speech_server() -> Iterator[SpeechServer]:
    told = SpeechServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, json.dumps({"models": [{"id": told.model}]}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._send(*told.answer(body, self.headers["x-parley-priority"]))

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that left
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        told.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
