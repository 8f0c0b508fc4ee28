"""What was spoken lately is spoken again at once, and never held beyond its bound."""

from prometheus_client import generate_latest

from chassis.metrics import Metrics
from inference.tts.cache import ENTRY_BYTES, MAX_CHARS, Key, PhraseCache, Spoken
from inference.tts.engine import Mark

SOUND = Spoken(sound=bytes(10_000), marks=())
HELD = 10_000 + ENTRY_BYTES


def key(text: str, voice: str = "alloy", speed: float = 1.0) -> Key:
    return Key(model="m", voice=voice, language="en-us", speed=speed, text=text)


def cache_of(count: float) -> tuple[PhraseCache, Metrics]:
    """Room for so many."""
    metrics = Metrics("tts")
    return PhraseCache(int(count * HELD), metrics), metrics


def told(metrics: Metrics, name: str) -> float:
    text = generate_latest(metrics.registry).decode()
    return next(
        float(line.split()[1])
        for line in text.splitlines()
        if line.startswith(f"parley_tts_{name}")
    )


def test_what_is_kept_is_found_by_all_that_shapes_it() -> None:
    cache, metrics = cache_of(3)
    cache.keep(key("Hello."), SOUND)
    assert cache.find(key("Hello.")) is SOUND
    assert cache.find(key("Hello.", voice="echo")) is None
    assert cache.find(key("Hello.", speed=1.1)) is None
    assert cache.find(key("Hello")) is None
    assert told(metrics, "cache_hits_total") == 1
    assert told(metrics, "cache_bytes") == HELD


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache, metrics = cache_of(2.5)
    for text in ("one", "two"):
        cache.keep(key(text), SOUND)
    assert cache.find(key("one"))
    cache.keep(key("three"), SOUND)
    assert [bool(cache.find(key(text))) for text in ("one", "two", "three")] == [True, False, True]
    assert told(metrics, "cache_bytes") == 2 * HELD


def test_the_same_phrase_again_takes_no_more_room() -> None:
    cache, metrics = cache_of(2.5)
    for _ in range(5):
        cache.keep(key("one"), SOUND)
    assert told(metrics, "cache_bytes") == HELD


def test_what_is_long_is_not_kept() -> None:
    cache, metrics = cache_of(2)
    cache.keep(key("x" * (MAX_CHARS + 1)), SOUND)
    cache.keep(key("larger than all of it"), Spoken(sound=bytes(3 * HELD), marks=()))
    assert told(metrics, "cache_bytes") == 0


def test_words_count_too() -> None:
    cache, metrics = cache_of(2)
    mark = Mark(start=0, end=1, started_at_s=0.0, ended_at_s=1.0)
    cache.keep(key("one"), Spoken(sound=bytes(10_000), marks=(mark,)))
    assert told(metrics, "cache_bytes") > HELD


def test_no_room_is_no_cache() -> None:
    cache, _ = cache_of(0)
    assert not cache.takes("Hello.")
    cache.keep(key("Hello."), SOUND)
    assert cache.find(key("Hello.")) is None


def test_another_model_finds_nothing() -> None:
    cache, metrics = cache_of(2)
    cache.keep(key("Hello."), SOUND)
    cache.clear()
    assert cache.find(key("Hello.")) is None
    assert told(metrics, "cache_bytes") == 0
