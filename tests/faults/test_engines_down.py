"""An engine is gone, refuses or is half dead: another answers in time and the call goes on.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.faults import Answer, Fault, Hang, Refuse, Reset, SlowClose
from tests.faults.calls import (
    ANSWERED_WITHIN_S,
    MAIN_REPLY,
    QUESTION,
    STANDBY_REPLY,
    Moment,
    ask,
    calling,
    hears_the_truth,
    is_answered,
    is_told,
    tone_share,
    was_logged,
    write,
)
from tests.faults.processes import Service, send
from tests.faults.rig import Engine, Rig
from tests.processes import ROOT, free_port, until

pytestmark = pytest.mark.e2e

RECOVERED_WITHIN_S = 15.0
NOTICED_WITHIN_S = 10.0
BUDGET_S: dict[str, float] = {"stt": 3.0, "llm": 5.0, "tts": 3.0}
FAILED = b'{"error":{"message":"broken","type":"server_error"}}'
OUT_OF_MEMORY = b'{"error":{"message":"CUDA error: out of memory","type":"server_error"}}'
LOADING = b'{"error":{"message":"Loading model","type":"unavailable_error","code":503}}'


async def test_a_call_without_stt_begins_and_goes_on_with_the_standby(rig: Rig) -> None:
    """Row 1."""
    with rig.broken("stt", Refuse()):
        await asyncio.to_thread(until, lambda: rig.states()["stt"] != "ready", NOTICED_WITHIN_S)
        assert rig.states()["agent"] == "ready"
        async with calling(rig) as caller:
            since = await ask(caller)
            await hears_the_truth(caller, since, "1: STT refused at the start of the call")
            await caller.until(
                lambda r: "twelve times seven" in since.understood_since(r),
                ANSWERED_WITHIN_S,
                "the standby understands",
            )
            assert "fallback" in Moment.start().states_since(caller.record, "stt")


async def test_without_stt_and_standby_new_calls_are_refused(rig: Rig) -> None:
    """Row 1: 503 with Retry-After, and calls are taken again once the STT is back."""
    with rig.broken("stt", Refuse()), rig.broken("standby", Refuse()):
        until(lambda: rig.token().status_code == 503, NOTICED_WITHIN_S)
        assert float(rig.token().headers["retry-after"]) > 0
    until(lambda: rig.token().status_code == 201, RECOVERED_WITHIN_S)


@pytest.mark.parametrize("fault", [Hang(), Reset()], ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("engine", ["stt", "llm", "tts"])
async def test_a_half_dead_engine_is_left_within_its_budget(
    rig: Rig, engine: Engine, fault: Fault
) -> None:
    """Rows 4 and 6, in two calls at once: neither keeps the other waiting."""
    what = f"4: {engine} {type(fault).__name__}"
    mark = rig.worker.mark()
    turn = ask if engine == "stt" else write
    async with calling(rig) as caller, calling(rig) as other:
        with rig.broken(engine, fault, only="/v1/"):
            for call, since in zip(
                (caller, other), await asyncio.gather(turn(caller), turn(other)), strict=True
            ):
                await hears_the_truth(call, since, what)
                await is_told(call, since, engine, BUDGET_S[engine] * 1.2 + 1)
            await asyncio.gather(caller.until_quiet(), other.until_quiet())
        assert was_logged(rig, mark, "engine_failed", stage=engine, engine="main")
        aloud = engine == "stt"
        await asyncio.gather(*(is_answered(c, what, aloud=aloud) for c in (caller, other)))


@pytest.mark.parametrize("engine", ["llm", "tts"])
async def test_an_answer_whose_end_is_late_keeps_nobody_waiting(rig: Rig, engine: Engine) -> None:
    """Row 4: slow_close."""
    async with calling(rig) as caller:
        with rig.broken(engine, SlowClose(30.0), only="/v1/"):
            since = await write(caller)
            await hears_the_truth(caller, since, f"4: {engine} SlowClose")
            await caller.until_quiet()
            await caller.until(
                lambda r: r.agent_state == "listening", BUDGET_S[engine] + 2, "the turn is over"
            )
        await is_answered(caller, "after a slow close")


@pytest.mark.parametrize(
    ("engine", "answer"),
    [
        ("stt", Answer(status=500, body=FAILED)),
        ("stt", Answer(status=503, body=LOADING, headers={"retry-after": "1"})),
        ("llm", Answer(status=429, body=FAILED, headers={"retry-after": "4"})),
        ("llm", Answer(status=503, body=LOADING, headers={"retry-after": "1"})),
        ("llm", Answer(status=500, body=OUT_OF_MEMORY)),
        ("tts", Answer(status=500, body=OUT_OF_MEMORY)),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
async def test_an_engine_that_refuses_is_asked_once_more_at_most_and_comes_back_by_itself(
    rig: Rig, engine: Engine, answer: Answer
) -> None:
    """Rows 3, 11 and 16."""
    what = f"3: {engine} {answer.status}"
    path = {"stt": "/v1/realtime", "llm": "/v1/chat", "tts": "/v1/audio/speech"}[engine]
    async with calling(rig) as caller:
        with rig.broken(engine, answer, only="/v1/") as proxy:
            asked_before = len(proxy.asked)
            since = await (ask(caller) if engine == "stt" else write(caller))
            await hears_the_truth(caller, since, what)
            await is_told(caller, since, engine)
            await caller.until_quiet()
            asked = [a for a in proxy.asked[asked_before:] if path in a.path]
            assert 1 <= len(asked) <= 2, "asked again and again"
        if engine != "tts":  # a voice is kept for the call
            await caller.until(
                lambda r: "recovered" in since.states_since(r, engine),
                RECOVERED_WITHIN_S,
                "it is used again",
            )
            await is_answered(caller, f"after {what}", aloud=engine == "stt")


async def test_without_llm_the_standby_answers_and_history_is_as_if_nothing_was(rig: Rig) -> None:
    """Row 6."""
    async with calling(rig) as caller:
        with rig.broken("llm", Refuse()):
            since = await write(caller)
            seconds = await hears_the_truth(caller, since, "6: LLM refused")
            assert seconds < 3.0
            await caller.until(
                lambda r: any(STANDBY_REPLY in line for line in since.said_since(r)),
                ANSWERED_WITHIN_S,
                "the standby's answer",
            )
            await is_told(caller, since, "llm")
            await caller.until_quiet()
        await caller.until(
            lambda r: "recovered" in since.states_since(r, "llm"), RECOVERED_WITHIN_S, "it is back"
        )
        await is_answered(caller, "after the LLM came back")
        history = rig.main.conversation()
        assert [role for role, text in history if QUESTION in text] == ["user", "user"]
        assert [role for role, _ in history if role != "tool"][-2:] == ["assistant", "user"]


async def test_all_brains_gone_is_said_and_the_call_goes_on(rig: Rig) -> None:
    """Row 6, with the standby gone too."""
    async with calling(rig) as caller:
        with rig.broken("llm", Refuse()), rig.broken("standby", Refuse()):
            since = await write(caller)
            await hears_the_truth(caller, since, "6: LLM and standby refused")
            await caller.until_quiet()
            assert not caller.record.disconnected
        await asyncio.sleep(0)
        await caller.until(
            lambda r: "recovered" in since.states_since(r, "llm"), RECOVERED_WITHIN_S, "it is back"
        )
        await is_answered(caller, "after all brains came back")


async def test_a_lost_voice_is_replaced_for_the_rest_of_the_call(rig: Rig) -> None:
    """Row 12."""
    async with calling(rig) as caller:
        with rig.broken("tts", Refuse()):
            since = await write(caller)
            await hears_the_truth(caller, since, "12: TTS refused")
            await is_told(caller, since, "tts")
            await caller.until_quiet()
            assert tone_share(caller.record, since.at_s) < 0.5
        again = await is_answered(caller, "with the standby's voice")
        assert tone_share(caller.record, again.at_s) < 0.5, "the voice changed back in mid-call"
    async with calling(rig) as caller:
        again = await is_answered(caller, "in the next call")
        assert tone_share(caller.record, again.at_s) > 0.8, "the next call has the main voice"


async def test_without_any_voice_a_clip_is_played_and_the_words_are_shown(rig: Rig) -> None:
    """Row 12, with the standby gone too."""
    async with calling(rig) as caller:
        with rig.broken("tts", Refuse()), rig.broken("standby", Refuse()):
            since = await write(caller)
            await hears_the_truth(caller, since, "12: TTS and standby refused")
            await is_told(caller, since, "tts")
            await caller.until(
                lambda r: any(MAIN_REPLY in line for line in since.said_since(r)),
                ANSWERED_WITHIN_S,
                "the words on the screen",
            )


@pytest.fixture
def engines_process(rig: Rig) -> Iterator[Service]:
    """The main engines as a process of their own, that a signal can reach."""
    port = free_port()
    command = [sys.executable, "-m", "tests.fakes.scripted_engines", str(port)]
    log = rig.folder / "engines.log"
    url = f"http://127.0.0.1:{port}/health/ready"
    service = Service(command, {"PYTHONPATH": str(ROOT)}, rig.folder, log, url)
    service.start()
    try:
        service.wait_ready()
        for engine in ("stt", "llm", "tts"):
            rig.proxies[engine].upstream = port
        yield service
    finally:
        service.stop()


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP])
async def test_engines_killed_or_frozen_in_mid_call_are_stood_in_for(
    rig: Rig, engines_process: Service, signum: int
) -> None:
    """Row 17: all three at once. That a killed one is started again: test_killed_services.py."""
    async with calling(rig) as caller:
        await is_answered(caller, "before", aloud=True)
        send(engines_process.pid, signum)
        since = await ask(caller)
        name = signal.Signals(signum).name
        await hears_the_truth(caller, since, f"17: all engines {name}")
        await caller.until(
            lambda r: any(STANDBY_REPLY in line for line in since.said_since(r)),
            sum(BUDGET_S.values()) + ANSWERED_WITHIN_S,
            "the standby's answer",
        )
        if signum == signal.SIGSTOP:
            send(engines_process.pid, signal.SIGCONT)
        await caller.until_quiet()
