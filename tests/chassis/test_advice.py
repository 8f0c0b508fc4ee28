"""What an answer about readiness means."""

import json

import pytest

from chassis.advice import FIXES, code_of_answer, why_of_answer


def answer(**lacking: str) -> bytes:
    dependencies = [
        {"name": name, "state": "unready", "required": True, "last_error": error}
        for name, error in lacking.items()
    ]
    fine = {"name": "fine", "state": "ready", "required": True, "last_error": "long ago"}
    return json.dumps({"ready": False, "dependencies": [*dependencies, fine]}).encode()


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("sfu", b"Not Acceptable", "sfu_refuses"),
        ("stt", answer(model="small is downloading: 1 of 9 bytes"), "model_loading"),
        ("llm", answer(model="qwen is loading"), "model_loading"),
        ("tts", answer(model="kokoro is failed: no such file"), "model_failed"),
        ("tts", answer(model="kokoro is unloaded"), "model_unloaded"),
        ("embedded", answer(stt_engine="model: tiny is failed: gone"), "model_failed"),
        ("stt", answer(queue="the queue is full"), "queue_full"),
        ("llm", answer(memory="12 MB are free"), "memory_short"),
        ("llm", b"<html>502</html>", "service_refuses"),
        ("agent", answer(sfu="not registered with the SFU yet"), "agent_not_registered"),
        ("agent", answer(stt="main: refused; standby: refused"), "agent_without_engines"),
        ("agent", answer(lines="all 4 lines are busy"), "lines_busy"),
        ("agent", answer(lines="leaving: it takes no more calls"), "agent_leaving"),
    ],
)
def test_what_is_wrong_has_a_code_and_a_fix(name: str, body: bytes, code: str) -> None:
    assert code_of_answer(name, 503, body) == code
    assert FIXES[code].endswith(".")


def test_what_is_ready_needs_no_advice() -> None:
    assert code_of_answer("stt", 200, b"{}") is None


def test_the_reason_is_the_services_own() -> None:
    said = why_of_answer("http://stt", 503, answer(model="small is failed: no such file"))
    assert said == "http://stt answered 503: model: small is failed: no such file"
