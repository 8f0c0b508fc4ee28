"""What people said and what they need to log in outlives every container."""

import re

import httpx2
import pytest

from tests.compose import report
from tests.compose.calls import a_typed_question, calling
from tests.compose.project import Project

UP_WITHIN_S = 180.0
RESTORED_WITHIN_S = 300.0


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


def told(stack: Project, word: str) -> str:
    """The lines of docs/docker.md, under its heading on backups, that have `word` in them."""
    text = (stack.tree / "docs" / "docker.md").read_text().partition("## Backup and restore\n")[2]
    (lines,) = (block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if word in block)
    return str(lines)


@pytest.mark.timeout(600)
async def test_a_backup_is_put_back_as_the_docs_tell(stack: Project) -> None:
    async with calling(stack) as caller:
        await a_typed_question(caller)
    stack.shell(told(stack, "parley backup"))
    file = stack.tree / "parley.backup"
    assert file.stat().st_mode & 0o077 == 0
    gone = httpx2.delete(
        f"{stack.url}/api/conversations/{caller.conversation_id}", timeout=10, trust_env=False
    )
    assert gone.status_code == 204
    assert caller.conversation_id not in conversations(stack)
    stack.shell(told(stack, "parley restore /data"), within_s=RESTORED_WITHIN_S)
    file.unlink()
    stack.wait_ready(UP_WITHIN_S)
    assert caller.conversation_id in conversations(stack)
    left = stack.compose("exec", "-T", "backend", "find", "/data", "-name", "*.backup")
    assert left == ""
