"""Models on their way, as `/api/health` lists them."""

from backend.health.downloads import in_order, told
from chassis.advice import FIXES
from chassis.coming import Coming


def coming(model: str, phase: str, **more: object) -> Coming:
    return Coming.model_validate({"model": model, "phase": phase} | more)


def test_what_comes_now_is_first_and_then_what_is_next() -> None:
    services = {
        "llm": coming("qwen", "waiting"),
        "tts": coming("kokoro", "waiting"),
        "stt": coming("nemotron", "downloading", bytes_done=5, bytes_total=9, bytes_per_s=2),
        "embedded": None,
        "other": coming("none", "offline"),
    }
    listed = in_order((name, told(one, in_full=True)) for name, one in services.items())
    assert [one.service for one in listed] == ["stt", "tts", "llm", "other"]
    assert (listed[0].bytes_done, listed[0].bytes_total, listed[0].bytes_per_s) == (5, 9, 2)


def test_why_and_what_to_do_are_for_those_who_are_signed_in() -> None:
    code = "download_hub_unreachable"
    failed = coming("kokoro", "failed", reason="no connection to http://10.0.0.9", code=code)
    known = told(failed, in_full=True)
    assert known is not None
    assert (known.reason, known.fix) == (failed.reason, FIXES[code])
    stranger = told(failed, in_full=False)
    assert stranger is not None
    assert (stranger.reason, stranger.fix, stranger.code) == (None, None, code)
