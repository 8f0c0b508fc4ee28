"""Fractions, ranges, and signs between numbers."""

import re

from inference.tts.normalise.language import Language, Rule

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8), "⅐": (1, 7), "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_VULGAR_SIGN = re.compile(rf"(?:(?<![\w.,/])(\d{{1,6}}) ?)?([{''.join(_VULGAR)}])")
_FRACTION = re.compile(
    r"(?<![\w./,:-])(?:(\d{1,4}) )?(\d{1,3})[/\u2044](\d{1,3})(?![\w/])(?![.,]\d)"
)
# One number on each side; a longer chain of dashes is a name or a telephone number.
_DASH = re.compile(
    r"(?<![\w/:.,-])(?:\$|€|£)?(?P<low>\d{1,9}(?:[.,]\d{1,3})*)(?: ?[%°])?"
    r"(?P<dash> ?[-\u2212\u2013] ?)(?=(?P<high>\d{1,9}(?:[.,]\d{1,3})*)(?![-\u2013/:]|[.,]?\d))"
)
_RATIO = re.compile(r"(?<=\d):(?=\d)")
_AMPERSAND = re.compile(r"(?<!\w\w)(?<=\w)&(?=\w)")  # R&D; engines know AT&T
_EQUATION = re.compile(r"[\d .,+*\u00d7÷\u2212-]{1,40}=")


def rules(language: Language) -> list[Rule]:
    """Before numbers are said: these leave digits, for the rules that come after."""
    found: list[Rule] = []
    if language.fraction is not None:
        found += [
            Rule(_VULGAR_SIGN, lambda m: _fraction(m[1], *_VULGAR[m[2]], language)),
            Rule(_FRACTION, lambda m: _fraction(m[1], int(m[2]), int(m[3]), language)),
        ]
    if language.to:
        found.append(Rule(_DASH, lambda m: _dash(m, language), group="dash"))
        found.append(Rule(_RATIO, f" {language.to} "))
    if and_ := language.signs.get("&"):
        found.append(Rule(_AMPERSAND, f" {and_} "))
    if language.signs:
        signs = "|".join(sorted(map(re.escape, language.signs), key=len, reverse=True))
        loose = "|".join(re.escape(sign) for sign in language.signs if not sign.isalpha())
        found += [
            Rule(
                re.compile(rf"(?<=[\d)%])(?!(?<=\b0)x) ?({signs}) ?(?=[-\u2212+(]?\d)"),
                lambda m: f" {language.signs[m[1]]} ",
            ),
            Rule(
                re.compile(rf"(?<=[\w)%] )({loose})(?= [\w(-])"),
                lambda m: language.signs[m[1]],
            ),
        ]
    return found


def _fraction(whole: str | None, above: int, below: int, language: Language) -> str | None:
    if language.fraction is None or not below or len(str(below)) > len("999"):
        return None
    said = language.fraction(above, below)
    if whole is None:
        return said
    return f"{language.cardinal(int(whole), False)} {language.and_fraction} {said}"


def _dash(match: re.Match[str], language: Language) -> str:
    """`5-10` is a range, `5-3=2` and `10 - 3` are not."""
    after = _EQUATION.match(match.string, match.end("dash"))
    spaced = match["dash"] != match["dash"].strip()
    low, high = (float(re.sub(r"[.,]", "", match[name])) for name in ("low", "high"))
    falls = spaced and "\u2013" not in match["dash"] and low > high
    minus = bool(after) or falls or "\u2212" in match["dash"]
    return f" {language.minus if minus else language.to} "
