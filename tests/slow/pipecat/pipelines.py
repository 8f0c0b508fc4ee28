"""A pipecat pipeline as a bot runs it, and the frames that come out at its end."""

# mypy: disable-error-code="import-not-found"
# It is installed in an environment of its own.

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pipecat.frames.frames import EndFrame, Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection
from pipecat.tests.utils import QueuedFrameProcessor
from pipecat.workers.runner import WorkerRunner

WITHIN_S = 20.0


class Running:
    """What goes in, and what comes out."""

    def __init__(self, worker: Any, frames: asyncio.Queue[Any]) -> None:
        self._worker = worker
        self._frames = frames

    async def put(self, *frames: Frame) -> None:
        for frame in frames:
            await self._worker.queue_frame(frame)

    async def until(self, *kinds: type[Frame]) -> list[Frame]:
        """The frames that came, to the first of `kinds`."""
        came: list[Frame] = []
        async with asyncio.timeout(WITHIN_S):
            while not came or not isinstance(came[-1], kinds):
                came.append(await self._frames.get())
        return came


@asynccontextmanager
async def running(*processors: Any, behind: Sequence[Any] = ()) -> AsyncIterator[Running]:
    """`behind`: processors that take in what is looked at."""
    frames: asyncio.Queue[Frame] = asyncio.Queue()
    down = QueuedFrameProcessor(queue=frames, queue_direction=FrameDirection.DOWNSTREAM)
    up = QueuedFrameProcessor(queue=frames, queue_direction=FrameDirection.UPSTREAM)
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
    worker = PipelineWorker(Pipeline([up, *processors, down, *behind]), params=params)
    started = asyncio.Event()

    async def begun(*_: object) -> None:
        started.set()

    worker.add_event_handler("on_pipeline_started", begun)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running_ = asyncio.create_task(runner.run())
    try:
        await asyncio.wait_for(started.wait(), WITHIN_S)
        yield Running(worker, frames)
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(running_, WITHIN_S)
    finally:
        running_.cancel()
        await asyncio.gather(running_, return_exceptions=True)
