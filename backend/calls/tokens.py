"""Tokens for calls: room, identity and grants are the server's to choose."""

import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import timedelta

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from livekit import api
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration

from backend.accounts.sign_in import Principal
from backend.calls.admission import Admission
from backend.calls.keys import LiveKitKeys
from backend.calls.schema import Dispatch, TokenRequest, TokenResponse
from backend.conversations.deleted import bury
from backend.conversations.recorded import find_conversation
from backend.data.db import Database
from backend.health.status import Services
from backend.limits import limits_storage
from backend.personas.options import Options
from backend.personas.stored import find_persona
from backend.settings import BackendSettings
from chassis.errors import InvalidRequest, NotFound, ParleyError, RateLimited, Unavailable
from chassis.logs import get_logger
from chassis.metrics import Metrics

UNREADY_RETRY_S = 2.0
EMPTY_ROOM_TIMEOUT_S = 60
DEPARTURE_TIMEOUT_S = 20

# `parley doctor`: no user, whose calls leave nothing behind.
DOCTOR = Principal(user_id="doctor", role="member")
NO_SFU = "voice_server_unreachable"
NO_AGENT = "no_agent_available"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskParts:
    """What tokens stand on."""

    settings: BackendSettings
    keys: LiveKitKeys
    services: Services
    database: Database
    admission: Admission
    options: Options
    metrics: Metrics


class TokenDesk:
    """Hands out tokens. Minting opens nothing: a page may ask ahead and never call."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._limiter = MovingWindowRateLimiter(limits_storage(parts.settings.limits_url))
        self._limit = RateLimitItemPerMinute(parts.settings.tokens_per_minute)
        self._refused = parts.metrics.counter(
            "tokens_refused_total", "calls refused", {"code": (NO_SFU, NO_AGENT)}
        )

    async def issue(self, request: TokenRequest, who: Principal, address: str) -> TokenResponse:
        """Raises what the caller can be told: see the routes."""
        try:
            return await self._issue(request, who, address)
        except ParleyError as exc:
            self._refused.labels(exc.error_code).inc()
            raise

    async def _issue(self, request: TokenRequest, who: Principal, address: str) -> TokenResponse:
        self._check_choices(request)
        await self._check_rate(address)
        # A room opened before the worker is registered never gets an agent: do not trust a memory.
        await self._parts.services.health.refresh("sfu", "agent")
        self._check_ready()
        dispatch = await self._dispatch(request, who)
        page = request.ticket or f"{who.session_id} {address}"
        room = await self._parts.admission.admit(who, page)
        if who is DOCTOR:
            await self._forget(dispatch.conversation_id)
        return self._mint(dispatch, room)

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
        try:
            if await self._limiter.hit(self._limit, "token", address):
                return
            window = await self._limiter.get_window_stats(self._limit, "token", address)
        except StorageError as exc:  # lines and shares are counted without it
            log.warning("tokens_not_counted", reason=str(exc))
            return
        wait_s = max(1.0, window.reset_time - time.time())
        raise RateLimited("too many calls started", param="address", retry_after_s=wait_s)

    def _check_ready(self) -> None:
        services = self._parts.services
        if services.code_of("sfu") is not None:
            raise Unavailable(
                "the voice server cannot be reached",
                code=NO_SFU,
                retry_after_s=UNREADY_RETRY_S,
            )
        # Whose lines are all busy can be waited for.
        if services.code_of("agent") not in (None, "lines_busy"):
            raise Unavailable(
                "no agent can take a call now",
                code=NO_AGENT,
                retry_after_s=UNREADY_RETRY_S,
            )

    async def _dispatch(self, request: TokenRequest, who: Principal) -> Dispatch:
        await self._parts.options.check_voice(request.voice)
        persona_id = None
        if request.conversation_id is not None or request.persona_id is not None:
            # A plain call must not wait for the database: it can be had without.
            persona_id = await self._persona_of(request, who.user_id)
        return Dispatch(
            conversation_id=request.conversation_id or secrets.token_urlsafe(16),
            user_id=who.user_id,
            persona_id=persona_id,
            voice=request.voice,
            resume=request.conversation_id is not None,
        )

    async def _persona_of(self, request: TokenRequest, user_id: str) -> str | None:
        """Raises NotFound for what is not there, or is another user's."""
        persona_id = None
        async with self._parts.database.reading() as session:
            if request.persona_id is not None:
                persona = await find_persona(
                    session, request.persona_id, user_id=user_id, param="persona_id"
                )
                persona_id = persona.id
            if request.conversation_id is not None:
                known = await find_conversation(session, request.conversation_id)
                if known is None or known.user_id != user_id:
                    raise NotFound("there is no such conversation", param="conversation_id")
                persona_id = persona_id or known.persona_id
        return persona_id

    async def _forget(self, conversation_id: str) -> None:
        """What the agent will record of it is refused, as of one that was deleted."""
        async with self._parts.database.writing() as session:
            await bury(session, conversation_id)

    def _mint(self, told: Dispatch, room: str) -> TokenResponse:
        livekit = self._parts.keys.now()
        dispatch = RoomAgentDispatch(
            agent_name=self._settings.agent_name, metadata=json.dumps(asdict(told))
        )
        token = (
            api.AccessToken(livekit.api_key, livekit.api_secret.get_secret_value())
            .with_identity(f"user-{secrets.token_urlsafe(12)}")
            .with_ttl(timedelta(seconds=self._settings.token_ttl_s))
            .with_grants(_grants(room))
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
            server_url=livekit.public_url or livekit.url,
            participant_token=token.to_jwt(),
            conversation_id=told.conversation_id,
        )


def _grants(room: str) -> api.VideoGrants:
    return api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_publish_data=True,
        can_subscribe=True,
        can_update_own_metadata=False,
    )
