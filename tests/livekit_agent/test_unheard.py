"""Sound that no engine has understood yet."""

from livekit_agent.unheard import BYTES_PER_S, MAX_S, EndOfUtterance, Unheard


def everything(unheard: Unheard, place: int) -> list[bytes | EndOfUtterance]:
    return [unheard.at(at) for at in range(max(place, unheard.first), unheard.end)]


def test_a_second_reader_reads_all_of_it_again() -> None:
    unheard = Unheard()
    for piece in (b"aa", b"bb"):
        unheard.add(piece)
    unheard.end_utterance()
    whole = [b"aa", b"bb", EndOfUtterance()]
    assert everything(unheard, 0) == whole
    assert everything(unheard, unheard.first) == whole


def test_what_was_understood_is_gone_and_places_stay() -> None:
    unheard = Unheard()
    unheard.add(b"aa")
    unheard.end_utterance()
    unheard.add(b"bb")
    place = unheard.end - 1
    unheard.utterance_heard()
    assert unheard.at(place) == b"bb"
    assert everything(unheard, 0) == [b"bb"]
    assert unheard.first == 2


def test_only_the_oldest_utterance_goes() -> None:
    unheard = Unheard()
    for piece in (b"aa", b"bb", b"cc"):
        unheard.add(piece)
        unheard.end_utterance()
    unheard.utterance_heard()
    assert [entry for entry in everything(unheard, 0) if isinstance(entry, bytes)] == [b"bb", b"cc"]


def test_a_transcript_too_many_does_no_harm() -> None:
    unheard = Unheard()
    unheard.utterance_heard()
    unheard.add(b"aa")
    assert everything(unheard, 0) == [b"aa"]


def test_it_never_holds_more_than_a_minute() -> None:
    unheard = Unheard()
    for second in range(100):
        unheard.add(bytes([second]) * BYTES_PER_S)
    assert unheard.seconds <= MAX_S
    oldest = unheard.at(0)  # a reader who is behind goes on with what there is
    assert isinstance(oldest, bytes)
    assert oldest[0] == 40
