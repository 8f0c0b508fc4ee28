"""One live utterance with Whisper: a window is decoded again and again while it grows."""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import Hypothesis, Options, Segment, Transcript, Word
from inference.stt.local_agreement import LocalAgreement
from inference.stt.whisper_decoding import MAX_PROMPT_TOKENS, Ask, Decoder, Heard

STEP_S = 0.6  # of new sound before the window is decoded again
# Decoding may take half of the time at most, so that one stream leaves room for others.
SHARE = 2.0
MAX_STEP_S = 10.0  # however slow the machine is; the window must fit the encoder's 30 s
# Beyond this, settled words leave the window; their text becomes the prompt.
TRIM_S = 10.0
# Beyond this, what is heard is settled without agreement: the cost of a window is bounded.
LONGEST_S = 15.0
# Beyond this too: settled words take the room of those still to come.
MAX_PREFIX_TOKENS = 100
SHED = 2 / 3  # of a window is kept at most, when something leaves it
KEPT_S = 4.0  # of the end of a window stays in it: its words may still change
LANGUAGE_S = 3.0  # of sound tell the language well enough to keep to it
LEAST_PROB = 1e-6  # a logarithm needs one


class WhisperStream:
    """Settled words are given to the decoder as the answer's beginning: it can only go on."""

    def __init__(self, decoder: Decoder, options: Options) -> None:
        self._decoder = decoder
        self._options = options
        self._language = options.language
        self._prompt = decoder.tokens_of(f" {options.prompt.strip()}") if options.prompt else ()
        self._agreement = LocalAgreement()
        self._sound = np.empty(0, np.int16)  # the window
        self._began_s = 0.0  # of the window
        self._left = 0  # settled words that are no longer in it
        self._fresh = 0  # samples that no hypothesis has heard
        self._step_s = STEP_S
        self._ahead: Transcript | None = None  # if nothing follows
        self._closed = False

    def push(self, pcm: Pcm) -> Hypothesis:
        self._check_open()
        largest = int(MAX_STEP_S * RATE_HZ)
        for first in range(0, len(pcm), largest):
            piece = pcm[first : first + largest]
            self._ahead = None
            self._sound = np.concatenate([self._sound, piece])
            self._fresh += len(piece)
            if self._fresh >= self._step_s * RATE_HZ:
                self._listen()
        return self._hypothesis()

    def pause(self) -> None:
        self._check_open()
        if self._ahead is None and len(self._sound):
            self._ahead = self._decided()

    def finish(self) -> Transcript:
        self.pause()
        return self._ahead or Transcript(language=self._language or "en")

    def close(self) -> None:
        self._closed = True
        self._sound = np.empty(0, np.int16)

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the stream is closed")

    def _listen(self) -> None:
        started = time.perf_counter()
        _, words, _ = self._hear(Ask(quick=True))
        cost_s = time.perf_counter() - started
        self._fresh = 0
        self._step_s = min(MAX_STEP_S, max(STEP_S, SHARE * cost_s))
        self._agreement.seen(words)
        self._trim()

    def _hear(self, ask: Ask) -> tuple[Heard, list[Word], str]:
        """What the window says after the settled words."""
        encoded = self._decoder.encode([self._sound])
        language = self._language or self._decoder.spoken_languages(encoded)[0]
        if len(self._sound) >= LANGUAGE_S * RATE_HZ:
            self._language = language
        settled = self._agreement.settled
        prefix = self._decoder.tokens_of(_text(settled[self._left :]))
        said = self._decoder.tokens_of(_text(settled[: self._left]))
        share = MAX_PROMPT_TOKENS // 2
        ask = replace(
            ask,
            translate=self._options.translate,
            temperature=self._options.temperature,
            prompt=self._prompt[-share:] + said[-share:],
            prefix=prefix,
        )
        heard = self._decoder.decode(encoded, [language], ask)[0]
        fresh = [token for token in heard.tokens if self._decoder.is_text(token)]
        if not fresh or heard.silent or (ask.quick and heard.repeats):
            return heard, [], language
        timed = self._decoder.words(
            encoded, [language], [[*prefix, *fresh]], translate=ask.translate
        )[0]
        return heard, self._fresh_words(timed, [*prefix, *fresh], len(prefix)), language

    def _fresh_words(
        self, timed: Sequence[tuple[Word, int]], tokens: Sequence[int], known: int
    ) -> list[Word]:
        """The words past the `known` tokens, in the utterance's time."""
        settled = self._agreement.settled
        floor_s = settled[-1].ended_at_s if settled else 0.0
        words, at = [], 0
        for word, taken in timed:
            begun, at = at, at + taken
            if at <= known:
                continue
            if begun < known:  # a settled word goes on
                word = replace(word, text=self._decoder.text_of(tokens[known:at]))
            if not word.text.strip():
                continue
            started_at_s = max(floor_s, self._began_s + word.started_at_s)
            floor_s = max(started_at_s, self._began_s + word.ended_at_s)
            words.append(replace(word, started_at_s=started_at_s, ended_at_s=floor_s))
        return words

    def _trim(self) -> None:
        """Take from the window's beginning what is settled, once the window is long."""
        settled, length_s = self._agreement.settled, len(self._sound) / RATE_HZ
        prefix = self._decoder.tokens_of(_text(settled[self._left :]))
        wordy = len(prefix) > MAX_PREFIX_TOKENS
        if length_s <= TRIM_S and not wordy:
            return
        end_s = self._began_s + length_s
        latest_s, earliest_s = end_s - KEPT_S, end_s - min(TRIM_S, length_s * SHED)
        long = length_s > LONGEST_S
        if long:
            self._agreement.settle(until_s=latest_s)
            settled = self._agreement.settled
        cuts = [
            (settled[i + 1].started_at_s - settled[i].ended_at_s, i + 1)
            for i in range(self._left, len(settled) - 1)
            if earliest_s <= settled[i].ended_at_s <= latest_s
        ]
        if cuts:
            gap_s, self._left = max(cuts)  # the longest pause, the latest of equals
            self._cut(settled[self._left - 1].ended_at_s + gap_s / 2)
        elif wordy or long:
            self._left = len(settled)
            until_s = settled[-1].ended_at_s if settled else 0.0
            self._cut(latest_s if long and until_s < earliest_s else until_s)

    def _cut(self, at_s: float) -> None:
        samples = round((at_s - self._began_s) * RATE_HZ)
        self._sound = self._sound[samples:]
        self._began_s += samples / RATE_HZ

    def _hypothesis(self) -> Hypothesis:
        settled, rest = self._agreement.settled, self._agreement.rest
        return Hypothesis(
            stable=_text(settled).lstrip(),
            unstable=_text(rest).strip(),
            words=_clean(settled),
            confidence=_mean_prob([*settled, *rest]),
        )

    def _decided(self) -> Transcript:
        heard, words, language = self._hear(Ask())
        words = [*self._agreement.settled, *words]
        if not words:
            return Transcript(language=language)
        logprobs = [log(max(LEAST_PROB, word.confidence or 0.0)) for word in words]
        whole = Segment(
            text=_text(words).strip(),
            started_at_s=words[0].started_at_s,
            ended_at_s=words[-1].ended_at_s,
            words=_clean(words),
            tokens=self._decoder.tokens_of(_text(words)),
            avg_logprob=sum(logprobs) / len(logprobs),
            no_speech_prob=heard.no_speech_prob,
            temperature=heard.temperature,
        )
        return Transcript(segments=(whole,), language=language)


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)


def _clean(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(replace(word, text=word.text.strip()) for word in words)


def _mean_prob(words: Sequence[Word]) -> float | None:
    probs = [word.confidence for word in words if word.confidence is not None]
    return sum(probs) / len(probs) if probs else None
