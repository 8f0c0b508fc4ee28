"""A telephone call around its conversation: who calls whom, what the backend says of it, when it
is picked up, and the one sentence of a call for which no line is free."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from livekit import rtc
from livekit.agents import JobContext
from livekit.agents.utils.participant import wait_for_participant_attribute

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.backend_client import BackendClient, BackendUnavailable, KnownCall, LinesBusy
from livekit_agent.call_metadata import BUSY_MARK, CallMetadata
from livekit_agent.clips import SAMPLE_RATE_HZ

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
THERE_WITHIN_S = 10.0  # whoever it is: their telephone is in the room while it rings
PICKED_UP_WITHIN_S = 10.0  # livekit-sip picks up when it can hear the agent
ANSWERED_WITHIN_S = 120.0  # by whom we call: the backend lets it ring for less
SAID_WITHIN_S = 20.0
CLAIMED_HOST = "sip.hostname"  # of the From of a call that comes in
DELETED_WITHIN_S = 3.0
ANNOUNCED_TRIES = 2  # a second each; the caller hears it ring
DIAL_RESULTS: dict[int, EndedReason] = {
    rtc.DisconnectReason.USER_REJECTED: EndedReason.CALLEE_BUSY,
    rtc.DisconnectReason.SIP_TRUNK_FAILURE: EndedReason.DIAL_FAILED,
    rtc.DisconnectReason.UNKNOWN_REASON: EndedReason.DIAL_FAILED,
}

log = get_logger(__name__)


class NoCall(Exception):
    """There is nobody to talk to."""

    def __init__(self, reason: EndedReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCall:
    """`identity`: of the other side in the room. `call_id` None: the backend does not know of it.
    `is_busy`: there is no line for it."""

    metadata: CallMetadata
    identity: str
    call_id: str | None = None
    is_busy: bool = False


async def taken(ctx: JobContext, backend: BackendClient, metadata: CallMetadata) -> PhoneCall:
    """Join the room of a call and tell the backend; of one that goes out, once somebody answered.
    Raises NoCall."""
    await ctx.connect()
    outbound = metadata.direction == "outbound"
    try:
        async with asyncio.timeout(THERE_WITHIN_S):
            person = await ctx.wait_for_participant(kind=SIP)
    except (TimeoutError, RuntimeError) as exc:  # RuntimeError: the room is gone
        raise NoCall(EndedReason.DIAL_FAILED if outbound else EndedReason.USER_HUNG_UP) from exc
    if not outbound and _claims_a_network(person):
        log.warning("stranger_refused")
        raise NoCall(EndedReason.ROOM_CLOSED)
    if outbound and not await picked_up(ctx.room, person.identity, ANSWERED_WITHIN_S):
        raise NoCall(dial_result(person.disconnect_reason))
    call = await _announced(ctx, backend, metadata, person)
    marked = BUSY_MARK in ctx.room.local_participant.attributes
    return replace(call, is_busy=call.is_busy or marked)


async def picked_up(room: rtc.Room, identity: str, within_s: float = PICKED_UP_WITHIN_S) -> bool:
    """Wait until the call is: what is said before is heard by nobody. False: it never was."""
    try:
        async with asyncio.timeout(within_s):
            await wait_for_participant_attribute(
                room, identity=identity, attribute="sip.callStatus", value="active"
            )
    except (TimeoutError, RuntimeError) as exc:  # RuntimeError: they are gone
        log.info("call_not_picked_up", because=type(exc).__name__)
        return False
    return True


def dial_result(disconnected: int | None) -> EndedReason:
    """Why nobody answered. `disconnected`: how livekit-sip left; None: it still rings."""
    if disconnected is None:
        return EndedReason.NOT_ANSWERED
    return DIAL_RESULTS.get(disconnected, EndedReason.NOT_ANSWERED)


async def say_busy(ctx: JobContext, call: PhoneCall, frames: Sequence[rtc.AudioFrame]) -> None:
    """The sentence, without a session: no engine is troubled for a call that has no line."""
    source = rtc.AudioSource(SAMPLE_RATE_HZ, 1)
    track = rtc.LocalAudioTrack.create_audio_track("lines_busy", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    try:
        async with asyncio.timeout(SAID_WITHIN_S):
            await ctx.room.local_participant.publish_track(track, options)
            if await picked_up(ctx.room, call.identity):
                for frame in frames:
                    await source.capture_frame(frame)
                await source.wait_for_playout()
    except (TimeoutError, RuntimeError, rtc.ConnectError) as exc:  # the caller would not wait
        log.info("busy_not_said", reason=type(exc).__name__)
    finally:
        await source.aclose()


async def closed(ctx: JobContext) -> None:
    """The room is deleted, which hangs up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DELETED_WITHIN_S):
            await ctx.delete_room()


def _claims_a_network(person: rtc.RemoteParticipant) -> bool:
    """Whether they say that they call from a host named as one of the line's networks is: the SFU
    compares these also with what callers say of themselves, and lets in who says the same. No host
    has such a name."""
    return "/" in person.attributes.get(CLAIMED_HOST, "")


async def _announced(
    ctx: JobContext, backend: BackendClient, metadata: CallMetadata, person: rtc.RemoteParticipant
) -> PhoneCall:
    told = person.attributes
    metadata = metadata.model_copy(update={"caller": told.get("sip.phoneNumber", "")})
    call = PhoneCall(metadata=metadata, identity=person.identity)
    numbers = (told.get("sip.phoneNumber"), told.get("sip.trunkPhoneNumber"))
    caller, called = numbers if metadata.direction == "inbound" else reversed(numbers)
    for _ in range(ANNOUNCED_TRIES):
        try:
            known = await backend.call_began(
                room=ctx.job.room.name,
                line_id=metadata.line_id,
                direction=metadata.direction,
                caller=caller,
                called=called,
                sip_call_id=told.get("sip.callIDFull") or told.get("sip.callID"),
                pin_typed=metadata.pin_typed,
            )
        except LinesBusy:
            return replace(call, is_busy=True)
        except BackendUnavailable as exc:
            log.warning("call_not_announced", reason=str(exc))
        else:
            return replace(call, call_id=known.call_id, metadata=_of_record(metadata, known))
    return call


def _of_record(metadata: CallMetadata, known: KnownCall) -> CallMetadata:
    return metadata.model_copy(
        update={
            "conversation_id": known.conversation_id,
            "user_id": known.user_id,
            "persona_id": known.persona_id or metadata.persona_id,
        }
    )
