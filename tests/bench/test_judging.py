"""How the benches judge what they measured."""

from dataclasses import replace

import pytest

from bench.soak.samples import Sample, trends
from bench.turns import percentile
from bench.turns.calls import stopped
from bench.turns.replies import code_in, new_code, reply_words

CALM = Sample(
    at_s=0,
    worker_rss_mb=120,
    tree_rss_mb=400,
    worker_fds=40,
    tree_fds=120,
    processes=5,
    rooms=1,
    connections=8,
)


def ticks(first_s: float, last_s: float) -> list[float]:
    return [first_s + i / 100 for i in range(int((last_s - first_s) * 100))]


def test_sound_until_it_stops_is_the_time_to_silence() -> None:
    assert stopped(ticks(10.0, 10.25), began_s=10.0, ended_s=12.0) == pytest.approx(0.24)


@pytest.mark.parametrize(
    "loud_at_s",
    [ticks(10.0, 11.9), [*ticks(10.0, 10.2), *ticks(11.0, 11.5)], []],
    ids=["it goes on", "it begins again", "there was nothing to stop"],
)
def test_what_did_not_stop_for_good_has_no_time_to_silence(loud_at_s: list[float]) -> None:
    assert stopped(loud_at_s, began_s=10.0, ended_s=12.0) is None


def test_a_number_that_wavers_is_flat_and_one_that_climbs_is_not() -> None:
    samples = [
        replace(CALM, at_s=i * 5, tree_rss_mb=400 + i % 7, worker_fds=40 + i) for i in range(40)
    ]
    flat = {one.name: one.flat for one in trends(samples)}
    assert flat.pop("worker_fds") is False
    assert all(flat.values())


def test_the_slope_is_told_a_minute() -> None:
    samples = [replace(CALM, at_s=i * 60, tree_rss_mb=400 + 2 * i) for i in range(20)]
    slope = {one.name: one.per_minute for one in trends(samples)}
    assert slope["tree_rss_mb"] == pytest.approx(2)


def test_speech_tells_the_answer_it_belongs_to() -> None:
    first, second = new_code(), new_code()
    assert first != second
    words = reply_words(first)
    assert [word[-1] for word in words].count(".") == 2
    assert words[6].endswith(".")
    assert code_in(" ".join(words[:3])) == first
    assert code_in("Hello, this is Parley.") == ""


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(i) for i in range(10)], 0.9) == 8.0
