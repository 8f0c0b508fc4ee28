"""Lengths of time in words, English and French: said, and understood."""

import re
import unicodedata

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
UNITS: dict[str, dict[str, int]] = {
    "en": {"day": DAY_S, "hour": HOUR_S, "minute": MINUTE_S, "second": 1},
    "fr": {"jour": DAY_S, "heure": HOUR_S, "minute": MINUTE_S, "seconde": 1},
}
ABBREVIATIONS = {"min": MINUTE_S, "mn": MINUTE_S, "sec": 1, "s": 1, "h": HOUR_S, "hr": HOUR_S}
SECONDS_OF = ABBREVIATIONS | {name: s for units in UNITS.values() for name, s in units.items()}
SMALL = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen",
        "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"
        " quinze seize",
    )
    for number, word in enumerate(words.split())
}
TENS = {
    word: 10 * number
    for words in (
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "vingt trente quarante cinquante soixante",
    )
    for number, word in enumerate(words.split(), start=2)
}
NUMBERS = SMALL | TENS | {"a": 1, "an": 1, "une": 1, "couple": 2}
FRACTIONS = {"half": 0.5, "demi": 0.5, "demie": 0.5, "quarter": 0.25, "quart": 0.25}
BESIDE = "and et of d de the my le la mon timer minuteur alarm alarme for pour"
IGNORED = frozenset(BESIDE.split())


def spoken_duration(duration_s: float, language: str, *, as_name: bool = False) -> str:
    """`90` → "1 minute 30 seconds". `as_name`: as said before "timer", "1 minute 30 second"."""
    left = max(0, round(duration_s))
    parts = []
    for name, seconds in UNITS["fr" if language == "fr" else "en"].items():
        count, left = divmod(left, seconds)
        if count:
            plural = "s" if count > 1 and not (as_name and language != "fr") else ""
            parts.append(f"{count} {name}{plural}")
    return " ".join(parts) or ("0 seconde" if language == "fr" else "0 seconds")


def about(duration_s: float, language: str) -> str:
    """`3700` → "1 hour": only the largest unit, for what need not be exact."""
    for seconds in (DAY_S, HOUR_S, MINUTE_S):
        if duration_s >= seconds:
            return spoken_duration(duration_s // seconds * seconds, language)
    return spoken_duration(duration_s, language)


def duration_named(text: str) -> float | None:
    """Seconds that `text` names and nothing else: "five minute", "une heure et demie", "90 s"."""
    total, number, unit = 0.0, None, 0
    for word in _words(text):
        if re.fullmatch(r"\d+(\.\d+)?", word):
            number = (number or 0) + float(word)
        elif word in FRACTIONS:
            if unit and number is None:  # "an hour and a half"
                total += FRACTIONS[word] * unit
            else:
                number = (number if number and number > 1 else 1) * FRACTIONS[word]
        elif word in SECONDS_OF:
            unit = SECONDS_OF[word]
            total += (1 if number is None else number) * unit
            number = None
        elif word in NUMBERS:
            if unit and word in ("a", "an", "une"):
                continue  # "a minute and a half"; also the article of "half an hour"
            number = _grown(number, word)
        elif word not in IGNORED:
            return None
    if number is not None:
        total += number * unit / MINUTE_S  # "one hour thirty"
    return total if unit and total > 0 else None


def _grown(number: float | None, word: str) -> float:
    if word in ("a", "an", "une") and number is not None and number < 1:
        return number  # "half an hour"
    if word == "vingt" and number == 4:
        return 80
    return (number or 0) + NUMBERS[word]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower().replace(",", "."))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", plain)
    return [word if word in SECONDS_OF | FRACTIONS | NUMBERS else word.removesuffix("s")
            for word in words]  # fmt: skip
