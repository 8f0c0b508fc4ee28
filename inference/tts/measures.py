"""The numbers of the text-to-speech server."""

from chassis.metrics import Metrics

RTF_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0)


class Measures:
    """Names and buckets in one place; everything else only observes."""

    def __init__(self, metrics: Metrics) -> None:
        self.ttfb = metrics.histogram(
            "ttfb_seconds", "request read to first audio byte handed to the connection", ["format"]
        )
        self.first_sound = metrics.histogram(
            "first_sound_seconds", "request read to first sample that can be heard"
        )
        self.rtf = metrics.histogram(
            "rtf", "compute time of a phrase by its audio time", buckets=RTF_BUCKETS
        )
        self.audio_s = metrics.counter("audio_seconds_total", "audio made")
        self.engine_busy_s = metrics.counter("engine_busy_seconds_total", "compute time of phrases")
        self.open = metrics.gauge("speeches", "requests being spoken or waiting")
        self.queue_depth = metrics.gauge("queue_depth", "requests beyond the slots")
        self.refused = metrics.counter(
            "queue_refusals_total", "requests refused: the queue was full"
        )
        self.cancelled = metrics.counter(
            "cancelled_total", "requests whose client left before the end"
        )

    def phrase(self, audio_s: float, busy_s: float) -> None:
        """One phrase was spoken, whole or until its client left."""
        self.audio_s.inc(audio_s)
        self.engine_busy_s.inc(busy_s)
        if audio_s > 0:
            self.rtf.observe(busy_s / audio_s)
