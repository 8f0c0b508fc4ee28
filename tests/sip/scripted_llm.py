"""The embedded language model, but for what it has no words for: a caller who wants to be put
through gets the tool call that a bigger model would make. They ask by a
key: no word can be misheard."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2

from tests.fakes.chat_chunks import conversation, reply, tool_call
from tests.fakes.openai_backend import Json, Reply

ASK_WITHIN_S = 60.0
KEY_OF_RECEPTION = "(keys pressed: 7)"


class Switchboard:
    """`url` is for AGENT_LLM_URL; `behind` is told once the model's server has an address."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.behind = ""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who asked has left: an interrupted reply is read no more."""


@contextmanager
def switchboard() -> Iterator[Switchboard]:
    server = _Server(("127.0.0.1", 0), _Handler)
    board = Switchboard(server.server_port)
    server.board = board  # type: ignore[attr-defined]  # how handlers find it
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield board
    finally:
        server.shutdown()
        server.server_close()


def answer_of(body: Json) -> Reply | None:
    """None: the model behind answers."""
    said = conversation(body)
    role, text = said[-1]
    asked = next((words for who, words in reversed(said) if who == "user"), "").lower()
    if "transfer_call" not in json.dumps(body.get("tools", [])) or KEY_OF_RECEPTION not in asked:
        return None
    if role == "user":
        return tool_call("transfer_call", '{"to": "reception"}')
    failed = "did not take" in text or "not answering" in text
    return reply("I am sorry, nobody takes the call there." if failed else "I put you through.")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on(None)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        answer = answer_of(json.loads(content)) if self.path.endswith("/completions") else None
        if answer is None:
            self._pass_on(content)
        else:
            self._begin(200, "text/event-stream")
            for step in answer.steps:
                assert isinstance(step, bytes)
                self._chunk(step)
            self._chunk(b"")

    def log_message(self, template: str, *args: object) -> None:
        pass

    def _pass_on(self, content: bytes | None) -> None:
        board: Switchboard = self.server.board  # type: ignore[attr-defined]
        kept = ("authorization", "content-type", "accept", "x-request-id", "traceparent")
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        if not board.behind:
            self._begin(503, "text/plain")
            self._chunk(b"")
            return
        with httpx2.stream(
            self.command,
            board.behind + self.path,
            content=content,
            headers=headers,
            timeout=ASK_WITHIN_S,
            trust_env=False,
        ) as response:
            self._begin(response.status_code, response.headers.get("content-type", "text/plain"))
            for piece in response.iter_raw():
                self._chunk(piece)
        self._chunk(b"")

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, piece: bytes) -> None:
        """An empty one is the end."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.flush()
