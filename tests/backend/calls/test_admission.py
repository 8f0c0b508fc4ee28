"""Who is let in, who waits and who is over their share."""

from typing import Any

import httpx2
import pytest

from backend.accounts.sign_in import Principal
from backend.calls.admission import Admission
from backend.calls.lines import Lines
from backend.calls.open_calls import OpenCalls
from backend.settings import BackendSettings
from chassis.errors import RateLimited, Unavailable
from chassis.metrics import Metrics
from tests.backend.calls.sfu import FakeSfu

ANN = Principal(user_id="ann", role="member")
BEN = Principal(user_id="ben", role="member")


class House:
    """Admission over a worker with `most` lines."""

    def __init__(self, most: int, **settings: Any) -> None:
        self.lines = Lines()
        self.most = most
        self.busy(0)
        chosen = BackendSettings(**{"auth": "on"} | settings)
        self.metrics = Metrics("backend")
        self.admission = Admission(chosen, self.lines, OpenCalls(FakeSfu()), self.metrics)

    def busy(self, active: int) -> None:
        told = {"calls": {"active": active, "most": self.most}}
        self.lines.seen(httpx2.Response(200, json=told))

    async def place(self, who: Principal, page: str = "page") -> int | str:
        try:
            return await self.admission.admit(who, page)
        except Unavailable as exc:
            return int((exc.details or {})["position"])


async def test_a_rush_gets_as_many_rooms_as_there_are_lines() -> None:
    house = House(most=2, auth="off")
    places = [await house.place(ANN, str(n)) for n in range(5)]
    assert [type(place) for place in places] == [str, str, int, int, int]
    assert places[2:] == [1, 2, 3]


async def test_a_busy_line_is_told_with_the_place_and_when_to_ask_again() -> None:
    house = House(most=0)
    await house.place(BEN)
    with pytest.raises(Unavailable) as refused:
        await house.admission.admit(ANN, "page")
    assert (refused.value.error_code, refused.value.retry_after_s) == ("lines_busy", 2.0)
    assert refused.value.details == {"position": 2, "retry_after_s": 2.0}
    assert b"parley_backend_calls_waiting 2.0" in house.metrics.render()


async def test_a_user_is_in_no_more_calls_than_allowed() -> None:
    house = House(most=9, calls_per_user=2)
    for _ in range(2):
        await house.place(ANN)
    with pytest.raises(RateLimited) as refused:
        await house.place(ANN)
    assert (refused.value.error_code, refused.value.param) == ("too_many_calls", "user")
    assert isinstance(await house.place(BEN), str)


async def test_a_user_holds_no_more_places_than_allowed() -> None:
    house = House(most=0, calls_per_user=2)
    assert [await house.place(ANN, page) for page in "ab"] == [1, 2]
    with pytest.raises(RateLimited):
        await house.place(ANN, "c")
    assert await house.place(ANN, "b") == 2


async def test_the_one_user_of_a_machine_has_no_share() -> None:
    house = House(most=9, calls_per_user=1, auth="off")
    assert all([isinstance(await house.place(ANN), str) for _ in range(5)])


async def test_calls_have_a_limit_of_their_own() -> None:
    house = House(most=9, max_calls=1)
    assert isinstance(await house.place(ANN), str)
    assert await house.place(BEN) == 1
