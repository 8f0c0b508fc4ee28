"""A model is fetched, loaded, served, switched under way, let go when idle, and told of."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.errors import NotFound, Unavailable
from chassis.metrics import Metrics
from chassis.weights.catalogue import Model
from chassis.weights.errors import ChecksumMismatch, HubUnreachable
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference import lifecycle, succession
from inference.candidates import Candidate
from inference.lifecycle import Lifecycle
from inference.model_status import Phase
from inference.status_board import MAX_FAILURES
from tests.fakes.recogniser import Recogniser

ABSENT = Model(id="owner/absent", kind="stt", repo="owner/absent")


def candidate(engine: Recogniser, weights: Model | None = None) -> Candidate[Recogniser]:
    return Candidate(model=engine.model, build=lambda: engine, weights=weights)


@asynccontextmanager
async def living(
    candidates: Sequence[Candidate[Recogniser]],
    folder: Path,
    *,
    idle_unload_s: float = 0,
    warm: Callable[[Recogniser], None] = lambda _: None,
    wanted: Candidate[Recogniser] | None = None,
) -> AsyncIterator[Lifecycle[Recogniser]]:
    async def warmed(engine: Recogniser) -> None:
        await asyncio.to_thread(warm, engine)

    life = Lifecycle(
        candidates,
        store=ModelStore(ModelStoreSettings(models_dir=folder, offline=True)),
        warm=warmed,
        on_ready=lambda _: None,
        idle_unload_s=idle_unload_s,
        metrics=Metrics("test"),
        wanted=wanted,
    )
    async with life.opened():
        yield life


async def until(life: Lifecycle[Recogniser], phase: Phase, within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while life.status.phase is not phase:  # noqa: ASYNC110 - a status has no event
            await asyncio.sleep(0.001)


async def test_requests_are_told_the_state_until_the_model_is_ready(tmp_path: Path) -> None:
    engine = Recogniser("slow")
    engine.hold.clear()
    async with living([candidate(engine)], tmp_path, warm=lambda e: e.worked()) as life:
        await until(life, Phase.WARMING)
        with pytest.raises(Unavailable, match="slow is warming") as refused:
            async with life.lease():
                raise AssertionError("it is not ready")
        assert refused.value.error_code == "model_warming"
        assert refused.value.retry_after_s
        engine.hold.set()
        await until(life, Phase.READY)
        async with life.lease() as leased:
            assert leased is engine
    assert not engine.is_loaded


async def test_the_next_serves_where_the_first_fails_and_the_report_says_so(tmp_path: Path) -> None:
    first, second = Recogniser("first"), Recogniser("second")
    first.fails_to_load = "encoder.onnx is truncated"
    async with living([candidate(first), candidate(second)], tmp_path) as life:
        await until(life, Phase.READY)
        assert life.report()["serving"] == "second"
        assert life.report()["failed"] == {"first": "encoder.onnx is truncated"}


async def test_one_that_breaks_on_its_warm_up_is_let_go(tmp_path: Path) -> None:
    first, second = Recogniser("first"), Recogniser("second")
    first.broken = "no kernel"
    candidates = [candidate(first), candidate(second)]
    async with living(candidates, tmp_path, warm=lambda e: e.worked()) as life:
        await until(life, Phase.READY)
        assert life.report()["failed"] == {"first": "no kernel"}
        assert not first.is_loaded


async def test_weights_that_cannot_be_had_let_the_next_serve(tmp_path: Path) -> None:
    engine = Recogniser("embedded")
    big = Candidate(model=ABSENT.id, build=Recogniser, weights=ABSENT)
    async with living([big, candidate(engine)], tmp_path) as life:
        await until(life, Phase.READY)
        assert life.report()["serving"] == "embedded"
        assert "PARLEY_OFFLINE" in life.report()["failed"][ABSENT.id]


async def test_a_running_request_keeps_its_engine_through_a_switch(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    async with living([candidate(old)], tmp_path) as life:
        await until(life, Phase.READY)
        async with life.lease() as leased:
            life.load(candidate(new))
            async with asyncio.timeout(5):
                while life.report()["serving"] != "new":  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert leased is old
            assert old.is_loaded
            async with life.lease() as other:
                assert other is new
        async with asyncio.timeout(5):
            while old.is_loaded:  # noqa: ASYNC110 - it is let go in a thread
                await asyncio.sleep(0.001)
        assert new.is_loaded


async def test_a_switch_that_fails_leaves_the_old_one_serving(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.fails_to_load = "no room"
    async with living([candidate(old)], tmp_path) as life:
        await until(life, Phase.READY)
        life.load(candidate(new))
        async with asyncio.timeout(5):
            while "new" not in life.failures:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        async with life.lease() as leased:
            assert leased is old
        assert life.status.phase is Phase.READY
        assert life.status.model == "old"


async def test_an_unloaded_model_answers_only_after_another_load(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path) as life:
        await until(life, Phase.READY)
        life.unload("one")
        with pytest.raises(Unavailable, match="unloaded"):
            await life.awake()
        async with asyncio.timeout(5):
            while engine.is_loaded:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        life.load(candidate(engine))
        await until(life, Phase.READY)
        assert engine.is_loaded


async def test_an_idle_model_goes_and_comes_back_for_the_next_request(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path, idle_unload_s=0.01) as life:
        await until(life, Phase.IDLE)
        async with life.lease() as leased:
            assert leased is engine
            assert engine.is_loaded


async def test_a_probe_neither_wakes_a_model_nor_keeps_it(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path, idle_unload_s=0.01) as life:
        await until(life, Phase.IDLE)
        with pytest.raises(Unavailable):
            async with life.lease(probing=True):
                raise AssertionError("it was let go")


async def test_a_load_stopped_by_another_leaves_nothing_in_memory(tmp_path: Path) -> None:
    slow, quick = Recogniser("slow"), Recogniser("quick")
    slow.hold.clear()

    def warm(engine: Recogniser) -> None:
        if engine is slow:
            engine.worked()

    async with living([candidate(slow)], tmp_path, warm=warm) as life:
        await until(life, Phase.WARMING)
        life.load(candidate(quick))
        slow.hold.set()
        async with asyncio.timeout(5):
            while life.report()["serving"] != "quick":  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            while slow.is_loaded:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def test_all_who_come_while_a_model_wakes_wait_for_it(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path, idle_unload_s=0.01) as life:
        await until(life, Phase.IDLE)
        engines = await asyncio.gather(*(life.awake() for _ in range(5)))
        assert engines == [engine] * 5


async def test_a_model_that_fails_to_wake_is_tried_again_for_the_next_request(
    tmp_path: Path,
) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path, idle_unload_s=0.01) as life:
        await until(life, Phase.IDLE)
        engine.fails_to_load = "no memory just now"
        with pytest.raises(Unavailable, match="no memory just now"):
            await life.awake()
        assert not life.can_serve
        engine.fails_to_load = ""
        assert await life.awake() is engine
        assert life.can_serve


async def test_a_failed_load_leaves_an_idle_model_to_be_woken(tmp_path: Path) -> None:
    idle, bad = Recogniser("idle"), Recogniser("bad")
    bad.fails_to_load = "truncated"
    async with living([candidate(idle)], tmp_path, idle_unload_s=0.01) as life:
        await until(life, Phase.IDLE)
        life.load(candidate(bad))
        await until(life, Phase.IDLE)
        assert life.failures == {"bad": "truncated"}
        assert await life.awake() is idle


async def test_asking_twice_for_a_model_does_not_begin_it_anew(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.hold.clear()
    begun = 0

    def warm(engine: Recogniser) -> None:
        nonlocal begun
        begun += engine is new
        engine.worked()

    async with living([candidate(old)], tmp_path, warm=warm) as life:
        await until(life, Phase.READY)
        assert life.load(candidate(new)).model == "new"
        await until(life, Phase.WARMING)
        assert life.load(candidate(new)).phase is Phase.WARMING
        new.hold.set()
        await until(life, Phase.READY)
        assert (begun, life.report()["serving"]) == (1, "new")


async def test_asking_for_what_serves_stops_the_other_on_its_way(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.hold.clear()
    async with living([candidate(old)], tmp_path, warm=lambda e: e.worked()) as life:
        await until(life, Phase.READY)
        life.load(candidate(new))
        await until(life, Phase.WARMING)
        assert life.load(candidate(old)).told()["state"] == "ready"
        new.hold.set()
        async with asyncio.timeout(5):
            while new.is_loaded:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert await life.awake() is old


async def test_unloading_what_is_on_its_way_leaves_what_serves(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.hold.clear()
    async with living([candidate(old)], tmp_path, warm=lambda e: e.worked()) as life:
        await until(life, Phase.READY)
        life.load(candidate(new))
        await until(life, Phase.WARMING)
        status = life.unload("new")
        assert (status.model, status.phase) == ("old", Phase.READY)
        new.hold.set()
        assert await life.awake() is old


async def test_unloading_what_serves_leaves_the_other_on_its_way(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.hold.clear()
    async with living([candidate(old)], tmp_path, warm=lambda e: e.worked()) as life:
        await until(life, Phase.READY)
        life.load(candidate(new))
        await until(life, Phase.WARMING)
        assert life.unload("old").model == "new"
        new.hold.set()
        await until(life, Phase.READY)
        assert await life.awake() is new


async def test_only_what_is_there_can_be_unloaded(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path) as life:
        await until(life, Phase.READY)
        with pytest.raises(NotFound) as refused:
            life.unload("other")
        assert refused.value.param == "model"
        assert await life.awake() is engine


async def test_an_engine_that_breaks_in_its_own_way_lets_the_next_serve(tmp_path: Path) -> None:
    engine = Recogniser("second")

    def broken() -> Recogniser:
        raise RuntimeError("a library's own words")

    first = Candidate(model="first", build=broken)
    async with living([first, candidate(engine)], tmp_path) as life:
        await until(life, Phase.READY)
        assert life.report()["failed"] == {"first": "RuntimeError: a library's own words"}


async def test_only_the_latest_failures_are_told(tmp_path: Path) -> None:
    engine = Recogniser("one")
    async with living([candidate(engine)], tmp_path) as life:
        await until(life, Phase.READY)
        for number in range(MAX_FAILURES + 3):
            bad = Recogniser(f"bad-{number}")
            bad.fails_to_load = "no"
            life.load(candidate(bad))
            await until(life, Phase.READY)
        assert len(life.failures) == MAX_FAILURES
        assert "bad-0" not in life.failures


async def serving(life: Lifecycle[Recogniser], model: str) -> None:
    async with asyncio.timeout(5):
        while life.report()["serving"] != model:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_an_engine_that_died_is_brought_again_and_requests_wait_for_it(
    tmp_path: Path,
) -> None:
    made: list[Recogniser] = []

    def build() -> Recogniser:
        made.append(Recogniser("one"))
        return made[-1]

    async with living([Candidate(model="one", build=build)], tmp_path) as life:
        await until(life, Phase.READY)
        async with life.lease() as dead:
            life.revive(dead, "signal 9")
            assert life.status.reason == "signal 9"
            assert await life.awake() is made[1]
            assert dead.is_loaded  # until the last who uses it is done
        async with asyncio.timeout(5):
            while dead.is_loaded:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        life.revive(dead, "told twice")
        assert await life.awake() is made[1]


async def test_an_engine_that_keeps_dying_leaves_its_work_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "AGAIN_S", 0.05)
    big, small = candidate(Recogniser("big")), candidate(Recogniser("small"))
    async with living([big, small], tmp_path) as life:
        await until(life, Phase.READY)
        for _ in range(succession.LOOP):
            life.revive(await life.awake(), "signal 11")
        assert (await life.awake()).model == "small"
        assert "signal 11" in life.failures["big"]
        await serving(life, "big")  # tried again later
        assert life.failures == {}


async def test_one_that_cannot_be_brought_again_leaves_its_work_to_the_next(
    tmp_path: Path,
) -> None:
    big, small = Recogniser("big"), Recogniser("small")
    async with living([candidate(big), candidate(small)], tmp_path) as life:
        await until(life, Phase.READY)
        big.fails_to_load = "no memory"
        life.revive(big, "it took too much memory")
        assert await life.awake() is small
        assert life.failures == {"big": "no memory"}


async def test_a_server_that_was_away_at_the_start_serves_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "AGAIN_S", 0.05)
    foreign = Recogniser("foreign")
    foreign.fails_to_load = "nothing answers"
    first = Candidate(model="foreign", build=lambda: foreign, comes_and_goes=True)
    async with living([first, candidate(Recogniser("own"))], tmp_path) as life:
        await serving(life, "own")
        foreign.fails_to_load = ""
        await serving(life, "foreign")


async def test_a_model_on_its_way_comes_after_the_one_that_died(tmp_path: Path) -> None:
    old, new = Recogniser("old"), Recogniser("new")
    new.hold.clear()

    def warm(engine: Recogniser) -> None:
        if engine is new:
            engine.worked()

    async with living([candidate(old)], tmp_path, warm=warm) as life:
        await until(life, Phase.READY)
        life.load(candidate(new))
        await until(life, Phase.WARMING)
        life.revive(old, "signal 6")
        assert await life.awake() is old
        new.hold.set()
        await serving(life, "new")


# --- fetched while another serves


def wanted_of(engine: Recogniser, fails: list[Exception]) -> Candidate[Recogniser]:
    """Its weights are here; making it fails as often as is said."""

    def build() -> Recogniser:
        if fails:
            raise fails.pop(0)
        return engine

    return Candidate(model=engine.model, build=build)


async def test_what_is_wanted_takes_over_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "BETTER_AGAIN_S", (0.05,))
    fails: list[Exception] = [HubUnreachable("no line")] * 2
    wanted = wanted_of(Recogniser("better"), fails)
    async with living([candidate(Recogniser("small"))], tmp_path, wanted=wanted) as life:
        await serving(life, "small")
        async with asyncio.timeout(5):
            while not (life.coming and life.coming.phase == "failed"):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert life.coming.code == "download_hub_unreachable"
        assert (life.coming.reason, life.coming.again_at is not None) == ("no line", True)
        assert life.status.phase is Phase.READY  # of the small one, which answers
        await serving(life, "better")
        assert life.report()["failed"] == {}
        assert life.coming is None


async def test_what_costs_much_to_try_is_tried_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "BETTER_AGAIN_S", (0.01,))
    wrong = ChecksumMismatch("model.bin is another", file="model.bin")
    wanted = wanted_of(Recogniser("better"), [wrong])
    async with living([candidate(Recogniser("small"))], tmp_path, wanted=wanted) as life:
        async with asyncio.timeout(5):
            while not (life.coming and life.coming.again_at):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        in_s = (life.coming.again_at - datetime.now(UTC)).total_seconds()
        assert in_s > succession.DEAR_AGAIN_S - 10


async def test_offline_the_wanted_one_is_not_asked_for(tmp_path: Path) -> None:
    wanted = Candidate(model=ABSENT.id, build=Recogniser, weights=ABSENT)
    async with living([candidate(Recogniser("small"))], tmp_path, wanted=wanted) as life:
        async with asyncio.timeout(5):
            while not life.coming or life.coming.phase != "offline":  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert life.coming.code == "download_offline"
        assert life.failures == {}
        await serving(life, "small")


async def test_a_model_that_is_asked_for_puts_the_wanted_one_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "BETTER_AGAIN_S", (0.2,))
    wanted = wanted_of(Recogniser("better"), [HubUnreachable("no line")])
    async with living([candidate(Recogniser("small"))], tmp_path, wanted=wanted) as life:
        async with asyncio.timeout(5):
            while not (life.coming and life.coming.again_at):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        life.load(candidate(Recogniser("asked")))
        await serving(life, "asked")
        await asyncio.sleep(0.4)  # longer than until the next try
        assert life.report()["serving"] == "asked"
        assert life.coming is None


async def test_what_serves_is_not_let_go_while_a_better_one_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "BETTER_AGAIN_S", (0.2,))
    monkeypatch.setattr(lifecycle, "IDLE_CHECK_S", 0.01)
    wanted = wanted_of(Recogniser("better"), [HubUnreachable("no line")] * 2)
    small = candidate(Recogniser("small"))
    async with living([small], tmp_path, wanted=wanted, idle_unload_s=0.01) as life:
        await serving(life, "small")
        async with asyncio.timeout(5):
            while life.report()["serving"] == "small":
                assert life.can_serve
                await asyncio.sleep(0.001)
        assert (await life.awake()).model == "better"
        await until(life, Phase.IDLE)  # nothing else is to come


@pytest.mark.parametrize("how", ["load", "unload"])
async def test_what_was_put_aside_is_not_told_to_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(succession, "BETTER_AGAIN_S", (30.0,))
    wanted = wanted_of(Recogniser("better"), [HubUnreachable("no line")])
    small = candidate(Recogniser("small"))
    async with living([small], tmp_path, wanted=wanted) as life:
        async with asyncio.timeout(5):
            while not (life.coming and life.coming.again_at):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        if how == "load":
            life.load(small)
        else:
            life.unload("small")
        assert life.coming is None
