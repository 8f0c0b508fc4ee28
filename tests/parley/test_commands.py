"""`parley say` and `transcribe` against a small real server, or none."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes import ROOT, clean_env, free_port

SOUND = bytes(range(256)) * 4096  # 1 MiB: more than any pipe holds


class Speech(BaseHTTPRequestHandler):
    """Both speech servers: remembers the request, answers audio, a transcript or a refusal."""

    requests: list[tuple[str, Message, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.requests.append((self.path, self.headers, body))
        if b"refuse" in body:
            error = {"error": {"message": "there is no voice\nof that name", "param": "voice"}}
            self._answer(400, json.dumps(error).encode())
        elif b"cut" in body:
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
        elif self.path == "/v1/audio/speech":
            self._answer(200, SOUND)
        else:
            self._answer(200, b"hello there\n")

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, template: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    class Fresh(Speech):
        requests: list[tuple[str, Message, bytes]] = []  # noqa: RUF012  # one list a test

    server = ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "parley", *arguments]


def _env(port: int) -> dict[str, str]:
    variables = {"TTS_PORT": str(port), "STT_PORT": str(port), "PYTHONPATH": str(ROOT)}
    return clean_env({**variables, "TTS_API_KEY": "the-key"})


def _run(port: int, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        _command(*arguments), cwd=cwd, env=_env(port), capture_output=True, timeout=30, check=False
    )


def test_say_writes_the_audio_and_asks_for_what_was_said(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    result = _run(
        server.server_port, tmp_path, "say", "good day", "--voice", "nova", "--format", "mp3"
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == SOUND
    path, headers, body = server.RequestHandlerClass.requests[0]  # type: ignore[attr-defined]
    assert path == "/v1/audio/speech"
    assert headers["authorization"] == "Bearer the-key"
    sent = json.loads(body)
    assert (sent["input"], sent["voice"], sent["response_format"]) == ("good day", "nova", "mp3")


@pytest.mark.parametrize(
    ("text", "cause"),
    [("refuse this", "there is no voice of that name"), ("cut this", "tts at http://127.0.0.1")],
)
def test_say_names_the_cause_in_one_line(
    server: ThreadingHTTPServer, tmp_path: Path, text: str, cause: str
) -> None:
    result = _run(server.server_port, tmp_path, "say", text)
    assert result.returncode == 1
    assert result.stderr.decode().count("\n") == 1
    assert cause in result.stderr.decode()


def test_say_without_a_server_says_where_it_looked(tmp_path: Path) -> None:
    port = free_port()
    result = _run(port, tmp_path, "say", "hello")
    assert (result.returncode, result.stdout) == (1, b"")
    assert f"tts at http://127.0.0.1:{port}" in result.stderr.decode()


def test_say_into_a_reader_that_leaves_shows_no_traceback(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        _command("say", "hello"),
        cwd=tmp_path,
        env=_env(server.server_port),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10) == SOUND[:10]
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 1


def test_say_keeps_binary_off_a_terminal(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    result = subprocess.run(
        _command("say", "hello"),
        cwd=tmp_path,
        env=_env(server.server_port),
        stdout=terminal,
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    os.close(terminal)
    os.close(master)
    assert result.returncode == 1
    assert b"audio does not belong on a terminal" in result.stderr


def test_transcribe_sends_the_file_and_prints_the_text(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF something")
    result = _run(server.server_port, tmp_path, "transcribe", "a.wav", "--format", "srt")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"hello there\n", b"")
    path, _, body = server.RequestHandlerClass.requests[0]  # type: ignore[attr-defined]
    assert path == "/v1/audio/transcriptions"
    assert b"RIFF something" in body
    assert b"srt" in body


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("nothing.wav",), "nothing.wav: No such file"),
        ((".",), "Is a directory"),
        (("nothing.wav", "--format", "pdf"), "--format pdf is not one of text"),
    ],
)
def test_transcribe_names_what_is_wrong(
    server: ThreadingHTTPServer, tmp_path: Path, arguments: tuple[str, ...], cause: str
) -> None:
    result = _run(server.server_port, tmp_path, "transcribe", *arguments)
    assert result.returncode == 1
    assert result.stderr.decode().count("\n") == 1
    assert cause in result.stderr.decode()
