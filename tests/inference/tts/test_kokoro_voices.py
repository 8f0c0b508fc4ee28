"""Kokoro's voices: names, aliases, tags and blends."""

import numpy as np
import pytest

from inference.model_status import EngineFailed
from inference.tts.engine import Voice
from inference.tts.kokoro_voices import (
    ALIASES,
    MAX_BLENDS_KEPT,
    MAX_PARTS,
    STYLE_SIZE,
    Styles,
    Voices,
    checked,
    kin,
)

ALL_LANGUAGES = ("en-us", "en-gb", "es", "fr-fr", "hi", "it", "ja", "pt-br", "cmn")
WITHOUT_ASIA = tuple(tag for tag in ALL_LANGUAGES if tag not in ("ja", "cmn"))
# Every voice of Kokoro v1.0.
PUBLISHED = {
    "en-us": "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river "
    "af_sarah af_sky am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa",
    "en-gb": "bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis",
    "es": "ef_dora em_alex em_santa",
    "fr-fr": "ff_siwis",
    "hi": "hf_alpha hf_beta hm_omega hm_psi",
    "it": "if_sara im_nicola",
    "ja": "jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo",
    "pt-br": "pf_dora pm_alex pm_santa",
    "cmn": "zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang",
}
NAMES = [name for names in PUBLISHED.values() for name in names.split()]


def voices(*names: str, languages: tuple[str, ...] = ALL_LANGUAGES) -> Voices:
    return Voices({name: style(at) for at, name in enumerate(names or NAMES, 1)}, languages)


def style(number: float) -> Styles:
    return np.full((510, STYLE_SIZE), number, np.float32)


def found(catalogue: Voices, voice_id: str) -> Voice:
    voice = catalogue.find(voice_id)
    assert voice is not None, voice_id
    return voice


def test_all_fifty_four_voices_have_their_language() -> None:
    assert len(NAMES) == 54
    catalogue = voices()
    for language, names in PUBLISHED.items():
        assert {found(catalogue, name).language for name in names.split()} == {language}


def test_openais_names_come_first_then_kokoros() -> None:
    listed = [voice.id for voice in voices().listed()]
    assert listed[:13] == sorted(ALIASES)
    assert sorted(listed[13:]) == sorted(NAMES)


def test_a_voice_is_only_listed_when_its_file_is_here() -> None:
    listed = [voice.id for voice in voices("af_sky", "ff_siwis").listed()]
    assert listed[13:] == ["af_sky", "ff_siwis"]
    assert voices("af_sky").find("af_bella") is None


def test_voices_of_a_language_that_cannot_be_spelled_are_left_out() -> None:
    catalogue = voices(languages=WITHOUT_ASIA)
    assert len(catalogue.listed()) == 13 + 54 - 5 - 8
    assert catalogue.find("jf_alpha") is None
    assert catalogue.find("ja") is None


def test_without_any_voice_there_is_no_engine() -> None:
    with pytest.raises(EngineFailed, match="no voice"):
        voices("jf_alpha", languages=WITHOUT_ASIA)
    with pytest.raises(EngineFailed, match="no voice"):
        Voices({"readme": style(1)}, ALL_LANGUAGES)


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_every_openai_name_speaks_its_voice(alias: str) -> None:
    catalogue = voices()
    voice = found(catalogue, alias.upper())
    assert voice.id == alias
    assert np.array_equal(catalogue.style(voice), catalogue.style(found(catalogue, ALIASES[alias])))


@pytest.mark.parametrize(
    ("alias", "instead"), [("onyx", "am_liam"), ("nova", "af_sky"), ("ballad", "bm_lewis")]
)
def test_an_alias_without_its_voice_keeps_sex_and_language(alias: str, instead: str) -> None:
    catalogue = voices("ff_siwis", "am_liam", "af_sky", "bm_lewis", "bf_lily")
    heard = catalogue.style(found(catalogue, alias))
    assert np.array_equal(heard, catalogue.style(found(catalogue, instead)))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "af_heart"),
        ("en-us", "af_heart"),
        ("en_GB", "bf_emma"),
        ("fr", "ff_siwis"),
        ("fr-ca", "ff_siwis"),
        ("pt", "pf_dora"),
        ("es-mx", "ef_dora"),
        ("zh", "zf_xiaoxiao"),
        ("cmn", "zf_xiaoxiao"),
        ("en-us+m3", "am_michael"),
        ("fr-fr+m1", "ff_siwis"),
    ],
)
def test_a_language_tag_is_the_best_voice_of_that_language(tag: str, name: str) -> None:
    assert found(voices(), tag).id == name


def test_a_voice_speaks_other_languages_too() -> None:
    catalogue = voices(languages=WITHOUT_ASIA)
    bella = found(catalogue, "af_bella")
    french = catalogue.in_language(bella, "fr")
    assert french == Voice(id="af_bella", name="Bella", language="fr-fr")
    assert catalogue.in_language(bella, "ja") is None
    assert catalogue.in_language(bella, "tlh") is None


def test_a_blend_weighs_its_parts_against_their_sum() -> None:
    catalogue = voices("af_bella", "am_adam")  # styles of ones and of twos
    blend = found(catalogue, "af_bella+am_adam(0.3)")
    assert np.allclose(catalogue.style(blend), (1 * 1 + 2 * 0.3) / 1.3)
    assert np.allclose(catalogue.style(found(catalogue, "af_bella(2)+am_adam(6)")), 1.75)
    assert np.allclose(catalogue.style(found(catalogue, "af_bella + am_adam")), 1.5)


def test_a_blend_speaks_the_language_of_its_heaviest_part() -> None:
    assert found(voices(), "af_bella+ff_siwis(3)").language == "fr-fr"
    assert found(voices(), "af_bella+ff_siwis").language == "en-us"


def test_aliases_can_be_blended() -> None:
    assert found(voices(), "alloy+echo(0.5)").language == "en-us"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "+",
        "af_bella+",
        "+af_bella",
        "af_bella++am_adam",
        "af_bella+nobody",
        "af_bella(0)",
        "af_bella(0)+am_adam",
        "af_bella(-1)+am_adam",
        "af_bella(nan)+am_adam",
        "af_bella(inf)+am_adam",
        "af_bella(1e300)+am_adam",
        "af_bella()+am_adam",
        "af_bella(1+am_adam",
        "af_bella(0.00001)+am_adam",
        "af_bella(99999)+am_adam",
        "(0.5)",
        "+".join(["af_bella"] * (MAX_PARTS + 1)),
        "+".join(["af_bella"] * 100),
        "../af_bella",
        "voices/af_bella",
        "af_bella.pt",
        "af_bella\x00",
        "af-bella" * 200,
        "tlh",
        "fr+nobody",
        "٣",
    ],
)
def test_what_is_no_voice_is_not_found(wrong: str) -> None:
    assert voices().find(wrong) is None


def test_only_so_many_blends_are_kept() -> None:
    catalogue = voices("af_bella", "am_adam")
    first = found(catalogue, "af_bella+am_adam(1)")
    kept = catalogue.style(first)
    assert catalogue.style(first) is kept
    for weight in range(2, MAX_BLENDS_KEPT + 2):
        catalogue.style(found(catalogue, f"af_bella+am_adam({weight})"))
    assert catalogue.style(first) is not kept
    assert np.array_equal(catalogue.style(first), kept)


def test_a_name_tells_language_and_sex() -> None:
    bm = kin("bm_daniel")
    assert bm is not None
    assert (bm.language, bm.sex) == ("en-gb", "m")
    assert kin("xx_nobody") is None


@pytest.mark.parametrize("shape", [(0,), (510, 1, 255), (300,)])
def test_a_voice_of_the_wrong_size_is_damaged(shape: tuple[int, ...]) -> None:
    with pytest.raises(EngineFailed, match="af_sky is damaged"):
        checked(np.zeros(shape, np.float32), "af_sky")


def test_a_voice_that_holds_no_numbers_is_damaged() -> None:
    with pytest.raises(EngineFailed, match="not a number"):
        checked(np.full((510, 1, STYLE_SIZE), np.nan, np.float32), "af_sky")
