"""Two decoders on the same sound, and what the better one heard."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inference.audio import Pcm
from inference.stt.engine import Segment, Transcript, Word
from inference.stt.language_model import GENERAL_MODEL, ModelFiles
from inference.stt.sphinx_library import FRAME_HZ, Decoder, LanguageModel

LANGUAGE_WEIGHT = 6.5
WORD_PENALTY = 0.65
# General English within the second decoder; a power of the language weight, as scores are.
GENERAL_WEIGHT = 1e-3
# Log score a frame by which general English must fit better. Measured: the assistant's sentences
# lie below 1.0, other speech above it in 35 of 37 cases where the words differ.
OTHER_MARGIN = 1.0
# A word that ended this long ago is no longer part of the next one.
SETTLED_S = 0.2


class Pair:
    """The decoder of the assistant's sentences and, beside it, that of general English."""

    def __init__(
        self, files: ModelFiles, beside: ThreadPoolExecutor, *, open_vocabulary: bool
    ) -> None:
        self._beside = beside
        general = beside.submit(_open_decoder, files) if open_vocabulary else None
        self._domain = _domain_decoder(files)
        self._general = general.result() if general else None
        self._working = [self._domain]
        # A file's thread weighs little against live ones; a thread beside it would weigh in full.
        self.at_once = True

    def start(self, sound: Pcm, *, both: bool) -> bool:
        """Measure features from `sound`; False: it is none. Only one decoder is a first guess."""
        mean = self._domain.cepstral_mean(sound)
        if mean is None:
            return False
        self._working = [self._domain, *([self._general] if both and self._general else [])]
        self._each(lambda decoder: decoder.start(mean))
        return True

    def push(self, pcm: Pcm) -> None:
        self._each(lambda decoder: decoder.push(pcm))

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
        self._each(lambda decoder: decoder.end())
        return _transcript(self._better())

    def close(self) -> None:
        self._domain.close()
        if self._general:
            self._general.close()

    def _better(self) -> Decoder:
        if len(self._working) == 1:
            return self._domain
        domain, general = self._working
        margin = OTHER_MARGIN * max(1, domain.frames())
        return general if general.best()[1] - domain.best()[1] > margin else domain

    def _each(self, work: Callable[[Decoder], None]) -> None:
        """On the working decoders at once: the library lets go of the GIL."""
        if not self.at_once:
            for decoder in self._working:
                work(decoder)
            return
        first, *others = self._working
        beside = [self._beside.submit(work, decoder) for decoder in others]
        try:
            work(first)
        finally:
            for other in beside:
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
