"""Prepare text for speech: what is written for the eye (markup, emoji) goes, words stay."""

import html
import re
import unicodedata

from inference.tts.script import Script

# Emoji and pictographs with what joins and tints them; symbols that have a name (° € №) stay.
_PICTURES = re.compile(
    "[\u2190-\u21ff\u231a-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_BARE_LINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]{0,300}>|<!--[^<>]{0,1000}-->")
# From here on blanks are single.
_FENCE = re.compile(r"^ ?(```|~~~).*$", re.MULTILINE)
_RULE = re.compile(r"^ ?([-*_=])(?: ?\1){2,} ?$", re.MULTILINE)
_LINE_MARK = re.compile(
    r"^ ?(?:#{1,6} |> ?|[-*+\u2022] (?:\[[ xX]\] )?|\[\^[^\[\]\n]{1,50}\]: )", re.MULTILINE
)
_REFERENCE = re.compile(r"^ ?\[[^\[\]\n]{1,100}\]: ?\S{1,2000}$", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,50}\]")
_TABLE_RULE = re.compile(r"^(?=[^\n|]*\|)(?=[^\n-]*-)[-|: ]{3,}$", re.MULTILINE)
_BARS = re.compile(r" ?\|(?: ?\|)* ?")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}(?: \"[^\"\n]{0,200}\")?\)")
_TICKS = re.compile("`+")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(\*{1,3}|_{1,3}|~~)(?!\w)")
_RUN = re.compile(r"([^\w\s])\1{3,}")  # ===== and !!!!!! are drawn, not said
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_LINE_END = re.compile(r"\r\n?")
_MARKS = "\u0300-\u036f"
_PILED_MARKS = re.compile(f"(?<=[{_MARKS}]{{8}})[{_MARKS}]+")  # no script needs more on a letter
_SAID_SYMBOLS = frozenset("%&@#+=°§©™√")


def prepare(source: str) -> Script:
    """`source` as it should be spoken; line breaks stay, as pauses. Empty: nothing to say."""
    script = Script.of(source).sub(_LINE_END, "\n").sub(_PILED_MARKS, "")
    script = script.sub(_ENTITY, lambda match: html.unescape(match[0]))
    script = script.composed().each(_said_as).sub(_BLANKS, " ")
    for pattern in (_FENCE, _TABLE_RULE, _RULE, _LINE_MARK, _REFERENCE, _FOOTNOTE):
        script = script.sub(pattern, "")
    script = script.keep(_LINK).keep(_BARE_LINK).sub(_BARS, _between_cells)
    script = script.sub(_TICKS, "").sub(_TAG, " ").sub(_EMPHASIS, "")
    return tidy(script.sub(_PICTURES, " ").sub(_RUN, " "))


def tidy(script: Script) -> Script:
    """Single blanks, single line breaks, none at the ends; empty when nothing is left to say."""
    script = script.sub(_BLANKS, " ").sub(_LINES, "\n")
    return script.cut(0, len(script.text) if any(map(is_said, script.text)) else 0)


def _between_cells(match: re.Match[str]) -> str | None:
    """A short pause, in the rows of a table."""
    row = match.string.rfind("\n", 0, match.start()) + 1
    if match.string[row : row + 2].lstrip()[:1] != "|":
        return None
    ends = match.end() == len(match.string) or match.string[match.end()] == "\n"
    return "" if ends or match.start() == row else ", "


def _said_as(char: str) -> str:
    """Without control, formatting and unpaired surrogate characters.

    They are more than noise: espeak-ng takes U+0001 as the start of a command.
    """
    category = unicodedata.category(char)
    if char == "\n" or not category.startswith("C"):
        return char
    # Zero-width and direction marks sit inside words; the rest separates them. The zero-width
    # joiners that Indic and Persian spelling needs are among them: espeak-ng does not miss them.
    return "" if category == "Cf" else " "


def is_said(char: str) -> bool:
    """Punctuation only shapes what is said around it; alone it is silence."""
    return char.isalnum() or char in _SAID_SYMBOLS or unicodedata.category(char) == "Sc"
