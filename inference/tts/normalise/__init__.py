"""Turn text as it is written into the words that are said, by language."""

from functools import lru_cache

from inference.tts.lexicon import Lexicon
from inference.tts.normalise import (
    addresses,
    calendar,
    clock,
    maths,
    money,
    numbers,
    phones,
    quantities,
)
from inference.tts.normalise.english import AMERICAN, BRITISH
from inference.tts.normalise.french import french
from inference.tts.normalise.language import Language, Rule
from inference.tts.normalise.malagasy import MALAGASY
from inference.tts.normalise.others import other
from inference.tts.script import Script
from inference.tts.text import prepare, tidy

_AMERICAN_TAGS = {"en", "en-us", "en-us-nyc"}
_FRENCH = {"fr-be": "fr_BE", "fr-ch": "fr_CH"}


def script_of(source: str, language: str, lexicon: Lexicon | None = None) -> Script:
    """What is said for `source` in `language` (a tag in lower case: en-us, fr-fr, mg, cmn …).

    Line breaks stay, as pauses. Empty: nothing of it can be said. Never raises; takes up to 50 ms
    for the longest input, so it belongs in a thread.
    """
    script = prepare(source)
    if lexicon is not None:
        script = lexicon.apply(script, language)
    rules = _rules(language)
    for rule in rules:
        script = script.sub(rule.pattern, rule.say, rule.group)
    return tidy(script) if rules else script


@lru_cache(maxsize=256)
def _rules(tag: str) -> tuple[Rule, ...]:
    """Each leaves words behind that those after it do not touch."""
    language = _language(tag)
    if language is None:
        return ()
    return (
        *addresses.rules(language),
        *calendar.dates(language),
        *clock.rules(language),
        *language.roman,
        *language.abbreviations,
        *phones.rules(language),
        *money.rules(language),
        *maths.rules(language),
        *quantities.rules(language),
        *calendar.years(language),
        *numbers.rules(language),
    )


def _language(tag: str) -> Language | None:
    base = tag.partition("-")[0]
    if base == "en":
        return AMERICAN if tag in _AMERICAN_TAGS else BRITISH
    if base == "fr":
        return french(_FRENCH.get(tag, "fr"))
    return MALAGASY if base == "mg" else other(tag)
