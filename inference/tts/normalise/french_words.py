"""The words of French: months, units, currencies, abbreviations."""

import re

from inference.tts.normalise.abbreviations import endings, words
from inference.tts.normalise.language import Currency, Noun, Rule

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip
_SHORT_MONTHS = {
    "janv": 1, "févr": 2, "fév": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12,
}  # fmt: skip
MONTH_NUMBERS = (
    {name: at for at, name in enumerate(MONTHS, 1)}
    | {name.capitalize(): at for at, name in enumerate(MONTHS, 1)}
    | {f"{name}{dot}": at for name, at in _SHORT_MONTHS.items() for dot in (".", "")}
    | {"fevrier": 2, "aout": 8, "decembre": 12}
)
ERAS = {
    "av. J.-C.": "avant Jésus-Christ", "av. J.-C": "avant Jésus-Christ",
    "ap. J.-C.": "après Jésus-Christ", "apr. J.-C.": "après Jésus-Christ",
}  # fmt: skip
SIGNS = {
    "+": "plus", "=": "égale", "\u00d7": "fois", "*": "fois", "x": "fois", "÷": "divisé par",
    "±": "plus ou moins", "≠": "est différent de", "≈": "vaut environ", "<": "est inférieur à",
    ">": "est supérieur à", "≤": "est au plus", "≥": "est au moins", "&": "et",
    "<=": "est au plus", ">=": "est au moins", "!=": "est différent de", "==": "égale",
    "^": "puissance", "->": "vers", "=>": "donc", "\u2212": "moins",
}  # fmt: skip
ADDRESS_WORDS = {
    "@": "arobase", ".": "point", "/": "barre oblique", "-": "tiret", "_": "tiret bas",
    ":": "deux-points", "~": "tilde", "%": "pour cent", "+": "plus",
}  # fmt: skip

_CENTIME = Noun("centime", "centimes")
_CENT = Noun("cent", "cents")
_DOLLAR = Currency(Noun("dollar", "dollars", after_million="de dollars"), _CENT)
_EURO = Currency(Noun("euro", "euros", after_million="d'euros"), _CENTIME)
_POUND = Currency(
    Noun("livre", "livres", feminine=True, after_million="de livres"), Noun("penny", "pence")
)
_YEN = Currency(Noun("yen", "yens", after_million="de yens"))


def _dollar(name: str) -> Currency:
    plural = f"dollars {name}s"
    return Currency(Noun(f"dollar {name}", plural, after_million=f"de {plural}"), _CENT)


CURRENCIES = {
    "$": _DOLLAR, "US$": _dollar("américain"), "USD": _dollar("américain"),
    "CA$": _dollar("canadien"), "CAD": _dollar("canadien"), "€": _EURO, "EUR": _EURO,
    "£": _POUND, "GBP": _POUND, "¥": _YEN, "JPY": _YEN,
    "CHF": Currency(
        Noun("franc suisse", "francs suisses", after_million="de francs suisses"), _CENTIME
    ),
    "Ar": Currency(Noun("ariary", "ariary", after_million="d'ariary")),
    "MGA": Currency(Noun("ariary", "ariary", after_million="d'ariary")),
    "₿": Currency(Noun("bitcoin", "bitcoins", after_million="de bitcoins")),
    "¢": Currency(_CENT),
}  # fmt: skip
_MILLION = Noun("million", "millions", after_million="d")
_MILLIARD = Noun("milliard", "milliards", after_million="d")
SCALES = {
    "k": Noun("mille", "mille"), "M": _MILLION, "Md": _MILLIARD, "Mds": _MILLIARD,
    "million": _MILLION, "millions": _MILLION, "milliard": _MILLIARD, "milliards": _MILLIARD,
    "million de": _MILLION, "millions de": _MILLION, "milliard de": _MILLIARD,
    "milliards de": _MILLIARD, "mille": Noun("mille", "mille"),
    "million d'": _MILLION, "millions d'": _MILLION, "milliards d'": _MILLIARD,
}  # fmt: skip


def _nouns(rows: str) -> dict[str, Noun]:
    """`sign sign: one, many` a line; a + marks what is feminine."""
    found: dict[str, Noun] = {}
    for row in rows.strip().splitlines():
        signs, _, names = row.partition(":")
        one, _, many = names.strip(" +").partition(",")
        noun = Noun(one.strip(), many.strip() or f"{one.strip()}s", names.endswith("+"))
        found |= dict.fromkeys(signs.split(), noun)
    return found


UNITS = _nouns("""
km: kilomètre
m: mètre
cm: centimètre
mm: millimètre
µm μm: micromètre
nm: nanomètre
km/h: kilomètre heure, kilomètres heure
m/s: mètre par seconde, mètres par seconde
kg: kilogramme
g: gramme
mg: milligramme
µg μg: microgramme
t: tonne, tonnes +
l L: litre
ml mL: millilitre
cl cL: centilitre
dl dL: décilitre
hl hL: hectolitre
m² m2: mètre carré, mètres carrés
km² km2: kilomètre carré, kilomètres carrés
cm² cm2: centimètre carré, centimètres carrés
m³ m3: mètre cube, mètres cubes
cm³ cm3: centimètre cube, centimètres cubes
ha: hectare
°C ℃: degré Celsius, degrés Celsius
°F ℉: degré Fahrenheit, degrés Fahrenheit
°: degré
Hz: hertz, hertz
kHz: kilohertz, kilohertz
MHz: mégahertz, mégahertz
GHz: gigahertz, gigahertz
o: octet
ko Ko kB KB: kilooctet
Mo MB: mégaoctet
Go GB: gigaoctet
To TB: téraoctet
Mo/s MB/s: mégaoctet par seconde, mégaoctets par seconde
Mb/s Mbps Mbit/s: mégabit par seconde, mégabits par seconde
Gb/s Gbps Gbit/s: gigabit par seconde, gigabits par seconde
W: watt
kW: kilowatt
MW: mégawatt
GW: gigawatt
Wh: wattheure
kWh: kilowattheure
mAh: milliampère-heure, milliampères-heures
V: volt
mV: millivolt
kV: kilovolt
Ω: ohm
J: joule
kJ: kilojoule
kcal: kilocalorie, kilocalories +
Pa: pascal
hPa: hectopascal
kPa: kilopascal
dB: décibel
h: heure, heures +
min mn: minute, minutes +
s sec: seconde, secondes +
ms: milliseconde, millisecondes +
µs μs: microseconde, microsecondes +
px: pixel
ch: cheval, chevaux
¢: cent
""")
LOOSE_UNITS = frozenset({"s", "t", "J", "o", "l", "ch"})

RULERS = (
    "Louis|Henri|Charles|François|Philippe|Napoléon|Jean-Paul|Benoît|Pie|Léon|Élisabeth|Elisabeth|"
    "Élizabeth|Georges?|Édouard|Edouard|Guillaume|Richard|Jacques|Jean|Nicolas|Alexandre|Frédéric|"
    "Catherine|Ivan|Ferdinand|Alphonse|Ramsès|Ptolémée|Clément|Grégoire|Urbain|Albert|Léopold|"
    "Baudouin|Radama|Ranavalona|Juan Carlos|Felipe|Hassan|Mohammed"
)
PARTS = (
    "[Cc]hapitre|[Tt]ome|[Aa]cte|[Ss]cène|[Ll]ivre|[Aa]rticle|[Aa]nnexe|[Pp]artie|[Tt]itre|"
    "[Vv]olume|[Ff]igure|[Tt]ableau|[Pp]aris|[Ll]yon"
)

_CAPITAL = r"(?= ?[A-ZÀ-Ý])"
_NUMBER = r"(?= ?\d)"
_TITLES = {
    r"M\.": "Monsieur", r"MM\.": "Messieurs", r"Mr\.?": "Monsieur", r"Mmes?\.?": "Madame",
    r"Mmes": "Mesdames", r"Mlles?": "Mademoiselle", r"Dr\.?": "Docteur", r"Drs\.?": "Docteurs",
    r"Pr\.?": "Professeur", r"Prof\.": "Professeur", r"Me": "Maître", r"Mgr": "Monseigneur",
    r"St": "Saint", r"Ste": "Sainte",
}  # fmt: skip
_BEFORE_NUMBERS = {
    r"[Nn][°º] ?": "numéro ", r"[Nn]os ": "numéros ", "[Nn]o ": "numéro ", "№ ?": "numéro ",
    "#": "numéro ",
    r"[Pp]p?\. ?": "page ", r"[Tt]\. ?": "tome ", r"[Vv]ol\. ?": "volume ",
    r"[Cc]hap\. ?": "chapitre ", r"[Aa]rt\. ?": "article ", r"[Ff]ig\. ?": "figure ",
    "§ ?": "paragraphe ", r"[Tt]él\. ?:? ?": "téléphone ", "~ ?": "environ ", "≈ ?": "environ ",
    "≥ ?": "au moins ", "≤ ?": "au plus ",
}  # fmt: skip
_ENDINGS = {"etc": "etcétéra", "env": "environ", "max": "maximum", "min": "minimum"}

_ANYWHERE = {
    r"[Pp]\. ?ex\.": "par exemple", r"[Cc]\.-?à-?d\.": "c'est-à-dire", r"[Cc]f\.(?= )": "confer",
    r"vs\.?(?!\w)": "contre", r"[Bb]d(?= [A-ZÀ-Ý])": "boulevard",
    r"[Aa]v\.(?= [A-ZÀ-Ý])": "avenue", r"[Ss]\.?[Vv]\.?[Pp]\.?(?!\w)": "s'il vous plaît",
    r"[Rr][Dd][Vv](?!\w)": "rendez-vous", r"[Nn]\.B\.": "nota béné",
    r"24 ?[hH] ?/ ?24": "vingt-quatre heures sur vingt-quatre",
    r"7 ?[jJ] ?/ ?7": "sept jours sur sept", r"1/2(?=[ -]heure)": "une demi",
    r"C#(?!\w)": "C dièse",
    r"C\+\+(?!\w)": "C plus plus", r"et/ou(?!\w)": "et ou",
}  # fmt: skip

ABBREVIATIONS = (
    words(dict(reversed(_TITLES.items())), _CAPITAL),
    endings(_ENDINGS | {short: MONTHS[at - 1] for short, at in _SHORT_MONTHS.items()}),
    words(_BEFORE_NUMBERS, _NUMBER),
    words(_ANYWHERE),
    Rule(re.compile(r" ?/ ?(?=(?:mois|jour|an|semaine|heure|personne|nuit|page)(?!\w))"), " par "),
)
