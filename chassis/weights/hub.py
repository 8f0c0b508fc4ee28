"""Fetch a model's files from the hub or a mirror: resumed, checked, cancellable."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chassis.weights.catalogue import Model
from chassis.weights.store import ModelStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a download is. `done_bytes` counts what was here before."""

    done_bytes: int
    total_bytes: int
    file: str


async def pull(store: ModelStore, model: Model, *, on_progress: Callable[[Progress], None]) -> Path:
    """Have `model` here, whole and checked; its folder. At once when it is here already.

    `on_progress` runs on the event loop, a few times a second. Raises WeightsError. Cancelled or
    killed at any point, the next `pull` goes on where this one stopped.
    """
    raise NotImplementedError
