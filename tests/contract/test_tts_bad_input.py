"""Whatever is posted to the text-to-speech server, the answer is sound or a 4xx naming a field."""

import gzip
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.processes import LOGS, running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.tts", {"TTS_ENGINE": "espeak"}) as url:
        yield url


def post(url: str, content: bytes | str) -> httpx2.Response:
    return httpx2.post(
        f"{url}/v1/audio/speech",
        content=content,
        headers={"content-type": "application/json"},
        timeout=20,
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        ('"text"', "body"),
        ("null", "body"),
        ("[" * 100_000, "body"),
        ('{"input": "\xff', "body"),
        ("{}", "input"),
        ('{"input": null}', "input"),
        ('{"input": 5}', "input"),
        ('{"input": ["a"]}', "input"),
        ('{"input": ""}', "input"),
        ('{"input": " \\n\\t "}', "input"),
        ('{"input": "\\ud83d\\ude00\\ud83c\\udf89"}', "input"),
        ('{"input": "\\ud800"}', "input"),
        ('{"input": "\\u0000\\u0001"}', "input"),
        ('{"input": "?!..."}', "input"),
        ('{"input": "<break time=\\"9s\\"/>"}', "input"),
        ('{"input": "%s"}' % ("a" * 4097), "input"),
        ('{"input": "Hi", "speed": 0}', "speed"),
        ('{"input": "Hi", "speed": -1}', "speed"),
        ('{"input": "Hi", "speed": 0.24}', "speed"),
        ('{"input": "Hi", "speed": 4.01}', "speed"),
        ('{"input": "Hi", "speed": 1e9}', "speed"),
        ('{"input": "Hi", "speed": 1e999}', "speed"),
        ('{"input": "Hi", "speed": NaN}', "speed"),
        ('{"input": "Hi", "speed": -Infinity}', "speed"),
        ('{"input": "Hi", "speed": "fast"}', "speed"),
        ('{"input": "Hi", "speed": true}', "speed"),
        ('{"input": "Hi", "speed": 1%s}' % ("0" * 400), "speed"),
        ('{"input": "Hi", "speed": 1%s}' % ("0" * 9000), "body"),
        ('{"input": "Hi", "voice": "nobody"}', "voice"),
        ('{"input": "Hi", "voice": "../../etc/passwd"}', "voice"),
        ('{"input": "Hi", "voice": "a\\u0000b"}', "voice"),
        ('{"input": "Hi", "voice": "\\ud800"}', "voice"),
        ('{"input": "Hi", "voice": 5}', "voice"),
        ('{"input": "Hi", "voice": []}', "voice"),
        ('{"input": "Hi", "voice": {"id": {}}}', "voice"),
        ('{"input": "Hi", "voice": "%s"}' % ("v" * 5000), "voice"),
        ('{"input": "Hi", "response_format": "ogg"}', "response_format"),
        ('{"input": "Hi", "response_format": 1}', "response_format"),
        ('{"input": "Hi", "stream_format": "websocket"}', "stream_format"),
        ('{"input": "Hi", "model": 5}', "model"),
        ('{"input": "Hi", "instructions": 5}', "instructions"),
        ('{"input": "%s"}' % ("a" * 50_000), "input"),
        ('{"input": "Hi", "speed": null, "speed": "fast"}', "speed"),
        ('{"input": {"a": %s}}' % ("[" * 5000 + "]" * 5000), "body"),
        ('{"input": "Hi", "voice": "/etc/passwd"}', "voice"),
        ('{"input": "Hi", "voice": "..%2f..%2fetc%2fpasswd"}', "voice"),
        ('{"input": "Hi", "voice": "en-us+../../f2"}', "voice"),
        ('{"input": "Hi", "voice": {"id": "../../etc/passwd"}}', "voice"),
        ('{"input": "Hi", "voice": "alloy+nobody"}', "voice"),
        ('{"input": "Hi", "language": 5}', "language"),
        ('{"input": "Hi", "language": ""}', "language"),
        ('{"input": "Hi", "language": "tlh-x"}', "language"),
        ('{"input": "Hi", "language": "../../etc/passwd"}', "language"),
        ('{"input": "Hi", "language": "\\u0000"}', "language"),
        ('{"input": "Hi", "language": "\\ud800"}', "language"),
        ('{"input": "Hi", "language": "%s"}' % ("l" * 5000), "language"),
        ('{"input": "Hi", "timestamps": "yes"}', "timestamps"),
        ('{"input": "Hi", "timestamps": 1}', "timestamps"),
        ('{"input": "Hi", "timestamps": true, "stream_format": "audio"}', "timestamps"),
        ('{"input": "Hi", "stream_format": ["sse"]}', "stream_format"),
    ],
)
def test_bad_input_is_refused_and_named(url: str, body: str, param: str) -> None:
    answer = post(url, body.encode("latin-1"))
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_a_body_too_large_is_413(url: str) -> None:
    answer = post(url, b'{"input": "%s"}' % (b"a" * 1_000_000))
    assert answer.status_code == 413
    assert answer.json()["error"]["param"] == "body"


def test_what_is_null_or_unknown_is_left_out(url: str) -> None:
    names = ("model", "voice", "response_format", "speed", "instructions", "stream_format")
    body = dict.fromkeys((*names, "language", "timestamps")) | {"input": "Hi", "unheard_of": [1]}
    answer = httpx2.post(f"{url}/v1/audio/speech", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")


def test_a_packed_body_is_not_unpacked(url: str) -> None:
    bomb = gzip.compress(b'{"input": "' + b"a" * 20_000_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = httpx2.post(f"{url}/v1/audio/speech", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "body")


def test_a_form_is_not_taken_for_json(url: str) -> None:
    answer = httpx2.post(f"{url}/v1/audio/speech", data={"input": "Hi"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "body")


def test_a_priority_there_is_not_is_named(url: str) -> None:
    headers = {"X-Parley-Priority": "now"}
    answer = httpx2.post(f"{url}/v1/audio/speech", json={"input": "Hi"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "x-parley-priority")


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/x", "%00", "a" * 201])
def test_no_path_is_made_of_what_is_asked(url: str, path: str) -> None:
    with httpx2.Client(base_url=url) as client:
        answers = [
            client.get(f"/v1/models/{path}"),
            client.delete(f"/v1/models/{path}"),
            client.post(f"/v1/models/{path}/load"),
        ]
    assert {answer.status_code for answer in answers} <= {400, 404}
    assert all(answer.json()["error"]["param"] for answer in answers)


@pytest.mark.parametrize("model", ["nothing", "gpt-5", "\u2603", "x" * 5000])
def test_an_unknown_model_is_404(url: str, model: str) -> None:
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
        pytest.raises(openai.NotFoundError) as refused,
    ):
        client.audio.speech.create(model=model, voice="alloy", input="Hi")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "espeak-ng", None])
def test_names_of_other_models_are_served(url: str, model: str | None) -> None:
    answer = httpx2.post(f"{url}/v1/audio/speech", json={"input": "Hi", "model": model})
    assert answer.status_code == 200


ODD_TEXTS: list[Any] = [
    "a" * 4096,
    "\u4e2d\u6587" * 500,
    "word " * 819,
    "!? " * 1000 + "word",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u202e\u0645\u0631\u062d\u0628\u0627\u202c",
    "bell \x07 escape \x1b[31m null \x00 \x01 9s end",
    "Hi \U0001f44b\U0001f3fd there \U0001f468\u200d\U0001f469\u200d\U0001f467",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>',
    "[[h@l'oU]] [pause:9e9] {{mood}}",
    "1" * 4096,
    "\u0301" * 500 + "e",
    "{" * 2000 + "a",
    "-1e308 \u00bd \u2167 10,000,000 $5.20 3:30pm",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:12]))
def test_odd_text_is_spoken_in_bounded_time(url: str, text: str) -> None:
    started_s = time.monotonic()
    answer = httpx2.post(
        f"{url}/v1/audio/speech",
        json={"input": text, "voice": "alloy", "response_format": "pcm"},
        timeout=30,
    )
    assert answer.status_code == 200
    assert len(answer.content) > 4800
    assert time.monotonic() - started_s < 15


def test_with_a_key_set_only_its_holder_is_served() -> None:
    key = "a-key-that-is-long-enough-for-anyone"
    with running("inference.tts", {"TTS_ENGINE": "espeak", "TTS_API_KEY": key}) as url:
        for path in ("/v1/audio/voices", "/v1/audio/models", "/v1/models"):
            assert httpx2.get(url + path).status_code == 401
        assert httpx2.post(f"{url}/v1/audio/speech", json={"input": "Hi"}).status_code == 401
        with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
            answer = client.audio.speech.create(model="tts-1", voice="alloy", input="Hi")
    assert answer.content


def test_nothing_said_is_in_the_log(url: str) -> None:
    post(url, b'{"input": "xylophonic phrase"}')
    post(url, b'{"input": "xylophonic phrase", "speed": 9}')
    port = url.rpartition(":")[2]
    log = (LOGS / f"inference.tts-{port}.log").read_text()
    assert "http_request" in log
    assert "xylophonic" not in log
