"""The health check of containers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from chassis.probe import main, probe
from tests.processes import free_port


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()
        self.wfile.write(b"llm is not here")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join(timeout=5)


def test_an_address_that_answers_200_is_well(server: str) -> None:
    assert main([f"{server}/well"]) == 0


def test_an_answer_that_is_not_200_is_told_with_its_words(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{server}/well", f"{server}/ill"]) == 1
    assert "503: llm is not here" in capsys.readouterr().err


def test_no_answer_at_all_is_told() -> None:
    assert "refused" in str(probe(f"http://127.0.0.1:{free_port()}/well"))


def test_what_is_no_address_is_told() -> None:
    assert probe("localhost") is not None
