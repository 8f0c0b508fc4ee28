"""What is said knows what it was in the source."""

import re

from inference.tts.script import Script


def test_a_replacement_stands_for_all_it_replaces() -> None:
    script = Script.of("pay $5 now").sub(re.compile(r"\$5"), "five dollars")
    assert script.text == "pay five dollars now"
    assert script.origin(4, 8) == (4, 6)
    assert script.origin(17, 20) == (7, 10)


def test_replacing_twice_still_leads_to_the_source() -> None:
    script = Script.of("a 12 b").sub(re.compile("12"), "1 2").sub(re.compile("2"), "two")
    assert script.text == "a 1 two b"
    assert script.origin(4, 7) == (2, 4)


def test_only_a_group_may_be_replaced() -> None:
    script = Script.of("5-10").sub(re.compile(r"\d(-)\d"), " to ", group=1)
    assert script.text == "5 to 10"
    assert script.origin(0, 1) == (0, 1)
    assert script.origin(2, 4) == (1, 2)


def test_none_leaves_a_match_alone() -> None:
    script = Script.of("1 2").sub(re.compile(r"\d"), lambda match: "I" if match[0] == "1" else None)
    assert script.text == "I 2"


def test_a_kept_group_keeps_its_own_places() -> None:
    script = Script.of("see [docs](http://x) now").keep(re.compile(r"\[(\w+)\]\([^)]*\)"))
    assert script.text == "see docs now"
    assert script.origin(4, 8) == (5, 9)
    assert script.origin(9, 12) == (21, 24)


def test_a_cut_loses_the_blanks_around_it() -> None:
    script = Script.of("one  two  three").cut(3, 10)
    assert script.text == "two"
    assert script.origin(0, 3) == (5, 8)


def test_letters_and_their_marks_become_one() -> None:
    script = Script.of("e\u0301te\u0301!").composed()
    assert script.text == "été!"
    assert script.origins == ((0, 2), (2, 3), (3, 5), (5, 6))


def test_hangul_letters_become_syllables() -> None:
    script = Script.of("\u1112\u1161\u11ab").composed()
    assert script.text == "한"
    assert script.origins == ((0, 3),)


def test_a_character_may_become_none_or_several() -> None:
    script = Script.of("a\u200bb").each(lambda char: "" if char == "\u200b" else char * 2)
    assert script.text == "aabb"
    assert script.origins == ((0, 1), (0, 1), (2, 3), (2, 3))


def test_no_character_at_all_stands_for_a_place() -> None:
    script = Script.of("abc")
    assert script.origin(1, 1) == (1, 1)
    assert script.origin(3, 3) == (3, 3)
