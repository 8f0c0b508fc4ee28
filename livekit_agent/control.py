"""What the caller's screen may ask of the agent: RPC methods, for the call's own user only."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from livekit import rtc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.logs import get_logger
from livekit_agent.tools.contract import ToolFailure

WITHIN_S = 5.0
MAX_NAME_CHARS = 100
ALIVE_METHOD = "parley.alive"  # the backend's room watcher asks once a second

log = get_logger(__name__)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nothing(_Request):
    """Of methods that take nothing."""


class SetVoice(_Request):
    voice: str = Field(min_length=1, max_length=MAX_NAME_CHARS)


class SetPersona(_Request):
    persona: str = Field(min_length=1, max_length=MAX_NAME_CHARS)


class Mute(_Request):
    """Whether the agent is to hear nothing."""

    muted: bool


class PushToTalk(_Request):
    """`pressed`: the key goes down; not: it is let go, and what was said is a turn. None: it is put
    away."""

    pressed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What the call does when asked."""

    interrupt: Callable[[], Awaitable[None]]
    set_voice: Callable[[str], Awaitable[None]]
    set_persona: Callable[[str], Awaitable[None]]
    mute: Callable[[bool], Awaitable[None]]
    push_to_talk: Callable[[bool | None], Awaitable[None]]


class Control:
    """Serves `parley.*` RPC methods. Enter it once the room is joined."""

    def __init__(self, room: rtc.Room, actions: Actions) -> None:
        self._room = room
        self._methods: dict[str, tuple[type[_Request], Callable[..., Awaitable[None]]]] = {
            "parley.interrupt": (Nothing, lambda _: actions.interrupt()),
            "parley.set_voice": (SetVoice, lambda r: actions.set_voice(r.voice)),
            "parley.set_persona": (SetPersona, lambda r: actions.set_persona(r.persona)),
            "parley.mute": (Mute, lambda r: actions.mute(r.muted)),
            "parley.push_to_talk": (PushToTalk, lambda r: actions.push_to_talk(r.pressed)),
        }

    async def __aenter__(self) -> Self:
        self._room.local_participant.register_rpc_method(ALIVE_METHOD, _alive)
        for name in self._methods:
            self._room.local_participant.register_rpc_method(name, self._handler(name))
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in (ALIVE_METHOD, *self._methods):
            self._room.local_participant.unregister_rpc_method(name)

    def _handler(self, name: str) -> Callable[[rtc.RpcInvocationData], Awaitable[str]]:
        request_type, act = self._methods[name]

        async def handle(data: rtc.RpcInvocationData) -> str:
            self._check_caller(data.caller_identity)
            try:
                request = request_type.model_validate_json(data.payload or "{}")
                async with asyncio.timeout(WITHIN_S):
                    await act(request)
            except ValidationError as exc:
                field = ".".join(str(part) for part in exc.errors()[0]["loc"]) or "payload"
                raise _refused("invalid_request", f"{field}: {exc.errors()[0]['msg']}") from exc
            except ToolFailure as exc:
                raise _refused(exc.code, exc.message) from exc
            except TimeoutError as exc:
                raise _refused("timeout", f"not done within {WITHIN_S:g} seconds") from exc
            log.info("controlled", method=name)
            return "{}"

        return handle

    def _check_caller(self, identity: str) -> None:
        """Another agent, or a stranger in the room, steers nothing."""
        caller = self._room.remote_participants.get(identity)
        kinds = (
            rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
            rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
        )
        users = [p for p in self._room.remote_participants.values() if p.kind in kinds]
        if caller is None or caller.kind not in kinds or users[0].identity != identity:
            raise _refused("forbidden", "only the user of this call may do that")


async def _alive(_: rtc.RpcInvocationData) -> str:
    return ""  # that the event loop runs is the whole answer, and no secret


def _refused(code: str, message: str) -> rtc.RpcError:
    return rtc.RpcError(
        rtc.RpcError.ErrorCode.APPLICATION_ERROR,
        message,
        json.dumps({"error": {"code": code, "message": message}}),
    )
