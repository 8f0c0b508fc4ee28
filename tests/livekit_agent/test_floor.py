"""Who has the floor."""

from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from chassis.metrics import Metrics
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.floor import Floor
from livekit_agent.silence import Silence


class Session(rtc.EventEmitter[str]):
    """What of a session the floor looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.agent_state = "listening"
        self.turn_detection: object = None
        self.current_speech: Any = None
        self.resumes_asked: list[float] = []
        self._activity: Any = SimpleNamespace(
            _paused_speech=None, _start_false_interruption_timer=self.resumes_asked.append
        )


class Speech:
    def __init__(self, *, allow_interruptions: bool = True) -> None:
        self.allow_interruptions = allow_interruptions
        self.interrupted = False

    def interrupt(self) -> None:
        self.interrupted = True


class Bed:
    def __init__(self) -> None:
        metrics = Metrics("agent")
        self.registry = metrics.registry
        self.session = Session()
        self.silence = Silence()
        session: Any = self.session
        self.floor = Floor(session, self.silence, CallMetrics(metrics))

    def counted(self, kind: str) -> float:
        name = "parley_agent_interruptions_total"
        return self.registry.get_sample_value(name, {"kind": kind}) or 0.0

    @property
    def somebody_waits(self) -> bool:
        return self.silence._since is not None


@pytest.fixture
async def bed() -> Bed:
    return Bed()


async def test_who_has_spoken_waits(bed: Bed) -> None:
    bed.floor.speech_ended()
    assert bed.somebody_waits
    bed.session.emit("agent_state_changed", SimpleNamespace(new_state="speaking"))
    assert not bed.somebody_waits


async def test_who_murmurs_into_a_reply_does_not(bed: Bed) -> None:
    bed.session.agent_state = "speaking"
    bed.floor.speech_ended()
    assert not bed.somebody_waits


async def test_nor_who_holds_the_talk_key(bed: Bed) -> None:
    bed.session.turn_detection = "manual"
    bed.floor.speech_ended()
    assert not bed.somebody_waits
    bed.session.emit("agent_state_changed", SimpleNamespace(new_state="thinking"))
    assert bed.somebody_waits


async def test_speaking_again_ends_the_wait(bed: Bed) -> None:
    bed.floor.speech_ended()
    bed.session.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
    assert not bed.somebody_waits


@pytest.mark.parametrize("murmur", [True, False])
async def test_a_paused_reply_goes_on_at_the_verdict(bed: Bed, murmur: bool) -> None:
    bed.session._activity._paused_speech = object()
    bed.floor.nothing_said(murmur)
    assert bed.session.resumes_asked == [0.0]
    assert bed.counted("backchannel") == murmur


async def test_nothing_is_resumed_that_was_not_paused(bed: Bed) -> None:
    bed.floor.nothing_said(True)
    bed.session._activity = None
    bed.floor.nothing_said(True)
    assert bed.session.resumes_asked == []


async def test_real_words_stop_what_is_being_said_once(bed: Bed) -> None:
    bed.session.current_speech = speech = Speech()
    bed.floor.taken()
    bed.floor.taken()
    assert speech.interrupted
    assert bed.counted("real") == 1


async def test_last_words_cannot_be_stopped(bed: Bed) -> None:
    bed.session.current_speech = speech = Speech(allow_interruptions=False)
    bed.floor.taken()
    assert not speech.interrupted
    assert bed.counted("real") == 0


async def test_false_interruptions_are_counted(bed: Bed) -> None:
    bed.session.emit("agent_false_interruption", SimpleNamespace(resumed=True))
    assert bed.counted("false") == 1
