"""What the SDK calls in a call's process. The worker names these functions and runs none: what they
need is loaded where calls are, and not in the worker too."""

from pathlib import Path

from livekit.agents import JobContext, JobProcess


def prewarm(numbers_address: str, turn_socket: Path, process: JobProcess) -> None:
    """Before a call. `numbers_address`: of the worker's `CallNumbers`; `turn_socket`: of its turn
    scorer."""
    from livekit_agent import job

    job.prewarm(numbers_address, turn_socket, process)


async def answer_call(ctx: JobContext) -> None:
    """A call begins; returns once it is open."""
    from livekit_agent import job

    await job.answer_call(ctx)


async def call_over(ctx: JobContext) -> None:
    """Its session is closed."""
    from livekit_agent import job

    await job.call_over(ctx)
