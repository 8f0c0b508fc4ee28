"""What `parley doctor` says of models on their way."""

from datetime import UTC, datetime

from chassis.coming import Coming
from parley.doctor_downloads import download_check

COMING = Coming(
    model="kokoro-82m-onnx",
    phase="downloading",
    bytes_done=120_000_000,
    bytes_total=355_000_000,
    bytes_per_s=5_100_000,
)


def test_how_far_it_is_and_how_fast() -> None:
    check = download_check("tts", COMING)
    assert (check.name, check.verdict, check.code) == ("tts download", "warning", "model_loading")
    assert check.detail == "kokoro-82m-onnx is downloading: 120 MB of 355 MB, 5 MB/s"


def test_why_it_failed_and_when_it_is_tried_again() -> None:
    failed = COMING.model_copy(
        update={
            "phase": "failed",
            "bytes_per_s": None,
            "reason": "no room",
            "code": "download_disk_full",
            "again_at": datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
        }
    )
    check = download_check("tts", failed)
    assert (check.verdict, check.code) == ("warning", "download_disk_full")
    assert check.detail.endswith("120 MB of 355 MB; no room; again at 12:30:00 UTC")
    assert check.fix is not None
    assert "PARLEY_MODELS_DIR" in check.fix


def test_a_code_of_a_newer_version_is_told_too() -> None:
    failed = COMING.model_copy(update={"phase": "failed", "code": "download_moon_phase"})
    assert download_check("tts", failed).code == "model_failed"


def test_offline_is_no_fault() -> None:
    offline = COMING.model_copy(update={"phase": "offline", "reason": "offline: not fetched"})
    check = download_check("stt", offline)
    assert (check.verdict, check.code) == ("ok", None)
    assert "not fetched" in check.detail
