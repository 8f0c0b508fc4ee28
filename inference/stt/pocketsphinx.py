"""The embedded engine: pocketsphinx, taught the assistant's sentences, with general English beside.

Two decoders hear the same sound. The first knows only the assistant's sentences and hardly errs
within them; the second knows 10 000 words more. Where the second fits the sound much better, what
was said is none of the sentences. Exactly right, of 25 sentences of the assistant and 11 others in
two voices through Opus, loud and quiet: the first alone 97 of 100 and 7 of 44, the second alone 91
and 29, the two together 97 and 27. A second search at the end, left out since, was worth one more.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from inference.audio import RATE_HZ, Pcm, amplified
from inference.memory import give_back
from inference.stt.agreement import Agreement
from inference.stt.decoder_pair import Pair
from inference.stt.engine import Abilities, EngineFailed, Hypothesis, Options, Transcript
from inference.stt.language_model import ModelFiles, model_files
from inference.stt.priming import Primer
from inference.stt.restarting import RestartingStream
from inference.stt.sphinx_library import SphinxError

# Features are measured from the mean of the first speech heard; with the library's own default mean
# 84 of 100 sentences come out, not 96. Silence must not count: with 0.6 s of it in the mean nothing
# comes out. Less speech than this is a phoneme's mean, not a speaker's; more delays the first word.
PRIME_S = 0.5
# Until the speaker is known the decoder of the sentences works alone, this much after speech began,
# from the mean of what there is. Its best first word is told when that of the next step would come
# later than FIRST_WORD_S. On 148 utterances as a call sounds: 0.61 s after speech began, P95 0.67 s
# on a busy machine (1.0 s, and never in 14, without); 87 of 100 of the assistant's sentences end
# with that word first, 80 of 100 of all. What is told sooner is oftener wrong: at 0.5 s, 73 of 100.
EARLY_S = 0.3
FIRST_WORD_S = 0.59
HYPOTHESIS_S = 0.09  # of sound between two that may agree: closer ones always do


class Pocketsphinx:
    """An `engine.Engine`. Pairs of decoders are made when needed; some are kept."""

    abilities = Abilities(languages=frozenset({"en"}))
    batch = 1
    stretch_s = 0.0

    def __init__(
        self,
        *,
        model: str,
        sentences: Callable[[], list[str]],
        sentences_version: str,
        cache_dir: Path,
        open_vocabulary: bool,
        slots: int,
        ready_pairs: int,
        kept_pairs: int,
    ) -> None:
        """`sentences_version`: another one whenever `sentences` are others.

        Of decoders `ready_pairs` are loaded at the start, `kept_pairs` kept when unused."""
        self.model = model
        self._sentences = sentences
        self._sentences_version = sentences_version
        self._cache_dir = cache_dir
        self._open_vocabulary = open_vocabulary
        self.concurrency = slots
        self._ready_pairs = ready_pairs
        self._kept_pairs = kept_pairs
        self._idle: queue.LifoQueue[Pair] = queue.LifoQueue()
        self._beside: ThreadPoolExecutor | None = None
        self._files: ModelFiles | None = None

    def __enter__(self) -> Self:
        self._beside = ThreadPoolExecutor(self.concurrency, thread_name_prefix="second-decoder")
        with _failures_named():
            self._files = model_files(self._sentences, self._sentences_version, self._cache_dir)
            # Loaded now: a bad model shows at the start, and first words are not late.
            for pair in [self._taken() for _ in range(self._ready_pairs)]:
                self._give_back(pair)
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
        whole = self._open_pass(at_once=False)
        try:
            whole.push(sound)
            return whole.finish()
        finally:
            whole.close()

    def _open_pass(self, *, at_once: bool = True) -> "_Pass":
        with _failures_named():
            pair = self._taken()
            pair.at_once = at_once
            return _Pass(pair, self._give_back)

    def _taken(self) -> Pair:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            assert self._files is not None
            assert self._beside is not None
            return Pair(self._files, self._beside, open_vocabulary=self._open_vocabulary)

    def _give_back(self, pair: Pair) -> None:
        if self._idle.qsize() < self._kept_pairs:
            self._idle.put(pair)
        else:
            pair.close()
            give_back()


class _Pass:
    """A `restarting.OneShot` on a pair of decoders.

    Closed by another thread than the one that pushes, it waits: a pair that is given back while it
    works would be used twice at once, and the library writes wild then.
    """

    def __init__(self, pair: Pair, give_back: Callable[[Pair], None]) -> None:
        self._pair: Pair | None = pair
        self._give_back = give_back
        self._primer: Primer | None = Primer()  # until the speaker is known
        self._gain = 1.0
        self._agreement = Agreement()
        self._decoding = False
        self._unseen_s = 0.0
        self._heard = Hypothesis()
        self._working = threading.Lock()

    def push(self, pcm: Pcm) -> Hypothesis:
        with self._working, _failures_named():
            pair = self._taken_pair()
            hurry = False
            if self._primer is None:
                pair.push(amplified(pcm, self._gain))
            else:
                hurry = self._prime(pair, self._primer, pcm)
            self._unseen_s += len(pcm) / RATE_HZ
            agreeing = self._primer is None and self._unseen_s >= HYPOTHESIS_S
            if self._decoding and (hurry or agreeing):
                self._unseen_s = 0.0
                self._heard = self._agreement.seen(*pair.words(), hurry=hurry)
            return self._heard

    def finish(self) -> Transcript:
        with self._working, _failures_named():
            pair = self._taken_pair()
            if self._primer is not None and not self._begin(pair, self._primer, for_good=True):
                return Transcript()
            self._decoding = False
            return pair.end()

    def close(self) -> None:
        with self._working:
            pair, self._pair = self._pair, None
            if pair is None:
                return
            if self._decoding:
                pair.end()
            self._give_back(pair)

    def _prime(self, pair: Pair, primer: Primer, pcm: Pcm) -> bool:
        """Take in sound while the speaker is not known; True: the first word is due."""
        primer.hear(pcm)
        if primer.speech_s >= PRIME_S and primer.since_s > FIRST_WORD_S:
            self._begin(pair, primer, for_good=True)
        elif self._decoding:
            pair.push(amplified(pcm, self._gain))
        elif primer.since_s >= EARLY_S:
            self._begin(pair, primer, for_good=False)
        return primer.since_s + len(pcm) / RATE_HZ > FIRST_WORD_S

    def _begin(self, pair: Pair, primer: Primer, *, for_good: bool) -> bool:
        """Start the decoders with the sound so far; False: there is no sound in it."""
        if self._decoding:
            pair.end()
        speech, self._gain = primer.measured()
        self._decoding = len(speech) > 0 and pair.start(speech, both=for_good)
        if self._decoding:
            pair.push(amplified(primer.sound(whole=for_good), self._gain))
            if for_good:
                self._primer = None
        return self._decoding

    def _taken_pair(self) -> Pair:
        if self._pair is None:
            raise SphinxError("the stream is closed")
        return self._pair


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except SphinxError as exc:
        raise EngineFailed(f"pocketsphinx: {exc}") from exc
