"""`POST /api/token`, LiveKit's TokenSource endpoint: room, identity and grants are the server's."""

import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from livekit import api
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.tables import LOCAL_USER
from backend.calls.lines import Lines
from backend.conversations.recorded import find_conversation
from backend.data.db import Database
from backend.internal_schema import Id
from backend.personas.stored import find_persona
from backend.settings import BackendSettings
from chassis.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unavailable,
    documented,
)
from chassis.health import Health
from chassis.logs import get_logger
from chassis.settings import LiveKitSettings

ROOM_BITS = 128  # a guessed room name would let a stranger listen
UNREADY_RETRY_S = 2.0
EMPTY_ROOM_TIMEOUT_S = 60
DEPARTURE_TIMEOUT_S = 20

log = get_logger(__name__)


class AgentChoice(BaseModel):
    """The agent a client asks for. Only ours, and what it is told is the server's to write."""

    agent_name: str = ""
    metadata: str = ""
    deployment: str = ""


class RoomConfig(BaseModel):
    """The part of LiveKit's room configuration a client may send."""

    model_config = ConfigDict(extra="forbid")
    agents: list[AgentChoice] = Field(default=[], max_length=1)


class TokenRequest(BaseModel):
    """LiveKit's standard body. Fields that would let a client choose what it may do are refused.

    Beyond the standard: `conversation_id` of one to go on with, `persona_id` (or name) of who is to
    answer.
    """

    room_name: str = ""
    participant_name: str = ""
    participant_identity: str = ""
    participant_metadata: str = ""
    participant_attributes: dict[str, str] = {}
    room_config: RoomConfig = RoomConfig()
    conversation_id: Id | None = None
    persona_id: Id | None = None


class TokenResponse(BaseModel):
    """Where to connect and with what; `conversation_id` rides along."""

    server_url: str
    participant_token: str
    conversation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dispatch:
    """What the agent is told of the call, as JSON."""

    conversation_id: str
    user_id: str | None = None
    channel: str = "web"
    persona_id: str | None
    resume: bool


class TokenDesk:
    """Hands out tokens. Minting has no side effect: a page may ask ahead and never call."""

    def __init__(
        self,
        settings: BackendSettings,
        livekit: LiveKitSettings,
        health: Health,
        database: Database,
        lines: Lines,
    ) -> None:
        self._lines = lines
        self._settings = settings
        self._livekit = livekit
        self._health = health
        self._database = database
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(settings.tokens_per_minute)

    async def issue(self, request: TokenRequest, origin: str | None, address: str) -> TokenResponse:
        self._check_origin(origin)
        self._check_choices(request)
        await self._check_rate(address)
        # A room opened before the worker is registered never gets an agent: do not trust a memory.
        await self._health.refresh("sfu", "agent")
        self._check_ready()
        dispatch = await self._dispatch(request)
        self._lines.take()
        return self._mint(dispatch)

    def _check_origin(self, origin: str | None) -> None:
        # No Origin header: not a browser page, so no cookie or network position of a user to abuse.
        if origin is not None and origin not in self._settings.origins:
            raise Forbidden(
                "this page may not ask for a token: add its origin to BACKEND_ALLOWED_ORIGINS",
                param="Origin",
                code="origin_not_allowed",
            )

    def _check_choices(self, request: TokenRequest) -> None:
        for field in (
            "room_name",
            "participant_identity",
            "participant_metadata",
            "participant_attributes",
        ):
            if getattr(request, field):
                raise InvalidRequest(f"{field} is chosen by the server", param=field)
        for agent in request.room_config.agents:
            if agent.agent_name not in ("", self._settings.agent_name):
                raise InvalidRequest(
                    "there is no such agent", param="room_config.agents.0.agent_name"
                )
            if agent.metadata:
                raise InvalidRequest(
                    "metadata is written by the server", param="room_config.agents.0.metadata"
                )

    async def _check_rate(self, address: str) -> None:
        if await self._limiter.hit(self._limit, address):
            return
        window = await self._limiter.get_window_stats(self._limit, address)
        wait_s = max(1.0, window.reset_time - time.time())
        raise RateLimited("too many calls started", param="address", retry_after_s=wait_s)

    def _check_ready(self) -> None:
        dependencies = self._health.dependencies
        if dependencies["sfu"].state == "unready":
            raise Unavailable(
                "the voice server cannot be reached",
                code="voice_server_unreachable",
                retry_after_s=UNREADY_RETRY_S,
            )
        if dependencies["agent"].state == "unready":
            raise Unavailable(
                "no agent can take a call now",
                code="no_agent_available",
                retry_after_s=UNREADY_RETRY_S,
            )

    async def _dispatch(self, request: TokenRequest) -> _Dispatch:
        if request.conversation_id is None and request.persona_id is None:
            # A plain call must not wait for the database: it can be had without.
            return _Dispatch(
                conversation_id=secrets.token_urlsafe(16), persona_id=None, resume=False
            )
        persona_id = None
        async with self._database.reading() as session:
            if request.persona_id is not None:
                persona = await find_persona(
                    session, request.persona_id, user_id=LOCAL_USER, param="persona_id"
                )
                persona_id = persona.id
            if request.conversation_id is not None:
                known = await find_conversation(session, request.conversation_id)
                if known is None:
                    raise NotFound("there is no such conversation", param="conversation_id")
                persona_id = persona_id or known.persona_id
        return _Dispatch(
            conversation_id=request.conversation_id or secrets.token_urlsafe(16),
            persona_id=persona_id,
            resume=request.conversation_id is not None,
        )

    def _mint(self, told: _Dispatch) -> TokenResponse:
        room = f"call-{secrets.token_urlsafe(ROOM_BITS // 8)}"
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            can_publish=True,
            can_publish_sources=["microphone"],
            can_publish_data=True,
            can_subscribe=True,
            can_update_own_metadata=False,
        )
        dispatch = RoomAgentDispatch(
            agent_name=self._settings.agent_name, metadata=json.dumps(asdict(told))
        )
        token = (
            api.AccessToken(self._livekit.api_key, self._livekit.api_secret.get_secret_value())
            .with_identity(f"user-{secrets.token_urlsafe(12)}")
            .with_ttl(timedelta(seconds=self._settings.token_ttl_s))
            .with_grants(grants)
            # A restarted SFU knows no dispatch: what it was about comes back with the caller.
            .with_metadata(dispatch.metadata)
            .with_room_config(
                RoomConfiguration(
                    agents=[dispatch],
                    empty_timeout=EMPTY_ROOM_TIMEOUT_S,
                    departure_timeout=DEPARTURE_TIMEOUT_S,
                )
            )
        )
        log.info("token_issued", conversation_id=told.conversation_id, room=room)
        return TokenResponse(
            server_url=self._livekit.public_url or self._livekit.url,
            participant_token=token.to_jwt(),
            conversation_id=told.conversation_id,
        )


def token_routes(desk: TokenDesk) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["token"])

    @router.post(
        "/token",
        status_code=201,
        responses=documented(Forbidden, NotFound, RateLimited, Unavailable),
    )
    async def token(
        request: Request,
        response: Response,
        body: Annotated[TokenRequest | None, Body()] = None,
    ) -> TokenResponse:
        """A token for one new room and one call."""
        response.headers["cache-control"] = "no-store"
        address = request.client.host if request.client else "unknown"
        return await desk.issue(body or TokenRequest(), request.headers.get("origin"), address)

    return router
