"""A server of `/v1/embeddings` that knows a few words' meanings, and can be told to misbehave."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEANINGS = (
    {"dog", "puppy", "pet", "rex"},
    {"tea", "drink", "beverage", "coffee"},
    {"lyon", "city", "town", "lives"},
)
NOTHING = 0.05  # of a text whose words mean nothing here: no vector is zero


class EmbeddingServer:
    """`asked`: (model, texts) of each request. `status`: what it answers; `refused`: a word that
    makes it refuse; `hold`: while it is set no answer is given; `numbers`: how long vectors are;
    `key`: what clients must send."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, list[str]]] = []
        self.status = 200
        self.refused: str | None = None
        self.held = threading.Event()
        self.held.set()
        self.numbers = len(MEANINGS) + 1
        self.key: str | None = None

    def answer(self, body: Any) -> tuple[int, Any]:
        texts = body["input"]
        self.asked.append((body["model"], texts))
        self.held.wait(20)
        if self.refused is not None and any(self.refused in text for text in texts):
            return 400, {"error": {"message": "too long"}}
        data = [{"index": i, "embedding": self._vector(text)} for i, text in enumerate(texts)]
        return self.status, {"object": "list", "data": data[::-1], "model": body["model"]}

    def _vector(self, text: str) -> list[float]:
        words = set(text.casefold().replace("?", " ").replace("'", " ").split())
        vector = [float(len(words & meaning)) for meaning in MEANINGS] + [NOTHING]
        return (vector + [0.0] * self.numbers)[: self.numbers]


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    served = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(200, {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if served.key and self.headers["authorization"] != f"Bearer {served.key}":
                self._say(401, {"error": {"message": "who are you?"}})
                return
            self._say(*served.answer(body))

        def _say(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        served.held.set()
        server.shutdown()
        thread.join()
        server.server_close()
