"""The voice comes slow, cut or as rubbish: no noise, no silence, the next sentence is heard.

The numbers of the rows are those of docs/faults.md.
"""

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf

from parley.caller import LOUD_DBFS, CallRecord
from tests.fakes.chat_chunks import reply
from tests.fakes.faults import Answer, Cut, Rate
from tests.fakes.openai_backend import Reply, Request
from tests.fakes.scripted_engines import CHAR_S, PCM, RATE_HZ, tone
from tests.faults.calls import (
    Moment,
    calling,
    hears,
    hears_the_truth,
    is_answered,
    is_told,
    tone_share,
    write,
)
from tests.faults.rig import Rig

pytestmark = pytest.mark.e2e

HTML = b"<html><body>502 Bad gateway</body></html>"
FIRST, SECOND = "The first sentence is whole.", "The second one comes after it."
GAP_S = 0.35


def whole(seconds: float = 1.5) -> bytes:
    return b"".join(tone(seconds, 1000.0))


def at_odd_bytes(_: Request) -> Reply:
    sound = whole()
    return Reply(steps=[sound[at : at + 1001] for at in range(0, len(sound), 1001)], headers=PCM)


def half_a_sample_short(_: Request) -> Reply:
    return Reply(steps=[whole()[:-1]], headers=PCM)


def at_another_rate(_: Request) -> Reply:
    file = io.BytesIO()
    samples = np.frombuffer(b"".join(tone(1.5, 1000.0, 8000)), np.int16)
    sf.write(file, samples, 8000, format="WAV")
    return Reply(steps=[file.getvalue()], headers={"content-type": "audio/wav"})


@pytest.mark.parametrize("sound", [at_odd_bytes, half_a_sample_short, at_another_rate])
async def test_sound_that_is_cut_or_wrapped_oddly_is_still_that_sound(
    rig: Rig, sound: Callable[[Request], Reply]
) -> None:
    """Row 13: or the standby speaks; never noise."""
    rig.main.tts.reply = sound
    async with calling(rig, greeted=False) as caller:
        since = Moment.now(caller)
        await hears(caller, since, {"Hello"}, 10, "the greeting")
        await caller.until_quiet()
        if "fallback" not in since.states_since(caller.record, "tts"):
            assert tone_share(caller.record, since.at_s) > 0.8, "noise"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, body=HTML, content_type="text/html"),
        Answer(status=200, body=b'{"audio": "nonsense"}', content_type="application/json"),
        Answer(status=200, body=b"", content_type="audio/pcm"),
    ],
    ids=["html", "json", "no frames"],
)
async def test_what_is_no_sound_is_not_played(rig: Rig, answer: Answer) -> None:
    """Rows 5 and 13."""
    async with calling(rig) as caller:
        with rig.broken("tts", answer, only="/v1/audio"):
            since = await write(caller)
            await hears_the_truth(caller, since, "13: TTS sends rubbish")
            await is_told(caller, since, "tts")
            await caller.until_quiet()
            assert caller.record.last_loud() - since.at_s > 0.5  # type: ignore[operator]


async def test_a_voice_cut_in_mid_sentence_goes_on_with_the_next(rig: Rig) -> None:
    """Row 13."""
    rig.main.llm.reply = lambda _: reply(f"{FIRST} ", f"{SECOND} ")
    half = int(len(FIRST) * CHAR_S / 2 * RATE_HZ) * 2
    async with calling(rig) as caller:
        with rig.broken("tts", Cut(half), only="/v1/audio/speech"):
            since = await write(caller)
            await hears(caller, since, {SECOND}, 3.5, "the second sentence")
            await is_told(caller, since, "tts")
            await caller.until_quiet()
        rig.main.llm.reply = rig.main.llm.usual
        await is_answered(caller, "after a cut voice")
        said = " ".join(text for role, text in rig.main.conversation() if role == "assistant")
        assert said.count(FIRST) <= 1
        assert SECOND in said


async def test_a_voice_slower_than_speech_pauses_between_sentences_only(rig: Rig) -> None:
    """Row 14."""
    rig.main.llm.reply = lambda _: reply(FIRST)
    async with calling(rig) as caller:
        with rig.broken("tts", Rate(RATE_HZ), only="/v1/audio/speech"):  # half of real time
            since = await write(caller)
            await hears(caller, since, {FIRST}, 3.5, "the sentence")
            await caller.until_quiet(1.0)
        assert longest_gap_s(caller.record, since.at_s) < GAP_S


def longest_gap_s(record: CallRecord, since_s: float) -> float:
    """The longest silence inside what was heard since."""
    loud = [h.at_s for h in record.heard if h.at_s > since_s and h.dbfs > LOUD_DBFS]
    return max((after - before for before, after in pairwise(loud)), default=0.0)
