"""NeMo's pipeline of cache-aware transducers, typed: what is used of it, and nothing else.

It is young and its parts move between versions: whatever is missing, or has another shape, becomes
EngineFailed with the version's number, never a wrong text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.audio import RATE_HZ
from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Samples

USED = (
    "transcribe_step",
    "get_state",
    "delete_state",
    "vocabulary",
    "chunk_size_in_secs",
    "model_stride_in_secs",
    "prompt_enabled",
    "context_manager.streamidx2slotidx",
    "context_manager.reset_slots",
    "bufferer.streamidx2slotidx",
    "bufferer.free_slots",
)
USED_OF_STATE = ("tokens", "timesteps", "cleanup_after_eou")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A chunk of a stream's sound."""

    stream: int
    samples: Samples
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the model wrote, and when: in steps of its encoder from the start of the stream."""

    number: int
    at: int


class Pipeline:
    """One thread's own. A stream takes a slot with its first frame, until `free`."""

    def __init__(self, pipeline: Any, version: str) -> None:
        self._pipeline = pipeline
        self._version = version
        for name in USED:
            self._of(pipeline, name)
        if pipeline.prompt_enabled:
            raise EngineFailed("the model must be told the language of each stream: not known here")
        self.vocabulary: tuple[str, ...] = tuple(pipeline.vocabulary)
        self.chunk = round(float(pipeline.chunk_size_in_secs) * RATE_HZ)  # samples
        self.stride_s = float(pipeline.model_stride_in_secs)

    @property
    def slots_taken(self) -> int:
        """Of whichever of its two stores holds more."""
        parts = (self._pipeline.context_manager, self._pipeline.bufferer)
        return max(len(part.streamidx2slotidx) for part in parts)

    def step(self, frames: Sequence[Frame]) -> list[list[Token]]:
        """What each stream's frame added to its text."""
        for frame in frames:
            if len(frame.samples) != self.chunk:  # NeMo would take a shorter one, and mishear
                raise EngineFailed(
                    f"a frame of {len(frame.samples)} samples: it takes {self.chunk}"
                )
        requests = [self._request(frame) for frame in frames]
        try:
            self._pipeline.transcribe_step(requests)
        except Exception as exc:  # whatever torch and NeMo raise
            raise EngineFailed(
                f"NeMo {self._version} failed at a step: {type(exc).__name__}: {exc}"
            ) from exc
        return [self._written(frame.stream) for frame in frames]

    def free(self, stream: int) -> None:
        """Its slots and its state; none to free is fine. Costs no step of the model.

        NeMo itself frees a stream only by one more step, with a last frame.
        """
        context, bufferer = self._pipeline.context_manager, self._pipeline.bufferer
        if stream in context.streamidx2slotidx:
            context.reset_slots([stream], [True])
        if stream in bufferer.streamidx2slotidx:
            bufferer.free_slots([bufferer.streamidx2slotidx[stream]])
        self._pipeline.delete_state(stream)

    def _request(self, frame: Frame) -> Any:
        import torch
        from nemo.collections.asr.inference.streaming.framing import request, request_options

        return request.Frame(
            samples=torch.from_numpy(frame.samples),
            stream_id=frame.stream,
            is_first=frame.first,
            options=request_options.ASRRequestOptions() if frame.first else None,
        )

    def _written(self, stream: int) -> list[Token]:
        """Read from the state, which is then emptied: it keeps texts until an utterance ends."""
        state = self._pipeline.get_state(stream)
        tokens, times, _ = (self._of(state, name) for name in USED_OF_STATE)
        if len(tokens) != len(times):
            self._changed(f"{len(tokens)} tokens with {len(times)} times")
        known = range(len(self.vocabulary))
        written = []
        for token, at in zip(tokens, times, strict=True):
            if not isinstance(token, int) or token not in known or int(at) != at:
                self._changed(f"token {token!r} at {at!r}")
            written.append(Token(number=token, at=int(at)))
        state.cleanup_after_eou()
        return written

    def _of(self, what: Any, path: str) -> Any:
        found = what
        for name in path.split("."):
            if not hasattr(found, name):
                self._changed(f"{type(what).__name__} has no {path}")
            found = getattr(found, name)
        return found

    def _changed(self, how: str) -> None:
        raise EngineFailed(f"NeMo {self._version} is not as known here: {how}")
