"""What an answer about readiness means."""

import json

import pytest
from httpx2 import AsyncClient, ConnectError, HTTPError, MockTransport, Request, Response

from chassis.advice import FIXES, Watched, code_of_answer, why_of_answer
from chassis.coming import Coming


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


async def test_the_model_on_its_way_is_seen_until_the_service_is_gone() -> None:
    coming = {"model": "kokoro", "phase": "downloading", "bytes_done": 3, "bytes_total": 9}
    answers: list[Response | HTTPError] = [
        Response(200, json={"dependencies": [], "coming": coming}),
        Response(200, json={"dependencies": [], "coming": {"phase": "of a newer version"}}),
        Response(200, json={"dependencies": [], "coming": coming}),
        ConnectError("refused"),
    ]

    def answer_next(_: Request) -> Response:
        answer = answers.pop(0)
        if isinstance(answer, HTTPError):
            raise answer
        return answer

    async with AsyncClient(transport=MockTransport(answer_next)) as client:
        watched = Watched("tts", "http://tts/health/ready", client)
        await watched.probe()
        assert known_of(watched) == Coming.model_validate(coming)
        await watched.probe()
        assert known_of(watched) is None
        await watched.probe()
        assert known_of(watched) is not None
        with pytest.raises(HTTPError):
            await watched.probe()
        assert known_of(watched) is None


def known_of(watched: Watched) -> Coming | None:
    return watched.coming
