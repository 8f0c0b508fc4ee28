"""What the agent asks of the backend: answered in the time there is, or said to be unavailable."""

import asyncio
import contextlib
from datetime import datetime
from typing import Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from chassis.http import AsyncClient, HTTPError, Response, pooled_client
from chassis.metrics import Metrics

CONTEXT_WITHIN_S = 1.0  # a call starts without it after that
MEMORIES_WITHIN_S = 0.04  # of a turn
TOOL_WITHIN_S = 2.0
MEMORIES_A_TURN = 5

MemoryKind = Literal["fact", "preference", "note"]
M = TypeVar("M", bound=BaseModel)


class BackendUnavailable(Exception):
    """The backend is away, late, not to be asked, or says what nobody understands."""


class LinesBusy(Exception):
    """As many telephone calls are on as there may be: the backend has ended this one."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Persona(_Answer):
    """Who the agent is to be. None: the agent's own setting; `tools` None: all."""

    id: str
    name: str
    prompt: str
    style: str = ""
    voice: str | None = None
    language: str | None = None
    greeting: str | None = None
    temperature: float | None = None
    tools: tuple[str, ...] | None = None
    interruption_mode: Literal["normal", "words", "off"] = "normal"
    interruption_words: int = 2


class PersonaName(_Answer):
    """A persona one can ask for."""

    id: str
    name: str


class User(_Answer):
    """Who is talking, as far as it is known."""

    id: str
    preferred_name: str | None = None
    language: str | None = None
    memory_policy: Literal["auto", "ask", "off"] = "auto"


class PastTurn(_Answer):
    """What was said, or heard of a reply, earlier in this conversation."""

    role: Literal["user", "assistant"]
    text: str
    at: datetime


class Memory(_Answer):
    """One thing known about the user."""

    id: str
    text: str
    kind: MemoryKind


class CallContext(_Answer):
    """What a call starts with. `turns` oldest first; `resumed`: something was said before;
    `record`: the user wants the sound of it kept."""

    conversation_id: str
    resumed: bool
    record: bool = False
    persona: Persona
    personas: tuple[PersonaName, ...] = ()
    user: User
    summary: str | None = None
    turns: tuple[PastTurn, ...] = ()
    memories: tuple[Memory, ...] = ()


class KnownCall(_Answer):
    """A telephone call on record. `user_id`: nobody's, where it is not known who calls."""

    call_id: str
    conversation_id: str
    user_id: str | None = None
    persona_id: str | None = None


class _Error(_Answer):
    code: str = ""


class _Refused(_Answer):
    error: _Error = _Error()


class _Memories(_Answer):
    memories: tuple[Memory, ...]


class Forgotten(_Answer):
    """A memory that is no longer there."""

    id: str
    text: str


class _Deleted(_Answer):
    deleted: tuple[Forgotten, ...]


def backend_http(url: str, key: SecretStr | None, metrics: Metrics) -> AsyncClient:
    """A pooled client of the backend's routes; the caller closes it."""
    bearer = key.get_secret_value() if key else None
    return pooled_client(metrics=metrics, base_url=url, bearer=bearer)


class BackendClient:
    """Every method raises BackendUnavailable, after `within_s` seconds at the latest."""

    def __init__(self, http: AsyncClient | None, *, memory: bool = True) -> None:
        """`http`: of `backend_http`; None when no service key is set: nothing is asked then.
        `memory` False: what is known of the user is not used (AGENT_MEMORY_POLICY=off)."""
        self._http = http
        self._memory = memory

    async def context(
        self,
        conversation_id: str,
        *,
        user_id: str | None = None,
        persona_id: str | None = None,
        within_s: float = CONTEXT_WITHIN_S,
    ) -> CallContext:
        """What to start with. User and persona: the dispatch metadata's, for a first call."""
        path = f"/internal/conversations/{_segment(conversation_id)}/context"
        query = _given(user_id=user_id, persona_id=persona_id)
        context = _read(CallContext, await self._ask("GET", path, query, within_s))
        return context if self._memory else context.model_copy(update={"memories": ()})

    async def call_began(
        self,
        *,
        room: str,
        line_id: str | None,
        direction: Literal["inbound", "outbound"],
        caller: str | None,
        called: str | None,
        sip_call_id: str | None,
        pin_typed: bool,
        within_s: float = CONTEXT_WITHIN_S,
    ) -> KnownCall:
        """Whose a telephone call is; the same room is the same call. Raises LinesBusy, too."""
        told: dict[str, str | bool | None] = {
            "room": room,
            "line_id": line_id,
            "direction": direction,
            "caller": caller,
            "called": called,
            "sip_call_id": sip_call_id,
            "pin_typed": pin_typed,
        }
        response = await self._ask("POST", "/internal/calls", {}, within_s, told)
        if response.status_code == 503:
            with contextlib.suppress(ValidationError):
                if _Refused.model_validate_json(response.content).error.code == "lines_busy":
                    raise LinesBusy("all lines are busy")
        return _read(KnownCall, response)

    async def persona(
        self, wanted: str, *, user_id: str | None = None, within_s: float = TOOL_WITHIN_S
    ) -> Persona | None:
        """By id, or name in any case, the user's own first; None when there is none."""
        # The name is what somebody said: any character may be in it.
        path = f"/internal/personas/{_segment(wanted)}"
        response = await self._ask("GET", path, _given(user_id=user_id), within_s)
        return None if response.status_code == 404 else _read(Persona, response)

    async def memories(
        self,
        query: str = "",
        *,
        user_id: str | None = None,
        limit: int = MEMORIES_A_TURN,
        within_s: float = MEMORIES_WITHIN_S,
    ) -> tuple[Memory, ...]:
        """Those that bear on `query`, best first; without one the newest."""
        if not self._memory:
            return ()
        asked = _given(user_id=user_id, query=query[:2_000], limit=str(limit))
        response = await self._ask("GET", "/internal/memories", asked, within_s)
        return _read(_Memories, response).memories

    async def forget(
        self, query: str, *, user_id: str | None = None, within_s: float = TOOL_WITHIN_S
    ) -> tuple[Forgotten, ...]:
        """Delete the memories that match `query` best, and say which."""
        asked = _given(user_id=user_id, query=query[:2_000])
        response = await self._ask("DELETE", "/internal/memories", asked, within_s)
        return _read(_Deleted, response).deleted

    async def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        within_s: float,
        body: dict[str, str | bool | None] | None = None,
    ) -> Response:
        if self._http is None:
            raise BackendUnavailable("no service key is set")
        try:
            async with asyncio.timeout(within_s):
                return await self._http.request(method, path, params=query, json=body)
        except TimeoutError as exc:
            raise BackendUnavailable(f"no answer within {within_s:g} s") from exc
        except HTTPError as exc:
            raise BackendUnavailable(str(exc) or type(exc).__name__) from exc


def _read(expected: type[M], response: Response) -> M:
    if response.status_code != 200:
        raise BackendUnavailable(f"the backend answered {response.status_code}")
    try:
        return expected.model_validate_json(response.content)
    except ValidationError as exc:
        # Not the error's own text: it quotes what people said.
        raise BackendUnavailable(f"{exc.error_count()} wrong fields in its answer") from exc


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _segment(text: str) -> str:
    return quote(text.strip()[:64], safe="") or "-"
