"""Ask a chat server how many tokens its model's context has."""

from collections.abc import Sequence
from typing import Any

from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger

ASK_WITHIN_S = 2.0
# By server: ours ("context"), llama-server, vLLM and SGLang, LM Studio, Groq, OpenRouter.
FIELDS = (
    "context",
    "n_ctx",
    "max_model_len",
    "loaded_context_length",
    "context_window",
    "context_length",
)

log = get_logger(__name__)


async def context_tokens(client: AsyncClient, base_url: str, key: str, model: str) -> int | None:
    """Of one chat, prompt and reply together; None where the server does not say, or is away."""
    try:
        response = await client.get(
            f"{base_url}/models", headers={"authorization": f"Bearer {key}"}, timeout=ASK_WITHIN_S
        )
        rows = response.json()["data"]
    except (HTTPError, ValueError, KeyError, TypeError) as exc:
        log.debug("context_not_told", reason=repr(exc))
        return None
    return context_of([row for row in rows if isinstance(row, dict)], model)


def context_of(rows: Sequence[dict[str, Any]], model: str) -> int | None:
    """From the rows of `GET /v1/models`: of the model of that name, else of the one that serves
    whatever it is called."""
    named = [row for row in rows if row.get("id") == model]
    loaded = [row for row in rows if _meta(row).get("loaded") is True]
    for row in (*named, *loaded, *(rows if len(rows) == 1 else ())):
        for source in (_meta(row), row):
            for field in FIELDS:
                if isinstance(tokens := source.get(field), int) and tokens > 0:
                    return tokens
    return None


def _meta(row: dict[str, Any]) -> dict[str, Any]:
    meta = row.get("meta")
    return meta if isinstance(meta, dict) else {}
