"""Ask the LLM what nobody waits for: after everything that a caller does."""

from typing import Any

from chassis.errors import Unavailable
from chassis.http import AsyncClient, HTTPError
from livekit_agent.stages import Endpoint

WITHIN_S = 60.0


class BackgroundLlm:
    """Whole replies of one engine, at the lowest priority."""

    def __init__(self, client: AsyncClient, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    async def complete(self, messages: list[dict[str, str]], max_tokens: int) -> str:
        """The reply to messages of role and content. Raises Unavailable."""
        body = {
            "model": self._endpoint.model,
            "messages": messages,
            "max_completion_tokens": max_tokens,
            "temperature": 0.2,
        }
        try:
            response = await self._client.post(
                f"{self._endpoint.base_url}/chat/completions",
                json=body,
                headers={
                    "authorization": f"Bearer {self._endpoint.api_key.get_secret_value()}",
                    "x-parley-priority": "batch",
                },
                timeout=WITHIN_S,
            )
            return _text(response.status_code, response.content and response.json())
        except (HTTPError, ValueError) as exc:
            raise Unavailable(f"the LLM did not answer: {type(exc).__name__}") from exc


def _text(status: int, answer: Any) -> str:
    try:
        text = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if status != 200 or not isinstance(text, str):
        raise Unavailable(f"the LLM answered {status} without a reply")
    return text
