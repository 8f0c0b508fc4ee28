"""Times, dates and units in French sentences."""

import re
from datetime import date, time

from inference.assist.language import Formats

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
          "octobre", "novembre", "décembre")  # fmt: skip
ABOUT_YOU = {
    "je suis": "vous êtes", "j'ai": "vous avez", "je": "vous", "mon": "votre", "ma": "votre",
    "mes": "vos", "moi": "vous", "me": "vous", "notre": "votre", "nos": "vos",
}  # fmt: skip
MINE = re.compile(rf"(?<![\w'])(?:{'|'.join(ABOUT_YOU)})(?![\w'])", re.I)
SPEAKING_OF_ME = re.compile(r"\b(?:tu|te|ton|ta|tes|toi|vous|votre|vos)\b", re.I)


def _clock(at: time) -> str:
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return "minuit" if at.hour == 0 else "midi"
    hours = f"{at.hour} heure{'s' if at.hour > 1 else ''}"
    return f"{hours} {at.minute:02}" if at.minute else hours


def _day(day: date) -> str:
    number = "1er" if day.day == 1 else f"{day.day}"
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"


def _singular(name: str) -> str:
    """ "milles marins" → "mille marin"; what belongs to a "par" stays."""
    head, per, rest = name.partition(" par ")
    words = [word if word.istitle() else word.removesuffix("s") for word in head.split()]
    return " ".join(words) + per + rest


def _to_listener(note: str) -> str:
    if SPEAKING_OF_ME.search(note):
        return note
    plain = note.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return MINE.sub(lambda found: ABOUT_YOU[found.group().lower()], plain)


FORMATS = Formats(
    clock=_clock,
    day=_day,
    weekday=lambda day: WEEKDAYS[day.weekday()],
    month=lambda day: MONTHS[day.month - 1],
    time_units=((86_400, "jour", "jours"), (3600, "heure", "heures"), (60, "minute", "minutes"),
                (1, "seconde", "secondes")),
    is_plural=lambda count: abs(count) >= 2,
    singular=_singular,
    to_listener=_to_listener,
    decimal_mark=",",
    thousands_mark="\N{NARROW NO-BREAK SPACE}",
    operators={
        "+": "plus", "-": "moins", "*": "fois", "/": "divisé par", "**": "puissance",
    },
    accents={
        "\N{COMBINING ACUTE ACCENT}": "accent aigu", "\N{COMBINING GRAVE ACCENT}": "accent grave",
        "\N{COMBINING CIRCUMFLEX ACCENT}": "accent circonflexe",
        "\N{COMBINING DIAERESIS}": "tréma", "\N{COMBINING CEDILLA}": "cédille",
    },
)  # fmt: skip
