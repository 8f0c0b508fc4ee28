"""Model, language, prompt and temperature: honoured or refused by name, never dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import InvalidRequest, NotFound
from inference.stt.engine import Abilities
from inference.stt.models import (
    MAX_PROMPT_CHARS,
    UNSUPPORTED,
    check_model,
    language_asked,
    prompt_asked,
    temperature_asked,
)

ENGLISH = Abilities(languages=frozenset({"en"}))
GERMANIC = Abilities(languages=frozenset({"de", "nl"}))
ALL = Abilities(
    languages=frozenset({"en", "de", "yue"}),
    detects_language=True,
    prompt=True,
    temperature=True,
    translate=True,
)


@pytest.mark.parametrize(
    "asked",
    [None, "", "mine", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15"],
)
def test_the_model_that_serves_answers_to_the_names_of_others(asked: str | None) -> None:
    check_model(asked, "mine")


@pytest.mark.parametrize(
    "asked", ["other", "MINE", "mine ", "whisper-small", "../mine", "x" * 9999]
)
def test_another_model_is_not_found(asked: str) -> None:
    with pytest.raises(NotFound) as refused:
        check_model(asked, "mine")
    assert (refused.value.param, refused.value.error_code) == ("model", "model_not_found")
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("asked", ["de", "DE", "de-AT", "de_CH", "German", " german "])
def test_a_language_is_known_by_code_region_and_name(asked: str) -> None:
    assert language_asked(asked, GERMANIC) == "de"
    assert language_asked(asked, ALL) == "de"


@pytest.mark.parametrize("asked", [None, "", "auto", "multi"])
def test_no_language_is_detected_where_the_model_can(asked: str | None) -> None:
    assert language_asked(asked, ALL) is None


def test_no_language_is_the_models_own_where_it_cannot_detect() -> None:
    assert language_asked(None, ENGLISH) == "en"
    assert language_asked("", GERMANIC) == "de"


@pytest.mark.parametrize("asked", ["fr", "auto", "multi", "\x00", "klingon", "-", "\ud800"])
def test_a_language_the_model_does_not_hear_is_refused(asked: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        language_asked(asked, ENGLISH, "session.language")
    assert refused.value.param == "session.language"
    assert refused.value.error_code == "unsupported_language"
    assert "hears en" in refused.value.message


@pytest.mark.parametrize("asked", [None, "", "  \n"])
def test_an_empty_prompt_is_none(asked: str | None) -> None:
    assert prompt_asked(asked, ENGLISH) is None
    assert prompt_asked(asked, ALL) is None


def test_a_prompt_is_honoured_or_refused() -> None:
    assert prompt_asked(" Names: Anna ", ALL) == " Names: Anna "
    with pytest.raises(InvalidRequest) as refused:
        prompt_asked("Anna", ENGLISH, "session.prompt")
    assert (refused.value.param, refused.value.error_code) == ("session.prompt", UNSUPPORTED)
    with pytest.raises(InvalidRequest, match=f"longer than {MAX_PROMPT_CHARS}"):
        prompt_asked("a" * (MAX_PROMPT_CHARS + 1), ALL)


@pytest.mark.parametrize(
    "asked", ["abc", "nan", "inf", "-inf", "1e999", "-0.1", "1.01", "\x00", "1,5"]
)
def test_a_temperature_must_be_from_0_to_1(asked: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        temperature_asked(asked, ALL)
    assert refused.value.param == "temperature"


def test_a_model_that_does_not_sample_takes_only_0() -> None:
    assert temperature_asked(None, ENGLISH) is None
    assert temperature_asked("0", ENGLISH) == 0
    assert temperature_asked("0.0", ENGLISH) == 0
    with pytest.raises(InvalidRequest) as refused:
        temperature_asked("0.2", ENGLISH)
    assert (refused.value.param, refused.value.error_code) == ("temperature", UNSUPPORTED)


@given(st.text())
def test_any_text_is_honoured_or_refused_by_name(text: str) -> None:
    for check, param in ((language_asked, "language"), (temperature_asked, "temperature")):
        for can in (ENGLISH, ALL):
            named, value = param, None
            try:
                value = check(text, can)
            except InvalidRequest as exc:
                named = str(exc.param)
            assert named == param
            assert value is None or value in can.languages or 0 <= float(value) <= 1
