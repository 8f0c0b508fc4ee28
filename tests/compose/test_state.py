"""What people said and what they need to log in outlives every container."""

import httpx2
import pytest

from tests.compose import report
from tests.compose.calls import a_typed_question, calling
from tests.compose.project import Project

UP_WITHIN_S = 180.0


def conversations(stack: Project) -> list[str]:
    answer = httpx2.get(f"{stack.url}/api/conversations", timeout=10, trust_env=False)
    answer.raise_for_status()
    return [conversation["id"] for conversation in answer.json()["conversations"]]


@pytest.mark.timeout(400)
async def test_down_and_up_keep_conversations_and_secrets(stack: Project) -> None:
    async with calling(stack) as caller:
        await a_typed_question(caller)
    before, secrets = conversations(stack), stack.secrets()
    assert caller.conversation_id in before
    stack.compose("down", "--timeout", "10")
    report.note("docker compose up again, to healthy", stack.up(within_s=UP_WITHIN_S))
    stack.wait_ready(UP_WITHIN_S)
    assert conversations(stack) == before
    assert stack.secrets() == secrets
    async with calling(stack) as caller:
        await a_typed_question(caller)
