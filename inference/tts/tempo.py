"""Slow speech down without lowering its pitch."""

from fractions import Fraction

import av
import av.filter
import numpy as np

from inference.tts.engine import SAMPLE_RATE_HZ, Samples

MIN_STEP = 0.5  # ffmpeg's atempo goes no lower; the rest is another step
_TIME_BASE = Fraction(1, SAMPLE_RATE_HZ)


class Tempo:
    """A stream of samples at `factor` of its tempo (0.5: twice as long)."""

    def __init__(self, factor: float) -> None:
        self._graph = av.filter.Graph()
        nodes = [
            self._graph.add_abuffer(
                format="flt", sample_rate=SAMPLE_RATE_HZ, layout="mono", time_base=_TIME_BASE
            )
        ]
        while factor < MIN_STEP:
            nodes.append(self._graph.add("atempo", str(MIN_STEP)))
            factor /= MIN_STEP
        nodes.append(self._graph.add("atempo", f"{factor:.4f}"))
        nodes.append(self._graph.add("abuffersink"))
        self._graph.link_nodes(*nodes).configure()
        self._taken = 0

    def push(self, samples: Samples) -> Samples:
        """What is ready now; may be empty."""
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.time_base = _TIME_BASE
        frame.pts = self._taken
        self._taken += samples.size
        self._graph.push(frame)
        return self._ready()

    def finish(self) -> Samples:
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> Samples:
        made: list[Samples] = [np.zeros(0, np.float32)]
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return np.concatenate(made)
            assert isinstance(frame, av.AudioFrame)
            made.append(frame.to_ndarray().reshape(-1).astype(np.float32, copy=False))
