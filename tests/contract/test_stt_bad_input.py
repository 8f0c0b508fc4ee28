"""Whatever is sent instead of a sound file: 4xx, one error shape, and the field is named."""

from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import psutil
import pytest

from tests.processes import listening_pid, running
from tests.speech import speak, wav_bytes

PATH = "/v1/audio/transcriptions"
GOOD = wav_bytes(speak("what time is it"))
MAX_BODY = 2_000_000
MAX_AUDIO_S = 60


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {
        "STT_CACHE_DIR": str(tmp_path_factory.mktemp("stt-cache")),
        "STT_MAX_BODY_BYTES": str(MAX_BODY),
        "STT_MAX_AUDIO_S": str(MAX_AUDIO_S),
    }
    with running("inference.stt", environment) as url:
        yield url


@pytest.fixture(autouse=True)
def _still_hears(url: str) -> Iterator[None]:
    yield
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", GOOD)})
    assert response.json()["text"] == "what time is it"


def refused(response: httpx2.Response, status: int, param: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()["error"]
    assert error["param"] == param
    assert error["message"]
    assert set(error) == {"message", "type", "param", "code", "details", "request_id"}
    return error


FIELDS = [
    ("response_format", "xml"),
    ("response_format", "\x00"),
    ("temperature", "abc"),
    ("temperature", "NaN"),
    ("temperature", "Infinity"),
    ("temperature", "1e999"),
    ("temperature", "-1"),
    ("temperature", "0.7"),
    ("language", "de"),
    ("language", "multi"),
    ("language", "\x00"),
    ("prompt", "Names: Anna, Bob"),
    ("stream", "maybe"),
    ("timestamp_granularities[]", "syllable"),
]


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_field_that_cannot_be_honoured_is_named(url: str, name: str, value: str) -> None:
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", GOOD)}, data={name: value})
    refused(response, 400, name.removesuffix("[]"))


@pytest.mark.parametrize("model", ["nothing", "x" * 5000, "../../etc", "\ud800", "\x00"])
def test_an_unknown_model_is_not_found(url: str, model: str) -> None:
    data = {"model": model.encode("utf-8", "surrogatepass")}
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", GOOD)}, data=data)
    if response.status_code == 400:  # not text at all
        return
    assert refused(response, 404, "model")["code"] == "model_not_found"


def test_a_stream_of_subtitles_is_refused(url: str) -> None:
    data = {"stream": "true", "response_format": "srt"}
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", GOOD)}, data=data)
    refused(response, 400, "stream")


FILES = {
    "empty": b"",
    "text": b"no sound at all",
    "truncated": GOOD[: len(GOOD) // 2],
    "header": GOOD[:44],
    "zeros": bytes(10_000),
    "random": np.random.default_rng(1).bytes(10_000),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())
def test_a_file_that_is_no_sound_is_named(url: str, data: bytes) -> None:
    response = httpx2.post(f"{url}{PATH}", files={"file": ("../../a.wav", data)})
    refused(response, 400, "file")


def test_a_missing_file_is_named(url: str) -> None:
    refused(httpx2.post(f"{url}{PATH}", data={"model": "whisper-1"}), 400, "file")
    refused(httpx2.post(f"{url}{PATH}"), 400, "file")
    refused(httpx2.post(f"{url}{PATH}", json={"file": "a.wav"}), 400, "file")


def test_a_file_as_text_and_a_text_as_file(url: str) -> None:
    refused(httpx2.post(f"{url}{PATH}", data={"file": "a.wav"}, files={"x": b"1"}), 400, "file")
    both = {"file": ("a.wav", GOOD), "model": ("m.txt", b"whisper-1")}
    refused(httpx2.post(f"{url}{PATH}", files=both), 400, "model")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="file"'),
        ("multipart/form-data; boundary=x", b"--x\r\nno-colon\r\n\r\n1\r\n--x--"),
    ],
)
def test_broken_multipart(url: str, kind: str, body: bytes) -> None:
    response = httpx2.post(f"{url}{PATH}", content=body, headers={"content-type": kind})
    assert response.status_code == 400
    assert response.json()["error"]["param"] in ("body", "file")


def test_ten_thousand_parts(url: str) -> None:
    files = [("file", (f"{n}.wav", b"1")) for n in range(10_000)]
    assert httpx2.post(f"{url}{PATH}", files=files).status_code == 400


def test_a_body_beyond_the_limit(url: str) -> None:
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", bytes(MAX_BODY + 1))})
    refused(response, 413, "body")


def test_a_body_beyond_the_limit_that_announces_nothing(url: str) -> None:
    def pieces() -> Iterator[bytes]:
        head = 'Content-Disposition: form-data; name="file"; filename="a.wav"'
        yield f"--x\r\n{head}\r\n\r\n".encode()
        for _ in range(MAX_BODY // 10_000 + 1):
            yield bytes(10_000)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    refused(httpx2.post(f"{url}{PATH}", content=pieces(), headers=headers), 413, "body")


def test_hours_of_silence_in_a_small_file(url: str) -> None:
    bomb = wav_bytes(np.zeros(16_000 * 3_600, np.int16), fmt="FLAC")
    assert len(bomb) < MAX_BODY
    refused(httpx2.post(f"{url}{PATH}", files={"file": ("a.flac", bomb)}), 413, "file")
    assert psutil.Process(listening_pid(url)).memory_info().rss < 300e6


def test_a_client_that_leaves_frees_the_slot(url: str) -> None:
    talk = np.tile(np.concatenate([speak("cancel the timer"), np.zeros(12_000, np.int16)]), 25)
    files = {"file": ("a.wav", wav_bytes(talk[: 16_000 * 55]))}
    for _ in range(6):
        with pytest.raises(httpx2.TimeoutException):
            httpx2.post(f"{url}{PATH}", files=files, timeout=httpx2.Timeout(5, read=0.3))
    response = httpx2.post(f"{url}{PATH}", files={"file": ("a.wav", GOOD)}, timeout=5)
    assert response.status_code == 200


def test_other_methods_and_paths(url: str) -> None:
    refused(httpx2.get(f"{url}{PATH}"), 405, "method")
    refused(httpx2.post(f"{url}/v1/audio/nothing"), 404, "path")
