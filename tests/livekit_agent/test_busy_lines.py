"""Who is told that all lines are busy, and who is only refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from chassis.settings import LiveKitSettings
from livekit_agent.call_metadata import BUSY_MARK
from livekit_agent.settings import AgentSettings
from livekit_agent.worker import Worker

BY_PHONE = '{"channel": "sip", "line_id": "l1"}'


class Request:
    """As the SDK asks whether a call is taken."""

    def __init__(self, metadata: str) -> None:
        self.id = "job-2"
        self.job = SimpleNamespace(metadata=metadata)
        self.room = SimpleNamespace(name="call-1")
        self.answer: Any = None

    async def accept(self, **given: Any) -> None:
        self.answer = given.get("attributes", {})

    async def reject(self, *, terminate: bool) -> None:
        self.answer = "refused"


def full_worker(folder: Path, **settings: Any) -> Worker:
    livekit = LiveKitSettings(url="ws://127.0.0.1:1", api_key="key", api_secret=SecretStr("s" * 40))
    worker = Worker(AgentSettings(data_dir=folder, max_calls=1, **settings), livekit)
    # The SDK's own is only whole once it runs.
    worker._server = SimpleNamespace(active_jobs=[], draining=False)  # type: ignore[assignment]
    worker._accepted.add("job-1")
    return worker


@pytest.mark.parametrize(
    ("metadata", "busy_lines", "answer"),
    [
        (BY_PHONE, 2, {BUSY_MARK: "1"}),
        (BY_PHONE, 0, "refused"),
        ('{"channel": "sip", "direction": "outbound"}', 2, "refused"),  # nobody asked for a line
        ('{"channel": "sip", "resume": true}', 2, "refused"),  # another worker may go on with it
        ('{"channel": "web"}', 2, "refused"),  # the page has said so already
    ],
)
async def test_a_full_worker_tells_telephones_that_lines_are_busy(
    tmp_path: Path, metadata: str, busy_lines: int, answer: object
) -> None:
    worker, request = full_worker(tmp_path, busy_lines=busy_lines), Request(metadata)
    await worker._on_request(request)  # type: ignore[arg-type]  # what of a request is used
    assert request.answer == answer
