"""One answer of the LLM that nobody waits for on the line: summaries, facts to remember."""

from typing import Any

from chassis.errors import Unavailable
from chassis.http import AsyncClient
from livekit_agent.stages import Stage

WITHIN_S = 60.0


class Completion:
    """Asks the engine on duty, behind everybody who waits for a reply."""

    def __init__(self, http: AsyncClient, stage: Stage) -> None:
        self._http = http
        self._stage = stage

    async def complete(self, messages: list[dict[str, str]], max_tokens: int) -> str:
        """The reply to `messages`. Raises Unavailable, HTTPError."""
        endpoint = self._stage.current
        if endpoint.name != "main":
            raise Unavailable("the standby writes no summaries")
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": messages,
            "max_completion_tokens": max_tokens,
        }
        headers = {
            "authorization": f"Bearer {endpoint.api_key.get_secret_value()}",
            "x-parley-priority": "batch",
        }
        response = await self._http.post(
            f"{endpoint.base_url}/chat/completions", json=body, headers=headers, timeout=WITHIN_S
        )
        if response.status_code != 200:
            raise Unavailable(f"the LLM answered {response.status_code}")
        try:
            return str(response.json()["choices"][0]["message"]["content"] or "")
        except (ValueError, KeyError, IndexError, TypeError) as exc:
            raise Unavailable("the LLM's answer is not one") from exc
