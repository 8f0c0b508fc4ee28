"""What a call's process does: it gets ready, holds its call, and ends it when it is told to."""

import asyncio
from pathlib import Path

import structlog
from livekit.agents import JobContext, JobProcess

from chassis.ended import EndedReason
from chassis.logs import configure_logs, get_logger
from chassis.metrics import Metrics
from chassis.room_names import kept_name
from chassis.settings import InternalSettings, load_settings
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.call_numbers import NumbersSender
from livekit_agent.clips import Clips
from livekit_agent.conversation import Call
from livekit_agent.engines import load_vad
from livekit_agent.journal import Journal
from livekit_agent.phone_call import NoCall, PhoneCall, closed, say_busy, taken
from livekit_agent.settings import AgentSettings
from livekit_agent.tracing import start_tracing
from livekit_agent.worker_parts import JobParts

OVER_WITHIN_S = 5.0  # the last record, the last event, and the parts of the call

log = get_logger(__name__)


def prewarm(numbers_address: str, turn_socket: Path, process: JobProcess) -> None:
    """What each job process has ready before its call. `numbers_address`: where to tell what it
    counts. `turn_socket`: of the turn scorer."""
    settings = load_settings(AgentSettings)
    configure_logs("agent", level=settings.log_level, log_format=settings.log_format)
    if settings.otlp_url is not None:
        start_tracing(settings.otlp_url)
    counted, asked = Metrics("agent"), Metrics("agent_call")
    sender = NumbersSender(numbers_address, [counted.registry, asked.registry])
    process.userdata["parts"] = JobParts(
        settings=settings,
        service_key=load_settings(InternalSettings).key,
        metrics=CallMetrics(counted, sender.send),
        client_metrics=asked,
        vad=load_vad(settings),
        turn_socket=turn_socket if settings.turn_detector == "v1-mini" else None,
    )


async def answer_call(ctx: JobContext) -> None:
    """Entry point of a job. Returns once the call is open: a job that is told to end waits for
    this to return before it tells the call."""
    opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    call = asyncio.create_task(_hold_call(ctx, opened), name="call")
    ctx.proc.userdata["call"] = call
    try:
        await asyncio.wait({call, opened}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        call.cancel()
        raise
    if call.done():
        call.result()  # what kept it from being opened is the job's failure


async def call_over(ctx: JobContext) -> None:
    """The session is closed: until the call has told why, and is gone."""
    call: asyncio.Task[None] = ctx.proc.userdata["call"]
    await asyncio.wait({call}, timeout=OVER_WITHIN_S)
    if not call.done():
        log.warning("call_cut_off")
        call.cancel()
        await asyncio.wait({call}, timeout=OVER_WITHIN_S)


async def _hold_call(ctx: JobContext, opened: "asyncio.Future[None]") -> None:
    """Hold the conversation in `ctx.room` until one side leaves."""
    parts: JobParts = ctx.proc.userdata["parts"]
    metadata = CallMetadata.of(ctx.job.metadata, ctx.job.room.name)
    structlog.contextvars.bind_contextvars(
        room=kept_name(ctx.job.room.name),
        conversation_id=metadata.conversation_id,
        channel=metadata.channel,
    )
    why = "the call failed"
    try:
        async with parts.open_backend() as (backend, outbox):
            phone: PhoneCall | None = None
            if metadata.channel == "sip":
                phone = await taken(ctx, backend, metadata)
                metadata = phone.metadata
                structlog.contextvars.bind_contextvars(conversation_id=metadata.conversation_id)
            journal = Journal(
                outbox,
                metadata.conversation_id,
                user_id=metadata.user_id,
                call_id=phone.call_id if phone is not None else None,
            )
            if phone is not None and phone.is_busy:
                reason = await _turned_away(ctx, parts, phone, journal)
            else:
                async with Call(ctx, parts, metadata, backend, journal, phone) as call:
                    log.info("call_started", resumed=metadata.resume)
                    opened.set_result(None)
                    reason = await call.ended()
        log.info("call_ended", reason=reason.value)
        why = reason.value
    except NoCall as exc:
        log.info("no_call", reason=exc.reason.value)
        why = exc.reason.value
        await closed(ctx)
    finally:
        ctx.shutdown(reason=why)


async def _turned_away(
    ctx: JobContext, parts: JobParts, phone: PhoneCall, journal: Journal
) -> EndedReason:
    """A telephone call that there is no line for hears that, and is hung up."""
    settings, reason = parts.settings, EndedReason.LINES_BUSY
    frames = Clips(settings).frames("lines_busy", settings.tts_voice, settings.language)
    async with journal:
        journal.refused(reason)
        await say_busy(ctx, phone, frames)
    parts.metrics.ended(reason)
    await closed(ctx)
    return reason
