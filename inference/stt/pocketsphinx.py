"""The embedded engine: pocketsphinx, taught the assistant's sentences, with general English beside.

Two decoders hear the same sound. The first knows only the assistant's sentences and hardly errs
within them; the second knows 10 000 words more. Where the second fits the sound much better, what
was said is none of the sentences. Exactly right, of 25 sentences of the assistant and 11 others in
two voices through Opus, loud and quiet: the first alone 97 of 100 and 7 of 44, the second alone 91
and 29, the two together 97 and 27.
"""

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from inference.audio import RATE_HZ, Pcm, amplified, gain_to_level, loud_part
from inference.stt.agreement import Agreement
from inference.stt.engine import (
    Abilities,
    EngineFailed,
    Hypothesis,
    Options,
    Segment,
    Transcript,
    Word,
)
from inference.stt.language_model import GENERAL_MODEL, ModelFiles, model_files
from inference.stt.priming import SpeechFrames
from inference.stt.restarting import RestartingStream
from inference.stt.sphinx_library import FRAME_HZ, Decoder, LanguageModel, SphinxError

# Features are measured from the mean of the first speech heard; with the library's own default mean
# 84 of 100 sentences come out, not 96. Silence must not count: with 0.6 s of it in the mean nothing
# comes out. Less speech than this is a phoneme's mean, not a speaker's; more delays the first word.
PRIME_S = 0.5
LANGUAGE_WEIGHT = 6.5
WORD_PENALTY = 0.65
# General English within the second decoder; a power of the language weight, as scores are.
GENERAL_WEIGHT = 1e-3
# Log score a frame by which general English must fit better. Measured: the assistant's sentences
# lie below 1.0, other speech above it in 35 of 37 cases where the words differ.
OTHER_MARGIN = 1.0
# A word that ended this long ago is no longer part of the next one.
SETTLED_S = 0.2


class Pocketsphinx:
    """An `engine.Engine`. Pairs of decoders are made when first needed, then kept."""

    abilities = Abilities(languages=frozenset({"en"}))
    batch = 1

    def __init__(
        self,
        *,
        model: str,
        sentences: Callable[[], list[str]],
        cache_dir: Path,
        open_vocabulary: bool,
        slots: int,
    ) -> None:
        self.model = model
        self._sentences = sentences
        self._cache_dir = cache_dir
        self._open_vocabulary = open_vocabulary
        self.concurrency = slots
        self._idle: queue.LifoQueue[_Pair] = queue.LifoQueue()
        self._beside: ThreadPoolExecutor | None = None
        self._files: ModelFiles | None = None

    def __enter__(self) -> Self:
        self._beside = ThreadPoolExecutor(self.concurrency, thread_name_prefix="second-decoder")
        with _failures_named():
            self._files = model_files(self._sentences(), self._cache_dir)
            self._give_back(self._taken())  # loaded now: a bad model shows at the start
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._beside is not None
        self._beside.shutdown()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def transcribe(self, sounds: Sequence[Pcm], options: Options) -> list[Transcript]:
        return [self._transcript(sound) for sound in sounds]

    def open_stream(self, options: Options) -> RestartingStream:
        return RestartingStream(self._open_pass)

    def _transcript(self, sound: Pcm) -> Transcript:
        whole = self._open_pass()
        try:
            whole.push(sound)
            return whole.finish()
        finally:
            whole.close()

    def _open_pass(self) -> "_Pass":
        with _failures_named():
            return _Pass(self._taken(), self._give_back)

    def _taken(self) -> "_Pair":
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            assert self._files is not None
            assert self._beside is not None
            return _Pair(self._files, self._beside, open_vocabulary=self._open_vocabulary)

    def _give_back(self, pair: "_Pair") -> None:
        self._idle.put(pair)


class _Pass:
    """A `restarting.OneShot` on a pair of decoders."""

    def __init__(self, pair: "_Pair", give_back: Callable[["_Pair"], None]) -> None:
        self._pair: _Pair | None = pair
        self._give_back = give_back
        self._waiting: list[Pcm] = []  # until there is enough speech to prime with
        self._speech = np.empty(0, np.int16)  # of what waits
        self._speech_frames = SpeechFrames()
        self._gain: float | None = None
        self._agreement = Agreement()
        self._open = False

    def push(self, pcm: Pcm) -> Hypothesis:
        with _failures_named():
            pair = self._taken_pair()
            if self._gain is not None:
                pair.push(amplified(pcm, self._gain))
            else:
                self._wait(pcm)
                if len(self._speech) < PRIME_S * RATE_HZ or not self._begin(pair):
                    return Hypothesis()
            return self._agreement.seen(*pair.words())

    def finish(self) -> Transcript:
        with _failures_named():
            pair = self._taken_pair()
            if self._gain is None and not self._begin(pair):
                return Transcript()
            self._open = False
            return pair.end()

    def close(self) -> None:
        pair, self._pair = self._pair, None
        if pair is None:
            return
        if self._open:
            pair.abandon()
        self._give_back(pair)

    def _wait(self, pcm: Pcm) -> None:
        self._waiting.append(pcm)
        self._speech = np.concatenate([self._speech, self._speech_frames.of(pcm)])

    def _begin(self, pair: "_Pair") -> bool:
        """Start the decoders with the sound so far; False: there is no sound in it."""
        sound = np.concatenate(self._waiting) if self._waiting else np.empty(0, np.int16)
        speech = loud_part(self._speech if len(self._speech) else sound)
        gain = gain_to_level(speech)
        if not len(speech) or not pair.start(amplified(speech, gain)):
            return False
        sound = amplified(sound, gain)
        self._waiting.clear()
        self._gain = gain
        self._open = True
        pair.push(sound)
        return True

    def _taken_pair(self) -> "_Pair":
        if self._pair is None:
            raise SphinxError("the stream is closed")
        return self._pair


class _Pair:
    """The decoder of the assistant's sentences and, beside it, that of general English."""

    def __init__(
        self, files: ModelFiles, beside: ThreadPoolExecutor, *, open_vocabulary: bool
    ) -> None:
        self._beside = beside
        general = beside.submit(_open_decoder, files) if open_vocabulary else None
        self._domain = _domain_decoder(files)
        self._general = general.result() if general else None

    def start(self, sound: Pcm) -> bool:
        mean = self._domain.cepstral_mean(sound)
        if mean is None:
            return False
        self._both(lambda decoder: decoder.start(mean))
        return True

    def push(self, pcm: Pcm) -> None:
        self._both(lambda decoder: decoder.push(pcm))

    def words(self) -> tuple[list[str], list[str]]:
        """The words so far: those that ended a while ago, and the rest."""
        decoder = self._better()
        old_frame = decoder.frames() - SETTLED_S * FRAME_HZ
        old: list[str] = []
        fresh: list[str] = []
        for segment in decoder.segments():
            if _is_word(segment.word):
                (old if segment.last_frame <= old_frame else fresh).append(_spelled(segment.word))
        return old, fresh

    def end(self) -> Transcript:
        self._both(lambda decoder: decoder.end())
        return _transcript(self._better())

    def abandon(self) -> None:
        self._both(lambda decoder: decoder.end())

    def close(self) -> None:
        self._domain.close()
        if self._general:
            self._general.close()

    def _better(self) -> Decoder:
        if self._general is None:
            return self._domain
        gain = self._general.best()[1] - self._domain.best()[1]
        margin = OTHER_MARGIN * max(1, self._domain.frames())
        return self._general if gain > margin else self._domain

    def _both(self, work: Callable[[Decoder], None]) -> None:
        """On both decoders at once: the library lets go of the GIL."""
        other = self._beside.submit(work, self._general) if self._general else None
        try:
            work(self._domain)
        finally:
            if other:
                other.result()


def _transcript(decoder: Decoder) -> Transcript:
    words = []
    logprob = 0.0
    for segment in decoder.segments():
        if not _is_word(segment.word):
            continue
        logprob += segment.logprob
        words.append(
            Word(
                text=_spelled(segment.word),
                started_at_s=segment.first_frame / FRAME_HZ,
                ended_at_s=(segment.last_frame + 1) / FRAME_HZ,
                confidence=float(np.exp(segment.logprob)),
            )
        )
    if not words:
        return Transcript()
    whole = Segment(
        text=" ".join(word.text for word in words),
        started_at_s=words[0].started_at_s,
        ended_at_s=words[-1].ended_at_s,
        words=tuple(words),
        avg_logprob=logprob / len(words),
    )
    return Transcript(segments=(whole,))


def _is_word(entry: str) -> bool:
    """Not silence and not noise: `<sil>`, `[NOISE]`."""
    return entry[0] not in "<["


def _spelled(entry: str) -> str:
    """Without the number of its pronunciation: `the(2)`."""
    return entry.partition("(")[0]


def _domain_decoder(files: ModelFiles) -> Decoder:
    model = LanguageModel(files.domain_ngrams)
    decoder = Decoder(files.domain_words, model, lw=LANGUAGE_WEIGHT, wip=WORD_PENALTY)
    model.close()
    return decoder


def _open_decoder(files: ModelFiles) -> Decoder:
    model = LanguageModel(files.domain_ngrams)
    model.mixed_with(LanguageModel(GENERAL_MODEL), GENERAL_WEIGHT)
    decoder = Decoder(files.open_words, model, lw=LANGUAGE_WEIGHT, wip=WORD_PENALTY)
    model.close()
    return decoder


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except SphinxError as exc:
        raise EngineFailed(f"pocketsphinx: {exc}") from exc
