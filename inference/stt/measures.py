"""The numbers the speech-to-text server exports."""

from chassis.metrics import Metrics

BATCH_BUCKETS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
RTF_BUCKETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0)


class Measures:
    """Streams, audio heard, speed and delay."""

    def __init__(self, metrics: Metrics) -> None:
        self.sockets = metrics.gauge("realtime_sockets", "realtime connections open")
        self.streams = metrics.gauge("streams_active", "utterances being written down live")
        self.audio_seconds = metrics.counter("audio_seconds_total", "sound decoded", ["kind"])
        self.rtf = metrics.histogram(
            "rtf", "compute time by audio time, an utterance", ["kind"], buckets=RTF_BUCKETS
        )
        self.first_interim_seconds = metrics.histogram(
            "first_interim_seconds", "from an utterance's start to its first settled word"
        )
        self.final_seconds = metrics.histogram(
            "final_seconds", "from an utterance's commit to its final transcript"
        )

        self.batch_size = metrics.histogram(
            "batch_size", "streams stepped in one forward pass", buckets=BATCH_BUCKETS
        )
        self.step_seconds = metrics.histogram("step_seconds", "one forward pass over its streams")
        self.step_wait_seconds = metrics.histogram(
            "step_wait_seconds", "from a stream's sound to the pass that takes it"
        )

    def stepped(self, batch_size: int, waited_s: float, took_s: float) -> None:
        """One pass of an engine that batches; called from its thread."""
        self.batch_size.observe(batch_size)
        self.step_wait_seconds.observe(waited_s)
        self.step_seconds.observe(took_s)

    def decoded(self, kind: str, audio_s: float, compute_s: float) -> None:
        self.audio_seconds.labels(kind).inc(audio_s)
        if audio_s:
            self.rtf.labels(kind).observe(compute_s / audio_s)
