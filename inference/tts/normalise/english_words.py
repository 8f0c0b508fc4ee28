"""The words of English: months, units, currencies, abbreviations."""

import re

from inference.tts.normalise.abbreviations import endings, is_last, words
from inference.tts.normalise.language import Currency, Noun, Rule

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
MONTH_NUMBERS = {name: at for at, name in enumerate(MONTHS, 1)} | {
    f"{name[:size]}{dot}": at
    for at, name in enumerate(MONTHS, 1)
    for size in (3, 4)
    for dot in ("", ".")
    if name != "May" and (size == 3 or name == "September")
}
YEAR_CUE = (
    "in|since|until|till|from|by|year|before|after|around|circa|c\\.|between|to|early|late|mid|"
    "spring|summer|autumn|fall|winter|anno"
)
ERAS = {
    "BC": "B.C.", "B.C.": "B.C.", "BCE": "B.C.E.", "B.C.E.": "B.C.E.", "CE": "C.E.",
    "C.E.": "C.E.", "AD": "A.D.", "A.D.": "A.D.",
}  # fmt: skip
SIGNS = {
    "+": "plus", "=": "equals", "\u00d7": "times", "*": "times", "x": "times", "÷": "divided by",
    "±": "plus or minus", "≠": "does not equal", "≈": "is about", "<": "is less than",
    ">": "is greater than", "≤": "is at most", "≥": "is at least", "&": "and",
    "<=": "is at most", ">=": "is at least", "!=": "does not equal", "==": "equals",
    "^": "to the power of", "->": "to", "=>": "to", "\u2212": "minus",
}  # fmt: skip
ADDRESS_WORDS = {
    "@": "at", ".": "dot", "/": "slash", "-": "dash", "_": "underscore", ":": "colon",
    "~": "tilde", "%": "percent", "+": "plus",
}  # fmt: skip

_CENT = Noun("cent", "cents")
_DOLLAR = Currency(Noun("dollar", "dollars"), _CENT)
_EURO = Currency(Noun("euro", "euros"), _CENT)
_POUND = Currency(Noun("pound", "pounds"), Noun("penny", "pence"))
_YEN = Currency(Noun("yen", "yen"))
_RUPEE = Currency(Noun("rupee", "rupees"), Noun("paisa", "paise"))


def _dollar(name: str) -> Currency:
    return Currency(Noun(f"{name} dollar", f"{name} dollars"), _CENT)


CURRENCIES = {
    "$": _DOLLAR, "US$": _dollar("US"), "USD": _dollar("US"), "CA$": _dollar("Canadian"),
    "C$": _dollar("Canadian"), "CAD": _dollar("Canadian"), "A$": _dollar("Australian"),
    "AU$": _dollar("Australian"), "AUD": _dollar("Australian"), "NZ$": _dollar("New Zealand"),
    "HK$": _dollar("Hong Kong"), "€": _EURO, "EUR": _EURO, "£": _POUND, "GBP": _POUND,
    "¥": _YEN, "JPY": _YEN, "CNY": Currency(Noun("yuan", "yuan")), "₹": _RUPEE, "INR": _RUPEE,
    "CHF": Currency(Noun("Swiss franc", "Swiss francs"), Noun("centime", "centimes")),
    "₩": Currency(Noun("won", "won")), "₽": Currency(Noun("rouble", "roubles")),
    "₿": Currency(Noun("bitcoin", "bitcoins")), "BTC": Currency(Noun("bitcoin", "bitcoins")),
    "¢": Currency(_CENT), "Ar": Currency(Noun("ariary", "ariary")),
    "MGA": Currency(Noun("ariary", "ariary")),
}  # fmt: skip
SCALES = {
    written: Noun(said, said)
    for said, all_written in {
        "thousand": ("k", "K", "thousand"),
        "million": ("m", "M", "mn", "mln", "million"),
        "billion": ("bn", "B", "b", "billion"),
        "trillion": ("tn", "T", "trillion"),
    }.items()
    for written in all_written
}


def _nouns(rows: str) -> dict[str, Noun]:
    """`sign sign: one, many` a line."""
    found: dict[str, Noun] = {}
    for row in rows.strip().splitlines():
        signs, _, names = row.partition(":")
        one, _, many = names.partition(",")
        found |= dict.fromkeys(signs.split(), Noun(one.strip(), many.strip() or one.strip()))
    return found


UNITS = _nouns("""
km: kilometre, kilometres
m: metre, metres
cm: centimetre, centimetres
mm: millimetre, millimetres
µm μm: micrometre, micrometres
nm: nanometre, nanometres
mi: mile, miles
ft: foot, feet
in.: inch, inches
yd: yard, yards
km/h kmh kph: kilometre per hour, kilometres per hour
mph: mile per hour, miles per hour
m/s: metre per second, metres per second
mpg: mile per gallon, miles per gallon
kg: kilogram, kilograms
g: gram, grams
mg: milligram, milligrams
µg μg: microgram, micrograms
lb lbs: pound, pounds
oz: ounce, ounces
t: tonne, tonnes
l L: litre, litres
ml mL: millilitre, millilitres
cl: centilitre, centilitres
dl: decilitre, decilitres
gal: gallon, gallons
m² m2: square metre, square metres
km² km2: square kilometre, square kilometres
cm² cm2: square centimetre, square centimetres
ft² sqft: square foot, square feet
m³ m3: cubic metre, cubic metres
cm³ cc: cubic centimetre, cubic centimetres
ha: hectare, hectares
°C ℃: degree Celsius, degrees Celsius
°F ℉: degree Fahrenheit, degrees Fahrenheit
°: degree, degrees
Hz: hertz
kHz: kilohertz
MHz: megahertz
GHz: gigahertz
KB kB: kilobyte, kilobytes
MB: megabyte, megabytes
GB: gigabyte, gigabytes
TB: terabyte, terabytes
PB: petabyte, petabytes
KiB: kibibyte, kibibytes
MiB: mebibyte, mebibytes
GiB: gibibyte, gibibytes
MB/s: megabyte per second, megabytes per second
GB/s: gigabyte per second, gigabytes per second
kbps kb/s: kilobit per second, kilobits per second
Mbps Mb/s: megabit per second, megabits per second
Gbps Gb/s: gigabit per second, gigabits per second
W: watt, watts
kW: kilowatt, kilowatts
MW: megawatt, megawatts
GW: gigawatt, gigawatts
Wh: watt hour, watt hours
kWh: kilowatt hour, kilowatt hours
mAh: milliampere hour, milliampere hours
mA: milliampere, milliamperes
V: volt, volts
mV: millivolt, millivolts
kV: kilovolt, kilovolts
Ω: ohm, ohms
J: joule, joules
kJ: kilojoule, kilojoules
kcal: kilocalorie, kilocalories
Pa: pascal, pascals
hPa: hectopascal, hectopascals
kPa: kilopascal, kilopascals
psi: P S I
dB: decibel, decibels
h hr hrs: hour, hours
min mins: minute, minutes
s sec secs: second, seconds
ms: millisecond, milliseconds
µs μs: microsecond, microseconds
ns: nanosecond, nanoseconds
px: pixel, pixels
fps: frame per second, frames per second
rpm: revolution per minute, revolutions per minute
ppm: part per million, parts per million
¢: cent, cents
""")
# "20s" is a decade, "3m" a cut; with a blank they are measures.
LOOSE_UNITS = frozenset({"s", "t", "J", "in."})
FEET_AND_INCHES = (Noun("foot", "feet"), Noun("inch", "inches"))
_BRITISH_SPELLING = re.compile(r"(?<=met|lit)re")
AMERICAN_UNITS = {
    sign: Noun(_BRITISH_SPELLING.sub("er", noun.one), _BRITISH_SPELLING.sub("er", noun.many))
    for sign, noun in UNITS.items()
}

RULERS = (
    "Louis|Henry|George|Charles|Edward|Elizabeth|James|William|Richard|Philip|John Paul|Benedict|"
    "Pius|Leo|Napoleon|Catherine|Nicholas|Alexander|Frederick|Ivan|Otto|Ferdinand|Alfonso|Ramses|"
    "Ptolemy|Xerxes|Darius|Umberto|Wilhelm|Gregory|Clement|Innocent|Urban|Mary|Peter|Paul|Carl"
)
PARTS = (
    "War|Chapter|Part|Volume|Vol\\.|Act|Scene|Section|Article|Appendix|Book|Phase|Bowl|Episode|"
    "Title|Level|Class|Type|Division|Stage|Figure|Table|Symphony|Mark|Rocky"
)

_CAPITAL = r"(?= ?[A-Z])"
_NUMBER = r"(?= ?\d)"
_STREETS = {"St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane"}
_TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor",
    "Rev": "Reverend", "Hon": "Honorable", "Gen": "General", "Col": "Colonel", "Capt": "Captain",
    "Lt": "Lieutenant", "Sgt": "Sergeant", "Sen": "Senator", "Rep": "Representative",
    "Gov": "Governor", "Pres": "President", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
_ENDINGS = {
    "etc": "et cetera", "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited",
    "Corp": "Corporation", "Co": "Company", "Bros": "Brothers", "dept": "department",
    "Dept": "Department", "est": "estimated", "max": "maximum", "temp": "temperature",
    "approx": "approximately", "Approx": "Approximately",
}  # fmt: skip
_BEFORE_NUMBERS = {
    r"[Nn]o\. ?": "number ", r"Nos\. ?": "numbers ", "pp\\. ?": "pages ", "p\\. ?": "page ",
    r"[Vv]ol\. ?": "volume ", r"[Cc]h\. ?": "chapter ", r"[Ss]ec\. ?": "section ",
    r"[Ff]ig\. ?": "figure ", r"[Ee]q\. ?": "equation ", "№ ?": "number ", "§ ?": "section ",
    r"[Ee]xt\. ?": "extension ", r"#": "number ", r"~ ?": "about ", "≈ ?": "about ",
    "≥ ?": "at least ", "≤ ?": "at most ",
}  # fmt: skip
_ANYWHERE = {
    r"[Ee]\.g\.,?": "for example,", r"[Ii]\.e\.,?": "that is,", r"vs\.?(?!\w)": "versus",
    r"cf\.(?= )": "compare", r"w/o(?!\w)": "without", r"w/(?= \w)": "with",
    r"C#(?!\w)": "C sharp", r"C\+\+(?!\w)": "C plus plus", r"and/or(?!\w)": "and or",
}  # fmt: skip


_STREET = "|".join(_STREETS)
_BEFORE_STREET = r"(?:(?<=\d )|(?<=\bon )|(?<=\bof )|(?<=\balong )|(?<=\bdown ))"
_STREET_RULES = (  # before a name, St. is a saint
    Rule(  # "12 Main St.", "on Wall St."
        re.compile(
            rf"{_BEFORE_STREET}((?:[NSEW]\. )?(?:[A-Z][a-z]{{1,30}}|\d{{1,4}}(?:st|nd|rd|th)) )"
            rf"({_STREET})(?!\w)\.?"
        ),
        lambda match: match[1] + _with_stop(match, _STREETS[match[2]]),
    ),
    Rule(  # "Main St. is"
        re.compile(rf"(?<=[a-z] )({_STREET})\.(?=[ \n]?(?:[a-z,;:!?)]|$))", re.MULTILINE),
        lambda match: _with_stop(match, _STREETS[match[1]]),
    ),
)


def _with_stop(match: re.Match[str], said: str) -> str:
    return f"{said}." if match[0].endswith(".") and is_last(match) else said


ABBREVIATIONS = (
    *_STREET_RULES,
    words({r"St\.? (?=[A-Z][a-z])": "Saint ", r"Sts\. (?=[A-Z])": "Saints "}),
    words({rf"{short}\.": said for short, said in _TITLES.items()}, _CAPITAL),
    words({short: _TITLES[short] for short in ("Mrs", "Mr", "Ms", "Dr")}, "(?= [A-Z])"),
    endings(
        _ENDINGS | {name[:3]: name for name in MONTHS if name != "May"} | {"Sept": "September"}
    ),
    words(_BEFORE_NUMBERS, _NUMBER),
    words(_ANYWHERE),
    Rule(re.compile(r"(?<![\w.,'\u2019])\d{1,2}(?:\.\d{1,3})?(s)(?!\w)"), " s", group=1),  # 10s
    Rule(re.compile(r" ?/ ?(?=(?:month|day|year|week|hour|person|night|page)(?!\w))"), " per "),
)
