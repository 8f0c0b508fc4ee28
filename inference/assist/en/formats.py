"""Times, dates and units in English sentences."""

from datetime import date, time

from inference.assist.language import Formats

NOON, EVENING, NIGHT = 12, 18, 22
NO_SUFFIX_DAYS = (11, 12, 13)
SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
SINGULAR = {"feet": "foot", "inches": "inch", "Celsius": "Celsius"}
ABOUT_YOU = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "am": "are",
    "my": "your", "mine": "yours", "me": "you", "myself": "yourself",
}  # fmt: skip
SPEAKING_OF_ME = ("you", "your", "yours", "you're")


def _clock(at: time) -> str:
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return "midnight" if at.hour == 0 else "noon"
    hour = at.hour % 12 or 12
    clock = f"{hour}:{at.minute:02}" if at.minute else f"{hour} o'clock"
    return f"{clock} {_part_of_day(at.hour)}"


def _part_of_day(hour: int) -> str:
    if hour < NOON:
        return "in the morning" if hour >= 4 else "at night"
    if hour < EVENING:
        return "in the afternoon"
    return "in the evening" if hour < NIGHT else "at night"


def _day(day: date) -> str:
    suffix = "th" if day.day in NO_SUFFIX_DAYS else SUFFIXES.get(day.day % 10, "th")
    return f"{day:%A, %B} {day.day}{suffix}"


def _singular(name: str) -> str:
    return " ".join(SINGULAR.get(word) or word.removesuffix("s") for word in name.split())


def _to_listener(note: str) -> str:
    words = note.split(" ")
    if any(word.lower() in SPEAKING_OF_ME for word in words):
        return note
    return " ".join(ABOUT_YOU.get(word.lower(), word) for word in words)


FORMATS = Formats(
    clock=_clock,
    day=_day,
    weekday=lambda day: f"{day:%A}",
    month=lambda day: f"{day:%B}",
    time_units=((86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"),
                (1, "second", "seconds")),
    singular=_singular,
    to_listener=_to_listener,
    decimal_mark=".",
    thousands_mark=",",
    operators={
        "+": "plus", "-": "minus", "*": "times", "/": "divided by", "**": "to the power of",
    },
    accents={},
    is_plural=lambda count: count != 1,
)  # fmt: skip
